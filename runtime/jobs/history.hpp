// SPDX-License-Identifier: Apache-2.0
// The rings of ended jobs (finished, dead) and the idempotency keys that outlive their records. Trimming rides in
// the batch that ends a job, a bounded number of places each time.
#pragma once

#include <optional>
#include <string>

#include "runtime/jobs/counters.hpp"
#include "runtime/jobs/operations.hpp"

namespace dormouse::jobs {

/// Puts an ended job at the end of its ring and trims that ring, by count and (while time is trusted) by age. While
/// flash is to be spared, what succeeded without a result goes there in short form: without its attempts and the
/// errors that came before the success.
void append_ended(Work& work, Counters& counters, const Job& job);

/// What an idempotency key stands for.
struct Remembered {
  std::uint64_t job = 0;
  Due forget;  // elapsed: counts only once the record is gone
};
std::optional<Remembered> find_remembered(Work& work, std::uint16_t component, const std::string& key);
void remember(Work& work, std::uint16_t component, const std::string& key, const Remembered& what);

/// Whether the time of a key without a record is over.
bool is_forgotten(const Work& work, const Remembered& what);

}  // namespace dormouse::jobs
