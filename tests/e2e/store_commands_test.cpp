// SPDX-License-Identifier: Apache-2.0
// The commands below `store` and `flash`, on the data directories of devices that ran and of one that runs.
#include <map>

#include <gtest/gtest.h>

#include "tests/e2e/running_device.hpp"

namespace dormouse::e2e {
namespace {

namespace fs = std::filesystem;
using hal_linux::files_in;

/// A device that has work waiting for tomorrow.
class StoreCommands : public testing::Test {
 protected:
  void SetUp() override {
    device.configure(handler("noop", {"/bin/true"}));
    device.start();
    wait_for_tomorrow(3);
  }
  void wait_for_tomorrow(int jobs) {
    for (int i = 0; i < jobs; ++i) {
      jobs::JobSpec spec;
      spec.handler = "noop";
      spec.due = jobs::DueAfter{Duration{86'400'000}};
      device.enqueue(spec);
    }
  }
  void stop() { ASSERT_EQ(device.terminate(), 0); }
  /// How many jobs a device on that directory would have.
  std::uint64_t jobs_waiting() {
    device.start();
    const auto status = device.ask({"status"});
    return status["scheduled"];
  }
  cli::Said store(std::vector<std::string> args) const {
    args.insert(args.begin(), "store");
    return cli::run_program(args);
  }
  /// Understood and done.
  Json store_json(std::vector<std::string> args) const {
    args.push_back("--json");
    const auto said = store(args);
    EXPECT_EQ(said.exit, 0) << said.error;
    return Json::parse(said.out, nullptr, false);
  }
  std::string data() const { return device.data(); }
  std::string beside(const std::string& name) const { return device.folder() / name; }

  RunningDevice device;
};

std::map<std::string, fs::file_time_type> times_in(const fs::path& folder) {
  std::map<std::string, fs::file_time_type> times;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) times[entry.path()] = entry.last_write_time();
  return times;
}

TEST_F(StoreCommands, D099_stats_of_a_clean_stopped_store_change_neither_epoch_nor_files_nor_lock) {
  stop();
  const auto files = files_in(data());
  const auto times = times_in(data());
  const auto first = store_json({"stats", data()});
  EXPECT_EQ(first["boot"], 1);
  EXPECT_EQ(first["epoch"], 1);
  EXPECT_EQ(first["store"].get<std::string>().size(), 32U);
  EXPECT_EQ(first["in_journal"], 0);
  EXPECT_GT(first["records"], 6);
  EXPECT_EQ(store_json({"stats", data()}), first);
  EXPECT_EQ(files_in(data()), files);
  EXPECT_EQ(times_in(data()), times);

  const auto said = store({"stats", data()});
  EXPECT_EQ(said.exit, 0);
  EXPECT_NE(said.out.find("boot       1, epoch 1\n"), std::string::npos) << said.out;
  EXPECT_EQ(jobs_waiting(), 3U);
  stop();
  EXPECT_EQ(store_json({"stats", data()})["epoch"], 2);
}

TEST_F(StoreCommands, all_but_backup_leave_an_owned_store_alone) {
  for (const auto* command : {"stats", "compact", "check"}) {
    const auto said = store({command, data()});
    EXPECT_EQ(said.exit, 1) << command;
    EXPECT_NE(said.error.find("store.locked"), std::string::npos) << said.error;
  }
  const auto backup = beside("backup");
  ASSERT_EQ(store({"backup", data(), backup, "--socket", device.socket()}).exit, 0);
  const auto restored = store({"restore", data(), backup});
  EXPECT_EQ(restored.exit, 1);
  EXPECT_NE(restored.error.find("store.locked"), std::string::npos) << restored.error;
}

TEST_F(StoreCommands, compact_keeps_everything) {
  device.kill();  // part of it stands in the journal alone
  const auto before = store_json({"stats", data()});
  const auto said = store({"compact", data()});
  EXPECT_EQ(said.exit, 0) << said.error;
  EXPECT_NE(said.out.find(" pages before"), std::string::npos) << said.out;
  const auto after = store_json({"stats", data()});
  EXPECT_EQ(after["sequence"], before["sequence"]);
  EXPECT_EQ(after["in_journal"], before["in_journal"]);
  EXPECT_EQ(after["records"], before["records"]);
  EXPECT_LE(after["pages"], before["pages"]);
  EXPECT_EQ(after["free_pages"], 0);
  EXPECT_EQ(jobs_waiting(), 3U);
}

TEST_F(StoreCommands, a_stopped_store_comes_back_from_its_backup) {
  stop();
  const auto files = files_in(data());
  const auto backup = store_json({"backup", data(), beside("backup")});
  EXPECT_EQ(backup["backup"], beside("backup"));
  EXPECT_EQ(backup["verified"], backup["records"]);
  EXPECT_EQ(files_in(data()), files) << "a backup only reads";
  EXPECT_EQ(files_in(beside("backup")).size(), 1U);

  device.start();
  wait_for_tomorrow(4);
  stop();
  const auto restored = store_json({"restore", data(), beside("backup")});
  EXPECT_EQ(restored["sequence"], backup["sequence"]);
  EXPECT_TRUE(fs::exists(device.data() / restored["replaced"].get<std::string>() / "data.mdb"));
  EXPECT_EQ(jobs_waiting(), 3U);
}

TEST_F(StoreCommands, a_run_makes_the_backup_of_its_own_store) {
  const auto backup = store_json({"backup", data(), beside("backup"), "--socket", device.socket()});
  EXPECT_GT(backup["sequence"], 2);
  EXPECT_EQ(backup["verified"], backup["records"]);
  wait_for_tomorrow(4);
  stop();
  ASSERT_EQ(store({"restore", data(), beside("backup")}).exit, 0);
  EXPECT_EQ(jobs_waiting(), 3U);
  stop();
  EXPECT_EQ(store_json({"restore", data(), "newest"})["sequence"], backup["sequence"])
      << "the snapshot that the run had made";
}

TEST_F(StoreCommands, flash_tells_what_was_written_and_stats_tell_it_of_the_stopped_store) {
  const auto find = [](const Json& items, const std::string& name, const std::string& cause) {
    for (const auto& item : items)
      if (item.value("name", "") == name && item.value("cause", "") == cause) return item;
    return Json();
  };
  const auto items = device.ask({"flash"});
  EXPECT_GE(find(items, "today", "").value("bytes", 0), find(items, "cause", "journal").value("bytes", 0));
  EXPECT_GE(find(items, "cause", "journal").value("syncs", 0), 3);
  EXPECT_GT(find(items, "cause", "create").value("bytes", 0), 512 * 1024) << "the journal alone";
  EXPECT_TRUE(find(items, "wear", "").is_object());
  const auto text = device.say({"flash"});
  EXPECT_EQ(text.exit, 0);
  EXPECT_TRUE(text.out.starts_with("today, ")) << text.out;
  EXPECT_NE(text.out.find("\nwear: "), std::string::npos) << text.out;

  stop();
  const auto stopped = store_json({"stats", data()})["flash"];
  EXPECT_EQ(find(stopped, "cause", "create"), find(items, "cause", "create"));
  EXPECT_GE(find(stopped, "cause", "journal").value("bytes", 0), find(items, "cause", "journal").value("bytes", 0));

  device.start();
  const auto again = device.ask({"flash"});
  EXPECT_GE(find(again, "today", "").value("bytes", 0), find(stopped, "today", "").value("bytes", 0));
}

TEST_F(StoreCommands, flush_makes_a_running_device_commit_what_the_journal_alone_had) {
  EXPECT_EQ(device.say({"store", "flush"}).out, "all is durable\n");
  EXPECT_EQ(device.say({"store", "flush", "--checkpoint"}).out, "all is durable and committed\n");
  EXPECT_EQ(device.ask({"store", "flush", "--checkpoint"}), Json::object());
  device.kill();
  EXPECT_EQ(store_json({"stats", data()})["in_journal"], 0);
  const auto gone = device.say({"store", "flush"});
  EXPECT_EQ(gone.exit, device.say({"status"}).exit) << "as whoever asks a device that does not run";
  EXPECT_NE(gone.exit, 0);
  EXPECT_EQ(jobs_waiting(), 3U);
}

TEST_F(StoreCommands, a_backup_of_an_owned_store_says_who_could_make_it) {
  const auto silent = store({"backup", data(), beside("backup"), "--socket", beside("nobody")});
  EXPECT_EQ(silent.exit, 1);
  EXPECT_NE(silent.error.find("store.locked"), std::string::npos) << silent.error;
  EXPECT_NE(silent.error.find("--socket"), std::string::npos) << silent.error;
  RunningDevice other;
  other.configure("");
  other.start();
  const auto wrong = store({"backup", data(), beside("backup"), "--socket", other.socket()});
  EXPECT_EQ(wrong.exit, 1);
  EXPECT_NE(wrong.error.find("another data directory"), std::string::npos) << wrong.error;
  EXPECT_FALSE(fs::exists(beside("backup")));
}

TEST_F(StoreCommands, what_cannot_be_done_is_said_and_changes_nothing) {
  stop();
  const auto files = files_in(data());
  const auto none = store({"restore", data(), "newest"});
  EXPECT_EQ(none.exit, 1);
  EXPECT_NE(none.error.find("store.no_snapshot"), std::string::npos) << none.error;
  fs::create_directories(beside("taken"));
  EXPECT_EQ(store({"backup", data(), beside("taken")}).exit, 2);
  EXPECT_EQ(store({"backup", data()}).exit, 2);
  EXPECT_EQ(store({"restore", data(), beside("taken"), "--board", "toaster"}).exit, 2);
  EXPECT_EQ(store({"stats", beside("nothing")}).exit, 1);
  EXPECT_EQ(store({"compact", beside("nothing")}).exit, 1);
  EXPECT_EQ(store({"restore", beside("nothing"), beside("taken")}).exit, 1);
  EXPECT_FALSE(fs::exists(beside("nothing")));
  EXPECT_EQ(files_in(data()), files);
  for (const auto* command : {"check", "stats", "compact", "flush", "backup", "restore"})
    EXPECT_EQ(store({command, "--help"}).exit, 0) << command;
}

}  // namespace
}  // namespace dormouse::e2e
