// SPDX-License-Identifier: Apache-2.0
// A device as its user has one: the program with a configuration, a data directory and a socket in a folder of its
// own; started, asked, killed, started again. On a failed test it prints what every life of it said.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/jobs/job.hpp"
#include "tests/e2e/life.hpp"
#include "tests/hal/store_linux/places.hpp"
#include "tests/tools/dormouse/program.hpp"
#include "tools/client/client.hpp"

namespace dormouse::e2e {

std::vector<std::string> lines_of(const std::filesystem::path& path);

/// A handler of the configuration that runs argv; `more` are further lines of its table. As root it runs as nobody.
std::string handler(const std::string& name, const std::vector<std::string>& argv, const std::string& more = "");
std::string shell_handler(const std::string& name, const std::string& script, const std::string& more = "");

class RunningDevice {
 public:
  /// Nothing is written or started yet.
  RunningDevice();
  ~RunningDevice();

  const std::filesystem::path& folder() const { return folder_.path(); }
  /// Where handlers may write, whoever they run as.
  const std::filesystem::path& out() const { return out_; }
  std::filesystem::path data() const { return data_; }
  std::string socket() const { return (folder_.path() / "socket").string(); }
  std::filesystem::path config() const { return folder_.path() / "config.toml"; }

  /// What the configuration holds beside [device].
  void configure(const std::string& handlers_and_more);
  void configure_whole(const std::string& text);
  void keep_data_in(const std::filesystem::path& path) { data_ = path; }

  /// A new life, waited for until it is ready. A failure of the test if it never is.
  void start();
  /// The same, not waited for.
  void launch(std::optional<std::size_t> kill_at_event = {});
  Life& life() { return *lives_.back(); }
  /// As a power cut does it, except that the kernel lives on.
  void kill();
  /// SIGTERM; the exit code.
  int terminate();
  /// What the last life said on standard error.
  std::string errors() const;

  /// A command of the program, asked of this device.
  cli::Said say(std::vector<std::string> args) const;
  /// The same with --json, understood; a failure of the test if it does not end well.
  Json ask(const std::vector<std::string>& args) const;
  Result<client::Client> connect() const;

  /// Enqueues by the socket; 0, and a failure of the test, if it is refused.
  std::uint64_t enqueue(const jobs::JobSpec& spec) const;
  Json job(std::uint64_t id) const;
  /// The job once it has ended, in this life.
  Json finished(std::uint64_t id);

 private:
  std::filesystem::path errors_of(std::size_t life) const;

  TempFolder folder_;
  std::filesystem::path out_;
  std::filesystem::path data_;
  std::vector<std::unique_ptr<Life>> lives_;
};

/// What the device answered, in the words of --json.
Json request(client::Client& client, wire::Message type, const wire::Record& body);

}  // namespace dormouse::e2e
