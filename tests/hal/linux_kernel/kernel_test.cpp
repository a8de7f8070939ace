// SPDX-License-Identifier: Apache-2.0
// The clock over a kernel that is made to look otherwise, in namespaces of its own: another kernel boot, another
// time since boot; and the timer that ends a suspend. Skipped where a namespace cannot be had.
#include <sys/mount.h>

#include "hal/linux/clock/clock_text.hpp"
#include "runtime/time/step.hpp"
#include "tests/hal/clock/clock_bed.hpp"
#include "tests/hal/linux_kernel/child.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {
namespace {

using hal::AlarmSet;
using hal::ClockEvent;

constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
constexpr Duration kDay{86'400'000};

/// Puts a file in the place of the kernel boot id, for this process alone.
std::string show_boot_id(const std::string& file) {
  if (auto why = unshared(CLONE_NEWNS, "mounts"); !why.empty()) return why;
  const bool refused = ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                       ::mount(file.c_str(), kBootId, nullptr, MS_BIND, nullptr) != 0;
  return failed("nothing can be mounted over the kernel boot id", refused);
}

TEST(LinuxKernel, another_kernel_boot_has_another_id_and_every_process_in_it_the_same) {
  const TempFolder folder;
  const std::string text = "0e1b3f5a-7c9d-4b2e-8f60-123456789abc\n";
  write_file(folder.path().string() + "/boot_id", text);
  const std::string before = ClockBed().clock->kernel_boot_id();
  in_child([&] { return show_boot_id(folder.path().string() + "/boot_id"); },
           [&] {
             const std::string now = ClockBed().clock->kernel_boot_id();
             EXPECT_EQ(now, *parse_boot_id(text));
             EXPECT_NE(now, before);
             in_child([] { return std::string(); }, [&] { EXPECT_EQ(ClockBed().clock->kernel_boot_id(), now); });
           });
  EXPECT_EQ(ClockBed().clock->kernel_boot_id(), before);
}

TEST(LinuxKernel, one_that_does_not_tell_its_boot_gives_no_clock) {
  const TempFolder folder;
  write_file(folder.path().string() + "/boot_id", "");
  in_child([&] { return show_boot_id(folder.path().string() + "/boot_id"); },
           [] {
             LoopRunner runner;
             const auto made = make_linux_clock(runner.loop, {});
             ASSERT_FALSE(made.ok());
             EXPECT_EQ(made.error().code, "time.read_failed");
             EXPECT_NE(made.error().message.find(kBootId), std::string::npos);
           });
}

/// A container may see the same kernel boot at another time since boot. Holds for the children of this process.
std::string shift_boot_time(Duration by) {
  if (auto why = unshared(CLONE_NEWTIME, "time since boot"); !why.empty()) return why;
  std::ofstream offsets("/proc/self/timens_offsets");
  offsets << "boottime " << by.count() / 1'000 << " 0\n" << std::flush;
  return failed("the time since boot cannot be moved", !offsets);
}

TEST(LinuxKernel, samples_and_the_armed_timer_follow_the_same_time_since_boot) {
  const Sample outside = ClockBed().clock->read();
  in_child([] { return shift_boot_time(kDay); },
           [&] {
             in_child([] { return std::string(); },
                      [&] {
                        ClockBed bed;
                        const Sample inside = bed.clock->read();
                        EXPECT_GE(inside.instant, outside.instant + kDay);
                        EXPECT_LT(inside.instant, outside.instant + kDay + Duration{60'000});
                        const Instant due = inside.instant + Duration{20};
                        bed.clock->arm(due);
                        EXPECT_TRUE(bed.told(ClockEvent::timer_due));
                        EXPECT_GE(bed.clock->read().instant, due);
                      });
           });
}

/// How long until the wake timer of this process fires, in seconds, as the kernel tells; none if there is none.
std::optional<std::int64_t> wake_timer_left() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    const std::string text = text_of(entry.path());
    if (text.find("clockid: 9\n") == std::string::npos) continue;  // CLOCK_BOOTTIME_ALARM
    const auto left = text.find("it_value: (") + std::string("it_value: (").size();
    return parse_number(text.substr(left, text.find(',', left) - left));
  }
  return std::nullopt;
}

TEST(LinuxKernel, the_wake_timer_is_the_kernels_own_and_is_read_back_replaced_and_cleared) {
  const ClockBed bed({.sys = fixture("laptop")});
  const Instant now = bed.clock->read().instant;
  const AlarmSet first = bed.clock->arm_wake(now + Duration{3'600'000});
  if (first == AlarmSet::not_permitted) GTEST_SKIP() << "this process may not set wake alarms";
  ASSERT_EQ(first, AlarmSet::armed);
  EXPECT_NEAR(static_cast<double>(wake_timer_left().value_or(0)), 3'599.0, 30.0);
  EXPECT_EQ(bed.clock->arm_wake(now + kDay), AlarmSet::armed);
  EXPECT_NEAR(static_cast<double>(wake_timer_left().value_or(0)), 86'399.0, 30.0);
  EXPECT_EQ(bed.clock->arm_wake(std::nullopt), AlarmSet::armed);
  EXPECT_EQ(wake_timer_left(), std::nullopt);
  EXPECT_EQ(bed.clock->arm_wake(Instant{0}), AlarmSet::armed);  // has come: nothing to wake for
}

TEST(LinuxKernel, no_wake_timer_is_made_where_nothing_could_wake_and_one_that_stood_is_cleared) {
  const Machine laptop("laptop");
  const std::string& sys = laptop.sys;
  const ClockBed bed({.sys = sys});
  const Instant due = bed.clock->read().instant + kDay;
  if (bed.clock->arm_wake(due) == AlarmSet::not_permitted) GTEST_SKIP() << "this process may not set wake alarms";
  write_file(sys + "/class/rtc/rtc0/device/power/wakeup", "disabled\n");
  EXPECT_EQ(bed.clock->arm_wake(due), AlarmSet::unsupported);
  EXPECT_EQ(wake_timer_left(), std::nullopt);
}

}  // namespace
}  // namespace dormouse::hal_linux
