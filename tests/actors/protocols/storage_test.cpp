// SPDX-License-Identifier: Apache-2.0
// Storage: operations commit in groups, are answered after the sync that covers them, and fail together with it
// but not with each other.
#include "actors/storage/storage.hpp"

#include <gtest/gtest.h>

#include "tests/actors/protocols/bench.hpp"

namespace dormouse::actors {
namespace {

std::uint64_t id_of(const Bench::Pending<EnqueueJobs::Value>& told) {
  return told->result && told->result->ok() ? (*told->result)->at(0).id : 0;
}
std::string code_of(const Bench::Pending<EnqueueJobs::Value>& told) {
  if (!told->result) return "unanswered";
  return told->result->ok() ? "" : told->result->error().code;
}
std::size_t jobs_kept(Bench& bench) {
  auto all = bench.ask(bench.storage(), ListJobs{Identity{}, {.limit = 500}});
  return all.ok() ? all->jobs.size() : 999'999;
}

TEST(Storage, D018_TenOperationsInTheMailboxCostOneSyncAndAreAnsweredInOrder) {
  Bench bench;
  const auto storage = bench.storage();
  const auto before = bench.syncs();
  std::vector<Bench::Pending<EnqueueJobs::Value>> told;
  for (int i = 0; i < 10; ++i) told.push_back(bench.send(storage, enqueue("h")));
  bench.settle();
  EXPECT_EQ(bench.syncs(), before + 1);
  for (std::size_t i = 0; i < told.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(id_of(told[i]), i + 1);
    EXPECT_EQ(told[i]->place, told[0]->place + i);
    EXPECT_EQ(told[i]->syncs, before + 1);
    EXPECT_EQ(told[i]->times, 1U);
  }
}

TEST(Storage, D019_AGroupIsBoundedAndARefusalInItCostsTheOthersNothing) {
  Limits limits;
  limits.journal_half_bytes = 4 * 1024 * 1024;  // no checkpoint gets in between
  limits.dirty_bytes = store::MemoryDisk::unlimited;
  Bench bench(limits);
  const auto storage = bench.storage();
  auto before = bench.syncs();
  std::vector<Bench::Pending<EnqueueJobs::Value>> told;
  for (int i = 0; i < 600; ++i) told.push_back(bench.send(storage, enqueue("h", 100)));
  bench.settle();
  EXPECT_EQ(bench.syncs(), before + 3);  // groups of 256, 256 and 88

  before = bench.syncs();
  const std::vector three = {bench.send(storage, enqueue("h")), bench.send(storage, enqueue("unknown")),
                             bench.send(storage, enqueue("h"))};
  bench.settle();
  EXPECT_EQ(bench.syncs(), before + 1);
  EXPECT_EQ(code_of(three[0]), "");
  EXPECT_EQ(code_of(three[1]), "invalid_input");
  EXPECT_EQ(code_of(three[2]), "");
}

TEST(Storage, AFailedGroupOfAFullMailboxIsThatGroupAlone) {
  Bench bench({}, false);
  const auto storage = bench.storage();
  bench.disk().fail_commits("store.io");
  std::vector<Bench::Pending<EnqueueJobs::Value>> told;
  for (int i = 0; i < 300; ++i) told.push_back(bench.send(storage, enqueue("h")));
  bench.settle();
  EXPECT_EQ(code_of(told[0]), "store.io");
  EXPECT_EQ(code_of(told[255]), "store.io");
  EXPECT_EQ(code_of(told[256]), "");
  EXPECT_EQ(code_of(told[299]), "");
  EXPECT_EQ(jobs_kept(bench), 44U);
}

TEST(Storage, D023_AReadIsAnsweredAfterTheSyncOfWhatItSaw) {
  Bench bench;
  const auto storage = bench.storage();
  const auto before = bench.syncs();
  const auto written = bench.send(storage, enqueue("h"));
  const auto read = bench.send(storage, GetJob{Identity{}, 1, false});
  bench.settle();
  ASSERT_TRUE(read->result && read->result->ok());
  EXPECT_EQ((*read->result)->job.id, 1U);
  EXPECT_EQ(read->syncs, before + 1);
  EXPECT_GT(read->place, written->place);
}

TEST(Storage, AReadAloneCostsNothing) {
  Bench bench;
  const auto storage = bench.storage();
  const auto before = bench.syncs();
  EXPECT_EQ(bench.ask(storage, GetJob{Identity{}, 1, false}).error().code, "job.not_found");
  EXPECT_TRUE(bench.ask(storage, GetStatus{}).ok());
  EXPECT_EQ(bench.syncs(), before);
}

TEST(Storage, AFailedSyncIsToldToAllOfItsGroupAndNothingOfItIsKept) {
  for (const char* code : {"store.io", "store.no_space", "store.read_only"}) {
    SCOPED_TRACE(code);
    Bench bench({}, false);
    const auto storage = bench.storage();
    bench.disk().fail_commits(code);
    std::vector<Bench::Pending<EnqueueJobs::Value>> told;
    for (int i = 0; i < 10; ++i) told.push_back(bench.send(storage, enqueue("h")));
    const auto refused = bench.send(storage, enqueue("unknown"));
    bench.settle();
    for (const auto& one : told) EXPECT_EQ(code_of(one), code);
    EXPECT_EQ(code_of(refused), "invalid_input");  // its own error says more
    EXPECT_EQ(jobs_kept(bench), 0U);
    ASSERT_FALSE(bench.events().empty());
    EXPECT_EQ(bench.events().back().kind, Event::Kind::alarm);
    EXPECT_TRUE(bench.events().back().text.starts_with(code));

    const auto again = bench.send(storage, enqueue("h"));
    bench.settle();
    EXPECT_EQ(id_of(again), 1U);  // not even a number is used up
    EXPECT_EQ(jobs_kept(bench), 1U);
  }
}

TEST(Storage, AReadThatSawALostGroupIsToldToo) {
  Bench bench({}, false);
  const auto storage = bench.storage();
  bench.disk().fail_commits("store.io");
  const auto written = bench.send(storage, enqueue("h"));
  const auto read = bench.send(storage, GetJob{Identity{}, 1, false});
  bench.settle();
  EXPECT_EQ(code_of(written), "store.io");
  ASSERT_TRUE(read->result);
  EXPECT_EQ(read->result->error().code, "store.io");
}

TEST(Storage, BeforeItIsOpenAndOnceItIsClosedItSaysSo) {
  Bench bench;
  const auto storage = spawn_storage(bench.system(), bench.setup());
  EXPECT_EQ(bench.ask(storage, enqueue("h")).error().code, "store.closed");
  OpenStore open;
  open.facts.sample = bench.clock().read();
  open.facts.kernel_boot_id = bench.clock().kernel_boot_id();
  ASSERT_TRUE(bench.ask(storage, open).ok());
  EXPECT_TRUE(bench.ask(storage, GetStatus{}).ok());
  EXPECT_TRUE(bench.ask(storage, CloseStore{"sigterm"}).ok());
  EXPECT_EQ(bench.ask(storage, GetStatus{}).error().code, "store.closed");
  EXPECT_TRUE(bench.ask(storage, CloseStore{"sigterm"}).ok());
  caf::anon_send_exit(storage, caf::exit_reason::kill);
  bench.settle();
}

TEST(Storage, ClosingAnswersWhatIsStillInItsGroup) {
  Bench bench;
  const auto storage = bench.storage();
  const auto written = bench.send(storage, enqueue("h"));
  const auto closed = bench.send(storage, CloseStore{"sigterm"});
  bench.settle();
  EXPECT_EQ(id_of(written), 1U);
  ASSERT_TRUE(closed->result);
  EXPECT_TRUE(closed->result->ok());
}

TEST(Storage, AFullStoreRefusesTheOneThatDoesNotFitAndKeepsTheRest) {
  Limits limits;
  limits.batch_bytes = 2'000;  // one batch of this size and no more
  Bench bench(limits);
  const auto storage = bench.storage();
  const auto before = bench.syncs();
  const std::vector three = {bench.send(storage, enqueue("h")), bench.send(storage, enqueue("h", 5'000)),
                             bench.send(storage, enqueue("h"))};
  bench.settle();
  EXPECT_EQ(code_of(three[0]), "");
  EXPECT_EQ(code_of(three[1]), "store.too_big");
  EXPECT_EQ(code_of(three[2]), "");
  EXPECT_EQ(bench.syncs(), before + 1);
  EXPECT_EQ(jobs_kept(bench), 2U);
}

}  // namespace
}  // namespace dormouse::actors
