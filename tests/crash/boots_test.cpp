// SPDX-License-Identifier: Apache-2.0
// Cuts and kills around the first batch of a process, and around an answer that never arrived.
#include <csignal>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "runtime/jobs/operations.hpp"
#include "tests/crash/harness/cuts.hpp"
#include "tests/crash/harness/device.hpp"
#include "tests/crash/harness/killer.hpp"
#include "tests/crash/harness/recorder.hpp"
#include "tests/crash/harness/workloads.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace dormouse::crash {
namespace {

using Process = hal_linux::Life;

constexpr std::size_t every = 1'000'000;

hal_linux::DataDirectory::Options options() {
  hal_linux::DataDirectory::Options options;
  options.store.limits = small_limits();
  return options;
}

/// All records but those that tell one boot from the other.
std::map<std::string, std::string> content_of(Process& process) {
  const auto all = store::keys::starting_with("");
  std::map<std::string, std::string> content;
  for (const auto& entry : process.store().begin().scan(all.from, all.to, every))
    if (entry.key[0] != 'm' && entry.key[0] != 'o' && entry.key[0] != 'g') content[entry.key] = entry.value;
  return content;
}

jobs::Enqueued enqueue_with_key(store::Store& store, const std::string& key) {
  const Now now{.boot = 1, .kernel_boot = 1};
  Spans spans;
  spans.begin_kernel_boot(1, Duration{});
  const Limits limits = small_limits();
  auto txn = store.begin(now);
  jobs::Work work{txn, now, spans, limits, {"backup"}, 1};
  jobs::JobSpec spec;
  spec.handler = "backup";
  spec.idempotency_key = key;
  auto enqueued = jobs::enqueue(work, {}, jobs::Trigger::link, {spec});
  check(enqueued.ok() && txn.apply(store::Durability::durable).ok() && store.settle(now).ok(), "test:enqueue");
  return enqueued->at(0);
}

TEST(Boots, D050_AnEnqueueWhoseAnswerWasLostIsRepeatedIntoOneJob) {
  Places places;
  const auto folder = places.next();
  const SharedLife life;
  live(*life, UINT64_MAX, [&](Killer&) {
    Process process(folder, options());
    process.boot();
    life->found = enqueue_with_key(process.store(), "once").id;
    ::raise(SIGKILL);  // synced, not answered
  });
  Process process(folder, options());
  process.boot();
  const auto again = enqueue_with_key(process.store(), "once");
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.id, life->found);
  EXPECT_EQ(process.store().begin().scan("q", "r", every).size(), 1u);
}

TEST(Boots, D087_AGroupThatOnlyTheKernelHasIsCommittedBeforeAnythingActsOnIt) {
  Places places;
  const auto folder = places.next();
  const SharedLife life;
  std::mt19937_64 random(1);
  History history;
  Deaf deaf;
  {
    Device device(folder, history, deaf);
    ASSERT_TRUE(device.open().ok());
    device.put(draw_batch(random));
    device.stop();
  }
  const Image before = Image::of(folder);
  live(*life, UINT64_MAX, [&](Killer& killer) {
    Device device(folder, history, killer);
    check(device.open().ok(), "test:open");
    device.apply({{"va", "lazy"}}, store::Durability::lazy);
    device.apply({{"vb", "durable"}}, store::Durability::durable);
    killer.kill_before_next_sync();
    device.settle();
  });
  history.next_epoch();  // was the child's
  ASSERT_TRUE(life->killed);
  ASSERT_EQ(life->acked, 0u);
  ASSERT_NE(Image::of(folder).find("store/journal")->bytes, before.find("store/journal")->bytes);

  Recorder recorder(folder);
  Device device(folder, history, deaf);
  history.add(Device::counted({{"va", "lazy"}}, 2));
  history.add(Device::counted({{"vb", "durable"}}, 3));
  ASSERT_TRUE(device.open().ok());
  EXPECT_EQ(device.found(), 3u);
  EXPECT_EQ(device.content(), history.after(3));
  device.kill();
  // Now the power goes, and the medium never saw what the killed process had written.
  Image after = synced_part(recorder.stop());
  auto& journal = after.nodes[after.nodes[after.nodes[0].names["store"]].names["journal"]];
  journal.bytes = before.find("store/journal")->bytes;
  Device last(places.lay_out(after), history, deaf);
  ASSERT_TRUE(last.open().ok());
  EXPECT_EQ(last.found(), 3u);
  EXPECT_EQ(last.content(), history.after(3));
}

TEST(Boots, D088_ACutInsideTheOpenBatchOfEpochSixGivesEpochSixOrSevenButNoneTwice) {
  Places places;
  const auto folder = places.next();
  for (std::uint32_t epoch = 1; epoch <= 5; ++epoch) EXPECT_EQ(Process(folder, options()).boot().boot.epoch, epoch);
  Recorder recorder(folder);
  std::size_t answered = 0;
  {
    Process process(folder, options());
    EXPECT_EQ(process.boot().boot.epoch, 6u);
    recorder.acked(process.store().durable());  // from here on epoch 6 is in tokens
  }
  const Record record = recorder.stop();
  while (record.ops[answered].kind != Op::Kind::acked) ++answered;
  std::set<std::uint32_t> epochs;
  std::mt19937_64 random(1);
  Builder builder(record);
  for (std::size_t point = 0; point <= record.ops.size(); ++point)
    for (const Cut& cut : draw_cuts(record, point, 20, random)) {
      Process process(places.lay_out(builder.build(cut)), options());
      const std::uint32_t epoch = process.boot().boot.epoch;
      epochs.insert(epoch);
      EXPECT_GT(epoch, point > answered ? 6u : 5u);
    }
  EXPECT_EQ(epochs, (std::set<std::uint32_t>{6, 7}));
}

TEST(Boots, D089_CutsRightAfterTheOpenBatchDoNotMixGenerations) {
  Places places;
  auto folder = places.next();
  std::map<std::string, std::string> content;
  {
    Process process(folder, options());
    process.boot();
    process.put_range(1, 9);
    process.checkpoint();
    content = content_of(process);
  }
  std::uint32_t epoch = 1;
  std::set<std::uint32_t> generations;
  for (const std::uint64_t replayed : {0, 1, 1, 1}) {
    Recorder recorder(folder);
    {
      Process process(folder, options());
      EXPECT_EQ(process.opened.recovery.replayed, replayed);
      EXPECT_FALSE(process.opened.recovery.checkpoint_lost);
      EXPECT_TRUE(process.opened.alarms.empty());
      EXPECT_EQ(content_of(process), content);
      EXPECT_EQ(process.boot().boot.epoch, ++epoch);
      generations.insert(process.store().stats().generation);
    }
    folder = places.lay_out(synced_part(recorder.stop()));
  }
  EXPECT_EQ(generations.size(), 4u);
}

}  // namespace
}  // namespace dormouse::crash
