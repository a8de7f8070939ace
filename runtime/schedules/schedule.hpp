// SPDX-License-Identifier: Apache-2.0
// What a schedule is: a durable template that yields jobs at its slots. Slot = planned instant; the job of a
// slot has the key (schedule id, slot), so a slot becomes a job at most once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/jobs/job.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::schedules {

enum class Kind : std::uint8_t { cron, daily, weekly, every };
enum class Dst : std::uint8_t { once = 0, skip = 1, absolute = 2 };

/// When it yields slots. For cron, daily and weekly `text` is the text as given ("*/5 * * * *", "06:00",
/// "mon,thu 06:00"); for every, `period`.
struct Timing {
  Kind kind = Kind::cron;
  std::string text;
  Duration period{};
  std::string zone = "UTC";  // "UTC", "+02:00" or an IANA name
  Dst dst = Dst::once;
  bool operator==(const Timing&) const = default;
};

/// What a person or program puts.
struct Definition {
  std::string name;  // unique per component, 1..128 bytes
  Timing timing;
  std::string handler;
  Bytes args;
  jobs::Misfire misfire = jobs::Misfire::skip();
  Duration grace{60'000};
  Duration timeout{300'000};
  std::optional<jobs::Retry> retry;
  int priority = 5;
  Trust needs_time = Trust::untrusted;  // while trust is below it slots are held; wall kinds need rtc anyway
  bool wake_system = false;
  bool enabled = true;
  bool operator==(const Definition&) const = default;
};

/// Slots from first to last (inclusive) that were handed out as jobs.
struct HandedRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  bool operator==(const HandedRange&) const = default;
};

struct Schedule {
  std::uint64_t id = 0;  // shown as s17
  std::uint16_t component = 0;
  Definition definition;
  std::uint32_t revision = 1;
  // Slots are wall ms for cron, daily and weekly, and n * period in elapsed time since the anchor for every.
  std::int64_t decided_until = 0;              // the newest slot that was decided
  std::optional<std::int64_t> next_slot;       // none while disabled or exhausted
  std::optional<Due> next_due;                 // its key in the slot due index
  std::optional<Due> anchor;                   // every: when the put set this timing (elapsed lane)
  std::optional<Due> created_while_untrusted;  // wall kinds: created then, counted once time is trusted
  std::vector<HandedRange> handed;             // newest 8
  std::vector<std::uint64_t> live_jobs;        // unfinished jobs of slots on time (overlap)
  std::uint64_t runs = 0;
  std::uint64_t missed = 0;
  std::uint64_t caught_up = 0;
  std::uint64_t dropped = 0;
  std::uint64_t overlap_skipped = 0;
  std::optional<std::int64_t> last_slot;
  jobs::Noted created;
  bool operator==(const Schedule&) const = default;
};

}  // namespace dormouse::schedules
