// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/boot.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace dormouse {
namespace {

bool believable(Trust trust) {
  return trust != Trust::untrusted;
}

/// The gap from the last stamp, as far as it is the same for every cause. Where there is no stamp nothing is
/// known of its start.
Gap gap_from(const std::optional<Stamp>& last, GapCause cause, Duration heartbeat_interval) {
  Gap gap;
  gap.cause = cause;
  if (!last) return gap;
  gap.from_instant = last->instant;
  gap.from_trust = last->trust;
  if (believable(last->trust)) gap.from = last->wall;
  if (!last->clean) gap.from_slack = heartbeat_interval;  // a clean mark is the last write of all
  return gap;
}

/// The kernel lived on, only the process ended: the instants alone tell, whatever the wall did meanwhile.
Classified same_kernel_boot(const Stamp& last, const Sample& now, Trust trust, Duration heartbeat_interval) {
  Classified boot;
  boot.new_kernel_boot = false;
  boot.cause = last.clean ? BootCause::clean_restart : BootCause::crash_restart;
  Gap gap = gap_from(last, last.clean ? GapCause::stopped : GapCause::crash, heartbeat_interval);
  gap.certainty = Certainty::exact;
  gap.length = now.instant - last.instant;
  gap.to_instant = now.instant;
  gap.to_trust = trust;
  // A step of the wall in between is a gap of its own, which begins where this one ends.
  if (believable(trust)) gap.to = gap.from ? *gap.from + gap.length : now.wall;
  if (gap.length >= kShortestGap) boot.gap = gap;
  return boot;
}

BootCause cause_of_power_off(const Stamp& last, const Evidence& evidence) {
  if (last.clean) return *last.clean == "power_failing" ? BootCause::power_loss : BootCause::clean_reboot;
  if (evidence.panic) return BootCause::kernel_panic;
  if (evidence.watchdog) return BootCause::watchdog_reset;
  return BootCause::power_loss;
}

/// Measures the time without a kernel by the wall, if that can be believed at both ends.
void bound_power_off(Classified& boot, Gap gap, const std::optional<Stamp>& last, const Sample& now, Trust trust,
                     std::int64_t max_error_ms) {
  const Duration uptime{now.instant.ms};
  gap.certainty = Certainty::unknown;
  gap.length = uptime;
  gap.to_instant = now.instant;
  gap.to_trust = trust;
  if (believable(trust)) gap.to = now.wall;
  if (last && believable(last->trust)) gap.error = Duration{last->max_error_ms};
  if (last && believable(last->trust) && believable(trust)) {
    const Duration outage = now.wall - uptime - last->wall;
    boot.outage = std::max(outage, Duration::zero());
    gap.length = *boot.outage + uptime;
    gap.certainty = Certainty::bounded;
    gap.error = Duration{last->max_error_ms + max_error_ms};
    if (outage < Duration::zero()) {
      gap.certainty = Certainty::at_least;
      gap.error = Duration::zero();
      if (boot.alarm.empty()) boot.alarm = "time.negative_outage";
    }
  }
  // Where only a lower bound is known, the gap may well have been longer than that.
  const bool surely_short = gap.certainty == Certainty::bounded && gap.length < kShortestGap;
  if (!surely_short) boot.gap = gap;
}

}  // namespace

const char* name_of(BootCause cause) {
  switch (cause) {
    case BootCause::first_boot:
      return "first_boot";
    case BootCause::clean_restart:
      return "clean_restart";
    case BootCause::crash_restart:
      return "crash_restart";
    case BootCause::clean_reboot:
      return "clean_reboot";
    case BootCause::power_loss:
      return "power_loss";
    case BootCause::kernel_panic:
      return "kernel_panic";
    case BootCause::watchdog_reset:
      return "watchdog_reset";
    case BootCause::unclear:
      return "unclear";
  }
  fail_check("boot:cause");
}

const char* name_of(GapCause cause) {
  switch (cause) {
    case GapCause::none:
      return "none";
    case GapCause::stopped:
      return "stopped";
    case GapCause::crash:
      return "crash";
    case GapCause::power_off:
      return "power_off";
    case GapCause::suspend:
      return "suspend";
    case GapCause::clock_step:
      return "clock_step";
  }
  fail_check("gap:cause");
}

const char* name_of(Certainty certainty) {
  switch (certainty) {
    case Certainty::exact:
      return "exact";
    case Certainty::bounded:
      return "bounded";
    case Certainty::at_least:
      return "at_least";
    case Certainty::unknown:
      return "unknown";
  }
  fail_check("gap:certainty");
}

std::optional<WallTime> wall_of_start(const Boot& boot) {
  if (boot.wall_believable) return boot.started_wall;
  if (boot.gains.empty()) return std::nullopt;
  const TrustGain& gain = boot.gains.front();
  return gain.wall - (gain.instant - boot.started);
}

void note_gain(Boot& boot, TrustGain gain) {
  if (boot.gains.size() == kGainsKept) boot.gains.erase(boot.gains.begin() + 1);
  boot.gains.push_back(std::move(gain));
}

bool newer(const Stamp& a, const Stamp& b) {
  return std::tie(a.epoch, a.instant, a.sequence) > std::tie(b.epoch, b.instant, b.sequence);
}

Classified classify_boot(const std::optional<Stamp>& last, bool store_empty, const Sample& now, Trust trust,
                         std::int64_t max_error_ms, const std::string& kernel_boot_id, const Evidence& evidence,
                         Duration heartbeat_interval) {
  Classified boot;
  if (!last && store_empty) return boot;  // the first boot: nothing was before
  const bool same_id = last && last->kernel_boot_id == kernel_boot_id;
  if (same_id && now.instant >= last->instant) return same_kernel_boot(*last, now, trust, heartbeat_interval);

  if (!last) {
    boot.cause = BootCause::unclear;
    boot.alarm = "time.stamp_lost";
  } else if (same_id) {
    boot.cause = BootCause::unclear;
    boot.alarm = "time.boot_id_reused";
  } else {
    boot.cause = cause_of_power_off(*last, evidence);
    boot.announced = last->clean && boot.cause == BootCause::power_loss;
  }
  bound_power_off(boot, gap_from(last, GapCause::power_off, heartbeat_interval), last, now, trust, max_error_ms);
  return boot;
}

}  // namespace dormouse
