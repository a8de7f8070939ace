// SPDX-License-Identifier: Apache-2.0
// The alarm of an RTC that powers the device on: /sys/class/rtc/rtcN/wakealarm. There is one for the whole machine,
// so others may use it. Whose it is, is told by a note of what was last written here, kept in a file, since the
// alarm outlives the process and the power:
//   standing alarm                           what becomes of it
//   the one that the note names              ours: replaced, or taken away
//   another, earlier than what is wanted     stays; the answer is busy
//   another, at what is wanted to the second serves us, and is ours from now on
//   another, later                           ours comes first; the other is noted, and put back when ours is taken
//                                            away, has rung, or moves behind it
// A lost note makes ours look like another's: it then rings, which costs a power-on too many and no job.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "hal/clock.hpp"

namespace dormouse::hal_linux {

/// Times are seconds since 1970 as the RTC tells them.
struct AlarmNote {
  std::int64_t ours = 0;
  std::optional<std::int64_t> theirs = std::nullopt;  // that ours pushed aside
  bool operator==(const AlarmNote&) const = default;
};
/// What is to stand, what is to be noted, and what is to be answered once it stands.
struct AlarmPlan {
  std::optional<std::int64_t> alarm = std::nullopt;
  std::optional<AlarmNote> note = std::nullopt;
  hal::AlarmSet answer = hal::AlarmSet::armed;
};
/// The rules above. `now` is what the RTC tells, `standing` an alarm that is yet to come, `wanted` later than now.
AlarmPlan plan_alarm(std::int64_t now, std::optional<std::int64_t> standing, const std::optional<AlarmNote>& note,
                     std::optional<std::int64_t> wanted);

/// One thread.
class PowerOnAlarm {
 public:
  /// Of the RTC with this folder. The note's file is made when it is first needed; an empty path, or a place that
  /// cannot be written, keeps the note for the life of the process only.
  PowerOnAlarm(std::filesystem::path rtc, std::filesystem::path note);

  /// As hal::Clock::arm_power_on. An RTC that does not agree with the wall within 2 s is told its own time for the
  /// due. The alarm is set a minute from now at the earliest: the machine must be off when it rings.
  hal::AlarmSet set(std::optional<WallTime> due, WallTime wall);

 private:
  std::optional<std::int64_t> standing(std::int64_t now) const;
  hal::AlarmSet put(std::optional<std::int64_t> former, const AlarmPlan& plan);
  void remember(const std::optional<AlarmNote>& note);

  std::filesystem::path rtc_;
  std::filesystem::path note_file_;
  std::optional<AlarmNote> note_;
};

}  // namespace dormouse::hal_linux
