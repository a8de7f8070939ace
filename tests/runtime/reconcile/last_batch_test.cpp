// SPDX-License-Identifier: Apache-2.0
// The newest batch of a store as the last reading: it moves the newest whole stamp on.
#include <gtest/gtest.h>

#include "hal/sim/memory_medium.hpp"
#include "runtime/store/keys.hpp"
#include "tests/runtime/reconcile/device.hpp"

namespace dormouse::test {
namespace {

Stamp noon_stamp() {
  Stamp stamp;
  stamp.epoch = 7;
  stamp.boot = 7;
  stamp.kernel_boot = 3;
  stamp.kernel_boot_id = kKernel1;
  stamp.instant = at_s(1'000);
  stamp.monotonic = seconds(900);
  stamp.wall = clock("12:00:00");
  stamp.trust = Trust::synced;
  stamp.floor = clock("12:00:00");
  stamp.rtc_mark = clock("12:00:00");
  return stamp;
}
store::BatchTime batch(std::uint32_t epoch, Instant instant, WallTime wall, Trust trust = Trust::synced) {
  return {epoch, instant, wall, trust};
}

TEST(LastBatch, a_later_batch_moves_instant_wall_trust_and_marks_and_takes_the_clean_mark_away) {
  Stamp stamp = noon_stamp();
  stamp.clean = "sigterm";
  reconcile::move_on(stamp, batch(7, at_s(1'040), clock("12:00:40")));
  EXPECT_EQ(stamp.instant, at_s(1'040));
  EXPECT_EQ(stamp.monotonic, seconds(940));
  EXPECT_EQ(stamp.wall, clock("12:00:40"));
  EXPECT_EQ(stamp.floor, clock("12:00:40"));
  EXPECT_EQ(stamp.rtc_mark, clock("12:00:40"));
  EXPECT_EQ(stamp.clean, std::nullopt);
}

TEST(LastBatch, the_marks_move_as_far_as_its_trust_allows) {
  Stamp rtc = noon_stamp();
  reconcile::move_on(rtc, batch(7, at_s(1'040), clock("12:00:40"), Trust::rtc));
  EXPECT_EQ(rtc.floor, clock("12:00:00"));
  EXPECT_EQ(rtc.rtc_mark, clock("12:00:40"));
  Stamp untrusted = noon_stamp();
  reconcile::move_on(untrusted, batch(7, at_s(1'040), clock("18:00:00"), Trust::untrusted));
  EXPECT_EQ(untrusted.trust, Trust::untrusted);
  EXPECT_EQ(untrusted.floor, clock("12:00:00"));
  EXPECT_EQ(untrusted.rtc_mark, clock("12:00:00"));
  Stamp stepped_back = noon_stamp();
  reconcile::move_on(stepped_back, batch(7, at_s(1'040), clock("11:00:00")));
  EXPECT_EQ(stepped_back.floor, clock("12:00:00"));
}

TEST(LastBatch, one_of_the_same_instant_or_of_another_epoch_changes_nothing) {
  Stamp clean = noon_stamp();
  clean.clean = "sigterm";
  for (const auto& other : {batch(7, at_s(1'000), clock("12:00:00")), batch(7, at_s(999), clock("11:59:59")),
                            batch(6, at_s(2'000), clock("12:16:40")), batch(8, at_s(2'000), clock("12:16:40"))}) {
    Stamp stamp = clean;
    reconcile::move_on(stamp, other);
    EXPECT_EQ(stamp, clean);
  }
}

/// A process over a store with a journal; what is written stands in the journal alone until the next start.
class Journalled {
 public:
  Journalled() { open(); }

  reconcile::BootStart boot(Instant instant, WallTime wall, const std::string& kernel) {
    auto facts = Device::facts(kernel, instant, wall);
    facts.last_batch = store_->recovery().last_batch;
    const Now now{instant, wall};
    auto txn = store_->begin(now);
    auto start = reconcile::begin_boot(txn, facts, {});
    check(start.ok(), "test:begin_boot");
    store_->own(start->boot.epoch);
    check(txn.apply(store::Durability::durable).ok() && store_->settle(now).ok(), "test:start_mark");
    return *start;
  }
  void write(Instant instant, WallTime wall, Trust trust, store::Durability durability) {
    const Now now{instant, wall, trust};
    auto txn = store_->begin(now);
    txn.put(store::keys::meta("counters"), Bytes(300, static_cast<char>('a' + ++writes_)));
    check(txn.apply(durability).ok() && store_->settle(now).ok(), "test:write");
  }
  void cut() {
    journal_.cut_power();
    store_.reset();
    journal_.restore();
    open();
  }
  void kill() {
    store_.reset();
    open();
  }

 private:
  void open() {
    auto store = store::Store::open(
        {.tree = open_memory_tree(disk_), .journal = hal_sim::open_memory_medium(journal_), .facts = facts_}, {});
    check(store.ok(), "test:open");
    store_ = std::move(*store);
  }

  store::MemoryDisk disk_;
  store::JournalFacts facts_{.store_id = "0123456789abcdef"};
  hal_sim::MemoryFile journal_{facts_.file_bytes()};
  std::unique_ptr<store::Store> store_;
  int writes_ = 0;
};

TEST(LastBatch, D085_the_last_durable_group_is_the_last_reading) {
  Journalled device;
  device.boot(at_s(100), clock("12:00:00"), kKernel1);
  device.write(at_s(140), clock("12:00:40"), Trust::rtc, store::Durability::durable);
  device.cut();
  const auto start = device.boot(at_s(20), clock("14:00:20"), kKernel2);
  EXPECT_EQ(start.boot.cause, BootCause::power_loss);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->from, clock("12:00:40"));
  EXPECT_EQ(start.gap->length, clock("14:00:20") - clock("12:00:40"));
  // And so in the boots after it, whether the group was replayed or stood in the tree.
  device.write(at_s(50), clock("14:00:50"), Trust::rtc, store::Durability::durable);
  device.kill();
  const auto next = device.boot(at_s(70), clock("14:01:10"), kKernel2);
  ASSERT_TRUE(next.gap);
  EXPECT_EQ(next.gap->length, seconds(20));
  EXPECT_EQ(next.boot.cause, BootCause::crash_restart);
}

TEST(LastBatch, T034_a_lazy_batch_that_a_cut_took_is_no_reading) {
  Journalled device;
  device.boot(at_s(100), clock("12:00:00"), kKernel1);
  device.write(at_s(140), clock("12:00:40"), Trust::rtc, store::Durability::durable);
  device.write(at_s(150), clock("12:00:50"), Trust::rtc, store::Durability::lazy);
  device.cut();
  EXPECT_EQ(device.boot(at_s(20), clock("14:00:20"), kKernel2).gap->from, clock("12:00:40"));
}

TEST(LastBatch, a_lazy_batch_that_a_killed_process_left_is_one) {
  Journalled device;
  device.boot(at_s(100), clock("12:00:00"), kKernel1);
  device.write(at_s(150), clock("12:00:50"), Trust::rtc, store::Durability::lazy);
  device.kill();
  EXPECT_EQ(device.boot(at_s(160), clock("12:01:00"), kKernel1).gap->length, seconds(10));
}

TEST(LastBatch, an_untrusted_one_bounds_the_gap_in_instants_alone) {
  Journalled device;
  device.boot(at_s(100), clock("12:00:00"), kKernel1);
  device.write(at_s(150), clock("03:00:00"), Trust::untrusted, store::Durability::durable);
  device.cut();
  const auto start = device.boot(at_s(20), clock("14:00:20"), kKernel2);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->from, std::nullopt);
  EXPECT_EQ(start.gap->certainty, Certainty::unknown);
}

TEST(LastBatch, what_opening_found_is_one_line) {
  store::Recovery recovery;
  EXPECT_EQ(reconcile::recovery_words(recovery, {}), "");
  recovery.replayed = 1;
  EXPECT_EQ(reconcile::recovery_words(recovery, {}), "replayed 1 batch");
  recovery.replayed = 12;
  recovery.torn = store::Recovery::Torn{.offset = 8'392, .after = 40};
  EXPECT_EQ(reconcile::recovery_words(recovery, {}), "replayed 12 batches; torn tail at 8392");
  recovery.checkpoint_lost = true;
  EXPECT_EQ(reconcile::recovery_words(recovery, {"the journal's header was written again"}),
            "replayed 12 batches; torn tail at 8392; a checkpoint was lost and made good from the journal; "
            "the journal's header was written again");
  EXPECT_LE(reconcile::recovery_words(recovery, {std::string(5'000, 'x')}).size(), 300U);
}

TEST(LastBatch, the_boot_keeps_what_opening_found_and_shows_it) {
  Device device;
  auto facts = Device::facts(kKernel1, at_s(5), clock("12:00:00"));
  facts.store_found = "replayed 12 batches";
  device.start(facts);
  const auto boots = device.run([](jobs::Work& work) { return reconcile::boots(work, 1); });
  ASSERT_EQ(boots.size(), 1U);
  EXPECT_EQ(boots[0].store_found, "replayed 12 batches");
}

TEST(LastBatch, the_epoch_rises_above_that_of_every_batch) {
  Device device;
  auto facts = Device::facts(kKernel1, at_s(5), clock("12:00:00"));
  facts.last_batch = batch(41, at_s(900), clock("11:00:00"));
  EXPECT_EQ(device.start(facts).boot.epoch, 42U);
}

}  // namespace
}  // namespace dormouse::test
