// SPDX-License-Identifier: Apache-2.0
// The simulated processes, stops, watchdog and network.
#include <csignal>
#include <optional>
#include <vector>

#include "hal/sim/sim_loop.hpp"
#include "hal/sim/sim_network.hpp"
#include "hal/sim/sim_power.hpp"
#include "hal/sim/sim_processes.hpp"
#include "hal/sim/sim_watchdog.hpp"

namespace dormouse::hal_sim {
namespace {

TEST(SimulatedLoop, runs_in_order_what_is_posted_also_from_a_job_and_stops_at_a_quit) {
  SimLoop loop;
  std::string order;
  loop.post([&] {
    order += "a";
    loop.post([&] { order += "c"; });
  });
  loop.post([&] { order += "b"; });
  loop.run();
  EXPECT_EQ(order, "abc");
  loop.post([&] { loop.quit(); });
  loop.post([&] { order += "d"; });
  loop.run();
  EXPECT_EQ(order, "abc");
  EXPECT_FALSE(loop.idle());
  loop.run();
  EXPECT_EQ(order, "abcd");
}

class SimulatedProcesses : public ::testing::Test {
 protected:
  hal::ProcessId start() {
    const auto id = processes_.start({.argv = {"backup"}, .input = "args"},
                                     [this](hal::ProcessEnd end) { ends_.push_back(std::move(end)); });
    EXPECT_TRUE(ends_.empty());
    loop_.run();
    return id;
  }

  SimLoop loop_;
  Bytes input_;
  int sigterms_ = 0;
  SimProcesses processes_{loop_,
                          {.started = [this](auto, const hal::Command& command) { input_ = command.input; },
                           .terminated = [this](auto) { ++sigterms_; }}};
  std::vector<hal::ProcessEnd> ends_;
};

TEST_F(SimulatedProcesses, end_as_the_script_says_and_once) {
  const auto id = start();
  EXPECT_EQ(input_, "args");
  EXPECT_TRUE(processes_.running(id));
  processes_.end(id, {.exit_code = 75, .error_tail = "try again"});
  processes_.end(id, {.exit_code = 0});
  processes_.kill(id);
  loop_.run();
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].exit_code, 75);
  EXPECT_EQ(ends_[0].error_tail, "try again");
  EXPECT_FALSE(processes_.running(id));
}

TEST_F(SimulatedProcesses, end_of_a_sigterm_unless_they_are_stubborn) {
  const auto meek = start();
  processes_.terminate(meek);
  loop_.run();
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].signal, SIGTERM);
  ends_.clear();

  const auto stubborn = start();
  processes_.set_stubborn(stubborn);
  processes_.terminate(stubborn);
  loop_.run();
  EXPECT_TRUE(ends_.empty());
  EXPECT_EQ(sigterms_, 2);
  processes_.kill(stubborn);
  loop_.run();
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].signal, SIGKILL);
}

TEST_F(SimulatedProcesses, can_be_refused_and_then_start_again) {
  processes_.refuse_next("backup: no such program");
  start();
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_FALSE(ends_[0].spawned);
  EXPECT_EQ(ends_[0].error_tail, "backup: no such program");
  ends_.clear();
  const auto id = start();
  EXPECT_TRUE(processes_.running(id));
}

TEST_F(SimulatedProcesses, go_with_the_power_and_nobody_is_told) {
  start();
  start();
  EXPECT_EQ(processes_.running_count(), 2u);
  processes_.power_off();
  loop_.run();
  EXPECT_EQ(processes_.running_count(), 0u);
  EXPECT_TRUE(ends_.empty());
}

TEST(SimulatedPower, keeps_events_for_the_first_listener_and_tells_each) {
  SimLoop loop;
  SimPower power(loop);
  power.tell(hal::PowerEvent::sigterm);
  std::vector<hal::PowerEvent> heard;
  power.listen([&](hal::PowerEvent event) { heard.push_back(event); });
  EXPECT_TRUE(heard.empty());
  power.tell(hal::PowerEvent::failing);
  loop.run();
  EXPECT_EQ(heard, (std::vector{hal::PowerEvent::sigterm, hal::PowerEvent::failing}));
}

class SimulatedWatchdog : public ::testing::Test {
 protected:
  Instant now_{1'000};
  SimWatchdog watchdog_{{.timeout = Duration{10'000}, .now = [this] { return now_; }}};
};

TEST_F(SimulatedWatchdog, fires_once_when_its_timeout_has_passed_since_the_last_feed) {
  EXPECT_EQ(watchdog_.fires_at(), std::nullopt);
  ASSERT_TRUE(watchdog_.start().ok());
  now_ = Instant{6'000};
  watchdog_.feed();
  EXPECT_EQ(watchdog_.feeds(), 1u);
  EXPECT_EQ(watchdog_.fires_at(), Instant{16'000});
  now_ = Instant{15'999};
  EXPECT_FALSE(watchdog_.pass());
  now_ = Instant{16'000};
  EXPECT_TRUE(watchdog_.pass());
  EXPECT_FALSE(watchdog_.pass());
}

TEST_F(SimulatedWatchdog, does_not_fire_once_disarmed_and_fires_although_fed_if_the_feeds_are_lost) {
  ASSERT_TRUE(watchdog_.start().ok());
  watchdog_.disarm();
  now_ = Instant{100'000};
  EXPECT_FALSE(watchdog_.pass());
  ASSERT_TRUE(watchdog_.start().ok());
  watchdog_.lose_feeds(true);
  now_ = Instant{110'000};
  watchdog_.feed();
  EXPECT_TRUE(watchdog_.pass());
}

TEST_F(SimulatedWatchdog, may_be_missing_or_not_start) {
  watchdog_.fail_start(true);
  EXPECT_EQ(watchdog_.start().error().code, "watchdog.not_found");
  SimWatchdog none({.timeout = std::nullopt});
  EXPECT_EQ(none.timeout(), std::nullopt);
  EXPECT_TRUE(none.start().ok());
  none.feed();
  EXPECT_FALSE(none.pass());
}

TEST(SimulatedNetwork, tells_true_changes_only) {
  SimLoop loop;
  SimNetwork network(loop, hal::NetworkState::offline);
  std::vector<hal::NetworkState> heard;
  network.listen([&](hal::NetworkState state) { heard.push_back(state); });
  network.set(hal::NetworkState::offline);
  network.set(hal::NetworkState::online);
  network.set_quietly(hal::NetworkState::unmetered);
  EXPECT_EQ(network.state(), hal::NetworkState::unmetered);
  loop.run();
  EXPECT_EQ(heard, std::vector{hal::NetworkState::online});
}

}  // namespace
}  // namespace dormouse::hal_sim
