// SPDX-License-Identifier: Apache-2.0
// A snapshot takes the place of a store: numbers go on above all that was given out, what may have run does not run
// again where it must not, and an owned folder is left alone.
#include "hal/linux/data/restore.hpp"

#include "hal/linux/data/store_marker.hpp"
#include "runtime/jobs/operations.hpp"
#include "tests/hal/store_rescue/damage.hpp"
#include "tests/runtime/time/day.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;
using test::clock;
using test::seconds;

const RtcState good_rtc{.present = true, .set_wall_at_boot = true, .valid = true};

/// A process of a device with jobs; one kernel boot each.
class Process {
 public:
  Process(const fs::path& path, WallTime wall) : life_(path) {
    const Instant instant{20'000};
    kernel_ += static_cast<char>(wall.ms / 1'000 % 251);
    reconcile::BootFacts facts;
    facts.sample = {instant, Duration{instant.ms}, wall};
    facts.kernel_boot_id = kernel_;
    facts.rtc = good_rtc;
    facts.build_date = test::kBuildDate;
    auto txn = life_.store().begin();
    auto start = reconcile::begin_boot(txn, facts, limits_);
    check(start.ok(), "test:begin_boot");
    life_.store().own(start->boot.epoch);
    check(txn.apply(store::Durability::durable).ok() && life_.store().sync().ok(), "test:boot");
    start_ = *start;
    now_ = {instant, wall, start_.trust.trust(), start_.boot.number, start_.boot.kernel_boot};
  }
  Life& life() { return life_; }
  std::uint32_t epoch() const { return start_.boot.epoch; }
  void pass(Duration time) {
    now_.instant = now_.instant + time;
    now_.wall = now_.wall + time;
  }

  template <class Op>
  auto run(Op&& op) {
    auto txn = life_.store().begin(now_);
    jobs::Work work{txn, now_, start_.spans, limits_, handlers_, start_.boot.epoch};
    auto result = op(work);
    check(txn.apply(store::Durability::durable).ok() && life_.store().sync().ok(), "test:apply");
    return result;
  }
  std::uint64_t enqueue(const jobs::JobSpec& spec) {
    return run(
        [&](jobs::Work& work) { return jobs::enqueue(work, {}, jobs::Trigger::call, {spec}).value().front().id; });
  }
  std::vector<jobs::Claimed> claim(std::uint64_t id) {
    return run([&](jobs::Work& work) { return jobs::claim(work, {id}).claimed; });
  }
  std::optional<Error> finish(const jobs::Token& token) {
    return run([&](jobs::Work& work) {
      return jobs::finish(work, {{token, jobs::Outcome::ok(), {}}}).front().refused;
    });
  }
  jobs::Job job(std::uint64_t id) {
    return run([&](jobs::Work& work) { return jobs::get(work, {}, id, false).value(); });
  }
  std::optional<reconcile::Report> reconcile() {
    while (true) {
      auto pass = run([&](jobs::Work& work) { return reconcile::reconcile(work, reconcile::Trigger::boot); });
      if (!pass.more) return pass.report;
    }
  }

 private:
  Life life_;
  Limits limits_;
  std::set<std::string> handlers_{"work"};
  std::string kernel_ = std::string(15, 'k');
  reconcile::BootStart start_;
  Now now_;
};

jobs::JobSpec job_due(WallTime due, jobs::Delivery delivery) {
  jobs::JobSpec spec{.handler = "work", .due = jobs::DueAt{due}};
  spec.misfire = jobs::Misfire::catch_up();
  spec.delivery = delivery;
  return spec;
}

fs::path newest_snapshot(const fs::path& data) {
  return list_snapshots(data)->at(0).path;
}

TEST(Restore, D077_AnAtMostOnceJobThatRanAfterTheSnapshotEndsMissedAndNeverRuns) {
  const TempFolder folder;
  const auto& path = folder.path();
  std::uint64_t once = 0;
  std::uint64_t often = 0;
  std::uint64_t later = 0;
  std::uint64_t elapsed = 0;
  {
    Process process(path, clock("10:00:00"));
    once = process.enqueue(job_due(clock("11:00:00"), jobs::Delivery::at_most_once));
    often = process.enqueue(job_due(clock("11:00:00"), jobs::Delivery::at_least_once));
    later = process.enqueue(job_due(clock("15:00:00"), jobs::Delivery::at_most_once));
    auto spec = job_due({}, jobs::Delivery::at_most_once);
    spec.due = jobs::DueAfter{seconds(3'600)};
    elapsed = process.enqueue(spec);
    snapshot_of(process.life(), 1);
    process.pass(seconds(3'600));
    for (const auto id : {once, often, elapsed}) {
      const auto claimed = process.claim(id);
      ASSERT_EQ(claimed.size(), 1u);
      EXPECT_FALSE(process.finish(claimed[0].job.token()));
    }
  }
  const auto restored = restore_snapshot(path, newest_snapshot(path), clock("12:00:00"), {});
  ASSERT_EQ(errors_of(restored), "ok") << restored.error().message;
  EXPECT_EQ(restored->replaced, "store.replaced-1");

  Process process(path, clock("14:00:00"));
  const auto report = process.reconcile();
  ASSERT_TRUE(report);
  for (const auto id : {once, elapsed}) {
    EXPECT_EQ(process.job(id).state, jobs::State::missed);
    EXPECT_EQ(process.job(id).reason, "restored");
    EXPECT_TRUE(process.claim(id).empty());
  }
  EXPECT_EQ(report->missed, 2u);
  ASSERT_FALSE(report->lines.empty());
  EXPECT_TRUE(says(report->lines[0].text, "may run again")) << report->lines[0].text;
  EXPECT_EQ(process.claim(often).size(), 1u) << "it follows its policy";
  EXPECT_EQ(process.job(later).state, jobs::State::scheduled) << "nobody can have run it";
  // A job of after the restore is none of those.
  const auto fresh = process.enqueue(job_due(clock("11:30:00"), jobs::Delivery::at_most_once));
  process.reconcile();
  EXPECT_NE(process.job(fresh).reason, "restored");
}

TEST(Restore, D078_TheEpochGoesAboveAllThatWereAndOldTokensAreRefused) {
  const TempFolder folder;
  const auto& path = folder.path();
  std::uint64_t id = 0;
  for (int boot = 1; boot <= 57; ++boot) {
    Process process(path, clock("10:00:00") + seconds(boot * 10));
    ASSERT_EQ(process.epoch(), static_cast<std::uint32_t>(boot));
    if (boot != 50) continue;
    id = process.enqueue(job_due(clock("10:00:00"), jobs::Delivery::at_least_once));
    snapshot_of(process.life(), 50);
  }
  overwrite(path / "store" / "data.mdb", 0, std::string(2 * page_bytes, '\0'));
  ASSERT_EQ(errors_of(restore_snapshot(path, newest_snapshot(path), clock("12:00:00"), {})), "ok");

  Process process(path, clock("12:00:00"));
  EXPECT_GT(process.epoch(), 57u);
  const auto claimed = process.claim(id);
  ASSERT_EQ(claimed.size(), 1u);
  for (std::uint32_t epoch = 51; epoch <= 57; ++epoch) {
    const auto refused = process.finish({epoch, id, claimed[0].job.token().attempt});
    ASSERT_TRUE(refused) << epoch;
    EXPECT_EQ(refused->code, "job.stale_attempt");
  }
  EXPECT_FALSE(process.finish(claimed[0].job.token()));
}

TEST(Restore, IdsGoOnAboveWhatTheReplacedStoreHadGivenOut) {
  const TempFolder folder;
  const auto& path = folder.path();
  std::uint64_t last = 0;
  {
    Process process(path, clock("10:00:00"));
    snapshot_of(process.life(), 1);
    for (int i = 0; i < 5; ++i) last = process.enqueue(job_due(clock("11:00:00"), jobs::Delivery::at_least_once));
  }  // the journal alone has these
  ASSERT_EQ(errors_of(restore_snapshot(path, newest_snapshot(path), clock("12:00:00"), {})), "ok");
  Process process(path, clock("12:00:00"));
  const auto next = process.enqueue(job_due(clock("13:00:00"), jobs::Delivery::at_least_once));
  EXPECT_EQ(next, last + 1) << "the tree could be read, so not a long way above";
  EXPECT_EQ(process.epoch(), 2u);
}

TEST(Restore, D076_AFolderThatARunOwnsIsLeftAlone) {
  const Home home;
  {
    auto life = home.open();
    life.put_range(1, 5);
    snapshot_of(life, 1);
  }
  const auto snapshot = newest_snapshot(home.path());
  Child run([&](const Child::Say& say) {
    Life life(home.path(), small_options());
    say(1);
    while (true) ::pause();
  });
  ASSERT_EQ(run.hear(), 1);
  const auto before = files_in(home.path());
  EXPECT_EQ(errors_of(restore_snapshot(home.path(), snapshot, {}, small_rescue())), "store.locked");
  EXPECT_EQ(files_in(home.path()), before);
  fs::remove(home.path() / "lock");
  EXPECT_EQ(errors_of(restore_snapshot(home.path(), snapshot, {}, small_rescue())), "store.locked")
      << "its journal is locked too";
}

TEST(Restore, ASnapshotThatIsNotSoundChangesNothing) {
  const Home home;
  {
    auto life = home.open();
    life.boot();
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(life.put("v" + std::to_string(i), Bytes(900, 'x')).ok());
    snapshot_of(life, 1);
    life.stop();
  }
  const auto snapshot = newest_snapshot(home.path());
  ruin(snapshot / "data.mdb");
  const auto before = files_in(home.path());
  EXPECT_EQ(errors_of(restore_snapshot(home.path(), snapshot, {}, small_rescue())), "store.broken");
  EXPECT_EQ(errors_of(restore_snapshot(home.path(), home.path() / "nothing", {}, small_rescue())), "store.broken");
  EXPECT_EQ(files_in(home.path()), before);
}

TEST(Restore, ABrokenOrMissingStoreCanBeRestoredAndOldOnesAreKeptApart) {
  const Home home;
  {
    auto life = home.open();
    life.boot();
    life.put_range(1, 5);
    snapshot_of(life, 1);
    life.put_range(6, 9);
  }
  const auto snapshot = newest_snapshot(home.path());
  ruin(home.data_file());
  ASSERT_EQ(errors_of(restore_snapshot(home.path(), snapshot, {}, small_rescue())), "ok");
  ASSERT_EQ(errors_of(restore_snapshot(home.path(), snapshot, {}, small_rescue())), "ok");
  EXPECT_TRUE(fs::exists(home.path() / "store.replaced-1"));
  EXPECT_TRUE(fs::exists(home.path() / "store.replaced-1-2"));
  fs::remove_all(home.path() / "store");
  const auto restored = restore_snapshot(home.path(), snapshot, {}, small_rescue());
  ASSERT_EQ(errors_of(restored), "ok");
  EXPECT_EQ(restored->replaced, "");
  auto life = home.open();
  EXPECT_EQ(life.count(), 5u);
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_GT(life.boot().boot.epoch, 1'001u) << "the broken one could not tell";
}

TEST(Restore, ARestoreThatLostItsCopyKeepsWhatItReplaced) {
  const Home home;
  std::string id;
  {
    auto life = home.open();
    life.boot();
    life.put_range(1, 5);
    id = life.opened.store_id;
  }
  fs::rename(home.path() / "store", home.path() / "store.replaced-1");
  ASSERT_TRUE(write_marker(home.path(), {id, "store.replaced-1"}).ok());
  auto life = home.open();
  EXPECT_EQ(life.count(), 5u);
  EXPECT_EQ(read_marker(home.path()), StoreMarker{id});
}

TEST(Backup, HoldsTheLastCheckpointWithTheJournalReplayedAndChangesNothing) {
  const Home home;
  home.killed([](Life& life) {
    life.put_range(1, 5);
    life.checkpoint();
    life.put_range(6, 9);
  });
  const auto before = files_in(home.path());
  const TempFolder elsewhere;
  const auto to = elsewhere.path() / "backup";
  const auto backup = back_up_store(home.path(), to, small_rescue());
  ASSERT_EQ(errors_of(backup), "ok");
  EXPECT_EQ(backup->sequence, 10u);
  EXPECT_EQ(backup->verification.verdict, Verification::Verdict::sound);
  EXPECT_EQ(files_in(home.path()), before);
  EXPECT_EQ(names_in(elsewhere.path()), std::set<std::string>{"backup"});
  EXPECT_EQ(names_in(to), std::set<std::string>{"data.mdb"});
  EXPECT_EQ(errors_of(back_up_store(home.path(), to, small_rescue())), "invalid_input");

  const TempFolder device;
  ASSERT_EQ(errors_of(restore_snapshot(device.path(), to, {}, small_rescue())), "ok");
  EXPECT_EQ(Life(device.path(), small_options()).count(), 9u);
}

TEST(Backup, OfABrokenOrOwnedStoreIsRefused) {
  const Home home;
  home.killed([](Life& life) { life.put_range(1, 5); });
  const TempFolder elsewhere;
  const auto to = elsewhere.path() / "backup";
  {
    auto life = home.open();
    EXPECT_EQ(errors_of(back_up_store(home.path(), to, small_rescue())), "store.locked");
  }
  ruin(home.data_file());
  EXPECT_EQ(errors_of(back_up_store(home.path(), to, small_rescue())), "store.broken");
  EXPECT_TRUE(fs::is_empty(elsewhere.path()));
}

}  // namespace
}  // namespace dormouse::hal_linux
