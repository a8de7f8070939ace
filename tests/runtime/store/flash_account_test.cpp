// SPDX-License-Identifier: Apache-2.0
// The account beside a real store and its journal: over hours of work, quiet days, and power cuts.
#include "runtime/store/flash_account.hpp"

#include <gtest/gtest.h>

#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr Duration kMinute{60'000};
constexpr Duration kHour{3'600'000};
using Change = FlashBudget::Change;

/// A device with a budget: a store, its account, and a clock that only moves when told.
class Device {
 public:
  explicit Device(std::uint64_t bytes_per_day) : machine_(Kind::memory), facts_{.bytes_per_day = bytes_per_day} {
    start();
  }

  FlashAccount& account() { return account_; }
  Store& store() { return machine_.store(); }
  int alarms() const { return alarms_; }
  int cleared() const { return cleared_; }
  Duration lazy_age() const { return account_.budget().stretched(kMinute); }

  void advance(Duration elapsed) {
    now_.instant = now_.instant + elapsed;
    now_.wall = now_.wall + elapsed;
    look();
  }
  void step_wall(Duration step) { now_.wall = now_.wall + step; }
  /// One durable batch of its own; true if it is durable at once.
  bool write(std::uint64_t bytes) {
    Transaction txn = store().begin(now_);
    txn.put(keys::meta("work"), Bytes(bytes, 'x'));
    if (account_.worth_saving(now_)) account_.save(txn);
    if (!txn.apply(Durability::durable).ok() || !store().settle(now_).ok()) return false;
    const bool durable = store().durable() == store().applied();
    look();
    return durable;
  }
  void lazy_write() {
    Transaction txn = store().begin(now_);
    txn.put(keys::meta("lazy"), "x");
    EXPECT_TRUE(txn.apply(Durability::lazy).ok());
    EXPECT_TRUE(store().settle(now_).ok());
  }
  Duration lazy_sync_in() { return *store().upkeep_at() - now_.instant; }
  /// Another kernel boot, so long after power came back.
  void power_cut(Duration until_start) {
    machine_.power_cut();
    ++now_.kernel_boot;
    now_.instant = Instant{until_start.count()};
    start();
  }
  void restart() {
    machine_.kill();
    machine_.boot();
    start();
  }

 private:
  void start() {
    Transaction txn = store().begin(now_);
    account_ = FlashAccount::load(txn, facts_, now_);
    account_.note_store(store().stats());  // the replay and its checkpoint
    account_.save(txn);
    ASSERT_TRUE(txn.apply(Durability::durable).ok());
    ASSERT_TRUE(store().settle(now_).ok());
    look();
  }
  void look() {
    account_.advance(now_);
    account_.note_store(store().stats());
    store().set_lazy_age(lazy_age());
    store().allow_idle_checkpoints(account_.budget().allows_idle_checkpoint());
    EXPECT_TRUE(store().upkeep(now_).ok());
    const auto change = account_.take_budget_change();
    if (change == Change::none) return;
    ++(change == Change::emptied ? alarms_ : cleared_);
    Transaction txn = store().begin(now_);
    account_.save(txn);
    EXPECT_TRUE(txn.apply(Durability::durable).ok() && store().settle(now_).ok());
  }

  Machine machine_;
  FlashFacts facts_;
  FlashAccount account_;
  Now now_{
      .instant = Instant{1'000'000}, .wall = WallTime{1'700'000'000'000}, .trust = Trust::synced, .kernel_boot = 1};
  int alarms_ = 0;
  int cleared_ = 0;
};

TEST(FlashAccount, D080_a_day_of_twice_the_budget_is_acked_as_ever_and_slows_only_what_is_lazy) {
  Device device(kMiB);
  const auto day = device.account().use().today().elapsed + 20 * kHour;
  while (device.account().use().today().total().bytes < 2 * kMiB) {
    ASSERT_TRUE(device.write(3'000)) << "durable in the same moment";
    device.advance(kMinute);
  }
  EXPECT_LT(device.account().use().today().elapsed, day) << "within one day";
  EXPECT_EQ(device.alarms(), 1);
  EXPECT_EQ(device.lazy_age(), 16 * kMinute);
  device.lazy_write();
  EXPECT_EQ(device.lazy_sync_in(), 16 * kMinute);
  EXPECT_TRUE(device.write(100)) << "and takes the lazy one with it";

  for (Duration quiet{}; quiet < 24 * kHour;) {
    const Duration heartbeat = device.account().budget().stretched(kMinute * 8);
    device.advance(heartbeat);
    device.account().note(FlashCause::heartbeat, 4096, 1);
    quiet += heartbeat;
  }
  EXPECT_EQ(device.alarms(), 1);
  EXPECT_EQ(device.cleared(), 1);
  EXPECT_EQ(device.lazy_age(), kMinute);
  device.lazy_write();
  EXPECT_EQ(device.lazy_sync_in(), kMinute);
}

TEST(FlashAccount, D082_an_empty_bucket_is_not_refilled_by_boots_and_a_clock_that_jumps_invents_no_day) {
  Device device(kMiB);
  while (!device.account().budget().saving()) ASSERT_TRUE(device.write(60'000));
  const auto level = device.account().budget().level();
  const auto elapsed = device.account().use().today().elapsed;
  for (int boot = 0; boot < 40; ++boot) {
    device.power_cut(Duration{20'000});
    device.advance(Duration{70'000});
    ASSERT_TRUE(device.write(100));
    EXPECT_TRUE(device.account().budget().saving());
  }
  // An hour has passed, and no more than an hour's part of the budget came back.
  EXPECT_LE(device.account().budget().level(), level + kMiB / 24);
  EXPECT_LE(device.account().use().today().elapsed, elapsed + kHour);
  EXPECT_EQ(device.alarms(), 1) << "not one a boot";
  EXPECT_EQ(device.cleared(), 0);

  const auto before = device.account().budget().level();
  device.step_wall(365 * 24 * kHour);
  device.advance(kMinute);
  EXPECT_TRUE(device.account().use().days().empty());
  EXPECT_LE(device.account().budget().level(), before + kMiB / 24 / 60 + 1);
  device.power_cut(Duration{20'000});
  EXPECT_TRUE(device.account().use().days().empty());
  EXPECT_TRUE(device.account().budget().saving());
}

TEST(FlashAccount, tells_the_journal_from_checkpoints_and_counts_neither_twice) {
  Device device(0);
  const auto before = device.account().use().today();
  ASSERT_TRUE(device.write(100));
  ASSERT_TRUE(device.store().checkpoint(Checkpoint::command).ok());
  device.advance(kMinute);
  device.advance(kMinute);
  const auto& today = device.account().use().today();
  const auto stats = device.store().stats();
  EXPECT_EQ(today.of(FlashCause::journal).bytes, stats.journal.bytes);
  EXPECT_EQ(today.of(FlashCause::journal).syncs - before.of(FlashCause::journal).syncs, 1U);
  EXPECT_EQ(today.total().bytes, stats.traffic.bytes);
  EXPECT_EQ(today.total().syncs, stats.traffic.syncs);
  EXPECT_GT(today.of(FlashCause::checkpoint).syncs, before.of(FlashCause::checkpoint).syncs);
}

TEST(FlashAccount, goes_on_after_a_restart_with_what_the_last_batch_took_along) {
  Device device(kMiB);
  device.advance(5 * kHour);
  ASSERT_TRUE(device.write(20'000));
  device.advance(kMinute);
  ASSERT_TRUE(device.write(20'000));  // a minute later, so it takes the record along
  const auto today = device.account().use().today();
  device.restart();
  EXPECT_EQ(device.account().use().today().elapsed, today.elapsed);
  EXPECT_GE(device.account().use().today().total().bytes, today.total().bytes - 40'000);
}

TEST(FlashAccount, is_not_worth_a_record_while_nothing_is_written) {
  Device device(0);
  Transaction txn = device.store().begin();
  device.account().save(txn);
  Now later{.instant = Instant{1'000'000'000}, .kernel_boot = 1};
  EXPECT_FALSE(device.account().worth_saving(later));
  device.account().note(FlashCause::heartbeat, 4096, 1);
  EXPECT_TRUE(device.account().worth_saving(later));
}

TEST(FlashAccount, many_bytes_are_worth_a_record_at_once) {
  Device device(kMiB);
  const Now now{.instant = Instant{1'000'000}, .kernel_boot = 1};
  Transaction txn = device.store().begin();
  device.account().save(txn);
  device.account().note(FlashCause::blob, kMiB / 32 - 1, 1);
  EXPECT_FALSE(device.account().worth_saving(now));
  device.account().note(FlashCause::blob, 1, 0);
  EXPECT_TRUE(device.account().worth_saving(now)) << "a power cut forgets a small part of the budget only";
}

TEST(FlashAccount, shows_beside_its_own_what_the_block_device_counted) {
  Device device(0);
  const auto read = [&device](std::uint64_t bytes) {
    FlashReading reading;
    reading.device_bytes = bytes;
    device.account().note_reading(reading);
    return *device.account().use().today().device_bytes;
  };
  EXPECT_EQ(read(500), 0U) << "written before our time";
  EXPECT_EQ(read(700), 200U);
  device.advance(2 * kMinute);
  ASSERT_TRUE(device.write(10));
  device.power_cut(Duration{20'000});
  EXPECT_EQ(read(100), 300U) << "a new kernel counts from zero";
  EXPECT_EQ(read(150), 350U);
  EXPECT_EQ(read(140), 350U);
}

}  // namespace
}  // namespace dormouse::store
