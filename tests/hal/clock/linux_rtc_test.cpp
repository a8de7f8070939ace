// SPDX-License-Identifier: Apache-2.0
// What the clock makes of an RTC: the files that kernels show, and every answer of the driver about its supply.
#include <linux/rtc.h>

#include <gtest/gtest.h>

#include "hal/linux/clock/rtc.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tests/hal/clock/clock_bed.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {
namespace {

const WallTime kNoon = *parse_rfc3339("2026-06-01T12:00:00Z");

RtcState state_of(const std::string& machine, std::optional<unsigned> supply, bool battery) {
  const Machine own(machine);
  return rtc_state(own.sys + "/class/rtc/rtc0", supply, battery);
}

TEST(LinuxRtc, each_machine_shows_what_its_rtc_is) {
  struct Row {
    const char* machine;
    bool present = true;
    bool set_wall = true;
    bool readable = true;
    bool can_wake = false;
    bool can_power_on = false;
  };
  const Row rows[] = {
      {.machine = "raspberry-pi-4-ds3231"},
      {.machine = "raspberry-pi-4-ds3231-lost", .set_wall = false, .readable = false},
      {.machine = "raspberry-pi-5", .can_wake = true, .can_power_on = true},
      {.machine = "laptop", .can_wake = true, .can_power_on = true},
      {.machine = "vm-arm64", .can_power_on = true},
      {.machine = "vm-efi"},
      {.machine = "container", .present = false, .set_wall = false, .readable = false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.machine);
    const RtcState rtc = state_of(row.machine, std::nullopt, true);
    EXPECT_EQ(rtc.present, row.present);
    EXPECT_EQ(rtc.set_wall_at_boot, row.set_wall);
    EXPECT_EQ(rtc.reading, row.readable ? std::optional(kNoon) : std::nullopt);
    EXPECT_EQ(rtc.valid, row.readable);
    EXPECT_EQ(rtc.can_wake, row.can_wake);
    EXPECT_EQ(rtc.can_power_on, row.can_power_on);
  }
}

TEST(LinuxRtc, its_supply_decides_whether_its_content_is_valid_and_the_board_only_where_that_is_unknown) {
  struct Row {
    const char* name;
    std::optional<unsigned> supply;
    bool battery;
    bool valid;
    RtcBattery shown;
  };
  const unsigned invalid = 1, low = 2, empty = 4, inaccurate = 8, switched = 16;
  const Row rows[] = {
      {"the driver cannot tell, the board says battery", std::nullopt, true, true, RtcBattery::unknown},
      {"the driver cannot tell, the board says none", std::nullopt, false, false, RtcBattery::unknown},
      {"good", 0, false, true, RtcBattery::ok},
      {"data invalid", invalid, true, false, RtcBattery::ok},
      {"backup low", low, false, true, RtcBattery::low},
      {"backup empty", empty, true, false, RtcBattery::low},
      {"data invalid and backup empty", invalid | empty, true, false, RtcBattery::low},
      {"less accurate", inaccurate, false, true, RtcBattery::ok},
      {"ran on its backup", switched, false, true, RtcBattery::ok},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const RtcState rtc = state_of("raspberry-pi-4-ds3231", row.supply, row.battery);
    EXPECT_EQ(rtc.valid, row.valid);
    EXPECT_EQ(rtc.battery, row.shown);
    EXPECT_TRUE(rtc.set_wall_at_boot);  // another question
  }
}

TEST(LinuxRtc, one_that_cannot_be_read_is_never_valid) {
  EXPECT_FALSE(state_of("raspberry-pi-4-ds3231-lost", 0, true).valid);
}

TEST(LinuxRtc, any_rtc_may_end_a_suspend_not_only_the_boards) {
  EXPECT_TRUE(some_rtc_wakes(fixture("laptop-second-rtc/class/rtc")));
  for (const char* machine : {"raspberry-pi-4-ds3231", "vm-arm64", "vm-efi", "container", "register"})
    EXPECT_FALSE(some_rtc_wakes(fixture(machine) / "class/rtc")) << machine;
}

TEST(LinuxRtc, what_is_no_rtc_device_tells_nothing_and_takes_nothing) {
  const TempFolder folder;
  write_file(folder.path().string() + "/rtc0", "");
  for (const auto* name : {"/rtc0", "/rtc1"}) {
    EXPECT_EQ(read_supply(folder.path().string() + name), std::nullopt);
    EXPECT_FALSE(set_rtc(folder.path().string() + name, kNoon));
  }
}

TEST(LinuxRtc, the_clock_takes_it_from_the_boards_number_and_folders) {
  struct Row {
    const char* name;
    ClockFacts facts;
    bool present;
    bool valid;
    bool can_wake;
    bool can_power_on;
  };
  using Rtc = ClockFacts::Rtc;
  const Machine own("laptop-second-rtc");
  const std::string laptop = own.sys;
  const Row rows[] = {
      {"none", {.rtc = Rtc::none, .sys = laptop}, false, false, true, false},
      {"the first", {.rtc = Rtc::kernel, .rtc_battery = true, .sys = laptop}, true, true, true, true},
      {"without a battery", {.rtc = Rtc::kernel, .sys = laptop}, true, false, true, true},
      {"the second",
       {.rtc = Rtc::kernel, .rtc_number = 1, .rtc_battery = true, .sys = laptop},
       true,
       true,
       true,
       false},
      {"not there",
       {.rtc = Rtc::kernel, .rtc_number = 2, .rtc_battery = true, .sys = laptop},
       false,
       false,
       true,
       false},
      {"the host's", {.rtc = Rtc::host, .sys = fixture("container")}, true, true, false, false},
  };
  for (Row row : rows) {
    SCOPED_TRACE(row.name);
    row.facts.dev = fixture("container");  // no devices
    const ClockBed bed(row.facts);
    const RtcState rtc = bed.clock->rtc();
    EXPECT_EQ(rtc.present, row.present);
    EXPECT_EQ(rtc.valid, row.valid);
    EXPECT_EQ(rtc.can_wake, row.can_wake);
    EXPECT_EQ(rtc.can_power_on, row.can_power_on);
    EXPECT_EQ(rtc.battery, RtcBattery::unknown);
  }
}

}  // namespace
}  // namespace dormouse::hal_linux
