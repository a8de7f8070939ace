// SPDX-License-Identifier: Apache-2.0
// A standby waits for the lock of a folder, for hours, and touches nothing; its boot begins when the owner is gone.
#include <atomic>
#include <optional>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/crash/harness/cuts.hpp"
#include "tests/crash/whole_device.hpp"

namespace dormouse::crash {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kJob = 1;

/// In a child, until it is killed: two hours, in which a job waits.
[[noreturn]] void own(const std::filesystem::path& folder, int told) {
  WholeDevice device;
  check(device.boot(folder).ok(), "standby_test:boot");
  check(device.submit(100h) == kJob, "standby_test:job");
  device.clock().advance(2h);
  check(::write(told, "x", 1) == 1, "standby_test:tell");
  while (true) ::pause();
}

TEST(Standby, T023_AfterTwoHoursOfWaitingTheKilledOwnersGapCountsFromItsLastStampExactly) {
  Places places;
  const auto folder = places.next();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t owner = ::fork();
  if (owner == 0) own(folder, ends[1]);
  ASSERT_GT(owner, 0);
  char ready = 0;
  ASSERT_EQ(::read(ends[0], &ready, 1), 1);

  auto wait = WholeDevice::options();
  wait.wait = true;
  std::optional<Result<std::unique_ptr<hal_linux::DataDirectory>>> taken;
  std::atomic<bool> waited = true;
  std::thread waiting([&] {
    taken = hal_linux::DataDirectory::acquire(folder, wait);
    waited = false;
  });
  EXPECT_TRUE(waited);  // the owner lives
  EXPECT_EQ(::kill(owner, SIGKILL), 0);
  waiting.join();
  Result<std::unique_ptr<hal_linux::DataDirectory>> data = std::move(*taken);
  ASSERT_EQ(::waitpid(owner, nullptr, 0), owner);
  ASSERT_TRUE(data.ok()) << data.error().message;
  const auto last = WholeDevice::heartbeat_in(**data);
  ASSERT_TRUE(last);

  WholeDevice standby;
  standby.clock().advance(2h + 7s);
  const Sample now = standby.clock().read();
  ASSERT_TRUE(standby.boot(std::move(*data)).ok());
  const auto boots = standby.boots();
  EXPECT_EQ(boots.boots.at(0).number, 2U);
  EXPECT_EQ(boots.boots.at(0).cause, BootCause::crash_restart);
  ASSERT_EQ(boots.gaps.size(), 1U);
  EXPECT_EQ(boots.gaps[0].cause, GapCause::crash);
  EXPECT_EQ(boots.gaps[0].certainty, Certainty::exact);
  EXPECT_EQ(boots.gaps[0].length, now.instant - last->instant);
  EXPECT_LT(boots.gaps[0].length, 17min);  // a heartbeat came now and then while the owner lived
  EXPECT_EQ(standby.state(kJob), jobs::State::scheduled);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace dormouse::crash
