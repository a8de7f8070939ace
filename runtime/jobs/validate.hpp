// SPDX-License-Identifier: Apache-2.0
// What a job may ask for. All failing fields are found in one pass, each with what is allowed.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/limits.hpp"
#include "runtime/jobs/job.hpp"

namespace dormouse::jobs {

/// Every failing field of `spec`, named as in messages, behind `prefix` ("items.3."). `handlers`: the known ones;
/// null leaves that check out.
std::vector<FieldError> check_spec(const JobSpec& spec, const Limits& limits, const std::set<std::string>* handlers,
                                   const std::string& prefix = {});

/// The error for failing fields: invalid_input with all of them; a due alone outside its bounds has a code of
/// its own (time.delay_too_long, time.bad_instant). `fields` must not be empty.
Error invalid_input(std::vector<FieldError> fields);

/// A valid spec as it is kept: presets spelled out, delivery and retry as the misfire policy implies.
JobSpec understood(JobSpec spec);

bool is_handler_name(std::string_view name);
bool is_component_name(std::string_view name);

/// At most `limit` bytes of `text`, cut between characters; bytes that are no UTF-8 become '?'.
std::string clean_text(std::string_view text, std::size_t limit);

}  // namespace dormouse::jobs
