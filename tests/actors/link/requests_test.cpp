// SPDX-License-Identifier: Apache-2.0
// What can be asked over a link, as round trips through a whole device: what is asked is done, and shown back.
#include <set>

#include <gtest/gtest.h>

#include "runtime/jobs/job_codec.hpp"
#include "tests/actors/link/peer.hpp"

namespace dormouse::sim {
namespace {

using namespace std::chrono_literals;
using jobs::State;
using wire::Key;
using wire::Message;
using wire::Record;

constexpr std::uint64_t kHour = 3'600'000;

Record job_for(const std::string& handler) {
  return Record().put_text(Key::handler, handler);
}
Record later_job(const std::string& handler) {
  return job_for(handler).put_uint(Key::after, kHour);
}
Record id_of(const Record& enqueued) {
  return Record().put_uint(Key::id, enqueued.get_uint(Key::id).value_or(0));
}
Record hourly(const std::string& name) {
  return Record().put_text(Key::schedule, name).put_text(Key::handler, "backup").put_text(Key::cron, "0 * * * *");
}
std::set<std::uint64_t> ids_in(const Record& reply) {
  std::set<std::uint64_t> ids;
  const auto items = reply.get_records(Key::items);
  for (const auto& item : items.value_or(std::vector<Record>())) ids.insert(item.get_uint(Key::id).value_or(0));
  return ids;
}

class RequestsTest : public testing::Test {
 protected:
  RequestsTest() {
    device_.handler("backup");
    device_.handler("slow", {.takes = 1h});
    check(device_.boot().ok(), "requests_test:boot");
  }
  /// A peer with an open session.
  Peer peer(const Identity& who = kOperator) {
    Peer peer(device_, who);
    check(peer.birth().has_value(), "requests_test:birth");
    return peer;
  }
  static Record value_of(const Result<Record>& answer) {
    EXPECT_TRUE(answer.ok()) << answer.error().code << ": " << answer.error().message;
    return answer.ok() ? *answer : Record();
  }
  static std::uint64_t state_of(Peer& peer, const Record& enqueued) {
    return value_of(peer.ask(Message::job_get, id_of(enqueued))).get_uint(Key::state).value_or(99);
  }

  SimulatedDevice device_;
};

TEST_F(RequestsTest, AJobIsEnqueuedRunAndShownWithItsArgs) {
  Peer peer = this->peer();
  const auto enqueued =
      value_of(peer.ask(Message::job_enqueue, later_job("backup").put_bytes(Key::args, "\x01\x02")));
  EXPECT_EQ(enqueued.get_bool(Key::created), true);
  const auto shown = value_of(peer.ask(Message::job_get, id_of(enqueued).put_bool(Key::with_args, true)));
  EXPECT_EQ(shown.get_text(Key::handler), "backup");
  EXPECT_EQ(shown.get_text(Key::component), "admin");
  EXPECT_EQ(shown.get_bytes(Key::args), "\x01\x02");
  EXPECT_FALSE(value_of(peer.ask(Message::job_get, id_of(enqueued))).has(Key::args));
  device_.advance(1h);
  EXPECT_EQ(state_of(peer, enqueued), static_cast<std::uint64_t>(State::succeeded));
  EXPECT_EQ(device_.runs("backup").size(), 1U);
}

TEST_F(RequestsTest, StatsOfTheStoreTellWhatWasWrittenToFlash) {
  Peer peer = this->peer();
  value_of(peer.ask(Message::job_enqueue, later_job("backup")));
  const auto items = value_of(peer.ask(Message::store_stats, {})).get_records(Key::items);
  ASSERT_TRUE(items && !items->empty());
  EXPECT_EQ(items->front().get_text(Key::name), "today");
  EXPECT_GT(items->front().get_uint(Key::bytes).value_or(0), 0U);
  bool told = false;
  for (const auto& item : *items) {
    EXPECT_TRUE(item.has(Key::text));
    told = told || (item.get_text(Key::name) == "component" && item.get_text(Key::component) == "admin");
  }
  EXPECT_TRUE(told) << "whose records the journal has taken";
}

TEST_F(RequestsTest, L015_AKeyThatNobodyKnowsIsIgnored) {
  Peer peer = this->peer();
  const auto answer = peer.ask(Message::job_enqueue, job_for("backup").put_uint(static_cast<Key>(200), 1));
  EXPECT_EQ(value_of(answer).get_bool(Key::created), true);
}

TEST_F(RequestsTest, L049_ThePolicyThatWasNotGivenIsShownBack) {
  Peer peer = this->peer();
  const auto job = value_of(peer.ask(Message::job_enqueue, later_job("backup")));
  EXPECT_EQ(job.get_uint(Key::misfire), 0U);  // catch_up
  const auto schedule = value_of(peer.ask(Message::schedule_put, hourly("tidy")));
  EXPECT_EQ(schedule.get_uint(Key::misfire), 1U);  // skip
}

TEST_F(RequestsTest, ABatchIsEnqueuedInOrder) {
  Peer peer = this->peer();
  std::vector<Record> items(64, later_job("backup"));
  const auto reply = value_of(peer.ask(Message::job_batch, Record().put_records(Key::items, items)));
  EXPECT_EQ(ids_in(reply).size(), 64U);
  EXPECT_EQ(device_.jobs().size(), 64U);
}

TEST_F(RequestsTest, AWaitingJobIsCancelledByIdOrByKey) {
  Peer peer = this->peer();
  const auto by_id = value_of(peer.ask(Message::job_enqueue, later_job("backup")));
  const auto cancelled = value_of(peer.ask(Message::job_cancel, id_of(by_id).put_text(Key::text, "no need")));
  EXPECT_EQ(cancelled.get_uint(Key::state), static_cast<std::uint64_t>(State::cancelled));
  EXPECT_EQ(value_of(peer.ask(Message::job_get, id_of(by_id))).get_text(Key::text), "no need");

  const auto by_key =
      value_of(peer.ask(Message::job_enqueue, later_job("backup").put_text(Key::conflict_key, "k")));
  value_of(peer.ask(Message::job_cancel, Record().put_text(Key::conflict_key, "k")));
  EXPECT_EQ(state_of(peer, by_key), static_cast<std::uint64_t>(State::cancelled));
  const auto again = peer.ask(Message::job_cancel, id_of(by_id));
  EXPECT_EQ(again.error().code, "job.finished");
}

TEST_F(RequestsTest, ARunningJobIsAskedToStopAndEndsCancelled) {
  Peer peer = this->peer();
  const auto running = value_of(peer.ask(Message::job_enqueue, job_for("slow")));
  const auto asked = value_of(peer.ask(Message::job_cancel, id_of(running)));
  EXPECT_EQ(asked.get_uint(Key::state), static_cast<std::uint64_t>(State::running));
  EXPECT_EQ(state_of(peer, running), static_cast<std::uint64_t>(State::cancelled));
}

TEST_F(RequestsTest, AListIsReadPageByPageAndFiltered) {
  Peer peer = this->peer();
  for (int i = 0; i < 5; ++i) value_of(peer.ask(Message::job_enqueue, later_job("backup")));
  value_of(peer.ask(Message::job_enqueue, job_for("backup")));
  std::set<std::uint64_t> seen;
  Record query = Record().put_uint(Key::limit, 2).put_uint(Key::state, 0);
  for (int page = 1; page <= 3; ++page) {
    const auto reply = value_of(peer.ask(Message::job_list, query));
    seen.merge(ids_in(reply));
    ASSERT_EQ(reply.get_bool(Key::more), page < 3) << page;
    if (page < 3) query.put_uint(Key::cursor, reply.get_uint(Key::cursor).value_or(0));
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{1, 2, 3, 4, 5}));
  const auto succeeded = value_of(peer.ask(Message::job_list, Record().put_uint(Key::state, 4)));
  EXPECT_EQ(ids_in(succeeded), (std::set<std::uint64_t>{6}));
}

TEST_F(RequestsTest, L052_TheSameScheduleAgainIsUnchangedAndWritesNothing) {
  Peer peer = this->peer();
  const auto created = value_of(peer.ask(Message::schedule_put, hourly("tidy")));
  EXPECT_EQ(created.get_uint(Key::outcome), 0U);
  EXPECT_EQ(created.get_uint(Key::revision), 1U);
  const auto bytes = device_.store_traffic().bytes;
  const auto again = value_of(peer.ask(Message::schedule_put, hourly("tidy")));
  EXPECT_EQ(again.get_uint(Key::outcome), 2U);
  EXPECT_EQ(again.get_uint(Key::revision), 1U);
  EXPECT_EQ(device_.store_traffic().bytes, bytes);
}

TEST_F(RequestsTest, WhatTimeAScheduleNeedsIsShownBackAndItsJobsNeedIt) {
  Peer peer = this->peer();
  const auto put = value_of(peer.ask(Message::schedule_put, hourly("tidy").put_uint(Key::needs_time, 2)));
  EXPECT_EQ(put.get_uint(Key::needs_time), 2U);
  const auto listed = value_of(peer.ask(Message::schedule_list)).get_records(Key::items);
  ASSERT_TRUE(listed && listed->size() == 1);
  EXPECT_EQ(listed->front().get_uint(Key::needs_time), 2U);
  device_.advance(1h);
  ASSERT_EQ(device_.jobs().size(), 1U);
  EXPECT_EQ(device_.jobs()[0].job.spec.needs_time, Trust::synced);
}

TEST_F(RequestsTest, AScheduleYieldsJobsUntilItIsDeleted) {
  Peer peer = this->peer();
  const auto put = value_of(peer.ask(Message::schedule_put, hourly("tidy")));
  EXPECT_EQ(put.get_int(Key::slot), 1'800'000'000'000 + static_cast<std::int64_t>(kHour));
  const auto listed = value_of(peer.ask(Message::schedule_list));
  ASSERT_EQ(listed.get_records(Key::items)->size(), 1U);
  EXPECT_EQ(listed.get_records(Key::items)->at(0).get_text(Key::cron), "0 * * * *");
  device_.advance(2h);
  EXPECT_EQ(device_.runs("tidy").size(), 2U);
  value_of(peer.ask(Message::schedule_delete, Record().put_text(Key::schedule, "tidy")));
  device_.advance(2h);
  EXPECT_EQ(device_.runs("tidy").size(), 2U);
  EXPECT_TRUE(value_of(peer.ask(Message::schedule_list)).get_records(Key::items)->empty());
  const auto gone = peer.ask(Message::schedule_delete, Record().put_text(Key::schedule, "tidy"));
  EXPECT_EQ(gone.error().code, "schedule.not_found");
}

TEST_F(RequestsTest, StatusTellsCountsTimeAndWhatIsNext) {
  Peer peer = this->peer();
  device_.advance(3s);  // trust in the clock's source takes two looks
  value_of(peer.ask(Message::job_enqueue, job_for("backup")));
  value_of(peer.ask(Message::job_enqueue, job_for("slow")));
  value_of(peer.ask(Message::job_enqueue, later_job("backup")));
  value_of(peer.ask(Message::schedule_put, hourly("tidy")));
  const auto status = value_of(peer.ask(Message::status));
  EXPECT_EQ(status.get_text(Key::device), "sim");
  EXPECT_EQ(status.get_uint(Key::boot), 1U);
  EXPECT_EQ(status.get_text(Key::cause), "first_boot");
  EXPECT_EQ(status.get_uint(Key::succeeded), 1U);
  EXPECT_EQ(status.get_uint(Key::running), 1U);
  EXPECT_EQ(status.get_uint(Key::scheduled), 1U);
  EXPECT_EQ(status.get_uint(Key::schedules), 1U);
  EXPECT_EQ(status.get_uint(Key::generation), 1U);
  EXPECT_EQ(status.get_uint(Key::checkpoint), 0U);
  EXPECT_LT(status.get_uint(Key::half).value_or(100), 25U);  // percent
  EXPECT_EQ(status.get_uint(Key::trust), 2U);
  EXPECT_EQ(status.get_int(Key::due), 1'800'000'000'000 + static_cast<std::int64_t>(kHour));
}

TEST_F(RequestsTest, HandlersAreListedWithTheirPlaces) {
  Peer peer = this->peer();
  const auto items = *value_of(peer.ask(Message::handler_list)).get_records(Key::items);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].get_text(Key::handler), "backup");
  EXPECT_EQ(items[0].get_uint(Key::max_running), 1U);
  EXPECT_EQ(items[1].get_text(Key::handler), "slow");
}

TEST_F(RequestsTest, BootsGapsAndReportsTellOfAnOutage) {
  {
    Peer peer = this->peer();
    value_of(peer.ask(Message::job_enqueue, later_job("backup").put_uint(Key::misfire, 1)));
  }
  device_.power_cut(2h);
  ASSERT_TRUE(device_.boot().ok());
  Peer peer = this->peer();
  const auto boots = *value_of(peer.ask(Message::boots)).get_records(Key::items);
  ASSERT_EQ(boots.size(), 2U);
  EXPECT_EQ(boots[0].get_text(Key::cause), "power_loss");
  const auto gaps = *value_of(peer.ask(Message::gaps)).get_records(Key::items);
  ASSERT_EQ(gaps.size(), 1U);
  const auto reports = *value_of(peer.ask(Message::report)).get_records(Key::items);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].get_uint(Key::missed_jobs), 1U);
  EXPECT_EQ(value_of(peer.ask(Message::boots, Record().put_uint(Key::limit, 1))).get_records(Key::items)->size(),
            1U);
}

TEST_F(RequestsTest, ExplainTellsOfJobsAndSchedules) {
  Peer peer = this->peer();
  const auto job = value_of(peer.ask(Message::job_enqueue, later_job("backup")));
  const auto schedule = value_of(peer.ask(Message::schedule_put, hourly("tidy")));
  struct Row {
    const char* name;
    Record asked;
    const char* told;
  };
  const std::vector<Row> rows = {
      {"a job", id_of(job), "backup"},
      {"a schedule by name", Record().put_text(Key::schedule, "tidy"), "tidy"},
      {"a schedule by number", Record().put_uint(Key::schedule, *schedule.get_uint(Key::id)), "tidy"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto text = value_of(peer.ask(Message::explain, row.asked)).get_text(Key::text).value_or("");
    EXPECT_NE(text.find(row.told), std::string::npos) << text;
  }
}

TEST_F(RequestsTest, TimeIsToldWithWallWhileItIsBelieved) {
  Peer peer = this->peer();
  device_.advance(5s);
  const auto time = value_of(peer.ask(Message::time_query));
  EXPECT_EQ(time.get_uint(Key::trust), 2U);
  EXPECT_EQ(time.get_int(Key::wall), 1'800'000'005'000);
  EXPECT_EQ(time.get_int(Key::instant), 5'000);
}

TEST(UntrustedTime, L054_IsToldWithoutAWall) {
  SimulatedDevice device({.rtc = hal_sim::RtcKind::none, .synced = false});
  ASSERT_TRUE(device.boot().ok());
  Peer peer(device);
  ASSERT_TRUE(peer.birth());
  const auto time = peer.ask(Message::time_query);
  ASSERT_TRUE(time.ok());
  EXPECT_EQ(time->get_uint(Key::trust), 0U);
  EXPECT_TRUE(time->has(Key::instant));
  EXPECT_FALSE(time->has(Key::wall));
}

// -- who asks --

TEST_F(RequestsTest, L061_AComponentDoesNotSeeAnothersJob) {
  Peer fan = peer(kFan);
  Peer pump = peer(kPump);
  const auto job = value_of(fan.ask(Message::job_enqueue, later_job("backup")));
  EXPECT_EQ(pump.ask(Message::job_get, id_of(job)).error().code, "job.not_found");
  EXPECT_EQ(pump.ask(Message::job_cancel, id_of(job)).error().code, "job.not_found");
  EXPECT_EQ(pump.ask(Message::explain, id_of(job)).error().code, "job.not_found");
  EXPECT_EQ(state_of(fan, job), static_cast<std::uint64_t>(State::scheduled));
  Peer admin = peer(kOperator);
  EXPECT_EQ(state_of(admin, job), static_cast<std::uint64_t>(State::scheduled));
  value_of(admin.ask(Message::job_cancel, id_of(job)));
  EXPECT_EQ(state_of(fan, job), static_cast<std::uint64_t>(State::cancelled));
}

TEST_F(RequestsTest, L066_TheOwnerIsWhoAsksWhateverTheBodySays) {
  Peer pump = peer(kPump);
  const auto job = value_of(pump.ask(Message::job_enqueue, later_job("backup").put_text(Key::component, "fan")));
  EXPECT_EQ(value_of(pump.ask(Message::job_get, id_of(job))).get_text(Key::component), "pump");
}

TEST_F(RequestsTest, L067_TwoClientsOfOneComponentShareItsJobsAndNothingElse) {
  Peer one = peer(kPump);
  Peer two = peer(kPump);
  EXPECT_NE(one.epoch(), two.epoch());
  const auto first = value_of(one.ask(Message::job_enqueue, later_job("backup")));
  const auto second = value_of(two.ask(Message::job_enqueue, later_job("backup")));
  EXPECT_EQ(one.seq(), two.seq());
  const std::set<std::uint64_t> both = {*first.get_uint(Key::id), *second.get_uint(Key::id)};
  EXPECT_EQ(ids_in(value_of(one.ask(Message::job_list))), both);
  EXPECT_EQ(ids_in(value_of(two.ask(Message::job_list))), both);
}

TEST_F(RequestsTest, WhatTheDeviceLivedThroughIsForReaders) {
  Peer pump = peer(kPump);
  for (const auto type : {Message::boots, Message::gaps, Message::report, Message::store_stats}) {
    EXPECT_EQ(pump.ask(type).error().code, "link.forbidden");
  }
  Peer reader = peer({"watcher", Role::reader});
  EXPECT_TRUE(reader.ask(Message::boots).ok());
}

TEST_F(RequestsTest, ASnapshotIsForOperatorsWhereThereIsAPlaceForIt) {
  Peer reader = peer({"watcher", Role::reader});
  EXPECT_EQ(reader.ask(Message::store_snapshot).error().code, "link.forbidden");
  Peer operator_ = peer(kOperator);
  EXPECT_EQ(operator_.ask(Message::store_snapshot).error().code, "store.snapshot_failed");  // none in simulation
}

// -- many at once --

TEST_F(RequestsTest, AWholeWindowIsAnsweredEachOnceAndInOrder) {
  Peer peer = this->peer();
  std::vector<std::uint64_t> asked;
  for (int i = 0; i < 32; ++i) asked.push_back(peer.send(Message::job_enqueue, later_job("backup")));
  std::vector<std::uint64_t> answered;
  for (const auto& frame : peer.take()) {
    ASSERT_EQ(frame.type, Message::reply);
    answered.push_back(Record::decode(frame.body)->get_uint(Key::re).value_or(0));
  }
  EXPECT_EQ(answered, asked);
  EXPECT_EQ(device_.jobs().size(), 32U);
}

TEST_F(RequestsTest, APeerThatIsGoneBeforeTheAnswerHarmsNobody) {
  Peer other = peer();
  {
    Peer gone = peer();
    gone.send(Message::job_enqueue, later_job("backup"));
    device_.link().cut();
  }
  device_.settle();
  device_.link().mend();
  EXPECT_FALSE(other.connected());
  Peer back = peer();
  EXPECT_TRUE(back.ask(Message::status).ok());
}

}  // namespace
}  // namespace dormouse::sim
