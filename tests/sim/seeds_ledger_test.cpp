// SPDX-License-Identifier: Apache-2.0
// The ledger itself: what it notices, so that five hundred quiet lives mean something.
#include "tests/sim/seeds_ledger.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "runtime/base/check.hpp"

namespace dormouse::sim::seeds {
namespace {

using namespace std::chrono_literals;

/// The row of a text, or of an interval.
std::size_t row_of(const std::string& text, Duration period = {}) {
  const auto& rows = catalogue();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const TimingRow& candidate) {
    return candidate.text == text && candidate.period == period;
  });
  check(row != rows.end(), "seeds:row");
  return static_cast<std::size_t>(row - rows.begin());
}

const std::size_t hourly = row_of("0 * * * *");
const std::size_t every_20_min = row_of("*/20 * * * *");
const std::size_t every_hour = row_of("", 1h);
const std::size_t every_7_min = row_of("", 7min);

/// A device under a ledger's eyes.
struct Watched {
  SimulatedDevice device;
  Ledger ledger{device, true};
  Watched() {
    device.handler("h");
    device.at_rest([this] { ledger.rest(); });
    device.observe([this](const actors::Event& event) { ledger.note(event); });
    ledger.booting();
    check(device.boot().ok(), "seeds:boot");
  }
  /// The device follows one row, and the ledger is told another.
  void put(std::size_t followed, std::size_t told) {
    schedules::Definition definition;
    definition.name = "s";
    definition.handler = "h";
    definition.timing = timing_of(catalogue()[followed]);
    ledger.put(definition, told);
  }
  std::string after_a_day() {
    device.advance(24h + 10min);
    if (!ledger.failed()) ledger.finish();
    return ledger.failure();
  }
};

TEST(Ledger, is_content_with_a_quiet_day) {
  Watched watched;
  watched.put(hourly, hourly);
  watched.ledger.enqueue({.handler = "h", .due = jobs::DueAfter{1h}});
  EXPECT_EQ(watched.after_a_day(), "");
  EXPECT_EQ(watched.ledger.slots(), 24U);
  EXPECT_EQ(watched.ledger.started(), 25U);
}

TEST(Ledger, notices_a_slot_that_nobody_planned) {
  Watched watched;
  watched.put(every_20_min, hourly);
  EXPECT_NE(watched.after_a_day(), "");
}

TEST(Ledger, notices_a_slot_that_is_not_decided) {
  Watched watched;
  watched.put(hourly, every_20_min);
  EXPECT_NE(watched.after_a_day(), "");
}

TEST(Ledger, notices_a_job_that_ends_without_a_run) {
  Watched watched;
  watched.ledger.enqueue({.handler = "h", .due = jobs::DueAfter{1h}});
  ASSERT_TRUE(watched.device.cancel(1).ok());
  EXPECT_NE(watched.after_a_day().find("never ran"), std::string::npos) << watched.ledger.failure();
}

TEST(Ledger, notices_a_job_that_nobody_gave) {
  Watched watched;
  watched.device.submit("h");
  EXPECT_NE(watched.after_a_day().find("nothing was decided"), std::string::npos) << watched.ledger.failure();
}

TEST(Ledger, notices_a_schedule_that_is_gone) {
  Watched watched;
  watched.put(hourly, hourly);
  ASSERT_TRUE(watched.device.remove_schedule("s").ok());
  EXPECT_NE(watched.after_a_day().find("is lost"), std::string::npos) << watched.ledger.failure();
}

TEST(Ledger, notices_an_interval_that_is_cut_short) {
  Watched watched;
  watched.put(every_7_min, every_hour);
  EXPECT_NE(watched.after_a_day(), "");
}

}  // namespace
}  // namespace dormouse::sim::seeds
