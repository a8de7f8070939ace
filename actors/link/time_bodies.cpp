// SPDX-License-Identifier: Apache-2.0
#include "actors/link/time_bodies.hpp"

#include "actors/link/link_bodies.hpp"

namespace dormouse::actors {

using wire::Key;
using wire::Record;

namespace {

constexpr std::int64_t most_error_ms = 3'600'000;
constexpr std::size_t longest_source = 32;

Error refuse_field(Key key, const char* code, const std::string& allowed) {
  const std::string field = wire::name_of(key);
  return Error{"invalid_input", "The field " + field + " " + allowed + ".", {}, {{field, code, allowed}}};
}

const char* name_of(RtcBattery battery) {
  switch (battery) {
    case RtcBattery::unknown:
      return "unknown";
    case RtcBattery::ok:
      return "ok";
    case RtcBattery::low:
      return "low";
  }
  return "unknown";
}

/// What matters of an RTC, in one word.
const char* word_of(const RtcState& rtc) {
  if (!rtc.present) return "none";
  if (!rtc.valid) return "invalid";
  return rtc.set_wall_at_boot ? "set the clock" : "did not set the clock";
}

void put_wakes(Record& body, const WakeCounts& wakes) {
  std::vector<Record> items;
  for (std::size_t i = 0; i < kWakeCauses; ++i) {
    const auto cause = static_cast<WakeCause>(i);
    if (wakes.of(cause) == 0) continue;
    items.emplace_back();
    items.back().put_text(Key::cause, dormouse::name_of(cause)).put_uint(Key::count, wakes.of(cause));
  }
  body.put_uint(Key::wake_ups, wakes.wake_ups());
  body.put_records(Key::wakes, std::move(items));
}

void put_details(Record& body, const TimeView& view) {
  const Sample& now = view.sample;
  body.put_text(Key::mode, dormouse::name_of(view.trust.mode()));
  body.put_int(Key::offset, now.wall.ms - now.instant.ms);
  body.put_int(Key::suspended, now.instant.ms - now.monotonic.count());
  body.put_int(Key::floor, view.trust.floor().ms);
  body.put_int(Key::rtc_mark, view.trust.rtc_mark().ms);
  body.put_int(Key::ceiling, view.trust.ceiling().ms);
  body.put_text(Key::rtc, word_of(view.rtc));
  if (view.rtc.reading) body.put_int(Key::rtc_wall, view.rtc.reading->ms);
  if (view.rtc.present) body.put_text(Key::battery, name_of(view.rtc.battery));
  body.put_uint(Key::loose, view.counts.loose_samples);
  body.put_uint(Key::short_suspends, view.short_suspends);
  body.put_uint(Key::short_steps, view.short_steps);
  if (view.next_heartbeat) body.put_int(Key::heartbeat, view.next_heartbeat->ms);
  put_wakes(body, view.wakes);
}

}  // namespace

Result<TimeClaim> claim_from(const Record& body, const Identity& who) {
  TimeClaim claim;
  const auto wall = body.get_int(Key::wall);
  const auto max_error = body.get_int(Key::max_error);
  const auto source = body.get_text(Key::source);
  claim.forced = body.get_bool(Key::force).value_or(false);
  if (auto refused = refuse_missing(body, Key::wall)) return *std::move(refused);
  if (max_error && (*max_error < 0 || *max_error > most_error_ms))
    return refuse_field(Key::max_error, "out_of_range", "is 0 to " + std::to_string(most_error_ms));
  if (source && source->size() > longest_source)
    return refuse_field(Key::source, "out_of_range", "is at most 32 bytes");
  if (claim.forced) {
    if (auto refused = refuse_unless_operator(who)) return *std::move(refused);
  }
  claim.wall = WallTime{*wall};
  claim.max_error_ms = max_error.value_or(claim.max_error_ms);
  // Two that differ are independent, so a component is one source whatever it names its own.
  claim.component = who.component;
  claim.source = source && !source->empty() ? who.component + ": " + *source : who.component;
  return claim;
}

Record time_view_body(const TimeView& view, const Identity& who) {
  Record body;
  const Trust trust = view.trust.trust();
  body.put_uint(Key::trust, static_cast<std::uint64_t>(trust));
  body.put_int(Key::instant, view.sample.instant.ms);
  if (trust != Trust::untrusted) {  // no wall time is given away while it is not believed
    body.put_int(Key::wall, view.sample.wall.ms);
    body.put_int(Key::max_error, view.trust.max_error_ms());
    body.put_text(Key::source, view.trust.source());
  }
  if (const auto at = view.trust.synced_at()) body.put_int(Key::since, at->ms);
  if (who.role != Role::none) put_details(body, view);
  return body;
}

Record time_set_body(const TimeSet& set) {
  Record body;
  body.put_uint(Key::trust, static_cast<std::uint64_t>(set.trust));
  if (set.trust != Trust::untrusted) body.put_int(Key::wall, set.wall.ms);
  return body;
}

}  // namespace dormouse::actors
