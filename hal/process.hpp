// SPDX-License-Identifier: Apache-2.0
// Runs commands for `exec` handlers: no shell, own session and process group, args on standard input, output
// kept up to a bound, death with the parent. Callbacks come on the event loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal {

struct Command {
  std::vector<std::string> argv;                                 // argv[0] is a path or a name looked up in PATH
  std::string user;                                              // empty: the runtime's own
  std::string directory;                                         // empty: /
  std::vector<std::pair<std::string, std::string>> environment;  // whole; nothing is inherited
  Bytes input;
};

struct ProcessEnd {
  bool spawned = true;  // false: error_tail says why it could not start
  int exit_code = 0;    // if signal is 0
  int signal = 0;
  Bytes output;  // the first 64 KiB of standard output
  bool truncated = false;
  std::string error_tail;  // the last 4,000 bytes of standard error
};

using ProcessId = std::uint64_t;

class ProcessLauncher {
 public:
  virtual ~ProcessLauncher() = default;
  /// `ended` is called exactly once, after the first process was reaped and its group killed. From any thread.
  virtual ProcessId start(Command command, std::function<void(ProcessEnd)> ended) = 0;
  virtual void terminate(ProcessId id) = 0;  // SIGTERM to the group; unknown ids are fine
  virtual void kill(ProcessId id) = 0;       // SIGKILL to the group
};

}  // namespace dormouse::hal
