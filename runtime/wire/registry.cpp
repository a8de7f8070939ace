// SPDX-License-Identifier: Apache-2.0
// The names of the registry's keys. The registry has no holes, so a name stands at its number.
#include "runtime/wire/registry.hpp"

#include <array>
#include <string_view>

#include "runtime/wire/record.hpp"

namespace dormouse::wire {

namespace {

// clang-format off
constexpr auto kNames = std::to_array<std::string_view>({
    "re", "id", "handler", "args", "at", "after", "token", "attempt", "state", "code", "message", "hint",
    "fields", "field", "conflict_key", "conflict_policy", "misfire", "window", "max_runs", "grace", "retry",
    "timeout", "needs_network", "idempotency_key", "max_attempts", "initial", "max", "factor_percent",
    "priority", "delivery", "needs_time", "wake_system", "lazy", "created", "items", "limit", "cursor", "more",
    "result", "checkpoint", "done", "total", "retryable", "retry_after", "slot", "due", "lateness",
    "missed_count", "first_missed", "schedule", "cron", "every", "daily", "weekly", "zone", "enabled", "note",
    "revision", "name", "value", "upload", "offset", "size", "crc", "data", "wall", "trust", "instant",
    "max_error", "force", "source", "hold_up", "network", "topics", "event", "dropped", "since", "uptime",
    "firmware", "schema", "reset_reason", "nonce", "frames", "max_frame", "boot_count", "running",
    "max_running", "component", "role", "capabilities", "device", "version", "boot", "gap", "report",
    "replace", "count", "text", "from", "stop", "reason", "with_args", "clean", "max_age", "needs_link",
    "lock", "on_lock_held", "soft_timeout", "tags", "handler_check", "interrupted_limit", "idempotency_ttl",
    "because", "used", "fresh", "max_jobs", "max_ms", "jitter", "hint_cap", "dst", "overlap", "max_active",
    "start", "end", "run_limit", "pause_after", "mode", "outcome", "prune", "until", "again",
    "disable_missing", "newest_first", "lock_fence", "kernel_boot", "kernel_boot_id", "monotonic", "epoch",
    "sequence", "cause", "certainty", "error_ms", "to", "ended", "started", "interrupted", "trigger",
    "slot_ms", "settled", "line", "attempts", "last_error", "next_slot", "decided_until", "handed", "runs",
    "missed", "caught_up", "overlap_skipped", "live_jobs", "anchor", "last_local", "tz_release", "evidence",
    "slack", "alarm", "position", "decided", "last_id", "format", "span", "policy", "lane", "conflict_of",
    "idempotency_of", "args_hash", "cancel_reason", "missed_jobs", "last_slot", "last_run_at", "last_status",
    "failures", "definition", "floor", "rtc_mark", "announced", "believable", "length", "held", "run_late",
    "resumed", "scheduled", "succeeded", "dead", "cancelled", "schedules", "bytes", "syncs", "batches", "generation",
    "half", "align", "level", "budget", "saving", "mean", "endurance", "device_bytes", "life", "pre_eol", "wear_ppm",
    "left_days", "suspended", "ceiling", "rtc", "rtc_wall", "battery", "loose", "wakes", "wake_ups", "heartbeat",
    "wake", "power_on",
    "gains", "remarks", "before", "from_instant", "to_instant", "from_trust", "to_trust", "store_id",
    "ran", "newest_missed", "short_gaps", "short_suspends", "short_steps",
});
// clang-format on

// A key that is added without its name fails here, and so does a name on a wrong line.
static_assert(kNames.size() == static_cast<std::size_t>(kLastKey) + 1);
static_assert(kNames[static_cast<std::size_t>(Key::token)] == "token");
static_assert(kNames[static_cast<std::size_t>(Key::lock_fence)] == "lock_fence");

}  // namespace

std::string name_of(Key key) {
  const auto number = static_cast<std::size_t>(key);
  if (number < kNames.size()) return std::string(kNames[number]);
  return "key " + std::to_string(number);
}

}  // namespace dormouse::wire
