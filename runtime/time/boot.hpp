// SPDX-License-Identifier: Apache-2.0
// Boot: what happened while no job could run. Compares the newest stored stamp with the present sample, by a
// table, and answers the boot's cause and the gap. Pure: everything it needs is an argument.
//
//   condition (first match)                                  boot cause       gap cause
//   no stamp, store empty / not empty                        first_boot / unclear   none / power_off
//   kernel boot id equal, instant not behind: clean / not    clean_restart / crash_restart  stopped / crash
//   id equal, instant behind the stamp's                     unclear          power_off
//   id differs, clean: reason power_failing / any other      power_loss / clean_reboot      power_off
//   id differs, not clean: panic / watchdog / neither        kernel_panic / watchdog_reset / power_loss
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse {

enum class BootCause : std::uint8_t {
  first_boot,
  clean_restart,
  crash_restart,
  clean_reboot,
  power_loss,
  kernel_panic,
  watchdog_reset,
  unclear
};
enum class GapCause : std::uint8_t { none, stopped, crash, power_off, suspend, clock_step };
enum class Certainty : std::uint8_t { exact, bounded, at_least, unknown };
const char* name_of(BootCause cause);
const char* name_of(GapCause cause);
const char* name_of(Certainty certainty);

/// A stored last reading. The newest one, by (epoch, instant, sequence), tells when the runtime last lived.
struct Stamp {
  std::uint64_t sequence = 0;
  std::uint32_t epoch = 0;
  std::uint32_t boot = 0;
  std::uint32_t kernel_boot = 0;
  std::string kernel_boot_id;  // 16 bytes
  Instant instant;
  Duration monotonic{};
  WallTime wall;
  Trust trust = Trust::untrusted;
  std::int64_t max_error_ms = 0;
  WallTime floor;  // trust marks, see trust.hpp
  WallTime rtc_mark;
  std::optional<std::string> clean;  // the reason of a clean stop: sigterm, power_failing, ...
  std::string store_id;              // of the store it was written for; empty: a store without one
  bool operator==(const Stamp&) const = default;
};
bool newer(const Stamp& a, const Stamp& b);
Bytes encode(const Stamp& stamp);  // as a record body
Result<Stamp> decode_stamp(BytesView body);

/// Gaps shorter than this are counted, not recorded.
inline constexpr Duration kShortestGap{2'000};

/// Why the kernel started, as far as the hardware tells.
struct Evidence {
  bool watchdog = false;
  bool panic = false;
  std::string text;
};

struct Gap {
  std::uint32_t number = 0;
  std::uint32_t boot = 0;
  GapCause cause = GapCause::none;
  Certainty certainty = Certainty::unknown;
  std::optional<WallTime> from;  // if that end was believable
  std::optional<WallTime> to;
  std::optional<Instant> from_instant;  // of the kernel boot in which it began; none: nothing is known of its start
  std::optional<Instant> to_instant;    // of the kernel boot in which it ended
  Trust from_trust = Trust::untrusted;
  Trust to_trust = Trust::untrusted;
  Duration length{};      // at_least and unknown: a lower bound
  Duration error{};       // bounded: +- this; unknown: what its start alone may be off
  Duration from_slack{};  // the heartbeat interval that was in force: the start may lie this much later
  bool operator==(const Gap&) const = default;
};

/// Trust in the wall clock rose.
struct TrustGain {
  Instant instant;
  WallTime wall;  // as it was from then on
  Trust trust = Trust::untrusted;
  std::string source;  // who vouched for it: rtc, kernel, ...
  bool operator==(const TrustGain&) const = default;
};

struct Boot {
  std::uint32_t number = 0;
  std::uint32_t epoch = 0;
  std::uint32_t kernel_boot = 0;
  std::string kernel_boot_id;
  BootCause cause = BootCause::first_boot;
  bool announced = false;  // power_loss after power.failing
  std::string before;  // how the one before ended: "clean: sigterm", "not clean", "unknown"; empty: there was none
  bool wall_believable = false;  // at its start
  std::vector<TrustGain> gains;  // the first and the newest, at most kGainsKept
  std::string evidence;
  std::string store_found;  // what opening the store found beside what was expected: replayed, torn, healed
  std::vector<std::string> remarks;  // what was odd about it, a code and a sentence each, as alarms say it
  std::string version;               // of the runtime
  std::string store_id;              // which store it opened
  Instant started;
  WallTime started_wall;
  bool operator==(const Boot&) const = default;
};
inline constexpr std::size_t kGainsKept = 8;

/// The wall time of its start: as it was if it was believable, else as the first gain of trust tells. None: it was
/// never known.
std::optional<WallTime> wall_of_start(const Boot& boot);
/// Notes a gain; of more than kGainsKept the first and the newest stay.
void note_gain(Boot& boot, TrustGain gain);

struct Classified {
  BootCause cause = BootCause::first_boot;
  bool new_kernel_boot = true;
  bool announced = false;
  std::optional<Gap> gap;          // none: no gap, or under 2 s (counted, not recorded)
  std::optional<Duration> outage;  // a new kernel boot: from the last stamp to instant 0 of this one, if proven
  std::string alarm;               // time.stamp_lost, time.boot_id_reused, time.negative_outage or empty
};
Classified classify_boot(const std::optional<Stamp>& last, bool store_empty, const Sample& now, Trust trust,
                         std::int64_t max_error_ms, const std::string& kernel_boot_id, const Evidence& evidence,
                         Duration heartbeat_interval);

Bytes encode(const Boot& boot);
Result<Boot> decode_boot(BytesView body);
Bytes encode(const Gap& gap);
Result<Gap> decode_gap(BytesView body);

}  // namespace dormouse
