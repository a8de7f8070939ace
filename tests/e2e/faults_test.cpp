// SPDX-License-Identifier: Apache-2.0
// What stands in the way of a device, and what it then says: another process, a read-only or full or volatile file
// system, a store from the future, a wrong configuration. Nothing acknowledged is lost to any of it.
#include <unistd.h>

#include <gtest/gtest.h>

#include "hal/linux/files/file_system.hpp"
#include "runtime/jobs/job_codec.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "tests/e2e/running_device.hpp"

namespace dormouse::e2e {
namespace {

namespace fs = std::filesystem;

/// What the last life said of its end, with its exit code checked.
Json refusal(RunningDevice& device, int exit_code) {
  EXPECT_EQ(device.life().wait(), exit_code) << device.errors();
  const Json said = Json::parse(device.errors(), nullptr, false);
  EXPECT_TRUE(said.contains("error")) << device.errors();
  return said.value("error", Json::object());
}

std::string refusal_of(const cli::Said& said) {
  return Json::parse(said.error, nullptr, false).value("error", Json::object()).value("code", said.error);
}

// -- the data directory --

TEST(Faults, a_second_process_is_told_who_owns_the_data_and_disturbs_nobody) {
  RunningDevice device;
  device.configure(handler("true", {"/bin/true"}));
  device.start();
  const auto second = cli::run_program({"run", "--json", "--config", device.config().string(), "--data",
                                        device.data().string(), "--socket", device.socket() + "-2"});
  EXPECT_EQ(second.exit, 1);
  EXPECT_EQ(refusal_of(second), "store.locked");
  EXPECT_NE(second.error.find("process " + std::to_string(device.life().pid())), std::string::npos) << second.error;
  EXPECT_EQ(device.finished(device.enqueue({.handler = "true"})).value("state", ""), "succeeded");

  const auto checked = cli::run_program({"store", "check", device.data().string(), "--json"});
  EXPECT_EQ(checked.exit, 1);
  EXPECT_EQ(refusal_of(checked), "store.locked");
  EXPECT_EQ(device.terminate(), 0);
}

TEST(Faults, a_data_directory_that_cannot_be_written_is_called_read_only_or_not_permitted) {
  RunningDevice device;
  device.configure("");
  hal_linux::Mount mount("tmpfs", "size=4m");
  if (mount) {
    ASSERT_TRUE(mount.remount(MS_RDONLY));
    device.keep_data_in(mount.path() / "data");
  } else if (::geteuid() != 0) {
    fs::create_directory(device.folder() / "closed");
    fs::permissions(device.folder() / "closed", fs::perms::owner_read | fs::perms::owner_exec);
    device.keep_data_in(device.folder() / "closed" / "data");
  } else {
    GTEST_SKIP() << "root that may not mount has no read-only directory";
  }
  device.launch();
  const Json error = refusal(device, 1);
  EXPECT_EQ(error.value("code", ""), mount ? "store.read_only" : "store.not_permitted") << error.dump(2);
  EXPECT_NE(error.value("message", "").find(device.data().string()), std::string::npos) << error.dump(2);
}

TEST(Faults, on_a_full_disk_the_sender_is_told_the_device_lives_on_and_room_helps) {
  hal_linux::Mount mount("tmpfs", "size=1m");
  if (!mount) GTEST_SKIP() << "no small file system without the right to mount one";
  RunningDevice device;
  device.configure(handler("true", {"/bin/true"}));
  device.keep_data_in(mount.path() / "data");
  hal_linux::write_file(mount.path() / "ballast", std::string(400'000, 'x'));
  device.start();
  auto client = device.connect();
  ASSERT_TRUE(client.ok());
  const jobs::JobSpec large{
      .handler = "true", .args = Bytes(50'000, 'a'), .due = jobs::DueAfter{Duration{3'600'000}}};
  std::vector<std::uint64_t> kept;
  std::string refused;
  for (int i = 0; i < 100 && refused.empty(); ++i) {
    const auto reply = client->request(wire::Message::job_enqueue, jobs::enqueue_body(large));
    if (reply.ok()) kept.push_back(reply->get_uint(wire::Key::id).value_or(0));
    if (!reply.ok()) refused = reply.error().code;
  }
  EXPECT_TRUE(refused == "store.no_space" || refused == "store.full") << refused;
  EXPECT_FALSE(kept.empty());
  EXPECT_EQ(device.ask({"status"}).value("scheduled", std::size_t{0}), kept.size());

  fs::remove(mount.path() / "ballast");
  // The store looks for room again after a pause, which doubles with each try that found none.
  auto after = client->request(wire::Message::job_enqueue, jobs::enqueue_body(large));
  for (int tries = 0; !after.ok() && after.error().code == "store.no_space" && tries < 100'000; ++tries)
    after = client->request(wire::Message::job_enqueue, jobs::enqueue_body(large));
  ASSERT_TRUE(after.ok()) << after.error().code << ": " << after.error().message;
  kept.push_back(after->get_uint(wire::Key::id).value_or(0));
  device.kill();
  device.start();
  for (const auto id : kept) EXPECT_EQ(device.job(id).value("state", ""), "scheduled");
  EXPECT_EQ(device.terminate(), 0);
  EXPECT_EQ(cli::run_program({"store", "check", device.data().string()}).exit, 0);
}

TEST(Faults, a_store_that_goes_with_the_power_takes_no_jobs_unless_that_is_said_to_be_fine) {
  const auto kind = hal_linux::file_system_of("/dev/shm");
  if (!kind.ok() || !kind->is_volatile || ::access("/dev/shm", W_OK) != 0) GTEST_SKIP() << "no tmpfs to write to";
  RunningDevice device;
  device.configure_whole("[device]\nname = \"e2e\"\n" + handler("true", {"/bin/true"}));
  const fs::path data = "/dev/shm/" + device.folder().filename().string();
  device.keep_data_in(data);
  device.start();
  const auto said = device.say({"enqueue", "true", "--json"});
  EXPECT_EQ(said.exit, 1);
  EXPECT_EQ(refusal_of(said), "store.volatile") << said.error;
  EXPECT_EQ(device.ask({"jobs"}).size(), 0U);
  EXPECT_EQ(device.terminate(), 0);

  device.configure(handler("true", {"/bin/true"}));
  device.start();
  EXPECT_EQ(device.finished(device.enqueue({.handler = "true"})).value("state", ""), "succeeded");
  EXPECT_EQ(device.terminate(), 0);
  fs::remove_all(data);
}

TEST(Faults, a_store_of_a_newer_program_is_left_as_it_is_to_the_last_byte) {
  RunningDevice device;
  device.configure("");
  device.start();
  ASSERT_EQ(device.terminate(), 0);
  {
    auto tree = store::open_lmdb_tree(device.data() / "store", {});
    ASSERT_TRUE(tree.ok());
    ASSERT_TRUE(store::write_format(**tree, {.version = store::format_version + 1, .store_id = "future"}).ok());
    ASSERT_TRUE((*tree)->commit().ok());
  }
  const auto before = hal_linux::files_in(device.data());
  device.launch();
  const Json error = refusal(device, 1);
  EXPECT_EQ(error.value("code", ""), "store.newer") << error.dump(2);
  auto after = hal_linux::files_in(device.data());
  for (const auto& [name, content] : before) EXPECT_TRUE(name == "lock" || after[name] == content) << name;
  EXPECT_EQ(after.size(), before.size());
}

// -- what people give --

TEST(Faults, an_unknown_key_of_the_configuration_is_named_with_its_line) {
  RunningDevice device;
  device.configure_whole("[device]\nname = \"e2e\"\ncolour = \"red\"\n");
  device.launch();
  const Json error = refusal(device, 2);
  EXPECT_EQ(error.value("code", ""), "config.unknown_key");
  EXPECT_NE(device.errors().find("colour"), std::string::npos) << device.errors();
  EXPECT_NE(device.errors().find("config.toml:3"), std::string::npos) << device.errors();
  EXPECT_FALSE(fs::exists(device.data()));
}

TEST(Faults, without_a_device_a_command_says_so) {
  RunningDevice device;
  const auto said = device.say({"status"});
  EXPECT_EQ(said.exit, 1);
  EXPECT_TRUE(said.error.starts_with("error client.no_device: No device answers at " + device.socket()))
      << said.error;
  EXPECT_NE(said.error.find("hint: Start one with `dormouse run`"), std::string::npos) << said.error;
}

TEST(Faults, a_socket_file_left_by_a_killed_device_answers_nobody_and_stops_nobody) {
  RunningDevice device;
  device.configure("");
  device.start();
  device.kill();
  EXPECT_TRUE(fs::exists(device.socket()));
  EXPECT_EQ(refusal_of(device.say({"status", "--json"})), "client.no_device");
  device.start();
  EXPECT_EQ(device.say({"status"}).exit, 0);
}

TEST(Faults, a_job_that_cannot_be_is_refused_with_what_is_allowed) {
  RunningDevice device;
  device.configure(handler("true", {"/bin/true"}) + handler("backup", {"/bin/true"}));
  device.start();
  const auto unknown = device.say({"enqueue", "bakcup"});
  EXPECT_EQ(unknown.exit, 2);
  EXPECT_NE(unknown.error.find("handler must be one of: backup, true"), std::string::npos) << unknown.error;

  const auto large = device.say({"enqueue", "true", "--args", "\"" + std::string(100'001, 'x') + "\""});
  EXPECT_EQ(large.exit, 2);
  EXPECT_NE(large.error.find("100000"), std::string::npos) << large.error;

  auto client = device.connect();
  ASSERT_TRUE(client.ok());
  const auto too_large = client->request(wire::Message::job_enqueue,
                                         jobs::enqueue_body({.handler = "true", .args = Bytes(200'000, 'x')}));
  ASSERT_FALSE(too_large.ok());
  EXPECT_EQ(too_large.error().code, "link.too_large");
  EXPECT_EQ(device.ask({"jobs"}).size(), 0U);
}

}  // namespace
}  // namespace dormouse::e2e
