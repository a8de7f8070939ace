// SPDX-License-Identifier: Apache-2.0
// What a device writes to its flash, and what it leaves for later while the write budget is empty.
#include "tests/sim/stories.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using wire::Key;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr Duration kDay = 24h;

/// A device with a budget, in the verbs of these stories.
struct Story {
  explicit Story(std::uint64_t bytes_per_day)
      : device([&] {
          SimulatedSetup setup;
          setup.flash_bytes_per_day = bytes_per_day;
          setup.heartbeat_interval = 16min;
          return setup;
        }()) {
    device.handler("long", {.takes = 40min});
    device.handler("quick");
    device.handler("answers",
                   {.ends = [](std::uint64_t, const jobs::Claimed&) { return jobs::Outcome::ok("result"); }});
    device.handler("fails", {.ends = [](std::uint64_t, const jobs::Claimed&) {
                     return jobs::Outcome::permanent("broken", "it is broken");
                   }});
    EXPECT_TRUE(device.boot().ok());
  }

  int alarms() const {
    int count = 0;
    for (const auto& event : device.events())
      if (event.kind == actors::Event::Kind::alarm && event.text.starts_with("store.flash_budget")) ++count;
    return count;
  }
  /// The items of that name.
  std::vector<wire::Record> items(const std::string& name) {
    std::vector<wire::Record> found;
    for (auto& item : device.flash())
      if (item.get_text(Key::name) == name) found.push_back(item);
    return found;
  }
  std::uint64_t written_today() { return *items("today").at(0).get_uint(Key::bytes); }
  std::uint64_t level() { return *items("budget").at(0).get_uint(Key::level); }
  bool saving() { return *items("budget").at(0).get_bool(Key::saving); }
  /// One durable batch, acked while no time passes.
  void write() {
    const Duration before = device.now();
    jobs::JobSpec spec;
    spec.handler = "quick";
    spec.due = jobs::DueAfter{100 * kDay};
    ASSERT_TRUE(device.enqueue(spec).ok());
    ASSERT_EQ(device.now(), before);
  }
  void empty_the_bucket() {
    for (int i = 0; i < 10'000 && alarms() == 0; ++i) write();
    ASSERT_TRUE(saving());
  }
  /// From a lazy batch, the claim of a job, to the sync that takes it along; nothing else happens meanwhile.
  Duration lazy_age() {
    device.advance(30min);  // whatever else was to be synced
    jobs::JobSpec spec;
    spec.handler = "long";
    spec.timeout = 2h;
    EXPECT_TRUE(device.enqueue(spec).ok());
    device.settle();
    const auto syncs = device.journal().syncs();
    const Duration before = device.now();
    while (device.journal().syncs() == syncs && device.now() - before < 30min) device.advance(30s);
    const Duration age = device.now() - before;
    device.advance(60min);
    return age;
  }

  SimulatedDevice device;
};

TEST(FlashBudget, D080_a_day_of_twice_the_budget_slows_only_what_is_lazy_and_a_quiet_day_ends_it) {
  Story story(kMiB);
  EXPECT_EQ(story.lazy_age(), 1min);
  while (story.written_today() < 2 * kMiB) {
    story.write();
    story.device.advance(2min);
  }
  EXPECT_LT(story.device.now(), kDay);
  EXPECT_EQ(story.alarms(), 1);
  EXPECT_EQ(story.lazy_age(), 16min);
  EXPECT_TRUE(story.saving());

  story.device.advance(kDay);
  EXPECT_FALSE(story.saving()) << "cleared";
  EXPECT_EQ(story.alarms(), 1);
  EXPECT_EQ(story.lazy_age(), 1min);
}

TEST(FlashBudget, heartbeats_wait_as_lazy_batches_do) {
  SimulatedSetup setup;
  setup.rtc = hal_sim::RtcKind::none;  // so that no outage can be told, and each heartbeat counts
  setup.synced = false;
  setup.flash_bytes_per_day = kMiB;
  SimulatedDevice device(setup);
  device.handler("quick");
  ASSERT_TRUE(device.boot().ok());
  device.submit("quick", after(100 * kDay));
  const auto beats_in = [&device](Duration span) {
    const auto before = device.heartbeat().syncs();
    device.advance(span);
    return device.heartbeat().syncs() - before;
  };
  EXPECT_EQ(beats_in(2h), 120U);
  EXPECT_EQ(beats_in(2h), 120U);
  beats_in(2h);  // they alone use it up, at 5.6 MiB a day
  EXPECT_EQ(beats_in(8 * 16min), 8U) << "one every 16 min";
  EXPECT_GT(beats_in(kDay), 24U * 60 / 16) << "half of the budget is there again in between";
}

TEST(FlashBudget, D081_only_a_success_without_a_result_goes_to_history_in_short_form) {
  Story story(kMiB);
  const auto before = story.device.submit("quick");
  story.device.advance(1s);
  EXPECT_EQ(story.device.job(before)->job.attempts.size(), 1U);
  story.empty_the_bucket();
  const auto failed = story.device.submit("fails");
  const auto plain = story.device.submit("quick");
  const auto answered = story.device.submit("answers");
  story.device.advance(1s);
  EXPECT_EQ(story.device.state(failed), State::dead);
  EXPECT_EQ(story.device.job(failed)->job.attempts.size(), 1U);
  EXPECT_EQ(story.device.job(failed)->job.error_message, "it is broken");
  EXPECT_EQ(story.device.state(plain), State::succeeded);
  EXPECT_TRUE(story.device.job(plain)->job.attempts.empty());
  EXPECT_EQ(story.device.state(answered), State::succeeded);
  EXPECT_EQ(story.device.job(answered)->job.attempts.size(), 1U);
  EXPECT_EQ(story.device.job(answered)->job.result, "result");
}

TEST(FlashBudget, D082_power_cuts_do_not_refill_it_and_a_clock_a_year_ahead_invents_no_day) {
  Story story(kMiB);
  story.empty_the_bucket();
  const auto level = story.level();
  for (int cut = 0; cut < 40; ++cut) {
    story.device.power_cut(20s);
    ASSERT_TRUE(story.device.boot().ok());
    story.device.advance(70s);
    story.write();
    EXPECT_TRUE(story.saving());
  }
  EXPECT_LE(story.level(), level + kMiB / 24) << "no more than an hour's part";
  EXPECT_EQ(story.alarms(), 1) << "not one a boot";
  EXPECT_TRUE(story.items("day").empty());

  const auto before = story.level();
  story.device.clock().step(365 * kDay);
  story.device.advance(1min);
  EXPECT_TRUE(story.items("day").empty());
  EXPECT_TRUE(story.saving());
  EXPECT_LE(story.level(), before + kMiB / (24 * 60) + 1);
}

TEST(FlashUse, counts_heartbeats_journal_components_and_days_of_a_device) {
  SimulatedSetup setup;
  setup.flash_registers.life_time = {2, 5};
  SimulatedDevice device(setup);
  device.handler("quick");
  ASSERT_TRUE(device.boot().ok());
  jobs::JobSpec spec;
  spec.handler = "quick";
  spec.due = jobs::DueAfter{100 * kDay};
  ASSERT_TRUE(device.enqueue(spec).ok());
  device.submit("quick");
  device.advance(kDay + 1h);
  std::map<std::string, std::uint64_t> found;
  for (auto& item : device.flash()) {
    const auto name = *item.get_text(Key::name);
    found[name == "cause" ? *item.get_text(Key::cause) : name] = item.get_uint(Key::bytes).value_or(1);
    if (name == "day") {
      EXPECT_EQ(item.get_uint(Key::ended), 1U);
      EXPECT_EQ(item.get_int(Key::length), kDay.count());
    }
    if (name == "wear") {
      EXPECT_EQ(item.get_ints(Key::life), (std::vector<std::int64_t>{40, 50}));
    }
  }
  EXPECT_GT(found["day"], 0U);
  EXPECT_GT(found["heartbeat"], 0U);
  EXPECT_EQ(found["heartbeat"] % 4096, 0U);
  EXPECT_EQ(found["today"], found["heartbeat"] + found["journal"] + found["checkpoint"]);
}

}  // namespace
}  // namespace dormouse::sim
