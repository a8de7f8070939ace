// SPDX-License-Identifier: Apache-2.0
// A restore that is killed at any call was not begun or is gone on with: never a mixture, never an empty store.
#include <gtest/gtest.h>

#include "hal/linux/data/restore.hpp"
#include "tests/crash/harness/cuts.hpp"
#include "tests/crash/harness/device.hpp"
#include "tests/crash/harness/killer.hpp"
#include "tests/crash/harness/workloads.hpp"

namespace dormouse::crash {
namespace {

constexpr int batches_in_the_snapshot = 5;

TEST(RestoreKilled, AtAnyCallTheStoreIsTheFormerOneOrTheSnapshot) {
  hal_linux::RescueOptions options;
  options.store.limits = small_limits();
  Places places;
  const auto folder = places.next();
  const auto snapshot = places.next();
  History history;
  Deaf deaf;
  std::mt19937_64 random(1);
  for (const bool later : {false, true}) {
    Device device(folder, history, deaf);
    ASSERT_TRUE(device.open().ok());
    for (int i = 0; i < batches_in_the_snapshot; ++i) device.put(draw_batch(random));
    device.stop();
    if (!later) {
      ASSERT_TRUE(hal_linux::back_up_store(folder, snapshot, options).ok());
    }
  }
  const Image before = Image::of(folder);
  int kills = 0;
  int restored = 0;
  for (std::uint64_t call = 1;; ++call) {
    const auto place = places.lay_out(before);
    const SharedLife life;
    live(*life, call, [&](Killer&) {
      check(hal_linux::restore_snapshot(place, snapshot, WallTime{}, options).ok(), "test:restore");
    });
    if (!life->killed) break;
    ++kills;
    History above = history;
    for (int epoch = 0; epoch < 10; ++epoch) above.next_epoch();
    Device device(place, above, deaf);
    const auto opened = device.open();
    ASSERT_TRUE(opened.ok()) << "killed at call " << call << ": " << opened.error().message;
    EXPECT_TRUE(device.opened().alarms.empty()) << "killed at call " << call;
    const bool is_snapshot = device.content() == history.after(batches_in_the_snapshot);
    EXPECT_TRUE(is_snapshot || device.content() == history.after(2 * batches_in_the_snapshot))
        << "killed at call " << call;
    restored += is_snapshot ? 1 : 0;
    device.kill();
    std::filesystem::remove_all(place);
  }
  EXPECT_GT(kills, 20);
  EXPECT_GT(restored, 0);
  EXPECT_LT(restored, kills);
}

}  // namespace
}  // namespace dormouse::crash
