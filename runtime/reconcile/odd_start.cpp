// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/odd_start.hpp"

#include "runtime/reconcile/sentences.hpp"
#include "runtime/time/duration_text.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::reconcile {
namespace {

std::string uptime_words(Instant instant) {
  return format_duration(Duration{instant.ms});
}

/// An alarm that classify_boot() names; there is a last reading, except where it was lost.
Error alarm_of(const std::string& code, const BootFacts& facts, const std::optional<Stamp>& last) {
  if (code == "time.stamp_lost")
    return {
        code,
        "The store holds work, but no last reading was found: how long the device was away is unknown. All work is "
        "kept, and elapsed time counts on from where it was proven."};
  if (code == "time.boot_id_reused")
    return {code, "The kernel has the boot id of the last run but is up for " + uptime_words(facts.sample.instant) +
                      " only, less than the " + uptime_words(last->instant) +
                      " of the last reading: this is taken for another boot, as of a cloned machine."};
  return negative_outage(facts.sample.wall - Duration{facts.sample.instant.ms}, last->wall);
}

/// The RTC set the wall clock or should have, and it is not believed.
std::optional<Error> bad_rtc(const BootFacts& facts, const TrustState& trust) {
  if (!facts.rtc.present || trust.trust() != Trust::untrusted) return std::nullopt;
  if (!facts.rtc.valid)
    return Error{"time.rtc_invalid", "The RTC has lost its content, so its time is not believed.",
                 "Check its battery."};
  if (!facts.rtc.set_wall_at_boot || trust.mode() == TrustMode::conflict) return std::nullopt;
  return Error{"time.untrusted", "The RTC has set the clock to " + format_utc(facts.sample.wall) +
                                     ", which is not believed: the last time known to be right is " +
                                     format_utc(trust.rtc_mark()) +
                                     ". Work in wall time waits until time is synced or set."};
}

std::string pages(unsigned count) {
  return count == 1 ? "One page" : std::to_string(count) + " pages";
}

bool unknown(const Classified& classified) {
  return classified.gap && classified.gap->certainty == Certainty::unknown;
}

}  // namespace

OddStart odd_start(const BootFacts& facts, const std::optional<Stamp>& last, const Classified& classified,
                   const TrustState& trust, bool foreign) {
  OddStart odd;
  if (!classified.alarm.empty()) odd.alarms.push_back(alarm_of(classified.alarm, facts, last));
  if (foreign)
    odd.alarms.push_back({"time.page_foreign",
                          "The heartbeat file belongs to another store (" + facts.heartbeat->store_id +
                              "), so what it says of the last run is not used.",
                          "It was copied here, or the store was; it is written anew from now on."});
  if (auto bad = bad_rtc(facts, trust)) odd.alarms.push_back(*std::move(bad));
  for (const Error& error : odd.alarms) odd.remarks.push_back(error.code + ": " + error.message);

  if (facts.corrupt_pages > 0)
    odd.remarks.push_back(
        "time.page_corrupt: " + pages(facts.corrupt_pages) +
        " of the heartbeat file cannot be read, as after a cut during a write; the newest reading "
        "left is used.");
  if (last && unknown(classified)) {
    const bool now = trust.trust() == Trust::untrusted;
    odd.remarks.push_back(std::string("time.untrusted: The wall clock ") +
                          (now ? "is not believable yet" : "was not believable at the last reading") +
                          ", so the length of the outage is unknown; elapsed time counts what is proven.");
  }
  return odd;
}

}  // namespace dormouse::reconcile
