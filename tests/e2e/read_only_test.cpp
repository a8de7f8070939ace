// SPDX-License-Identifier: Apache-2.0
// The program on file systems that cannot be written: it comes up or stays up to be asked, starts nothing, and says
// so to whoever wants a change. Needs the right to mount.
#include <gtest/gtest.h>

#include "tests/e2e/running_device.hpp"
#include "tests/hal/store_linux/ext4.hpp"

namespace dormouse::e2e {
namespace {

const char* const job_and_schedule = R"(
[[schedules]]
id = "often"
handler = "mark"
every = "1s"
misfire = "skip"
)";

std::string refusal_of(const cli::Said& said) {
  return Json::parse(said.error, nullptr, false).value("error", Json::object()).value("code", said.error);
}

std::size_t told(RunningDevice& device, const std::string& event) {
  std::size_t count = 0;
  for (const auto& one : device.life().events()) count += one.value("event", "") == event ? 1 : 0;
  return count;
}

std::size_t alarms_of_read_only(RunningDevice& device) {
  std::size_t count = 0;
  for (const auto& one : device.life().events())
    count += one.value("event", "") == "alarm" && one.value("text", "").starts_with("store.read_only") ? 1 : 0;
  return count;
}

/// It answers every question and refuses every change.
void expect_asked_only(RunningDevice& device, std::uint64_t waiting) {
  EXPECT_EQ(refusal_of(device.say({"enqueue", "mark", "--json"})), "store.read_only");
  EXPECT_EQ(refusal_of(device.say({"cancel", std::to_string(waiting), "--json"})), "store.read_only");
  EXPECT_EQ(device.job(waiting).value("state", ""), "scheduled");
  EXPECT_FALSE(device.ask({"jobs"}).empty());
  EXPECT_EQ(device.ask({"schedules"}).size(), 1U);
  EXPECT_EQ(device.say({"explain", std::to_string(waiting)}).exit, 0);
  EXPECT_EQ(device.say({"boots"}).exit, 0);
  EXPECT_EQ(device.say({"status"}).exit, 0);
}

TEST(ReadOnly, D074_a_device_on_a_read_only_file_system_or_one_that_turns_so_answers_and_starts_nothing) {
  hal_linux::Ext4 disk;
  if (!disk) GTEST_SKIP() << "no ext4 in a file without the right to mount one";
  RunningDevice device;
  device.configure(shell_handler("mark", "echo x >> " + (device.out() / "marks").string()) + job_and_schedule);
  device.keep_data_in(disk.path() / "data");
  device.start();
  const auto waiting = device.enqueue({.handler = "mark", .due = jobs::DueAfter{Duration{3'600'000}}});
  ASSERT_TRUE(device.life().wait_for("ended"));
  const auto listed = device.ask({"jobs"}).size();

  ASSERT_TRUE(disk.turn_read_only());
  EXPECT_EQ(refusal_of(device.say({"enqueue", "mark", "--json"})), "store.read_only");
  ASSERT_TRUE(device.life().wait_for("alarm"));
  expect_asked_only(device, waiting);
  EXPECT_GE(device.ask({"jobs"}).size() + 1, listed);
  const auto started = told(device, "started");
  EXPECT_EQ(told(device, "started"), started);
  EXPECT_EQ(alarms_of_read_only(device), 1U);
  EXPECT_EQ(device.terminate(), 0) << device.errors();

  const auto before = hal_linux::files_in(device.data());
  device.start();
  expect_asked_only(device, waiting);
  EXPECT_EQ(told(device, "started"), 0U);
  EXPECT_EQ(told(device, "slots"), 0U);
  EXPECT_EQ(alarms_of_read_only(device), 1U);
  EXPECT_EQ(device.terminate(), 0) << device.errors();
  EXPECT_EQ(hal_linux::files_in(device.data()), before);
}

TEST(ReadOnly, a_new_schedule_of_the_configuration_does_not_keep_the_device_from_coming_up) {
  hal_linux::Mount mount("tmpfs", "size=4m");
  if (!mount) GTEST_SKIP() << "no file system of its own without the right to mount one";
  RunningDevice device;
  device.configure(handler("mark", {"/bin/true"}));
  device.keep_data_in(mount.path() / "data");
  device.start();
  const auto waiting = device.enqueue({.handler = "mark", .due = jobs::DueAfter{Duration{3'600'000}}});
  device.kill();
  ASSERT_TRUE(mount.remount(MS_RDONLY));
  const auto before = hal_linux::files_in(device.data());
  device.configure(handler("mark", {"/bin/true"}) + job_and_schedule);
  device.start();
  EXPECT_EQ(device.job(waiting).value("state", ""), "scheduled");
  EXPECT_EQ(device.ask({"schedules"}).size(), 0U);
  EXPECT_EQ(refusal_of(device.say({"enqueue", "mark", "--json"})), "store.read_only");
  EXPECT_EQ(alarms_of_read_only(device), 1U);
  EXPECT_EQ(device.terminate(), 0);
  EXPECT_EQ(hal_linux::files_in(device.data()), before);

  ASSERT_TRUE(mount.remount(0));
  device.start();
  EXPECT_EQ(device.ask({"schedules"}).size(), 1U);
  EXPECT_EQ(device.job(waiting).value("state", ""), "scheduled");
  EXPECT_EQ(device.terminate(), 0);
}

}  // namespace
}  // namespace dormouse::e2e
