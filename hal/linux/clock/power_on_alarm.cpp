// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock/power_on_alarm.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include "hal/linux/clock/clock_text.hpp"
#include "hal/linux/files/durable_file.hpp"
#include "hal/linux/files/small_file.hpp"

namespace dormouse::hal_linux {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kAgreesMs = 2'000;
constexpr std::int64_t kNearestSeconds = 60;
constexpr const char* kNoAlarm = "0\n";  // any time that is past

/// The file: "ours\n" or "ours theirs\n".
std::optional<AlarmNote> parse_note(std::string_view text) {
  const auto space = text.find(' ');
  const auto ours = parse_number(text.substr(0, space));
  if (!ours || space == std::string_view::npos) return ours ? std::optional(AlarmNote{*ours}) : std::nullopt;
  const auto theirs = parse_number(text.substr(space + 1));
  return theirs ? std::optional(AlarmNote{*ours, theirs}) : std::nullopt;
}

std::string text_of_note(const AlarmNote& note) {
  return std::to_string(note.ours) + (note.theirs ? " " + std::to_string(*note.theirs) : "") + "\n";
}

/// 0 or an errno. The kernel takes the text of one write as a whole.
int write_whole(const fs::path& path, const std::string& text) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!file) return errno;
  return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : errno;
}

hal::AlarmSet why_not(int error) {
  if (error == EBUSY) return hal::AlarmSet::busy;
  const bool forbidden = error == EPERM || error == EACCES || error == EROFS;
  return forbidden ? hal::AlarmSet::not_permitted : hal::AlarmSet::unsupported;
}

/// The due as the RTC will tell it.
std::int64_t by_rtc(WallTime due, WallTime wall, std::int64_t now) {
  const std::int64_t ahead_ms = now * 1'000 - wall.ms;
  const std::int64_t shift_ms = std::abs(ahead_ms) <= kAgreesMs ? 0 : ahead_ms;
  return std::max((due.ms + shift_ms) / 1'000, now + kNearestSeconds);
}

}  // namespace

AlarmPlan plan_alarm(std::int64_t now, std::optional<std::int64_t> standing, const std::optional<AlarmNote>& note,
                     std::optional<std::int64_t> wanted) {
  // Ours may have rung meanwhile. If it is gone without, somebody cleared the alarm, and with it what it had
  // hidden.
  const bool is_ours = note && (standing ? *standing == note->ours : note->ours <= now);
  auto theirs = is_ours ? note->theirs : standing;
  if (theirs && *theirs <= now) theirs.reset();
  if (!wanted) return {.alarm = theirs};
  if (theirs && *theirs < *wanted) return {.alarm = theirs, .answer = hal::AlarmSet::busy};
  if (theirs == wanted) theirs.reset();
  return {.alarm = wanted, .note = AlarmNote{*wanted, theirs}};
}

PowerOnAlarm::PowerOnAlarm(fs::path rtc, fs::path note)
    : rtc_(std::move(rtc)), note_file_(std::move(note)), note_(parse_note(text_of(note_file_))) {}

std::optional<std::int64_t> PowerOnAlarm::standing(std::int64_t now) const {
  const auto alarm = parse_number(text_of(rtc_ / "wakealarm"));
  return alarm && *alarm > now ? alarm : std::nullopt;
}

hal::AlarmSet PowerOnAlarm::set(std::optional<WallTime> due, WallTime wall) {
  const auto now = parse_number(text_of(rtc_ / "since_epoch"));
  std::error_code ignored;
  if (!now || !fs::exists(rtc_ / "wakealarm", ignored))
    return due ? hal::AlarmSet::unsupported : hal::AlarmSet::armed;
  const auto wanted = due ? std::optional(by_rtc(*due, wall, *now)) : std::nullopt;
  const auto former = standing(*now);
  const AlarmPlan plan = plan_alarm(*now, former, note_, wanted);
  // The note first: an alarm that is ours must never be taken for another's.
  if (plan.note) remember(plan.note);
  hal::AlarmSet answer = plan.answer;
  if (plan.alarm != former) {
    const auto stands = put(former, plan);
    if (stands != hal::AlarmSet::armed) answer = stands;
  }
  if (!plan.note || standing(*now) != plan.alarm) remember(std::nullopt);
  return due ? answer : hal::AlarmSet::armed;
}

/// Clears, writes, reads back. The kernel refuses to replace an alarm that stands, so it is cleared first.
hal::AlarmSet PowerOnAlarm::put(std::optional<std::int64_t> former, const AlarmPlan& plan) {
  const fs::path file = rtc_ / "wakealarm";
  if (former)
    if (const int error = write_whole(file, kNoAlarm)) return why_not(error);
  if (!plan.alarm) return hal::AlarmSet::armed;
  const int error = write_whole(file, std::to_string(*plan.alarm) + "\n");
  if (error == 0 && parse_number(text_of(file)) == plan.alarm) return hal::AlarmSet::armed;
  // Too far ahead for this RTC, or somebody was faster. What was pushed aside comes back.
  const auto theirs = plan.note ? plan.note->theirs : std::nullopt;
  if (theirs) write_whole(file, std::to_string(*theirs) + "\n");
  return error == 0 ? hal::AlarmSet::unsupported : why_not(error);
}

void PowerOnAlarm::remember(const std::optional<AlarmNote>& note) {
  if (std::exchange(note_, note) == note || note_file_.empty()) return;
  // A note that cannot be kept makes ours look like another's after a restart, which loses no job.
  std::error_code ignored;
  if (!note) {
    fs::remove(note_file_, ignored);
    return;
  }
  (void)replace_file(note_file_, text_of_note(*note));
}

}  // namespace dormouse::hal_linux
