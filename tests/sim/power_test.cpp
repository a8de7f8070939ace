// SPDX-License-Identifier: Apache-2.0
// Power that goes at any moment, also inside a commit: what was acknowledged stands, what may start once starts
// once.
#include <random>
#include <set>

#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;

using Kept = SimulatedDevice::Kept;

const char* name_of(Kept kept) {
  return kept == Kept::nothing ? "nothing" : kept == Kept::all ? "all" : "some";
}

/// What was told outside the device, to compare with what the device says later.
struct Ledger {
  std::map<std::uint64_t, jobs::JobSpec> accepted;
  std::map<std::uint64_t, State> ended;         // told after the commit
  std::map<std::uint64_t, std::size_t> starts;  // of a job when its end was told
  std::map<std::uint64_t, Duration> earliest;   // true time before which a job must not start

  void watch(SimulatedDevice& device) {
    device.observe([this, &device](const actors::Event& event) {
      if (event.kind != actors::Event::Kind::ended || !event.text.empty() || !jobs::has_ended(event.state)) return;
      EXPECT_TRUE(ended.try_emplace(event.job, event.state).second) << "job " << event.job << " ended twice";
      starts[event.job] = starts_of(device, event.job);
    });
  }
  /// An enqueue that may meet a cut: noted only if it was acknowledged.
  void enqueue(SimulatedDevice& device, const jobs::JobSpec& spec) {
    if (!device.running()) return;
    const Duration now = device.now();
    const WallTime wall = device.wall();
    const auto answer = device.enqueue(spec);
    if (!answer.ok()) return;
    accepted[answer->id] = spec;
    earliest[answer->id] = now;
    if (const auto* delay = std::get_if<jobs::DueAfter>(&spec.due)) earliest[answer->id] = now + delay->delay;
    if (const auto* due = std::get_if<jobs::DueAt>(&spec.due)) earliest[answer->id] = now + (due->at - wall);
  }
  static std::size_t starts_of(const SimulatedDevice& device, std::uint64_t job) {
    return static_cast<std::size_t>(
        std::count_if(device.runs().begin(), device.runs().end(), [&](const Run& run) { return run.job == job; }));
  }

  /// At the end of a story, when every accepted job had its time.
  void check(SimulatedDevice& device) const {
    for (const auto& [id, spec] : accepted) {
      SCOPED_TRACE("job " + std::to_string(id));
      const auto view = device.job(id);
      ASSERT_TRUE(view.has_value()) << "lost";
      EXPECT_TRUE(jobs::has_ended(view->job.state)) << device.explain(std::to_string(id));
      if (spec.delivery == jobs::Delivery::at_most_once) {
        EXPECT_LE(starts_of(device, id), 1U);
      }
    }
    for (const auto& [id, state] : ended) {
      SCOPED_TRACE("job " + std::to_string(id));
      EXPECT_EQ(device.state(id), state) << "an end was undone";
      EXPECT_EQ(starts_of(device, id), starts.at(id)) << "started after its end";
    }
    std::map<std::uint64_t, const Run*> newest;
    for (const Run& run : device.runs()) {
      if (const auto due = earliest.find(run.job); due != earliest.end()) {
        EXPECT_GE(run.started, due->second) << "job " << run.job << " started early";
      }
      if (const auto before = newest.find(run.job); before != newest.end()) {
        const Run& old = *before->second;
        EXPECT_TRUE(old.boot != run.boot || (old.ended && *old.ended <= run.started)) << "attempts overlap";
        EXPECT_GE(run.attempt, old.attempt);
      }
      newest[run.job] = &run;
    }
  }
};

/// Two kinds of jobs arrive each 100 ms for 2 s; from `from` on the next commit loses the power.
void cut_in_a_commit(Duration from, Kept kept) {
  SimulatedDevice device;
  device.handler("h", {.takes = 70ms, .places = 2});
  ASSERT_TRUE(device.boot().ok());
  Ledger ledger;
  ledger.watch(device);
  bool armed = false;
  for (int i = 0; i < 20 && device.has_power(); ++i) {
    for (int part = 0; part < 10 && device.has_power(); ++part) {
      if (!armed && device.now() >= from) {
        device.cut_power_in_next_commit(kept);
        armed = true;
      }
      if (part == 0) ledger.enqueue(device, job_of("h", after(std::chrono::milliseconds(30 * (i % 3)))));
      if (part == 5) ledger.enqueue(device, once_at_most("h"));
      if (device.has_power()) device.advance(10ms);
    }
  }
  EXPECT_FALSE(device.has_power());
  device.power_cut(1min);
  ASSERT_TRUE(device.boot().ok());
  device.advance(10min);
  ledger.check(device);
}

TEST(Power, ACutInsideAnyCommitLosesNothingThatWasAcknowledged) {
  for (Duration from = 0ms; from < 1s; from += 10ms) {
    for (const Kept kept : {Kept::nothing, Kept::all, Kept::some}) {
      SCOPED_TRACE(std::to_string(from.count()) + " ms, kept: " + name_of(kept));
      cut_in_a_commit(from, kept);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(Power, J039_AnEnqueueInACutCommitIsThereWhollyOrNotAtAll) {
  for (const Kept kept : {Kept::nothing, Kept::all}) {
    SimulatedDevice device;
    device.handler("h");
    ASSERT_TRUE(device.boot().ok());
    device.cut_power_in_next_commit(kept);
    EXPECT_FALSE(device.enqueue(job_of("h")).ok());  // not acknowledged either way
    device.power_cut(1min);
    ASSERT_TRUE(device.boot().ok());
    device.advance(1min);
    const bool there = kept == Kept::all;
    EXPECT_EQ(device.job(1).has_value(), there);
    EXPECT_EQ(device.runs("h").size(), there ? 1U : 0U);
  }
}

TEST(Power, J048_AnOutcomeInACutCommitStandsWithItsEffectsOrTheJobRunsAgain) {
  for (const Kept kept : {Kept::nothing, Kept::all}) {
    SimulatedDevice device;
    device.handler("child");
    device.handler("h", {.takes = 1s, .enqueues = {job_of("child")}});
    ASSERT_TRUE(device.boot().ok());
    const auto id = device.submit("h");
    device.advance(999ms);
    device.cut_power_in_next_commit(kept);
    device.advance(1ms);
    device.power_cut(1min);
    ASSERT_TRUE(device.boot().ok());
    device.advance(1min);
    EXPECT_EQ(device.runs("h").size(), kept == Kept::all ? 1U : 2U);
    EXPECT_EQ(device.runs("child").size(), 1U);
    EXPECT_EQ(device.state(id), State::succeeded);
  }
}

TEST(Power, J048_AnOutcomeThatIsLostWhileItsClaimStandsIsAnInterruption) {
  SimulatedDevice device;
  device.handler("child");
  device.handler("h", {.takes = 10s, .enqueues = {job_of("child")}});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.submit("child", after(1h));  // its sync takes the claim along
  device.advance(9'999ms);
  device.cut_power_in_next_commit(Kept::nothing);
  device.advance(1ms);
  device.power_cut(1min);
  ASSERT_TRUE(device.boot().ok());
  device.advance(1min);
  ASSERT_EQ(device.runs("h").size(), 2U);
  EXPECT_EQ(device.runs("h")[1].attempt, 2U);
  EXPECT_EQ(device.runs("child").size(), 1U);
  EXPECT_EQ(device.state(id), State::succeeded);
}

TEST(Power, S153_ASlotIsHandedOutOnceWhereverThePowerGoes) {
  for (const Kept kept : {Kept::nothing, Kept::all}) {
    SimulatedDevice device({.start = utc("2027-01-15T09:59:30Z")});
    device.handler("m");
    ASSERT_TRUE(device.boot().ok());
    ASSERT_TRUE(device.put(cron("m", "* * * * *", Misfire::catch_up())).ok());
    device.advance(30s - 1ms);
    device.cut_power_in_next_commit(kept);
    device.advance(1ms);
    device.power_cut(20s);
    ASSERT_TRUE(device.boot().ok());
    device.advance(1min);
    EXPECT_EQ(slots(device, "m"), (std::vector<std::string>{"2027-01-15T10:00:00Z", "2027-01-15T10:01:00Z"}));
  }
}

TEST(Power, J058_AnOutcomeThatTheStoreRefusesIsOfferedAgainAndTheHandlerNotRunAgain) {
  SimulatedDevice device({.journal = false});
  device.handler("h", {.takes = 1s});
  ASSERT_TRUE(device.boot().ok());
  const auto id = device.submit("h");
  device.advance(999ms);
  device.disk().fail_commits("store.no_space", store::MemoryDisk::unlimited);
  device.advance(5s);
  device.disk().restore();
  device.advance(2s);  // offered at 1, 2, 4 and 8 s
  EXPECT_EQ(device.state(id), State::running);
  device.advance(1ms);
  EXPECT_EQ(device.runs("h").size(), 1U);
  EXPECT_EQ(device.state(id), State::succeeded);
}

// -- at random --

class RandomLife : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomLife, KeepsItsPromisesUnderAnyFaults) {
  const std::uint64_t first = 20 * GetParam() + 1;
  for (std::uint64_t seed = first; seed < first + 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto draw = [&random](std::int64_t below) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(below));
    };
    SimulatedSetup setup;
    setup.seed = seed;
    SimulatedDevice device(setup);
    const auto share = 1 + draw(10);
    device.handler("h", {.takes = Duration(draw(60'000)),
                         .ends =
                             [share](std::uint64_t start, const jobs::Claimed&) {
                               return start % 7 < static_cast<std::uint64_t>(share)
                                          ? jobs::Outcome::ok()
                                          : jobs::Outcome::retryable("h.x", "x");
                             },
                         .heeds_stop = draw(2) == 0,
                         .kills = [share](std::uint64_t start) { return (start + share) % 11 == 0; },
                         .places = static_cast<std::uint64_t>(1 + draw(4))});
    ASSERT_TRUE(device.boot().ok());
    Ledger ledger;
    ledger.watch(device);
    const Misfire policies[] = {Misfire::catch_up(), Misfire::skip(), Misfire::run_once_if_missed(),
                                Misfire::windowed(Duration(draw(3'600'000)))};
    for (int step = 0; step < 40; ++step) {
      switch (draw(8)) {
        case 0:
          device.cut_power_in_next_commit(static_cast<Kept>(draw(3)));
          if (device.running()) device.advance(Duration(draw(600'000)));
          device.power_cut(Duration(draw(3'600'000)));
          break;
        case 1:
          device.power_cut(Duration(draw(86'400'000)));
          break;
        case 2:
          device.crash(Duration(draw(600'000)));
          break;
        case 3:
          if (device.running()) device.restart(Duration(draw(600'000)));
          break;
        default: {
          auto spec = job_of("h", after(Duration(draw(7'200'000))), policies[draw(4)]);
          if (draw(3) == 0) spec.due = at(device.wall() + Duration(draw(7'200'000)));
          if (draw(4) == 0) spec.delivery = jobs::Delivery::at_most_once;
          ledger.enqueue(device, spec);
          if (device.running()) device.advance(Duration(draw(1'200'000)));
        }
      }
      if (!device.running()) {
        ASSERT_TRUE(device.boot().ok());
      }
    }
    live_on(device, 48h, 10s);
    ledger.check(device);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(TenTimesTwentySeeds, RandomLife, testing::Range<std::uint64_t>(0, 10));

}  // namespace
}  // namespace dormouse::sim
