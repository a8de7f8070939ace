// SPDX-License-Identifier: Apache-2.0
// Goal: a process that is killed at any call keeps every batch it answered, lazy ones too, and leaves nothing that
// the next process cannot open. Method: life after life on one folder, each killed by SIGKILL at a drawn call (in
// the middle of it, if it is a write): in its opening, in a checkpoint, between a write and its sync. Each begins
// by comparing what it finds with what the lives before it promised. DORMOUSE_SEED repeats a run.
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "tests/crash/harness/device.hpp"
#include "tests/crash/harness/examiner.hpp"
#include "tests/crash/harness/killer.hpp"
#include "tests/crash/harness/workloads.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::crash {
namespace {

constexpr int running_kills = 150;
constexpr int creation_kills = 50;
constexpr std::uint64_t opening_calls = 20;  // about as many as a recovery makes
constexpr std::uint64_t running_calls = 120;
constexpr std::uint64_t groups_of_a_life = 60;

/// Batch n is the same in whichever process it is made.
Batch batch_of(std::uint64_t seed, std::uint64_t sequence) {
  std::mt19937_64 random(seed + 1'000'003 * sequence);
  return draw_batch(random);
}

class Kills : public testing::Test {
 protected:
  /// One life, in a child.
  void work(Killer& killer) {
    Device device(data(), history_, killer);
    life_->wrong = true;  // until it has turned out otherwise
    if (auto opened = device.open(); !opened) return tell(opened.error().code + ": " + opened.error().message);
    for (const Error& alarm : device.opened().alarms) return tell(alarm.code + ": " + alarm.message);
    const std::uint64_t k = device.found();
    if (k < kept_ || k > history_.last()) return tell("found " + std::to_string(k));
    if (device.content() != history_.after(k)) return tell("the content is not that after " + std::to_string(k));
    life_->wrong = false;
    life_->found = k;
    history_.cut_after(k);
    std::mt19937_64 random(seed_ + k);
    for (std::uint64_t group = 0; group < groups_of_a_life; ++group) {
      for (std::uint64_t batches = 1 + random() % 3; batches > 0; --batches)
        device.apply(batch_of(seed_, history_.last() + 1),
                     random() % 3 == 0 ? store::Durability::lazy : store::Durability::durable);
      device.settle();
    }
  }

  void tell(const std::string& what) const {
    std::cerr << "a life found what it should not: " << what << "; kept " << kept_ << ", applied "
              << history_.last() << "\n";
  }

  void live_until(std::uint64_t call) {
    life_->found = Life::none;
    life_->applied = history_.last();
    life_->answered = life_->acked = life_->calls = 0;
    life_->killed = false;
    live(*life_, call, [this](Killer& killer) { work(killer); });
    if (life_->killed) ++kills_;
    if (life_->killed && life_->found == Life::none) {
      ++killed_in_opening_;
      life_->wrong = false;
    }
    learn();
  }

  /// What the child's store promised before it died, for the next life to hold it against.
  void learn() {
    history_.next_epoch();
    if (life_->found == Life::none) return;
    history_.cut_after(life_->found);
    for (std::uint64_t n = history_.last() + 1; n <= life_->applied; ++n)
      history_.add(Device::counted(batch_of(seed_, n), n));
    kept_ = std::max<std::uint64_t>({life_->found, life_->answered, life_->acked});
  }

  void begin_anew() {
    std::filesystem::remove_all(data());
    history_ = {};
    kept_ = 0;
  }

  std::filesystem::path data() const { return room_.path() / "data"; }

  const std::uint64_t seed_ = seed_wanted();
  std::mt19937_64 random_{seed_};
  TempFolder room_{TempFolder::Where::memory};  // what the kernel has, a kill leaves
  SharedLife life_;
  History history_;
  std::uint64_t kept_ = 0;  // batches that must be there
  int kills_ = 0;
  int killed_in_opening_ = 0;
};

TEST_F(Kills, ARunningStoreKeepsWhatItAnsweredThroughAnyNumberOfKills) {
  for (int i = 0; i < running_kills; ++i) {
    live_until(1 + random_() % (random_() % 3 == 0 ? opening_calls : running_calls));
    ASSERT_FALSE(life_->wrong) << "life " << i << "; DORMOUSE_SEED=" << seed_;
  }
  std::cerr << kills_ << " kills, " << killed_in_opening_ << " of them while it opened; " << kept_
            << " batches kept; DORMOUSE_SEED=" << seed_ << "\n";
  EXPECT_EQ(kills_, running_kills);
  EXPECT_GT(killed_in_opening_, running_kills / 10);
  EXPECT_GT(kept_, 500u);
}

TEST_F(Kills, ACreationThatIsKilledAtAnyCallIsBegunAnewOrGoneOnWith) {
  live(*life_, UINT64_MAX, [&](Killer& killer) {
    Device device(data(), history_, killer);
    check(device.open().ok(), "kill_test:create");
  });
  const std::uint64_t calls = life_->calls;
  for (int i = 0; i < creation_kills; ++i) {
    begin_anew();
    const std::uint64_t call = 1 + static_cast<std::uint64_t>(i) * calls / creation_kills;
    live_until(call);
    ASSERT_TRUE(life_->killed);
    live_until(1 + random_() % running_calls);
    live_until(UINT64_MAX);
    ASSERT_FALSE(life_->wrong) << "killed at call " << call << "; DORMOUSE_SEED=" << seed_;
    EXPECT_GT(history_.last(), 0u);
  }
  std::cerr << kills_ << " kills; a creation is " << calls << " calls; DORMOUSE_SEED=" << seed_ << "\n";
}

}  // namespace
}  // namespace dormouse::crash
