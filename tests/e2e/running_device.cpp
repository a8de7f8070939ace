// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/running_device.hpp"

#include <fstream>
#include <iostream>
#include <signal.h>

#include <gtest/gtest.h>

#include "runtime/jobs/job_codec.hpp"
#include "tools/dormouse/json.hpp"

namespace dormouse::e2e {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string handler(const std::string& name, const std::vector<std::string>& argv, const std::string& more) {
  return "[handlers." + name + "]\ncommand = " + Json(argv).dump() + "\nuser_if_root = \"nobody\"\n" + more + "\n";
}

std::string shell_handler(const std::string& name, const std::string& script, const std::string& more) {
  return handler(name, {"/bin/sh", "-c", script}, more);
}

RunningDevice::RunningDevice() : out_(folder_.path() / "out"), data_(folder_.path() / "data") {
  const auto enter = fs::perms::group_exec | fs::perms::others_exec;  // handlers may run as somebody else
  fs::permissions(folder(), enter, fs::perm_options::add);
  fs::create_directory(out_);
  fs::permissions(out_, fs::perms::all);
}

RunningDevice::~RunningDevice() {
  if (!testing::Test::HasFailure()) return;
  for (std::size_t i = 0; i < lives_.size(); ++i) {
    std::cerr << "-- life " << i + 1 << " of " << lives_.size() << "\n";
    for (const auto& event : lives_[i]->events()) std::cerr << event.dump() << "\n";
    std::cerr << hal_linux::content_of(errors_of(i));
  }
}

void RunningDevice::configure(const std::string& handlers_and_more) {
  configure_whole("[device]\nname = \"e2e\"\nvolatile_ok = true\n" + handlers_and_more);
}

void RunningDevice::configure_whole(const std::string& text) {
  hal_linux::write_file(config(), text);
}

void RunningDevice::launch(std::optional<std::size_t> kill_at_event) {
  const std::vector<std::string> args = {"run",    "--json",       "--config", config().string(),
                                         "--data", data_.string(), "--socket", socket()};
  lives_.push_back(std::make_unique<Life>(args, errors_of(lives_.size()), kill_at_event));
}

void RunningDevice::start() {
  launch();
  ASSERT_TRUE(life().wait_for("ready")) << errors();
}

void RunningDevice::kill() {
  life().signal(SIGKILL);
  ASSERT_EQ(life().wait(), -SIGKILL);
}

int RunningDevice::terminate() {
  life().signal(SIGTERM);
  return life().wait();
}

std::string RunningDevice::errors() const {
  return hal_linux::content_of(errors_of(lives_.size() - 1));
}

fs::path RunningDevice::errors_of(std::size_t life) const {
  return folder() / ("errors-" + std::to_string(life + 1));
}

cli::Said RunningDevice::say(std::vector<std::string> args) const {
  args.insert(args.begin(), {"--socket", socket()});
  return cli::run_program(args);
}

Json RunningDevice::ask(const std::vector<std::string>& args) const {
  auto with_json = args;
  with_json.emplace_back("--json");
  const auto said = say(with_json);
  EXPECT_EQ(said.exit, 0) << Json(args) << ": " << said.error;
  Json answer = Json::parse(said.out, nullptr, false);
  EXPECT_FALSE(answer.is_discarded()) << Json(args) << " said " << said.out;
  return answer;
}

Result<client::Client> RunningDevice::connect() const {
  return client::Client::connect(socket(), patience);
}

std::uint64_t RunningDevice::enqueue(const jobs::JobSpec& spec) const {
  auto client = connect();
  EXPECT_TRUE(client.ok()) << client.error().message;
  if (!client.ok()) return 0;
  return request(*client, wire::Message::job_enqueue, jobs::enqueue_body(spec)).value("id", std::uint64_t{0});
}

Json RunningDevice::job(std::uint64_t id) const {
  auto client = connect();
  EXPECT_TRUE(client.ok()) << client.error().message;
  if (!client.ok()) return {};
  wire::Record body;
  body.put_uint(wire::Key::id, id).put_bool(wire::Key::with_args, true);
  return request(*client, wire::Message::job_get, body);
}

Json RunningDevice::finished(std::uint64_t id) {
  const auto ended = life().wait_for([id](const Json& event) {
    const std::string kind = event.value("event", "");
    return event.value("id", std::uint64_t{0}) == id && event.value("state", "") != "scheduled" &&
           (kind == "ended" || kind == "missed");
  });
  EXPECT_TRUE(ended) << "job " << id << " did not end";
  return job(id);
}

Json request(client::Client& client, wire::Message type, const wire::Record& body) {
  const auto reply = client.request(type, body);
  EXPECT_TRUE(reply.ok()) << reply.error().code << ": " << reply.error().message;
  return reply.ok() ? cli::to_json(*reply) : Json::object();
}

}  // namespace dormouse::e2e
