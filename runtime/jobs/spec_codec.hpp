// SPDX-License-Identifier: Apache-2.0
// What a job asks for, under the keys of job.enqueue: read from messages and from stored records alike.
#pragma once

#include "runtime/jobs/job.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::jobs {

/// message: at and after together, a window that is missing or out of place, and max_runs fail too.
/// stored: what was accepted once; args are read elsewhere.
enum class Strictness { message, stored };

struct SpecRead {
  JobSpec spec;
  std::optional<Error> wrong_types;  // link.bad_body with the fields
  std::vector<FieldError> fields;    // words and combinations that fail (bounds: check_spec)
};
SpecRead read_spec(const wire::Record& body, Strictness strictness);

void put_spec(wire::Record& body, const JobSpec& spec);
void put_spec_but_retry(wire::Record& body, const JobSpec& spec);
void put_retry(wire::Record& body, const Retry& retry);
void put_misfire(wire::Record& body, const Misfire& misfire);
void put_asked_due(wire::Record& body, const DueSpec& due);

}  // namespace dormouse::jobs
