// SPDX-License-Identifier: Apache-2.0
// Samples that are taken again until they are tight, and what adjtimex is taken for.
#include <gtest/gtest.h>

#include "hal/linux/clock/kernel_clocks.hpp"
#include "runtime/time/rfc3339.hpp"

namespace dormouse::hal_linux {
namespace {

constexpr std::int64_t kMs = 1'000'000;

/// Readings that took so long, one after the other, each a second later.
struct Clocks {
  std::vector<std::int64_t> widths_ns;
  std::size_t read = 0;
  TakenSample take() {
    return take_sample([this] {
      const auto second = static_cast<std::int64_t>(read + 1) * 1'000 * kMs;
      const std::int64_t width = widths_ns.at(read++);
      return ClockReading{second, second - 400 * kMs, second * 2, second + width};
    });
  }
};

TEST(LinuxSample, is_taken_again_at_most_five_times_and_then_the_tightest_counts_as_loose) {
  struct Row {
    const char* name;
    std::vector<std::int64_t> widths_ns;
    std::size_t reads;
    std::int64_t instant_ms;
    bool loose;
  };
  const Row rows[] = {
      {"tight at once", {200}, 1, 1'000, false},
      {"exactly 1 ms", {kMs}, 1, 1'000, false},
      {"1 ns more", {kMs + 1, 300}, 2, 2'000, false},
      {"tight at the fifth", {9 * kMs, 8 * kMs, 7 * kMs, 9 * kMs, kMs}, 5, 5'000, false},
      {"never", {9 * kMs, 8 * kMs, 2 * kMs, 9 * kMs, 3 * kMs}, 5, 3'000, true},
      {"never, all alike", {2 * kMs, 2 * kMs, 2 * kMs, 2 * kMs, 2 * kMs}, 5, 1'000, true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Clocks clocks{row.widths_ns};
    const TakenSample taken = clocks.take();
    EXPECT_EQ(clocks.read, row.reads);
    EXPECT_EQ(taken.loose, row.loose);
    EXPECT_EQ(taken.sample.instant, Instant{row.instant_ms});
    EXPECT_EQ(taken.sample.monotonic, Duration{row.instant_ms - 400});
    EXPECT_EQ(taken.sample.wall, WallTime{row.instant_ms * 2});
  }
}

TEST(LinuxSample, of_the_kernel_has_its_readings_in_order) {
  const ClockReading reading = read_kernel_clocks();
  EXPECT_LE(reading.before_ns, reading.after_ns);
  EXPECT_LE(reading.monotonic_ns, reading.after_ns);
}

/// What the state thinks after two looks 2 s apart that both find this.
Trust after_two_looks(int answer, const timex& kernel) {
  const WallTime noon = *parse_rfc3339("2026-06-01T12:00:00Z");
  const WallTime built = *parse_rfc3339("2026-01-01T00:00:00Z");
  const SyncState sync = sync_of(answer, kernel, false);
  TrustState state(built, built, built);
  state.start({Instant{30'000}, Duration{30'000}, noon}, {}, sync, std::nullopt);
  EXPECT_EQ(state.trust(), Trust::untrusted);
  state.look({Instant{32'000}, Duration{32'000}, noon + Duration{2'000}}, sync);
  return state.trust();
}

timex kernel_says(int status, long max_error_us) {
  timex kernel{};
  kernel.status = status;
  kernel.maxerror = max_error_us;
  return kernel;
}

TEST(LinuxSample, T046_a_max_error_of_20_ms_at_two_looks_is_synced_although_the_kernel_is_marked_unsynchronised) {
  EXPECT_EQ(after_two_looks(TIME_ERROR, kernel_says(STA_UNSYNC, 20'000)), Trust::synced);
}

TEST(LinuxSample, T047_a_max_error_below_16_s_at_two_looks_is_synced_and_one_of_16_s_is_not) {
  EXPECT_EQ(after_two_looks(TIME_OK, kernel_says(STA_PLL, 15'999'000)), Trust::synced);
  EXPECT_EQ(after_two_looks(TIME_OK, kernel_says(STA_PLL, 16'000'000)), Trust::untrusted);
}

TEST(LinuxSample, only_the_max_error_and_the_marker_count_of_what_the_kernel_says) {
  struct Row {
    const char* name;
    int answer;
    timex kernel;
    bool marker = false;
    bool disciplined;
    std::int64_t max_error_ms;
  };
  const Row rows[] = {
      {.name = "just booted",
       .answer = TIME_ERROR,
       .kernel = kernel_says(STA_UNSYNC, 16'000'000),
       .disciplined = false,
       .max_error_ms = 16'000},
      {.name = "kept by chrony",
       .answer = TIME_OK,
       .kernel = kernel_says(0, 1'250),
       .disciplined = true,
       .max_error_ms = 1},
      {.name = "kept by timesyncd, which polls every half hour",
       .answer = TIME_OK,
       .kernel = kernel_says(STA_PLL, 1'112'000),
       .disciplined = true,
       .max_error_ms = 1'112},
      {.name = "a leap second is coming",
       .answer = TIME_INS,
       .kernel = kernel_says(STA_INS | STA_PLL, 3'000),
       .disciplined = true,
       .max_error_ms = 3},
      {.name = "the last microsecond",
       .answer = TIME_OK,
       .kernel = kernel_says(0, 15'999'999),
       .disciplined = true,
       .max_error_ms = 15'999},
      {.name = "not allowed to ask",
       .answer = -1,
       .kernel = kernel_says(0, 0),
       .disciplined = false,
       .max_error_ms = 16'000},
      {.name = "not allowed to ask, but the marker stands",
       .answer = -1,
       .kernel = kernel_says(0, 0),
       .marker = true,
       .disciplined = true,
       .max_error_ms = 16'000},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const SyncState sync = sync_of(row.answer, row.kernel, row.marker);
    EXPECT_EQ(sync.disciplined, row.disciplined);
    EXPECT_EQ(sync.max_error_ms, row.max_error_ms);
  }
}

TEST(LinuxSample, a_timer_is_never_disarmed_by_the_instant_it_is_armed_for) {
  for (const std::int64_t ms : {std::int64_t{INT64_MIN}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}}) {
    EXPECT_EQ(once_at_ms(ms).it_value.tv_sec, 0);
    EXPECT_EQ(once_at_ms(ms).it_value.tv_nsec, kMs);
  }
  EXPECT_EQ(once_at_ms(1'999).it_value.tv_sec, 1);
  EXPECT_EQ(once_at_ms(1'999).it_value.tv_nsec, 999 * kMs);
}

}  // namespace
}  // namespace dormouse::hal_linux
