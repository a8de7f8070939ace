// SPDX-License-Identifier: Apache-2.0
// One life of the program as a child process: `dormouse run --json` from its start to its end, with every event it
// tells. Kills and waits for this one process only, by its descriptor; dies with the test.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/time/types.hpp"

namespace dormouse::e2e {

using Json = nlohmann::json;
using Matches = std::function<bool(const Json& event)>;

/// How long anything here is waited for before the test says that it did not happen.
inline constexpr Duration patience{60'000};

class Life {
 public:
  /// Starts the program; what it says on standard error goes to `errors`. `kill_at_event` (1: the first) is the
  /// event that it does not survive.
  Life(const std::vector<std::string>& args, const std::filesystem::path& errors,
       std::optional<std::size_t> kill_at_event = {});
  ~Life();  // kills what still runs
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for the end: the exit code, or minus the signal. -1000: it did not end in time.
  int wait();
  /// Waits at most so long for the end; whether it came.
  bool ends_within(Duration time) const;

  /// The first event of this life that matches, waited for; none if the life ended, or time ran out, without.
  std::optional<Json> wait_for(const Matches& matches);
  /// The same for its name: "ready", "ended" ...; with `id` of this job.
  std::optional<Json> wait_for(const std::string& event, std::optional<std::uint64_t> id = {});
  /// Waits until more than `count` events are there; whether they came before the end.
  bool wait_for_more_than(std::size_t count);
  std::vector<Json> events() const;

 private:
  void listen(std::optional<std::size_t> kill_at_event);
  void take_line(const std::string& line, std::optional<std::size_t> kill_at_event);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int output_ = -1;
  std::optional<int> ended_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Json> events_;  // mutex_
  bool silent_ = false;       // mutex_: nothing more comes
  std::thread listener_;
};

}  // namespace dormouse::e2e
