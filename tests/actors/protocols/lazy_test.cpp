// SPDX-License-Identifier: Apache-2.0
// Storage and lazy changes: a claim is answered once it is appended, and rides on the next sync; the store's upkeep
// is done at wakes that storage asks for.
#include <algorithm>
#include <random>

#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include "runtime/store/keys.hpp"
#include "tests/actors/protocols/bench.hpp"

namespace dormouse::actors {
namespace {

EnqueueJobs due_now(std::size_t args = 0, bool once = false) {
  auto op = enqueue("h", args);
  op.specs[0].due = jobs::DueNow{};
  if (once) op.specs[0].delivery = jobs::Delivery::at_most_once;
  return op;
}

jobs::Job job(Bench& bench, std::uint64_t id) {
  auto view = bench.ask(bench.storage(), GetJob{Identity{}, id, false});
  check(view.ok(), "test:job");
  return view->job;
}

/// Whether a batch of the journal writes the record of that job: its key ends with the id.
bool writes_job(const store::HalfContent& half, const store::HalfContent::Place& place, std::uint64_t id) {
  const Bytes key = store::keys::job(Due{}, id);
  const auto effects = store::decode_effects(half.record(place), place.head);
  check(effects.ok(), "test:effects");
  return std::any_of(effects->begin(), effects->end(), [&](const auto& effect) {
    return effect.first.starts_with(key[0]) && effect.first.ends_with(key.substr(key.size() - 8));
  });
}

/// Whether a batch of the journal writes what a claim of that job changes.
bool writes_claim(const store::HalfContent& half, const store::HalfContent::Place& place, std::uint64_t id) {
  const auto effects = store::decode_effects(half.record(place), place.head);
  check(effects.ok(), "test:effects");
  return effects->contains(store::keys::running(id));
}

/// Stands for the timekeeper: remembers the wake that storage wants.
class WakeSink {
 public:
  explicit WakeSink(Bench& bench) : bench_(bench) {
    // With an argument: without any, CAF binds a reference to nothing.
    const auto sink = [](WakeSetter::pointer, WakeSink* owner) -> WakeSetter::behavior_type {
      return {[owner](SetWake& wake) {
        ++owner->told_;
        owner->wanted_ = std::move(wake);
      }};
    };
    actor_ = bench.system().spawn(sink, this);
    caf::anon_send(bench.storage(), KeepUp{actor_});
    bench.settle();
  }
  ~WakeSink() {
    caf::anon_send_exit(actor_, caf::exit_reason::kill);
    bench_.settle();
  }
  std::optional<Instant> at() const { return wanted_ ? wanted_->instant : std::nullopt; }
  unsigned told() const { return told_; }
  /// Time goes on; the wake comes at its instant.
  void advance(Duration by) {
    const Duration end = bench_.clock().true_now() + by;
    while (at() && *at() - bench_.clock().read().instant <= end - bench_.clock().true_now()) {
      bench_.clock().advance(std::max(*at() - bench_.clock().read().instant, Duration{0}));
      EXPECT_EQ(wanted_->purpose, Purpose::store_upkeep);
      wanted_.reset();
      caf::anon_send(bench_.storage(), Wake{Purpose::store_upkeep});
      bench_.settle();
    }
    bench_.clock().advance(end - bench_.clock().true_now());
  }

 private:
  Bench& bench_;
  WakeSetter actor_;
  std::optional<SetWake> wanted_;
  unsigned told_ = 0;
};

TEST(Lazy, AClaimIsAnsweredOnceItIsAppendedAndCostsNoSync) {
  Bench bench;
  const auto storage = bench.storage();
  ASSERT_TRUE(bench.ask(storage, due_now()).ok());
  const auto syncs = bench.syncs();
  const auto written = bench.journal().bytes_written();
  const auto claimed = bench.ask(storage, ClaimJobs{{1}});
  ASSERT_TRUE(claimed.ok());
  EXPECT_EQ(claimed->claimed.size(), 1U);
  EXPECT_EQ(bench.syncs(), syncs);
  EXPECT_GT(bench.journal().bytes_written(), written);
}

TEST(Lazy, AReadThatSeesALazyChangeIsAnsweredAtOnce) {
  Bench bench;
  const auto storage = bench.storage();
  ASSERT_TRUE(bench.ask(storage, due_now()).ok());
  const auto syncs = bench.syncs();
  const auto claimed = bench.send(storage, ClaimJobs{{1}});
  const auto read = bench.send(storage, GetJob{Identity{}, 1, false});
  bench.settle();
  EXPECT_LT(read->place, claimed->place);  // the claim waits for its append, at the end of the group
  EXPECT_EQ((*read->result)->job.state, jobs::State::running);
  EXPECT_EQ(bench.syncs(), syncs);
}

TEST(Lazy, AClaimOfAJobThatMayStartOnlyOnceWaitsForItsSync) {
  Bench bench;
  const auto storage = bench.storage();
  ASSERT_TRUE(bench.ask(storage, due_now(0, true)).ok());
  const auto syncs = bench.syncs();
  ASSERT_TRUE(bench.ask(storage, ClaimJobs{{1}}).ok());
  EXPECT_EQ(bench.syncs(), syncs + 1);
}

TEST(Lazy, OnProbationEveryClaimWaitsForItsSync) {
  Bench bench;
  ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  bench.power_cut();
  auto syncs = (bench.storage(), bench.syncs());
  ASSERT_EQ(bench.ask(bench.storage(), ClaimJobs{{1}})->claimed.size(), 1U);
  EXPECT_EQ(bench.syncs(), syncs + 1);
  bench.clock().advance(Duration{600'000});
  syncs = bench.syncs();
  ASSERT_EQ(bench.ask(bench.storage(), ClaimJobs{{2}})->claimed.size(), 1U);
  EXPECT_EQ(bench.syncs(), syncs);
}

TEST(Lazy, D020_AloneItIsSyncedWhenItIsAMinuteOld) {
  Bench bench;
  WakeSink wakes(bench);
  ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  EXPECT_EQ(wakes.at(), std::nullopt);
  const auto syncs = bench.syncs();
  ASSERT_TRUE(bench.ask(bench.storage(), ClaimJobs{{1}}).ok());
  wakes.advance(Duration{59'000});
  EXPECT_EQ(bench.syncs(), syncs);
  wakes.advance(Duration{2'000});
  EXPECT_EQ(bench.syncs(), syncs + 1);
  wakes.advance(Duration{600'000});
  EXPECT_EQ(bench.syncs(), syncs + 1);
  EXPECT_EQ(wakes.at(), std::nullopt);
}

TEST(Lazy, TheWakeIsTakenBackWhenASyncCameFirst) {
  Bench bench;
  WakeSink wakes(bench);
  ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  ASSERT_TRUE(bench.ask(bench.storage(), ClaimJobs{{1}}).ok());
  EXPECT_EQ(wakes.at(), bench.clock().read().instant + Duration{60'000});
  const auto told = wakes.told();
  ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  EXPECT_EQ(wakes.at(), std::nullopt);
  EXPECT_EQ(wakes.told(), told + 1);
  ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  EXPECT_EQ(wakes.told(), told + 1);  // nothing new, nothing told
}

TEST(Lazy, D021_ADurableChangeAtOnceTakesItAlongInItsPlace) {
  Bench bench;
  ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  const auto syncs = bench.syncs();
  const auto lazy = bench.send(bench.storage(), ClaimJobs{{1}});
  const auto durable = bench.send(bench.storage(), due_now());
  bench.settle();
  EXPECT_EQ(bench.syncs(), syncs + 1);
  EXPECT_EQ(lazy->syncs, syncs + 1);
  EXPECT_LT(lazy->place, durable->place);
  ASSERT_TRUE(lazy->result->ok() && durable->result->ok());

  store::Journal journal(hal_sim::open_memory_medium(bench.journal()), bench.facts());
  const auto half = journal.read(*journal.newest_generation(), 0);
  ASSERT_TRUE(half.ok());
  ASSERT_GE(half->records.size(), 2U);
  const auto& last = half->records.back();
  const auto& before = half->records[half->records.size() - 2];
  EXPECT_TRUE(writes_claim(*half, before, 1));
  EXPECT_TRUE(writes_job(*half, last, 2));
  EXPECT_EQ(before.head.sequence + 1, last.head.sequence);

  bench.power_cut();
  EXPECT_EQ(job(bench, 1).attempt, 1U);
  EXPECT_EQ(job(bench, 2).attempt, 0U);
}

TEST(Lazy, D022_AnsweredItIsWholeOrAbsentAfterACut) {
  std::mt19937_64 random(22);
  for (int round = 0; round < 20; ++round) {
    Bench bench;
    ASSERT_TRUE(bench.ask(bench.storage(), due_now(700)).ok());
    ASSERT_TRUE(bench.ask(bench.storage(), ClaimJobs{{1}}).ok());
    const bool all = round == 0;
    const bool none = round == 1;
    bench.power_cut([&](std::uint64_t) { return all || (!none && random() % 2 == 0); });
    const jobs::Job found = job(bench, 1);
    const bool there = found.attempt == 1;
    EXPECT_TRUE(all ? there : none ? !there : true);
    EXPECT_EQ(found.state == jobs::State::running, there);
    EXPECT_EQ(found.used, there ? 1U : 0U);
  }
}

TEST(Lazy, D092_ManyAreSyncedWhenTheirBufferIsFull) {
  Bench bench;
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(bench.ask(bench.storage(), due_now()).ok());
  const auto syncs = bench.syncs();
  const auto start = bench.clock().read().instant;
  std::uint64_t bytes = 0;
  for (std::uint64_t id = 1; bytes <= 9U * 1024; ++id) {
    ASSERT_LE(id, 200U);
    const auto before = bench.ask(bench.storage(), GetStatus{})->store.half_used;
    ASSERT_TRUE(bench.ask(bench.storage(), ClaimJobs{{id}}).ok());
    bytes += bench.ask(bench.storage(), GetStatus{})->store.half_used - before;
    bench.clock().advance(Duration{50});
  }
  EXPECT_LE(bench.clock().read().instant - start, Duration{10'000});
  EXPECT_EQ(bench.syncs(), syncs + 1);
}

TEST(Upkeep, D056_AnIdleStoreMakesOneCheckpointIfItIsWorthIt) {
  for (const std::uint64_t percent : {30U, 10U}) {
    Bench bench;
    WakeSink wakes(bench);
    const auto stats = [&] { return bench.ask(bench.storage(), GetStatus{})->store; };
    while (stats().half_used < stats().half_bytes * percent / 100)
      ASSERT_TRUE(bench.ask(bench.storage(), enqueue("h", 1'500)).ok());
    const auto before = stats().checkpoints;
    EXPECT_EQ(wakes.at().has_value(), percent == 30);
    wakes.advance(Duration{15 * 60'000 - 1});
    EXPECT_EQ(stats().checkpoints, before);
    wakes.advance(Duration{1});
    EXPECT_EQ(stats().checkpoints, before + (percent == 30 ? 1U : 0U));
    wakes.advance(Duration{24 * 3'600'000});
    EXPECT_EQ(stats().checkpoints, before + (percent == 30 ? 1U : 0U));
    EXPECT_EQ(wakes.at(), std::nullopt);
  }
}

TEST(Upkeep, AWakeThatHasBecomeTooEarlyIsLeftAndTheRightOneSetThen) {
  Bench bench;
  WakeSink wakes(bench);
  const auto stats = [&] { return bench.ask(bench.storage(), GetStatus{})->store; };
  while (!wakes.at()) ASSERT_TRUE(bench.ask(bench.storage(), enqueue("h", 1'500)).ok());
  const auto told = wakes.told();
  const auto checkpoints = stats().checkpoints;
  wakes.advance(Duration{10 * 60'000});
  ASSERT_TRUE(bench.ask(bench.storage(), enqueue("h")).ok());
  EXPECT_EQ(wakes.told(), told);
  wakes.advance(Duration{5 * 60'000});
  EXPECT_EQ(stats().checkpoints, checkpoints);
  EXPECT_EQ(wakes.at(), bench.clock().read().instant + Duration{10 * 60'000});
  wakes.advance(Duration{10 * 60'000});
  EXPECT_EQ(stats().checkpoints, checkpoints + 1);
}

}  // namespace
}  // namespace dormouse::actors
