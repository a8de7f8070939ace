// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/transitions.hpp"

#include <array>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace dormouse::jobs {
namespace {

using enum State;

constexpr State kActive[] = {scheduled, waiting, ready, running};
constexpr State kEnds[] = {succeeded, dead, cancelled, missed, replaced};

std::string shown(const Move& move) {
  return move.refused ? move.refused : name_of(move.next);
}

TEST(Transitions, EveryStateAnswersEveryEventAsItsRowSays) {
  const std::string no = "job.illegal_transition";
  // What scheduled, waiting, ready and running answer; all ends answer alike.
  const std::map<Event, std::array<std::string, 5>> rows = {
      {Event::due, {"ready", "waiting", "ready", "running", "="}},
      {Event::not_due, {"scheduled", "scheduled", "scheduled", "running", "="}},
      {Event::condition_lost, {"scheduled", "waiting", "waiting", "running", "="}},
      {Event::claim, {no, no, "running", no, no}},
      {Event::not_started, {no, no, no, "scheduled", no}},
      {Event::ok, {no, no, no, "succeeded", no}},
      {Event::again, {no, no, no, "scheduled", no}},
      {Event::retryable, {no, no, no, "scheduled", no}},
      {Event::exhausted, {no, no, no, "dead", no}},
      {Event::permanent, {no, no, no, "dead", no}},
      {Event::cancelled, {no, no, no, "cancelled", no}},
      {Event::interrupted, {no, no, no, "scheduled", no}},
      {Event::interrupted_last, {no, no, no, "dead", no}},
      {Event::stale,
       {"job.stale_attempt", "job.stale_attempt", "job.stale_attempt", "job.stale_attempt", "job.finished"}},
      {Event::cancel, {"cancelled", "cancelled", "cancelled", "running", "job.finished"}},
      {Event::expired, {no, "missed", "missed", no, no}},
  };
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(kLastEvent) + 1);
  for (const auto& [event, answers] : rows) {
    for (std::size_t i = 0; i < std::size(kActive); ++i) {
      EXPECT_EQ(shown(move(kActive[i], event)), answers[i]) << name_of(kActive[i]) << ' ' << name_of(event);
    }
    for (const State end : kEnds) {
      const std::string expected = answers[4] == "=" ? name_of(end) : answers[4];
      EXPECT_EQ(shown(move(end, event)), expected) << name_of(end) << ' ' << name_of(event);
    }
  }
}

TEST(Transitions, AnEndIsNeverLeft) {
  for (const State end : kEnds) {
    for (int event = 0; event <= static_cast<int>(kLastEvent); ++event) {
      const Move answer = move(end, static_cast<Event>(event));
      EXPECT_TRUE(answer.refused || answer.next == end) << name_of(end) << ' ' << event;
    }
  }
}

}  // namespace
}  // namespace dormouse::jobs
