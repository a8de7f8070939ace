// SPDX-License-Identifier: Apache-2.0
// The smaller parts: the loop itself, signals, the watchdog's refusals, the routing tables.
#include <signal.h>
#include <thread>
#include <time.h>

#include "hal/linux/network/network.hpp"
#include "hal/linux/network/routes.hpp"
#include "hal/linux/process/signals.hpp"
#include "hal/linux/process/watchdog.hpp"
#include "tests/hal/linux_io/loop_runner.hpp"

namespace dormouse::hal_linux {
namespace {

TEST(Loop, runs_posts_of_any_thread_in_order_on_its_own_until_told_to_quit) {
  AsioLoop loop;
  std::string order;
  std::thread::id ran_on;
  std::thread other([&] {
    for (const char letter : std::string("abc")) loop.post([&order, letter] { order += letter; });
    loop.post([&] { ran_on = std::this_thread::get_id(); });
    loop.post([&] { loop.quit(); });
  });
  loop.run();
  other.join();
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Loop, does_not_forget_a_quit_that_came_first_and_runs_again_after_it) {
  AsioLoop loop;
  bool ran = false;
  loop.quit();
  loop.run();
  loop.post([&] {
    ran = true;
    loop.quit();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

// The one test that lets time pass: nothing is exactly what it waits for.
TEST(Loop, takes_no_processor_time_while_nothing_happens) {
  AsioLoop loop;
  const auto network = make_network(loop);
  const auto power = make_signal_power(loop);
  timespec before{}, after{};
  loop.context().poll();
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  const auto handlers = loop.context().run_for(std::chrono::milliseconds(100));
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  EXPECT_EQ(handlers, 0u);
  const auto used_ns = (after.tv_sec - before.tv_sec) * 1'000'000'000LL + after.tv_nsec - before.tv_nsec;
  EXPECT_LT(used_ns, 10'000'000);
}

TEST(Signals, become_events_of_power_also_when_they_came_before_the_listener) {
  LoopRunner runner;
  const auto power = make_signal_power(runner.loop);
  ::raise(SIGTERM);
  runner.turn();
  std::vector<hal::PowerEvent> events;
  power->listen([&](hal::PowerEvent event) { events.push_back(event); });
  ASSERT_TRUE(runner.until([&] { return events.size() == 1; }));
  ::raise(SIGINT);
  ASSERT_TRUE(runner.until([&] { return events.size() == 2; }));
  ::raise(SIGPWR);
  ASSERT_TRUE(runner.until([&] { return events.size() == 3; }));
  EXPECT_EQ(events, (std::vector{hal::PowerEvent::sigterm, hal::PowerEvent::sigint, hal::PowerEvent::failing}));
}

TEST(LinuxWatchdog, refuses_what_is_no_watchdog_in_words) {
  const auto missing = make_watchdog("/dev/no-such-watchdog", Duration{60'000});
  EXPECT_EQ(missing->start().error().code, "watchdog.not_found");
  const auto null = make_watchdog("/dev/null", Duration{60'000});
  const auto started = null->start();
  EXPECT_EQ(started.error().code, "watchdog.unusable");
  EXPECT_EQ(started.error().message, "watchdog /dev/null: not a watchdog device");
  null->feed();
  null->disarm();
}

TEST(LinuxWatchdog, rounds_its_timeout_up_to_seconds_and_the_none_watchdog_has_none) {
  EXPECT_EQ(make_watchdog("/dev/watchdog0", Duration{1'001})->timeout(), Duration{2'000});
  const auto none = make_none_watchdog();
  EXPECT_EQ(none->timeout(), std::nullopt);
  EXPECT_TRUE(none->start().ok());
}

constexpr const char* ipv4_header =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

std::string ipv4(const std::string& rows) {
  return ipv4_header + rows;
}

// Rows as a Raspberry Pi with cable, radio and a modem shows them.
const std::string eth0 = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t202\t00000000\t0\t0\t0\n";
const std::string eth0_subnet = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t202\t00FFFFFF\t0\t0\t0\n";
const std::string wwan0 = "wwan0\t00000000\t0100000A\t0003\t0\t0\t700\t00000000\t0\t0\t0\n";
const std::string wwan0_first = "wwan0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
const std::string half = "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n";
const std::string down = "eth0\t00000000\t0101A8C0\t0002\t0\t0\t202\t00000000\t0\t0\t0\n";
const std::string zeros = "00000000000000000000000000000000";
const std::string ipv6_lo = zeros + " 00 " + zeros + " 00 " + zeros + " ffffffff 00000001 00000000 00200200 lo\n";
const std::string ipv6_eth0 =
    zeros + " 00 " + zeros + " 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n";

TEST(Routes, tell_whether_the_device_is_connected_and_whether_that_costs) {
  using hal::NetworkState;
  struct Row {
    const char* name;
    std::string v4, v6;
    std::string interface;
    NetworkState state;
  };
  const Row rows[] = {
      {.name = "no tables", .state = NetworkState::offline},
      {.name = "only the header", .v4 = ipv4(""), .state = NetworkState::offline},
      {.name = "a subnet is not the world", .v4 = ipv4(eth0_subnet), .state = NetworkState::offline},
      {.name = "cable", .v4 = ipv4(eth0 + eth0_subnet), .state = NetworkState::unmetered},
      {.name = "modem", .v4 = ipv4(wwan0), .state = NetworkState::online},
      {.name = "cable preferred to modem", .v4 = ipv4(wwan0 + eth0), .state = NetworkState::unmetered},
      {.name = "modem preferred to cable", .v4 = ipv4(eth0 + wwan0_first), .state = NetworkState::online},
      {.name = "only the modem counts",
       .v4 = ipv4(eth0 + wwan0),
       .interface = "wwan0",
       .state = NetworkState::online},
      {.name = "another interface", .v4 = ipv4(eth0), .interface = "wlan0", .state = NetworkState::offline},
      {.name = "half of the world", .v4 = ipv4(half), .state = NetworkState::offline},
      {.name = "a route that is down", .v4 = ipv4(down), .state = NetworkState::offline},
      {.name = "the kernel's reject route", .v6 = ipv6_lo, .state = NetworkState::offline},
      {.name = "version 6 alone", .v6 = ipv6_lo + ipv6_eth0, .state = NetworkState::unmetered},
      {.name = "nonsense", .v4 = "x\ny 00000000\n\n\t\t\n", .v6 = "zz 00\n", .state = NetworkState::offline},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(network_state(row.v4, row.v6, {.interface = row.interface}), row.state);
  }
}

TEST(Routes, of_this_machine_can_be_read) {
  LoopRunner runner;
  const auto network = make_network(runner.loop);
  network->listen([](hal::NetworkState) {});
  runner.turn();
  EXPECT_LE(network->state(), hal::NetworkState::unmetered);
}

}  // namespace
}  // namespace dormouse::hal_linux
