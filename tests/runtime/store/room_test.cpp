// SPDX-License-Identifier: Apache-2.0
// What the store does about its bounds: the map, the memory of the open transaction, and another owner.
#include <cstdio>
#include <fstream>
#include <random>

#include "runtime/wire/record.hpp"
#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

using Names = std::vector<std::string>;

class Room : public BothTrees {};
INSTANTIATE_TEST_SUITE_P(Trees, Room, testing::Values(Kind::memory, Kind::lmdb), kind_name);

Limits small_map() {
  Limits limits;
  limits.map_bytes = 1024 * 1024;
  return limits;
}

/// Fills the map to that percentage or just above, in steps of less than one percent.
std::uint64_t fill_to(Machine& machine, unsigned percent) {
  static std::uint64_t next = 0;
  std::uint64_t put = 0;
  while (machine.store().stats().used_percent < percent) {
    char key[16];
    std::snprintf(key, sizeof key, "v%08llu", static_cast<unsigned long long>(next++));
    machine.keep(key, Bytes(3'000, 'x'));
    ++put;
  }
  return put;
}

void empty_to_below(Machine& machine, unsigned percent) {
  while (machine.store().stats().used_percent >= percent) {
    Transaction txn = machine.store().begin();
    const auto range = keys::starting_with("v");
    txn.erase_range(range.from, range.to, 4);
    ASSERT_TRUE(txn.apply(Durability::durable).ok());
    ASSERT_TRUE(machine.store().settle({}).ok());
  }
}

TEST_P(Room, D061_TheMapIsAlarmingAt70PercentAndTakesNothingNewAt90) {
  Machine machine(GetParam(), small_map());
  fill_to(machine, 69);
  EXPECT_FALSE(machine.store().take_map_alarm());
  fill_to(machine, 70);
  ASSERT_TRUE(machine.store().take_map_alarm());
  EXPECT_FALSE(machine.store().take_map_alarm());  // once
  empty_to_below(machine, 70);
  EXPECT_FALSE(machine.store().take_map_alarm());  // still on
  empty_to_below(machine, 65);
  EXPECT_FALSE(machine.store().take_map_alarm());  // cleared
  fill_to(machine, 70);
  EXPECT_TRUE(machine.store().take_map_alarm());

  fill_to(machine, 90);
  Transaction enqueue = machine.store().begin();
  enqueue.keep_reserve();
  enqueue.put("v", "new work");
  EXPECT_EQ(enqueue.apply(Durability::durable).error().code, "store.full");
  Transaction end = machine.store().begin();  // the end of a job, a cancel
  end.put("yf", "an ended job");
  EXPECT_TRUE(end.apply(Durability::durable).ok());
  Transaction erase = machine.store().begin();
  erase.erase("yf");
  EXPECT_TRUE(erase.apply(Durability::durable).ok());
  EXPECT_TRUE(machine.store().settle({}).ok());
}

TEST_P(Room, D054_WhenTheOpenTransactionHoldsTooMuchACheckpointComesFirst) {
  Limits limits;
  limits.dirty_bytes = 128 * 1024;
  Machine machine(GetParam(), limits);
  std::mt19937_64 random(54);
  for (int i = 0; i < 20'000; ++i) {  // so many leaves that each put meets another one
    Transaction txn = machine.store().begin();
    for (int n = 0; n < 100; ++n) txn.put("v" + std::to_string(random()), "x");
    ASSERT_TRUE(txn.apply(Durability::lazy).ok());
    i += 99;
  }
  ASSERT_TRUE(machine.store().checkpoint(Checkpoint::command).ok());
  const auto before = machine.store().stats().checkpoints;
  while (machine.store().stats().checkpoints == before) {
    ASSERT_LT(machine.store().stats().half_used, 256u * 1024 / 10);
    machine.keep("v" + std::to_string(random()), "x");
  }
  EXPECT_EQ(machine.store().stats().last_checkpoint, Checkpoint::dirty);
}

/// Anonymous memory of this process, in bytes.
std::uint64_t anonymous_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8)) * 1024;
  return 0;
}

TEST(RoomOnFlash, D055_RandomKeysHoldNoMoreMemoryThanTheDirtyLimitAllows) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has memory of its own";
#endif
  Limits limits;
  Machine machine(Kind::lmdb, limits);
  std::mt19937_64 random(55);
  const auto put = [&](int batches, int puts) {
    for (int i = 0; i < batches; ++i) {
      Transaction txn = machine.store().begin();
      for (int n = 0; n < puts; ++n) txn.put("v" + std::to_string(random()), Bytes(100, 'x'));
      ASSERT_TRUE(txn.apply(Durability::durable).ok());
      ASSERT_TRUE(machine.store().settle({}).ok());
    }
  };
  put(1'000, 100);
  ASSERT_TRUE(machine.store().checkpoint(Checkpoint::command).ok());
  const std::uint64_t base = anonymous_memory();
  std::uint64_t most = base;
  for (int i = 0; i < 100; ++i) {
    put(100, 1);
    most = std::max(most, anonymous_memory());
  }
  EXPECT_LE(most, base + limits.dirty_bytes * 3 / 2);
}

/// Between a commit and the next transaction another process takes the tree.
class Usurped final : public Tree {
 public:
  Usurped(std::unique_ptr<Tree> below, std::uint32_t& epoch) : below_(std::move(below)), epoch_(epoch) {}
  Result<std::optional<Bytes>> get(BytesView key) override { return below_->get(key); }
  Result<std::vector<Entry>> scan(BytesView from, BytesView to, std::uint64_t limit, Direction way) override {
    return below_->scan(from, to, limit, way);
  }
  Status put(BytesView key, BytesView value) override { return below_->put(key, value); }
  Status erase(BytesView key) override { return below_->erase(key); }
  Status commit() override {
    auto committed = below_->commit();
    if (!committed || epoch_ == 0) return committed;
    wire::Record position;
    position.put_uint(wire::Key::epoch, epoch_).put_uint(wire::Key::sequence, 900);
    const Bytes key = keys::meta("position");
    auto taken = below_->put(key, seal(key, 900, position.encode()));
    if (taken) taken = below_->put("vtheirs", seal("vtheirs", 900, "their work"));
    return taken ? below_->commit() : taken;
  }
  Status abort() override { return below_->abort(); }
  Traffic traffic() const override { return below_->traffic(); }
  unsigned used_percent() const override { return 0; }
  Shape shape() const override { return below_->shape(); }

 private:
  std::unique_ptr<Tree> below_;
  std::uint32_t& epoch_;
};

TEST_P(Room, D024_AnOwnerThatWasOvertakenEndsAndOverwritesNothing) {
  std::uint32_t theirs = 0;
  Machine machine(GetParam());
  machine.wrap_tree([&](std::unique_ptr<Tree> tree) { return std::make_unique<Usurped>(std::move(tree), theirs); });
  machine.boot();
  machine.store().own(5);
  machine.keep("v1", "ours");
  theirs = 6;
  EXPECT_EQ(machine.store().checkpoint(Checkpoint::command).error().code, "store.stale_epoch");
  theirs = 0;
  const auto written = machine.journal().bytes_written();
  EXPECT_EQ(machine.put("v2", "ours").error().code, "store.stale_epoch");
  EXPECT_EQ(machine.store().settle({}).error().code, "store.stale_epoch");
  EXPECT_EQ(machine.store().checkpoint(Checkpoint::stop).error().code, "store.stale_epoch");
  EXPECT_EQ(machine.journal().bytes_written(), written);
  EXPECT_EQ(machine.get("vtheirs"), "their work");
}

}  // namespace
}  // namespace dormouse::store
