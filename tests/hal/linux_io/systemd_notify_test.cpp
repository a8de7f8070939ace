// SPDX-License-Identifier: Apache-2.0
// What systemd is told, heard at a real socket in both forms that it names one.
#include "hal/linux/process/systemd_notify.hpp"

#include <cstdlib>
#include <unistd.h>
#include <vector>

#include "hal/linux/process/watchdog.hpp"
#include "hal/sim/sim_watchdog.hpp"
#include "tests/hal/linux_io/loop_runner.hpp"
#include "tests/hal/linux_io/notify_ear.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {
namespace {

/// An environment of its own: what it sets is gone with it.
class Environment {
 public:
  ~Environment() {
    for (const auto& name : set_) ::unsetenv(name.c_str());
  }
  void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }

 private:
  std::vector<std::string> set_;
};

TEST(SystemdNotifyTest, tells_each_thing_in_a_datagram_of_its_own_to_a_path_or_an_abstract_name) {
  const TempFolder folder;
  for (const std::string& name :
       {folder.path().string() + "/notify", "@dormouse-test-" + std::to_string(::getpid())}) {
    const NotifyEar ear(name);
    Environment environment;
    environment.set("NOTIFY_SOCKET", name);
    const auto notify = SystemdNotify::from_environment();
    ASSERT_TRUE(notify.ok());
    ASSERT_NE(*notify, nullptr);
    (*notify)->ready();
    EXPECT_EQ(ear.hear(), "READY=1");
    (*notify)->status("time synced,\nnothing due");
    EXPECT_EQ(ear.hear(), "STATUS=time synced, nothing due");
    (*notify)->extend(Duration{30'000});
    EXPECT_EQ(ear.hear(), "EXTEND_TIMEOUT_USEC=30000000");
    (*notify)->stopping();
    EXPECT_EQ(ear.hear(), "STOPPING=1");
    (*notify)->feed();
    EXPECT_EQ(ear.hear(), "WATCHDOG=1");
  }
}

TEST(SystemdNotifyTest, is_none_without_a_socket_and_an_error_at_a_place_that_is_none) {
  EXPECT_EQ(*SystemdNotify::from_environment(), nullptr);
  for (const std::string& bad : {std::string("vsock:2:1"), "/" + std::string(200, 'x')}) {
    Environment environment;
    environment.set("NOTIFY_SOCKET", bad);
    const auto notify = SystemdNotify::from_environment();
    ASSERT_FALSE(notify.ok());
    EXPECT_EQ(notify.error().code, "notify.bad_socket");
  }
}

TEST(SystemdNotifyTest, loses_what_nobody_hears) {
  const TempFolder folder;
  Environment environment;
  environment.set("NOTIFY_SOCKET", folder.path().string() + "/gone");
  (*SystemdNotify::from_environment())->ready();
}

TEST(SystemdWatchdogTest, is_there_if_systemd_watches_this_process) {
  struct Row {
    const char* name;
    std::string usec, pid;
    std::optional<Duration> timeout;
  };
  const std::string mine = std::to_string(::getpid());
  const Row rows[] = {
      {"not asked for", "", "", {}},
      {"for this process", "30000000", mine, Duration{30'000}},
      {"for whoever it concerns", "1500000", "", Duration{1'500}},
      {"for another process", "30000000", "1", {}},
      {"no number", "soon", mine, {}},
      {"nothing at all", "0", mine, {}},
  };
  const TempFolder folder;
  const NotifyEar ear(folder.path().string() + "/notify");
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Environment environment;
    environment.set("NOTIFY_SOCKET", folder.path().string() + "/notify");
    if (!row.usec.empty()) environment.set("WATCHDOG_USEC", row.usec);
    if (!row.pid.empty()) environment.set("WATCHDOG_PID", row.pid);
    const auto notify = SystemdNotify::from_environment();
    const auto watchdog = make_systemd_watchdog(**notify);
    EXPECT_EQ(watchdog->timeout(), row.timeout);
    watchdog->feed();
    EXPECT_EQ(ear.hear(), row.timeout ? "WATCHDOG=1" : "");
  }
}

TEST(BothWatchdogsTest, are_fed_together_by_the_shorter_timeout) {
  Instant now{0};
  const auto make = [&](Duration timeout) {
    return std::make_unique<hal_sim::SimWatchdog>(
        hal_sim::SimWatchdogOptions{.timeout = timeout, .now = [&now] { return now; }});
  };
  auto first = make(Duration{60'000});
  auto second = make(Duration{20'000});
  hal_sim::SimWatchdog& one = *first;
  hal_sim::SimWatchdog& other = *second;
  const auto both = make_both_watchdogs(std::move(first), std::move(second));
  EXPECT_EQ(both->timeout(), Duration{20'000});
  ASSERT_TRUE(both->start().ok());
  now = Instant{10'000};
  both->feed();
  EXPECT_EQ(one.fires_at(), Instant{70'000});
  EXPECT_EQ(other.fires_at(), Instant{30'000});
  both->disarm();
  EXPECT_EQ(one.fires_at(), std::nullopt);
  other.fail_start(true);
  EXPECT_FALSE(both->start().ok());
  EXPECT_EQ(one.fires_at(), std::nullopt);
}

}  // namespace
}  // namespace dormouse::hal_linux
