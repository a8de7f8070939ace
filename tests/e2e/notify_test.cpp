// SPDX-License-Identifier: Apache-2.0
// The real program under a service manager: what it is told at a real socket, from the start to the stop, and when
// the power fails.
#include <cstdlib>
#include <signal.h>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/jobs/job_codec.hpp"
#include "tests/e2e/running_device.hpp"
#include "tests/hal/linux_io/notify_ear.hpp"

namespace dormouse::e2e {
namespace {

class Notify : public testing::Test {
 protected:
  Notify() {
    device_.configure(handler("true", {"/bin/true"}));
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~Notify() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  /// Listens until it hears what begins so; all of it is kept.
  bool hears(const std::string& beginning) {
    while (true) {
      heard_.push_back(ear_.hear(patience));
      if (heard_.back().empty()) return false;
      if (heard_.back().starts_with(beginning)) return true;
    }
  }
  bool has_heard(const std::string& beginning) const {
    return std::any_of(heard_.begin(), heard_.end(), [&](const auto& one) { return one.starts_with(beginning); });
  }

  RunningDevice device_;
  std::string path_ = (device_.folder() / "notify").string();
  hal_linux::NotifyEar ear_{path_};
  std::vector<std::string> heard_;
};

TEST_F(Notify, the_service_manager_hears_of_the_start_of_what_is_due_and_of_the_stop) {
  device_.start();
  ASSERT_TRUE(hears("READY=1"));
  EXPECT_FALSE(has_heard("WATCHDOG"));
  ASSERT_TRUE(hears("STATUS=time "));
  EXPECT_NE(heard_.back().find("nothing due"), std::string::npos) << heard_.back();
  device_.enqueue({.handler = "true", .due = jobs::DueAfter{Duration{3'600'000}}});
  ASSERT_TRUE(hears("STATUS=time "));
  EXPECT_NE(heard_.back().find("next due "), std::string::npos) << heard_.back();
  EXPECT_EQ(device_.terminate(), 0);
  EXPECT_TRUE(hears("STOPPING=1"));
}

TEST_F(Notify, a_watched_process_feeds_as_long_as_it_is_well) {
  ::setenv("WATCHDOG_USEC", "400000", 1);
  device_.start();
  for (int feeds = 0; feeds < 4; ++feeds) ASSERT_TRUE(hears("WATCHDOG=1"));
  EXPECT_TRUE(has_heard("READY=1"));
  EXPECT_EQ(device_.terminate(), 0);
}

TEST_F(Notify, a_start_that_looks_at_the_store_first_asks_for_more_time) {
  device_.start();
  device_.kill();
  device_.start();
  ASSERT_TRUE(hears("READY=1"));
  ASSERT_TRUE(hears("READY=1"));
  EXPECT_TRUE(has_heard("EXTEND_TIMEOUT_USEC=30000000"));
}

TEST_F(Notify, a_socket_that_cannot_be_one_is_one_clear_error) {
  ::setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
  device_.launch();
  EXPECT_EQ(device_.life().wait(), 1);
  EXPECT_NE(device_.errors().find("notify.bad_socket"), std::string::npos) << device_.errors();
}

TEST_F(Notify, power_that_is_said_to_fail_by_a_signal_is_saved_for_and_the_stop_after_it_is_clean) {
  device_.start();
  const auto kept = device_.enqueue({.handler = "true", .due = jobs::DueAfter{Duration{3'600'000}}});
  device_.life().signal(SIGPWR);
  ASSERT_TRUE(device_.life().wait_for([](const Json& event) { return event.value("text", "") == "saved"; }))
      << device_.errors();
  ASSERT_TRUE(hears("STATUS=power is failing, all is saved"));
  const auto refused = device_.say({"enqueue", "true", "--json"});
  EXPECT_NE(refused.exit, 0);
  EXPECT_NE(refused.error.find("stopping"), std::string::npos) << refused.error;
  EXPECT_EQ(device_.terminate(), 0) << device_.errors();
  device_.start();
  EXPECT_EQ(device_.ask({"boots"}).at("boots").at(0).value("cause", ""), "clean_restart");
  EXPECT_EQ(device_.job(kept).value("state", ""), "scheduled");
}

}  // namespace
}  // namespace dormouse::e2e
