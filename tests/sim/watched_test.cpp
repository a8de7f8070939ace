// SPDX-License-Identifier: Apache-2.0
// Who watches the process from outside: a watchdog that is fed only while every part answers, and a service manager
// that wants to know how it is.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using hal::PowerEvent;

std::size_t boots_told(const SimulatedDevice& device) {
  return static_cast<std::size_t>(
      std::count_if(device.events().begin(), device.events().end(),
                    [](const auto& event) { return event.kind == actors::Event::Kind::boot; }));
}

// -- the watchdog --

TEST(Watchdog, IsFedByRoundsAlsoWhileAllIsSaved) {
  SimulatedDevice device({.watchdog = 60s});
  ASSERT_TRUE(device.boot().ok());
  device.advance(10min);
  const auto feeds = device.watchdog().feeds();
  EXPECT_EQ(feeds, 21U);
  for (int i = 0; i < 3; ++i) {
    device.supply(PowerEvent::failing);
    device.advance(25s);
  }
  device.supply(PowerEvent::restored);
  device.advance(5min);
  EXPECT_EQ(boots_told(device), 2U);
  EXPECT_GE(device.watchdog().feeds(), feeds + 12U);
  EXPECT_TRUE(device.stop().ok());
  EXPECT_EQ(device.watchdog().fires_at(), std::nullopt);
}

TEST(Watchdog, T102_OneSilentActorIsEnoughNotToFeedItAndTheNextBootKnowsWhy) {
  SimulatedDevice device({.watchdog = 60s});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto kept = device.submit("h", after(1h));
  device.advance(5min);
  const auto feeds = device.watchdog().feeds();
  const Duration last_fed = device.now();
  device.slow_commits(1h);  // storage waits for its medium; all others answer
  const auto never = device.enqueue(job_of("h", after(1h)));
  EXPECT_FALSE(never.ok());
  device.advance(60s);
  EXPECT_FALSE(device.running());
  EXPECT_EQ(device.watchdog().feeds(), feeds);
  EXPECT_GE(device.now() - last_fed, 60s);
  ASSERT_TRUE(device.boot().ok());
  EXPECT_EQ(device.boots().boots.at(0).cause, BootCause::watchdog_reset);
  EXPECT_EQ(device.state(kept), State::scheduled);
}

// -- whoever started the process --

TEST(ServiceManager, T103_IsToldReadyOnceTheBootIsDecidedWithoutWaitingForTrust) {
  SimulatedDevice device({.rtc = hal_sim::RtcKind::none, .synced = false, .service_manager = true});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  const auto held = accept(device, job_of("h", at(device.wall() + 1h)));
  device.restart();
  device.services().forget();
  ASSERT_TRUE(device.boot().ok());
  ASSERT_EQ(device.trust(), Trust::untrusted);
  ASSERT_FALSE(device.services().told().empty());
  EXPECT_EQ(device.services().told().front(), "READY");
  device.advance(10s);
  EXPECT_TRUE(device.services().told().back().starts_with("STATUS time untrusted"));
  EXPECT_EQ(device.state(held), State::scheduled);
  EXPECT_EQ(std::count(device.services().told().begin(), device.services().told().end(), "READY"), 1);
}

TEST(ServiceManager, IsToldWhatIsDueNextWhenThatChangesAndOfTheStop) {
  SimulatedDevice device({.service_manager = true});
  device.handler("h");
  ASSERT_TRUE(device.boot().ok());
  device.advance(10s);
  EXPECT_EQ(device.services().told(),
            (std::vector<std::string>{"READY", "STATUS time rtc, nothing due", "STATUS time synced, nothing due"}));
  device.services().forget();
  device.submit("h", after(1h));
  device.advance(1min);
  EXPECT_EQ(device.services().told(),
            std::vector<std::string>{"STATUS time synced, next due 2027-01-15T09:00:10Z"});
  device.services().forget();
  device.advance(2h);
  EXPECT_EQ(device.services().told(), std::vector<std::string>{"STATUS time synced, nothing due"});
  device.services().forget();
  EXPECT_TRUE(device.stop().ok());
  EXPECT_EQ(device.services().told(), std::vector<std::string>{"STOPPING"});
}

}  // namespace
}  // namespace dormouse::sim
