// SPDX-License-Identifier: Apache-2.0
// Work in elapsed time that is carried over kernel boots: the spans move, the keys do not.
#include <algorithm>

#include "runtime/store/keys.hpp"
#include "tests/runtime/reconcile/device.hpp"

namespace dormouse {
namespace {

using namespace std::chrono_literals;
using namespace test;

std::vector<Bytes> job_keys(Device& device) {
  return device.run([](jobs::Work& work) {
    const auto range = store::keys::starting_with("q");
    std::vector<Bytes> keys;
    for (const auto& entry : work.txn.scan(range.from, range.to, 10'000)) keys.push_back(entry.key);
    return keys;
  });
}

std::optional<Instant> next_due(Device& device) {
  return device.run([](jobs::Work& work) { return jobs::take_due(work, {}, {}, 1).next_instant; });
}

TEST(Lanes, D084_ANewKernelBootAndTrustMoveSpansAndNoKey) {
  Device device;
  device.start(Device::facts("kernel-1", Instant{10'000}, clock("12:00:00")));
  for (int i = 0; i < 400; ++i) device.enqueue(job_after(10h + std::chrono::seconds(i)));
  device.stamp();
  device.start(Device::facts("kernel-2", Instant{10'000}, clock("13:00:00")));
  for (int i = 0; i < 300; ++i) device.enqueue(job_after(8h + std::chrono::seconds(i)));
  device.stamp();
  device.start(Device::facts("kernel-3", Instant{10'000}, clock("14:00:00")));
  for (int i = 0; i < 300; ++i) device.enqueue(job_after(9h + std::chrono::seconds(i)));
  device.stamp();
  const auto before = job_keys(device);
  ASSERT_EQ(before.size(), 1'000u);

  // The clock is lost: only time that was seen to pass counts.
  device.cut();
  const auto content = device.disk().content();
  device.start(Device::facts("kernel-4", Instant{20'000}, WallTime{0}, kNoRtc));
  EXPECT_EQ(job_keys(device), before);
  const auto changed = [&] {
    std::size_t records = 0;
    for (const auto& [key, value] : device.disk().content()) {
      const auto old = content.find(key);
      if (old == content.end() || old->second != value) ++records;
    }
    return records;
  };
  EXPECT_LE(changed(), 8u);  // the boot's own records
  const auto least = [&] {
    Instant first{INT64_MAX};
    for (const auto& key : before)
      first = std::min(first, device.spans().instant_of(store::keys::parse_job(key)->due));
    return first;
  };
  EXPECT_EQ(next_due(device), least());

  const auto batches = device.batches();
  device.gain_trust(clock("14:30:00"));
  EXPECT_EQ(next_due(device), least());
  (void)device.reconcile(reconcile::Trigger::trust);
  EXPECT_LE(device.batches() - batches, 1u);
  EXPECT_EQ(job_keys(device), before);
}

}  // namespace
}  // namespace dormouse
