// SPDX-License-Identifier: Apache-2.0
// What jobs do about the store's bounds: rings that shrink step by step, and the last tenth of the map.
#include "runtime/store/keys.hpp"
#include "tests/runtime/jobs/bench.hpp"

namespace dormouse::jobs {
namespace {

std::size_t finished_records(Bench& device) {
  return device
      .in_work([](Work& work) {
        const auto range = store::keys::starting_with("yf");
        return work.txn.scan(range.from, range.to, 10'000);
      })
      .size();
}

void end_one(Bench& device) {
  device.submitted(h());
  ASSERT_EQ(device.run_due(), 1u);
}

TEST(Bounds, D028_ARingThatIsLoweredShrinksTenPlacesABatch) {
  Bench device;
  for (int i = 0; i < 1'000; ++i) end_one(device);
  EXPECT_EQ(finished_records(device), 1'000u);
  end_one(device);
  EXPECT_EQ(finished_records(device), 1'000u);
  EXPECT_EQ(device.look(1).error().code, "job.not_found");

  device.limits().finished_ring = 10;
  std::size_t before = finished_records(device);
  for (int i = 0; i < 10; ++i) {
    end_one(device);
    const std::size_t now = finished_records(device);
    EXPECT_EQ(now, before + 1 - 10);
    before = now;
  }
  EXPECT_EQ(before, 1'000u + 10 - 100);
}

TEST(Bounds, D061_AFullMapTakesNoNewJobButTheEndsOfThoseThatAreThere) {
  Limits limits;
  limits.map_bytes = 256 * 1024;
  Bench device(limits);
  const std::uint64_t running = device.submitted(h());
  const Job started = device.start_one();
  JobSpec big = due_at(h(), 1'000'000);
  big.args = Bytes(5'000, 'x');
  std::uint64_t waiting = 0;
  Result<Enqueued> answer = device.submit(big);
  for (; answer.ok(); answer = device.submit(big)) waiting = answer->id;
  EXPECT_EQ(answer.error().code, "store.full");
  EXPECT_GE(device.store().stats().used_percent, 90u);

  EXPECT_TRUE(device.cancel_job(waiting, "no room").ok());
  device.end(started.token(), Outcome::ok());
  EXPECT_EQ(device.state(running), State::succeeded);
  EXPECT_EQ(device.state(waiting), State::cancelled);
}

}  // namespace
}  // namespace dormouse::jobs
