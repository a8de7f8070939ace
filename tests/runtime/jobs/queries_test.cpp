// SPDX-License-Identifier: Apache-2.0
// Looking at jobs, taking what is due, and what is kept of ended ones.
#include "bench.hpp"

namespace dormouse::jobs {
namespace {

std::vector<std::uint64_t> ids_of(const DueBatch& batch) {
  std::vector<std::uint64_t> ids;
  for (const DueJob& job : batch.jobs) ids.push_back(job.id);
  return ids;
}

TEST(List, J014PagesByIdWithoutGapsOrRepeats) {
  Bench device;
  ASSERT_TRUE(device.enqueue_all(std::vector<JobSpec>(250, after(h(), s(3'600)))).ok());
  std::vector<std::size_t> sizes;
  std::set<std::uint64_t> seen;
  std::optional<std::uint64_t> cursor = 0;
  while (cursor) {
    const auto page = device.page({.after_id = *cursor, .limit = 100});
    ASSERT_TRUE(page.ok());
    sizes.push_back(page->jobs.size());
    for (const Job& job : page->jobs) EXPECT_TRUE(seen.insert(job.id).second);
    cursor = page->next_after_id;
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{100, 100, 50}));
  EXPECT_EQ(seen.size(), 250u);
  for (const std::uint64_t limit : {0u, 501u}) {
    EXPECT_EQ(fields_of(device.page({.limit = limit}).error()), "limit: out_of_range");
  }
}

TEST(List, J014ACursorStandsWhereItStoodWhileJobsComeAndGo) {
  Limits limits;
  limits.finished_ring = 0;  // what ends is gone at once
  Bench device(limits);
  ASSERT_TRUE(device.enqueue_all(std::vector<JobSpec>(250, after(h(), s(3'600)))).ok());
  const std::uint64_t first_page = *device.page({.limit = 100})->next_after_id;
  ASSERT_TRUE(device.cancel_job(50, "gone").ok());
  EXPECT_EQ(device.look(50).error().code, "job.not_found");
  EXPECT_EQ(device.submitted(after(h(), s(3'600))), 251u);
  const auto second = device.page({.after_id = first_page, .limit = 100});
  EXPECT_EQ(second->jobs.front().id, 101u);
  EXPECT_EQ(second->jobs.back().id, 200u);
  const auto third = device.page({.after_id = *second->next_after_id, .limit = 100});
  EXPECT_EQ(third->jobs.front().id, 201u);
  EXPECT_EQ(third->jobs.back().id, 251u);
  EXPECT_FALSE(third->next_after_id);
}

TEST(List, FiltersByWhatJobsAreByNow) {
  Bench device;
  device.submitted(h());
  device.submitted(after(h(), s(10)));
  JobSpec of_g = h();
  of_g.handler = "g";
  device.submitted(of_g);
  device.start({1});
  const auto ids = [&](const ListQuery& query) {
    std::vector<std::uint64_t> found;
    const auto page = device.page(query);
    for (const Job& job : page->jobs) found.push_back(job.id);
    return found;
  };
  EXPECT_EQ(ids({.states = {State::running}}), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(ids({.states = {State::scheduled}}), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(ids({.states = {State::ready, State::running}}), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(ids({.handler = "g"}), (std::vector<std::uint64_t>{3}));
}

TEST(TakeDue, TheOldestDueComesFirstOverAllLanes) {
  Bench device;
  device.submitted(due_at(h(), 30));
  device.submitted(due_at(h(), 10));
  device.submitted(after(h(), s(20)));
  device.at(5);
  device.reboot_at(50);
  device.submitted(h());
  device.at(60);
  EXPECT_EQ(ids_of(device.due()), (std::vector<std::uint64_t>{2, 3, 1, 4}));
  const DueBatch two = device.due(2);
  EXPECT_EQ(ids_of(two), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_TRUE(two.more);
}

TEST(TakeDue, PassesOverWhatIsKnownFullOrRunning) {
  Bench device;
  for (int i = 0; i < 100; ++i) device.submitted(h());
  JobSpec of_g = h();
  of_g.handler = "g";
  const std::uint64_t other = device.submitted(of_g);
  const std::uint64_t last = device.submitted(of_g);
  device.start({last});
  const DueBatch batch = device.in_work([&](Work& work) { return take_due(work, {}, {DueShare{"h"}}, 10); });
  EXPECT_EQ(ids_of(batch), (std::vector<std::uint64_t>{other}));
  EXPECT_FALSE(batch.more);
  EXPECT_EQ(batch.left, (std::set<DueShare>{{"h"}}));
  const DueBatch rest = device.in_work([&](Work& work) { return take_due(work, {1, 2}, {}, 1); });
  EXPECT_EQ(ids_of(rest), (std::vector<std::uint64_t>{3}));
  EXPECT_TRUE(rest.left.empty());
}

TEST(TakeDue, TakesNoMoreOfTheLineThanAskedFor) {
  Bench device;
  for (int i = 0; i < 3; ++i) device.submitted(due_at(h(), 0));
  device.at(100);
  device.in_work([](Work& work) {
    for (auto& due : due_jobs(work, {}, 2).jobs) settle_late(work, due.job);
    return Done{};
  });
  const DueBatch batch = device.in_work([&](Work& work) { return take_due(work, {}, {}, 10, 1); });
  EXPECT_EQ(ids_of(batch), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(batch.left, (std::set<DueShare>{{"h", true}}));
}

TEST(TakeDue, WallTimeIsHeldWhileTheClockIsNotBelieved) {
  Bench device;
  device.submitted(due_at(h(), 0));
  device.submitted(after(h(), s(60)));
  JobSpec needs = after(h(), s(10));
  needs.needs_time = Trust::rtc;
  device.submitted(needs);
  device.at(60);
  device.now().trust = Trust::untrusted;
  const DueBatch held = device.due();
  EXPECT_EQ(ids_of(held), (std::vector<std::uint64_t>{2}));
  EXPECT_TRUE(held.held);
  EXPECT_TRUE(held.next_wall.has_value());
  EXPECT_EQ(device.state(1), State::scheduled);
  EXPECT_EQ(device.job(1).because, Because::time);
  EXPECT_EQ(device.job(3).because, Because::time);
  EXPECT_TRUE(device.start({1, 3}).empty());
  device.now().trust = Trust::synced;
  EXPECT_EQ(ids_of(device.due()), (std::vector<std::uint64_t>{1, 3, 2}));
}

TEST(TakeDue, AStepBackTakesADueAwayAgain) {
  Bench device;
  device.submitted(due_at(h(), 10));
  device.at(20);
  EXPECT_EQ(device.state(1), State::ready);
  device.wall_ms(-40'000);
  EXPECT_EQ(device.state(1), State::scheduled);
  EXPECT_TRUE(device.start({1}).empty());
}

TEST(TakeDue, ADueJobTellsWhenItExpires) {
  Bench device;
  device.submitted(due_at(h(Misfire::skip()), 10));
  device.at(30);
  const DueBatch batch = device.due();
  ASSERT_EQ(batch.jobs.size(), 1u);
  EXPECT_EQ(batch.jobs[0].lateness, s(20));
  EXPECT_EQ(batch.jobs[0].expires, Instant{70'001});
}

TEST(Reconcile, ALateJobThatMayRunIsSettledAndInLine) {
  Bench device;
  device.submitted(due_at(h(), 0));
  device.submitted(due_at(h(Misfire::skip()), 0));
  device.at(100);
  device.in_work([&](Work& work) {
    DueScan scan = due_jobs(work, {}, 1);
    EXPECT_TRUE(scan.more);
    settle_late(work, scan.jobs.at(0).job);
    scan = due_jobs(work, scan.cursor, 1);
    EXPECT_FALSE(scan.more);
    end_missed(work, scan.jobs.at(0).job);
    return Done{};
  });
  EXPECT_TRUE(device.due().jobs.at(0).in_line);
  EXPECT_EQ(device.start_one().first_missed_ms, kT0);
  EXPECT_EQ(device.state(2), State::missed);
}

TEST(History, J112EachRingGivesUpItsOldest) {
  Bench device;
  const auto run = [&](const Outcome& outcome) {
    const std::uint64_t id = device.submitted(h());
    device.end(device.start_one().token(), outcome);
    return id;
  };
  const Outcome permanent = Outcome::permanent("x.y", "no");
  for (int i = 0; i < 3; ++i) run(permanent);
  for (int i = 0; i < 1'000; ++i) run(Outcome::ok());
  EXPECT_TRUE(device.look(4).ok());
  run(Outcome::ok());
  EXPECT_EQ(device.look(4).error().code, "job.not_found");
  EXPECT_TRUE(device.look(5).ok());
  for (int i = 0; i < 197; ++i) run(permanent);
  EXPECT_TRUE(device.look(1).ok()) << "dead untouched while there is room";
  run(permanent);
  EXPECT_EQ(device.look(1).error().code, "job.not_found");
  EXPECT_TRUE(device.look(2).ok());
}

TEST(History, AgeCountsOnlyWhileTimeIsTrusted) {
  for (const Trust trust : {Trust::untrusted, Trust::synced}) {
    Bench device;
    device.submitted(h());
    device.run_due();
    device.at(8 * 86'400);
    device.now().trust = trust;
    device.submitted(h());
    device.run_due();
    EXPECT_EQ(device.look(1).ok(), trust == Trust::untrusted);
  }
}

TEST(History, NothingButTheRingsGrows) {
  Bench device(Limits::tiny());
  const auto run = [&](int i) {
    JobSpec spec = keyed(h(), "K" + std::to_string(i));
    spec.idempotency_key = "q" + std::to_string(i);
    device.submitted(spec);
    device.run_due();
    device.at_ms(device.ms() + 1'000);
  };
  for (int i = 0; i < 30; ++i) run(i);
  const std::size_t entries = device.disk().content().size();
  for (int i = 30; i < 60; ++i) run(i);
  EXPECT_EQ(device.disk().content().size(), entries);
}

TEST(Counts, FollowTheJobs) {
  Bench device;
  for (int i = 0; i < 4; ++i) device.submitted(h());
  const std::vector<Job> jobs = device.start({1, 2});
  device.end(jobs.at(0).token(), Outcome::ok());
  EXPECT_TRUE(device.cancel_job(3, "x").ok());
  const Counts counts = device.count();
  EXPECT_EQ(counts.scheduled, 1u);
  EXPECT_EQ(counts.running, 1u);
  EXPECT_EQ(counts.succeeded, 1u);
  EXPECT_EQ(counts.cancelled, 1u);
}

}  // namespace
}  // namespace dormouse::jobs
