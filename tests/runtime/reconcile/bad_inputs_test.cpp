// SPDX-License-Identifier: Apache-2.0
// Readings that are torn, foreign, lost or absurd: each start ends in a boot and a gap on record and one clear
// sentence.
#include <gtest/gtest.h>

#include "hal/sim/memory_medium.hpp"
#include "runtime/store/heartbeat.hpp"
#include "tests/runtime/reconcile/device.hpp"

namespace dormouse::test {
namespace {

using reconcile::BootStart;

/// "code: sentence" of each alarm.
std::vector<std::string> alarms(const BootStart& start) {
  std::vector<std::string> all;
  for (const auto& alarm : start.alarms) all.push_back(alarm.code + ": " + alarm.message);
  return all;
}

/// Life until 1,000 s of kernel boot 1, 12:00:00 synced, with three jobs that wait for elapsed time.
BootStart live_until_noon(Device& device) {
  const auto start = device.start(Device::facts(kKernel1, at_s(900), clock("11:58:20")));
  for (int i = 0; i < 3; ++i) device.enqueue(job_after(seconds(36'000)));
  device.set_now(at_s(1'000), clock("12:00:00"), Trust::synced);
  device.stamp();
  return start;
}

class HeartbeatFile {
 public:
  void write(const Stamp& stamp) {
    const auto medium = hal_sim::open_memory_medium(file_);
    check(store::Heartbeat(*medium).write(stamp, seconds(240)).ok(), "test:heartbeat");
  }
  void tear(unsigned page) { file_.tamper(page * store::Heartbeat::kPageBytes + 40, "torn"); }
  /// The facts of a start with this file.
  reconcile::BootFacts facts(const std::string& kernel, Instant instant, WallTime wall) {
    auto facts = Device::facts(kernel, instant, wall);
    const auto medium = hal_sim::open_memory_medium(file_);
    store::Heartbeat pages(*medium);
    const auto newest = pages.newest();
    check(newest.ok(), "test:newest");
    facts.heartbeat = *newest;
    facts.heartbeat_interval = pages.interval();
    facts.corrupt_pages = pages.corrupt_pages();
    return facts;
  }

 private:
  hal_sim::MemoryFile file_{store::Heartbeat::kFileBytes};
};

Stamp page_at(const BootStart& start, std::uint64_t sequence, Instant instant, WallTime wall) {
  Stamp page = reconcile::make_stamp(start.boot, {instant, wall, Trust::synced},
                                     {instant, Duration{instant.ms}, wall}, start.trust);
  page.sequence = sequence;
  return page;
}

TEST(BadInputs, T016_both_pages_torn_are_no_alarm_where_the_store_tells_the_last_reading) {
  Device device;
  const auto before = live_until_noon(device);
  HeartbeatFile pages;
  pages.write(page_at(before, 1, at_s(910), clock("11:58:30")));
  pages.write(page_at(before, 2, at_s(950), clock("11:59:10")));
  pages.tear(0);
  pages.tear(1);
  const auto facts = pages.facts(kKernel2, at_s(20), clock("14:00:20"));
  EXPECT_EQ(facts.corrupt_pages, 2U);
  const auto start = device.start(facts);
  EXPECT_TRUE(start.alarms.empty());
  EXPECT_EQ(start.boot.cause, BootCause::power_loss);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->from, clock("12:00:00"));
  EXPECT_EQ(
      device.boots().front().remarks,
      (std::vector<std::string>{"time.page_corrupt: 2 pages of the heartbeat file cannot be read, as after a cut "
                                "during a write; the newest reading left is used."}));
}

TEST(BadInputs, T017_every_reading_lost_is_unclear_with_an_alarm_and_no_job_lost) {
  Device device;
  live_until_noon(device);
  device.run([](jobs::Work& work) {
    work.txn.erase(store::keys::meta("stamp"));
    return 0;
  });
  const auto span = device.spans().boots().at(1).span;
  auto facts = Device::facts(kKernel2, at_s(20), clock("14:00:20"));
  facts.corrupt_pages = 2;
  const auto start = device.start(facts);
  EXPECT_EQ(start.boot.cause, BootCause::unclear);
  EXPECT_EQ(start.boot.before, "unknown");
  EXPECT_EQ(alarms(start), (std::vector<std::string>{
                               "time.stamp_lost: The store holds work, but no last reading was found: how long "
                               "the device was away is unknown. All work is kept, and elapsed time counts on "
                               "from where it was proven."}));
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->cause, GapCause::power_off);
  EXPECT_EQ(start.gap->certainty, Certainty::unknown);
  EXPECT_EQ(start.gap->from, std::nullopt);
  EXPECT_EQ(start.gap->from_instant, std::nullopt);
  EXPECT_EQ(device.jobs().size(), 3U);
  EXPECT_EQ(device.spans().boots().at(1).span, span);  // grows by 0
}

TEST(BadInputs, T018_a_clean_page_counts_where_the_start_mark_behind_it_was_torn) {
  Device device;
  const auto before = live_until_noon(device);
  HeartbeatFile pages;
  Stamp clean = page_at(before, 9, at_s(1'100), clock("12:01:40"));
  clean.clean = "sigterm";
  pages.write(clean);
  device.lose_start(pages.facts(kKernel1, at_s(1'110), clock("12:01:50")));
  const auto start = device.start(pages.facts(kKernel1, at_s(1'112), clock("12:01:52")));
  EXPECT_EQ(start.boot.cause, BootCause::clean_restart);
  EXPECT_EQ(start.boot.before, "clean: sigterm");
  EXPECT_EQ(start.boot.epoch, before.boot.epoch + 1);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->from, clock("12:01:40"));
  EXPECT_EQ(start.gap->length, seconds(12));
  EXPECT_EQ(device.jobs().size(), 3U);
}

TEST(BadInputs, T019_a_page_torn_by_the_clean_mark_leaves_the_other_and_is_a_power_loss) {
  Device device;
  const auto before = live_until_noon(device);
  HeartbeatFile pages;
  pages.write(page_at(before, 1, at_s(1'060), clock("12:01:00")));  // page A
  pages.write(page_at(before, 2, at_s(1'120), clock("12:02:00")));  // page B
  Stamp clean = page_at(before, 3, at_s(1'130), clock("12:02:10"));
  clean.clean = "sigterm";
  pages.write(clean);
  pages.tear(0);
  const auto start = device.start(pages.facts(kKernel2, at_s(20), clock("14:00:20")));
  EXPECT_EQ(start.boot.cause, BootCause::power_loss);
  EXPECT_EQ(start.boot.before, "not clean");
  EXPECT_TRUE(start.alarms.empty());
  ASSERT_EQ(start.boot.remarks.size(), 1U);
  EXPECT_EQ(start.boot.remarks[0].substr(0, 28), "time.page_corrupt: One page ");
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->from, clock("12:02:00"));
  EXPECT_EQ(start.gap->from_slack, seconds(240));  // that of page B
  EXPECT_EQ(device.jobs().size(), 3U);
}

TEST(BadInputs, a_commit_after_the_last_page_bounds_the_start_by_its_own_interval) {
  Device device;
  const auto before = live_until_noon(device);
  HeartbeatFile pages;
  pages.write(page_at(before, 1, at_s(950), clock("11:59:10")));
  const auto start = device.start(pages.facts(kKernel2, at_s(20), clock("14:00:20")));
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->from, clock("12:00:00"));
  EXPECT_EQ(start.gap->from_slack, seconds(60));
}

TEST(BadInputs, a_heartbeat_of_another_device_tells_nothing_and_is_overwritten_from_now_on) {
  Device device;
  device.set_store_id("store-a");
  live_until_noon(device);
  HeartbeatFile pages;
  Stamp foreign;
  foreign.store_id = "store-b";
  foreign.epoch = 40;
  foreign.boot = 41;
  foreign.kernel_boot = 7;
  foreign.kernel_boot_id = std::string(16, '\x09');
  foreign.instant = at_s(900'000);
  foreign.wall = clock("13:59:00");
  foreign.trust = Trust::synced;
  pages.write(foreign);
  const auto start = device.start(pages.facts(kKernel2, at_s(20), clock("14:00:20")));
  EXPECT_EQ(alarms(start), (std::vector<std::string>{
                               "time.page_foreign: The heartbeat file belongs to another store (store-b), so "
                               "what it says of the last run is not used."}));
  EXPECT_EQ(start.boot.remarks, alarms(start));
  EXPECT_EQ(start.boot.cause, BootCause::power_loss);
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->from, clock("12:00:00"));
  // What the store knows is 1,000 s lived and 2 h off, not the other device's ten days.
  EXPECT_EQ(device.spans().boots().at(1).span, seconds(8'200));
  EXPECT_GT(start.boot.epoch, foreign.epoch);  // our next page is the newest
  EXPECT_EQ(start.boot.store_id, "store-a");
}

TEST(BadInputs, a_heartbeat_of_a_lost_store_still_tells_when_this_machine_lived) {
  Device device;
  device.set_store_id("store-new");
  Stamp page;
  page.store_id = "store-old";
  page.kernel_boot_id = kKernel1;
  page.epoch = page.boot = page.kernel_boot = 3;
  page.instant = at_s(1'000);
  auto facts = Device::facts(kKernel2, at_s(20), clock("14:00:20"));
  facts.heartbeat = page;
  const auto start = device.start(facts);
  EXPECT_EQ(start.boot.cause, BootCause::power_loss);
  EXPECT_TRUE(start.alarms.empty());
}

TEST(BadInputs, an_rtc_in_2098_is_not_believed_and_the_alarm_says_so) {
  Device device;
  live_until_noon(device);
  const auto start = device.start(Device::facts(kKernel2, at_s(20), wall("2098-03-01T00:00:20Z")));
  EXPECT_EQ(start.trust.trust(), Trust::untrusted);
  EXPECT_FALSE(start.boot.wall_believable);
  EXPECT_EQ(
      alarms(start),
      (std::vector<std::string>{
          "time.untrusted: The RTC has set the clock to 2098-03-01T00:00:20Z, which is not believed: the last "
          "time known to be right is 2026-06-01T12:00:00Z. Work in wall time waits until time is synced or set."}));
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->certainty, Certainty::unknown);
  EXPECT_EQ(start.gap->to, std::nullopt);
  EXPECT_EQ(start.gap->length, seconds(20));  // at least
  EXPECT_EQ(
      start.boot.remarks.back(),
      "time.untrusted: The wall clock is not believable yet, so the length of the outage is unknown; elapsed time "
      "counts what is proven.");
}

TEST(BadInputs, an_rtc_that_lost_its_content_is_told) {
  Device device;
  auto rtc = kGoodRtc;
  rtc.valid = false;
  const auto start = device.start(Device::facts(kKernel1, at_s(5), wall("2000-01-01T00:00:05Z"), rtc));
  EXPECT_EQ(
      alarms(start),
      (std::vector<std::string>{"time.rtc_invalid: The RTC has lost its content, so its time is not believed."}));
}

TEST(BadInputs, T013_a_kernel_younger_than_its_last_reading_is_another_one_and_told) {
  Device device;
  live_until_noon(device);
  const auto start = device.start(Device::facts(kKernel1, at_s(300), clock("12:10:00")));
  EXPECT_EQ(start.boot.cause, BootCause::unclear);
  EXPECT_EQ(start.boot.kernel_boot, 2U);
  EXPECT_EQ(
      alarms(start),
      (std::vector<std::string>{
          "time.boot_id_reused: The kernel has the boot id of the last run but is up for 5min only, less than "
          "the 16min40s of the last reading: this is taken for another boot, as of a cloned machine."}));
  ASSERT_TRUE(start.gap);
  EXPECT_EQ(start.gap->certainty, Certainty::bounded);
  EXPECT_EQ(start.gap->length, seconds(600));                    // 300 s off and 300 s up
  EXPECT_EQ(device.spans().boots().at(1).span, seconds(1'300));  // an outage of 300 s
}

TEST(BadInputs, T025_a_kernel_that_started_before_the_last_reading_counts_no_outage) {
  Device device;
  live_until_noon(device);
  const auto due = device.jobs().front().due;
  const auto start = device.start(Device::facts(kKernel2, at_s(20), clock("11:59:20")));
  EXPECT_EQ(start.trust.trust(), Trust::untrusted);  // an RTC a minute behind its mark; the network says the same
  EXPECT_EQ(device.spans().instant_of(due), at_s(35'900));
  device.set_now(at_s(22), clock("11:59:22"), Trust::untrusted);
  const auto told = device.gain_trust(clock("11:59:22"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].code, "time.negative_outage");
  EXPECT_EQ(
      told[0].message,
      "The kernel started at 2026-06-01T11:59:00Z, before the last reading of 2026-06-01T12:00:00Z: the outage "
      "counts as none, and nothing becomes due earlier.");
  EXPECT_EQ(device.gaps().front().certainty, Certainty::at_least);
  EXPECT_EQ(device.gaps().front().length, seconds(20));  // an outage of 0
  EXPECT_EQ(device.spans().instant_of(due), at_s(35'900));
  EXPECT_EQ(device.boots().front().remarks.back(), "time.negative_outage: " + told[0].message);
}

TEST(BadInputs, two_cuts_before_any_sync_are_two_unknown_gaps_and_the_second_is_told_its_end) {
  Device device;
  live_until_noon(device);
  device.start(Device::facts(kKernel2, at_s(20), wall("1970-01-01T00:00:20Z"), kNoRtc));
  device.set_now(at_s(300), wall("1970-01-01T00:05:00Z"), Trust::untrusted);
  device.stamp();
  const auto third =
      device.start(Device::facts(std::string(16, '\x03'), at_s(20), wall("1970-01-01T00:00:20Z"), kNoRtc));
  EXPECT_TRUE(third.alarms.empty());  // nobody need look at it
  EXPECT_EQ(third.boot.remarks.size(), 1U);
  for (const auto& gap : device.gaps()) {
    EXPECT_EQ(gap.certainty, Certainty::unknown);
    EXPECT_EQ(gap.length, seconds(20));
  }
  device.set_now(at_s(62), {}, Trust::untrusted);
  EXPECT_TRUE(device.gain_trust(clock("20:00:02")).empty());
  const auto gaps = device.gaps();
  EXPECT_EQ(gaps[0].to, clock("19:59:20"));
  EXPECT_EQ(gaps[0].from, std::nullopt);  // the kernel boot before never knew the time
  EXPECT_EQ(gaps[0].certainty, Certainty::unknown);
  EXPECT_EQ(gaps[1].from, clock("12:00:00"));
  EXPECT_EQ(gaps[1].to, std::nullopt);
}

TEST(BadInputs, an_old_panic_record_does_not_hide_a_new_one_whose_name_begins_alike) {
  Device device;
  live_until_noon(device);
  auto facts = Device::facts(kKernel2, at_s(20), clock("14:00:20"));
  facts.evidence = {.watchdog = false, .panic = true, .text = "dmesg-ramoops-10"};
  EXPECT_EQ(device.start(facts).boot.cause, BootCause::kernel_panic);
  facts = Device::facts(std::string(16, '\x03'), at_s(20), clock("15:00:20"));
  facts.evidence = {.watchdog = false, .panic = true, .text = "dmesg-ramoops-10 dmesg-ramoops-1"};
  EXPECT_EQ(device.start(facts).boot.cause, BootCause::kernel_panic);
}

}  // namespace
}  // namespace dormouse::test
