// SPDX-License-Identifier: Apache-2.0
// What `dormouse boots` prints: causes, bounds of gaps, what was decided.
#include "tools/dormouse/boots_text.hpp"

#include <gtest/gtest.h>

#include "runtime/reconcile/shown.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::cli {
namespace {

WallTime utc(const std::string& text) {
  return *parse_rfc3339(text);
}

Boot power_loss() {
  Boot boot;
  boot.number = 4;
  boot.epoch = 4;
  boot.kernel_boot = 3;
  boot.cause = BootCause::power_loss;
  boot.before = "not clean";
  boot.version = "0.1.0";
  boot.started = Instant{20'000};
  return boot;
}

TEST(BootsText, a_boot_shows_its_cause_how_the_one_before_ended_and_what_was_odd) {
  Boot boot = power_loss();
  boot.announced = true;
  boot.evidence = "watchdog";
  boot.store_found = "replayed 2 batches";
  boot.gains = {{Instant{62'000}, utc("2026-06-01T20:00:02Z"), Trust::synced, "kernel"}};
  boot.remarks = {"time.page_corrupt: One page is torn."};
  EXPECT_EQ(boots_text({reconcile::to_record(boot)}),
            "BOOT  STARTED               CAUSE                   BEFORE     TIME          VERSION\n"
            "4     2026-06-01T19:59:20Z  power_loss (announced)  not clean  not believed  0.1.0\n"
            "boot 4: time synced at 2026-06-01T20:00:02Z, up 1min2s, by kernel\n"
            "boot 4: evidence: watchdog\n"
            "boot 4: store: replayed 2 batches\n"
            "boot 4: time.page_corrupt: One page is torn.\n");
}

TEST(BootsText, a_boot_whose_time_was_never_known_has_no_start) {
  EXPECT_EQ(boots_text({reconcile::to_record(power_loss())}),
            "BOOT  STARTED  CAUSE       BEFORE     TIME          VERSION\n"
            "4     unknown  power_loss  not clean  not believed  0.1.0\n");
}

struct LengthRow {
  Certainty certainty;
  const char* shown;
};

TEST(BootsText, a_length_shows_how_well_it_is_known) {
  const LengthRow rows[] = {{Certainty::exact, "2h20s"},
                            {Certainty::bounded, "2h20s ± 2s40ms"},
                            {Certainty::at_least, "at least 2h20s"},
                            {Certainty::unknown, "unknown, at least 2h20s"}};
  for (const auto& row : rows) {
    Gap gap;
    gap.certainty = row.certainty;
    gap.length = Duration{7'220'000};
    gap.error = Duration{2'040};
    EXPECT_EQ(length_text(reconcile::to_record(gap)), row.shown);
  }
}

TEST(BootsText, a_gap_shows_both_ends_and_how_much_later_it_may_have_begun) {
  Gap gap;
  gap.number = 7;
  gap.boot = 4;
  gap.cause = GapCause::power_off;
  gap.certainty = Certainty::bounded;
  gap.from = utc("2026-06-01T12:00:00Z");
  gap.to = utc("2026-06-01T14:00:20Z");
  gap.length = Duration{7'220'000};
  gap.error = Duration{40};
  gap.from_slack = Duration{60'000};
  Gap other;
  other.number = 8;
  other.boot = 4;
  other.cause = GapCause::crash;
  other.certainty = Certainty::exact;
  other.length = Duration{12'000};
  EXPECT_EQ(gaps_text({reconcile::to_record(gap), reconcile::to_record(other)}),
            "GAP  BOOT  CAUSE      FROM                  TO                    LENGTH        MAY BEGIN LATER BY\n"
            "7    4     power_off  2026-06-01T12:00:00Z  2026-06-01T14:00:20Z  2h20s ± 40ms  1min\n"
            "8    4     crash      unknown               unknown               12s           -\n");
}

TEST(BootsText, a_report_that_went_on_after_a_cut_says_resumed_and_names_gaps_counts_and_lines) {
  reconcile::Report report;
  report.number = 3;
  report.boot = 4;
  report.gaps = {7, 8};
  report.at = utc("2026-06-01T14:00:20Z");
  report.trust = Trust::rtc;
  report.run_late = 2;
  report.missed = 1;
  report.schedule_slots_missed = 3;
  report.resumed = true;
  reconcile::Line line{.job = 7, .text = "job 7 (backup): 2h late, policy skip: missed"};
  line.decided = reconcile::Decided::missed;
  line.lateness = Duration{7'200'000};
  line.policy = jobs::Misfire::Policy::skip;
  line.reason = "grace";
  EXPECT_EQ(
      report_text(reconcile::to_record(report), {reconcile::to_record(line)}),
      "report 3, boot 4, boot, 2026-06-01T14:00:20Z, after gaps 7, 8, resumed after a cut: 0 interrupted, 2 run "
      "late, 1 missed, 0 held; slots: 3 missed, 0 dropped\n"
      "  job 7 (backup): 2h late, policy skip: missed\n");
}

TEST(BootsText, counts_over_the_life_of_the_store_come_last) {
  const auto reply = reconcile::boots_reply({}, {.boots = 120, .gaps = 1, .short_gaps = 12, .reports = 40});
  EXPECT_EQ(total_text(*reply.get_record(wire::Key::total)),
            "in all: 120 boots, 1 gap, 12 gaps under 2 s, 40 reports\n");
}

}  // namespace
}  // namespace dormouse::cli
