// SPDX-License-Identifier: Apache-2.0
// Snapshots: what was answered is committed first, the copy is made on a thread of its own, work goes on meanwhile.
#include <atomic>
#include <future>

#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include "tests/actors/protocols/bench.hpp"

namespace dormouse::actors {
namespace {

/// Storage on its own thread, asked from this one.
class Running {
 public:
  explicit Running(SnapshotTaker taker) {
    StorageSetup setup;
    setup.open_store = [this]() -> Result<store::OpenedStore> {
      auto store = store::Store::open({.tree = store::open_memory_tree(disk_),
                                       .journal = hal_sim::open_memory_medium(journal_),
                                       .facts = facts_},
                                      Limits{});
      if (!store.ok()) return std::move(store).error();
      return store::opened(std::move(*store));
    };
    setup.take_snapshot = std::move(taker);
    setup.time = std::make_shared<DeviceTime>(clock_);
    setup.observe = [](const Event&) {};
    storage_ = spawn_storage(system_, std::move(setup));
    OpenStore open;
    open.facts.sample = clock_.read();
    open.facts.kernel_boot_id = clock_.kernel_boot_id();
    check(ask(std::move(open)).ok(), "test:open");
    caf::anon_send(storage_, HandlersChanged{{{"h", 1}}});
  }
  ~Running() { end(); }
  void end() {
    caf::anon_send_exit(storage_, caf::exit_reason::kill);
    storage_ = nullptr;
  }

  template <class Op>
  Result<typename Op::Value> ask(Op op) {
    return receive<Op>(asker_->request(storage_, caf::infinite, std::move(op)));
  }
  auto begin_snapshot() { return asker_->request(storage_, caf::infinite, TakeSnapshot{}); }
  template <class Op, class Handle>
  Result<typename Op::Value> receive(Handle handle) {
    std::optional<Result<typename Op::Value>> result;
    handle.receive([&](Answer<typename Op::Value>& answer) { result = std::move(answer.result); },
                   [&](caf::error&) {
                     result = Error{"test.gone", "no answer"};
                   });
    return *std::move(result);
  }
  const store::MemoryDisk& disk() const { return disk_; }

 private:
  static caf::actor_system_config config() {
    caf::actor_system_config config;
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", std::size_t{1});
    return config;
  }
  store::MemoryDisk disk_;
  store::JournalFacts facts_{.store_id = "0123456789abcdef"};
  hal_sim::MemoryFile journal_{facts_.file_bytes()};
  hal_sim::SimClock clock_{noon()};
  caf::actor_system_config config_ = config();
  caf::actor_system system_{config_};
  StorageActor storage_;
  caf::scoped_actor asker_{system_};
};

TEST(Snapshot, WorkGoesOnWhileOneIsTakenAndAnotherIsRefused) {
  std::promise<std::uint32_t> begun;
  std::promise<void> go_on;
  Running running([&](std::uint32_t boot, const CopyStore&) -> Result<TakenSnapshot> {
    begun.set_value(boot);
    go_on.get_future().wait();
    return TakenSnapshot{"snapshot-1"};
  });
  ASSERT_TRUE(running.ask(enqueue("h")).ok());
  auto taken = running.begin_snapshot();
  EXPECT_EQ(begun.get_future().get(), 1U);
  EXPECT_TRUE(running.ask(enqueue("h")).ok());
  EXPECT_EQ(running.ask(TakeSnapshot{}).error().code, "store.snapshot_failed");
  EXPECT_EQ(running.ask(GetStatus{})->store.last_checkpoint, store::Checkpoint::snapshot);
  go_on.set_value();
  EXPECT_EQ(running.receive<TakeSnapshot>(std::move(taken)).value(), "snapshot-1");
}

TEST(Snapshot, WhatWasAnsweredBeforeIsCommittedWhenTheCopyBegins) {
  std::size_t entries = 0;
  const store::MemoryDisk* disk = nullptr;
  Running running([&](std::uint32_t, const CopyStore&) -> Result<TakenSnapshot> {
    entries = disk->content().size();
    return TakenSnapshot{"s"};
  });
  disk = &running.disk();
  const auto before = disk->content().size();
  ASSERT_TRUE(running.ask(enqueue("h")).ok());
  EXPECT_EQ(running.disk().content().size(), before);
  ASSERT_TRUE(running.ask(TakeSnapshot{}).ok());
  EXPECT_GT(entries, before);
}

TEST(Snapshot, OneThatFailsIsToldAndTheNextMayTryAgain) {
  int tries = 0;
  Running running([&](std::uint32_t, const CopyStore& copy) -> Result<TakenSnapshot> {
    if (++tries == 2) return TakenSnapshot{"s"};
    const Status copied = copy(-1);  // the memory tree has no file
    return copied.error();
  });
  EXPECT_EQ(running.ask(TakeSnapshot{}).error().code, "store.snapshot_failed");
  EXPECT_EQ(running.ask(TakeSnapshot{}).value(), "s");
}

TEST(Snapshot, WhatItHasWrittenIsCounted) {
  Running running([](std::uint32_t, const CopyStore&) -> Result<TakenSnapshot> {
    return TakenSnapshot{"s", 10'000};
  });
  ASSERT_TRUE(running.ask(TakeSnapshot{}).ok());
  const auto items = running.ask(GetFlash{});
  ASSERT_TRUE(items.ok());
  std::uint64_t counted = 0;
  for (const auto& item : *items)
    if (item.get_text(wire::Key::cause) == "snapshot") counted = item.get_uint(wire::Key::bytes).value_or(0);
  EXPECT_EQ(counted, 12'288U);
}

TEST(Snapshot, WithoutAPlaceForThemThereIsNone) {
  Running running({});
  EXPECT_EQ(running.ask(TakeSnapshot{}).error().code, "store.snapshot_failed");
}

TEST(Snapshot, AStopDoesNotWaitForItAndTheStoreStaysOpenUnderIt) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::atomic<bool> returned = false;
  Running running([&](std::uint32_t, const CopyStore& copy) -> Result<TakenSnapshot> {
    begun.set_value();
    go_on.get_future().wait();
    (void)copy(-1);  // reads the store
    returned = true;
    return TakenSnapshot{"s"};
  });
  auto taken = running.begin_snapshot();
  begun.get_future().wait();
  EXPECT_TRUE(running.ask(CloseStore{"sigterm", {}}).ok());
  EXPECT_EQ(running.ask(enqueue("h")).error().code, "store.closed");
  EXPECT_FALSE(returned);
  go_on.set_value();
  EXPECT_EQ(running.receive<TakeSnapshot>(std::move(taken)).value(), "s");
}

TEST(Snapshot, OneIsTakenEveryWeekWhileTheBudgetBearsIt) {
  Bench bench;
  unsigned taken = 0;
  bool works = true;
  StorageSetup setup = bench.setup();
  setup.take_snapshot = [&](std::uint32_t, const CopyStore&) -> Result<TakenSnapshot> {
    ++taken;
    if (!works) return Error{"store.snapshot_failed", "told to fail"};
    return TakenSnapshot{"a", 100'000};
  };
  const auto storage = spawn_storage(bench.system(), std::move(setup));
  ASSERT_TRUE(bench.ask(storage, bench.open_now()).ok());
  caf::anon_send(storage, HandlersChanged{{{"h", 1}}});
  const auto a_day_of_work = [&] {
    bench.clock().advance(Duration{86'400'000});
    EnqueueJobs enqueue;
    enqueue.specs = {{.handler = "h", .due = jobs::DueAfter{Duration{3'600'000}}}};
    ASSERT_TRUE(bench.ask(storage, std::move(enqueue)).ok());
    bench.settle();
  };
  for (int day = 1; day <= 6; ++day) a_day_of_work();
  EXPECT_EQ(taken, 0U);
  a_day_of_work();
  EXPECT_EQ(taken, 1U);
  for (int day = 1; day <= 7; ++day) a_day_of_work();
  EXPECT_EQ(taken, 1U);
  works = false;
  a_day_of_work();
  EXPECT_EQ(taken, 2U);
  a_day_of_work();  // it failed: a day later it is tried again
  EXPECT_EQ(taken, 3U);
  caf::anon_send_exit(storage, caf::exit_reason::kill);
  bench.settle();
}

}  // namespace
}  // namespace dormouse::actors
