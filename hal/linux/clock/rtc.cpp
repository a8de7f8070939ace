// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock/rtc.hpp"

#include <algorithm>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "hal/linux/clock/clock_text.hpp"
#include "hal/linux/files/durable_file.hpp"
#include "hal/linux/files/small_file.hpp"

namespace dormouse::hal_linux {

namespace fs = std::filesystem;

namespace {

// Older headers know the ioctl but not its bits.
constexpr unsigned kDataInvalid = 1U << 0;
constexpr unsigned kBackupLow = 1U << 1;
constexpr unsigned kBackupEmpty = 1U << 2;

bool may_wake(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "wakealarm", ignored) && text_of(folder / "device/power/wakeup") == "enabled\n";
}

RtcBattery battery_of(std::optional<unsigned> supply) {
  if (!supply) return RtcBattery::unknown;
  return (*supply & (kBackupLow | kBackupEmpty)) != 0 ? RtcBattery::low : RtcBattery::ok;
}

}  // namespace

std::optional<unsigned> read_supply(const fs::path& device) {
  const FileHandle rtc(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
  unsigned bits = 0;
  if (!rtc || ::ioctl(rtc.get(), RTC_VL_READ, &bits) != 0) return std::nullopt;
  return bits;
}

RtcState rtc_state(const fs::path& folder, std::optional<unsigned> supply, bool has_battery) {
  RtcState state;
  if (const auto seconds = parse_number(text_of(folder / "since_epoch")))
    state.reading = WallTime{*seconds * 1'000};
  const auto set_wall = parse_number(text_of(folder / "hctosys"));
  state.present = state.reading || set_wall;
  state.set_wall_at_boot = set_wall == 1;
  const bool kept = supply ? (*supply & (kDataInvalid | kBackupEmpty)) == 0 : has_battery;
  state.valid = state.reading && kept;
  state.battery = battery_of(supply);
  state.can_wake = may_wake(folder);
  state.can_power_on = ::access((folder / "wakealarm").c_str(), W_OK) == 0;
  return state;
}

bool some_rtc_wakes(const fs::path& rtcs) {
  std::error_code failed;
  const fs::directory_iterator folders(rtcs, failed);
  return std::any_of(begin(folders), end(folders), [](const auto& folder) { return may_wake(folder.path()); });
}

bool set_rtc(const fs::path& device, WallTime wall) {
  const time_t seconds = static_cast<time_t>((wall.ms + 500) / 1'000);
  tm utc{};
  if (::gmtime_r(&seconds, &utc) == nullptr) return false;
  rtc_time time{};
  time.tm_sec = utc.tm_sec;
  time.tm_min = utc.tm_min;
  time.tm_hour = utc.tm_hour;
  time.tm_mday = utc.tm_mday;
  time.tm_mon = utc.tm_mon;
  time.tm_year = utc.tm_year;
  const FileHandle rtc(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
  return rtc && ::ioctl(rtc.get(), RTC_SET_TIME, &time) == 0;
}

}  // namespace dormouse::hal_linux
