// SPDX-License-Identifier: Apache-2.0
// A forked child that looks at what may kill whoever looks: it tells what it finds over a pipe, and the caller
// learns how it ended. Nothing of the parent's is held by it: descriptors (and with them locks) are closed, signal
// handlers reset, and it dies with the thread that forked it.
//
// The strict rule is that a process with threads may only make system calls between fork and exec, for another
// thread's lock may be held in the child for ever. There is no program to exec here: an embedding program is not
// ours. So the look may use what is known to work there, and nothing else: malloc (glibc takes its locks around a
// fork), system calls, and code that knows no lock, such as a tree opened without LMDB's lock file. Streams,
// loggers, actors and whatever else another thread might have held are out of bounds. Should a look hang all the
// same, it is killed at the deadline like one that is slow, or where it never said a word long before that.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// The child's end of the pipe.
class Teller {
 public:
  explicit Teller(int fd) : fd_(fd) {}
  /// Returns when the pipe has taken it; ends the child if the parent does not listen any more.
  void tell(char kind, BytesView body) const;

 private:
  int fd_;
};

using Deadline = std::chrono::steady_clock::time_point;

/// Within which a look tells its first word.
inline constexpr std::chrono::milliseconds first_word_bound{15'000};

struct LookEnd {
  enum class How {
    finished,  // the look returned
    crashed,   // by a signal that its own doing raised: SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE
    killed,    // by a signal from outside
    late,      // by us, at the deadline
    silent     // by us: not one word was heard of it for so long
  };
  How how = How::finished;
  int signal = 0;  // of crashed and killed
};

/// Forks, runs the look in the child and hears each message in the caller. Blocks until the child is gone. Call it
/// on a thread that lives until then. `progress`, if there is one: every ten seconds, and at once. A look that
/// has not told a word within `silence` is given up. store.io: no
/// child could be made.
Result<LookEnd> look_in_child(const std::function<void(const Teller&)>& look,
                              const std::function<void(char kind, BytesView body)>& hear, Deadline deadline,
                              const std::function<void()>& progress = {},
                              std::chrono::milliseconds silence = first_word_bound);

}  // namespace dormouse::hal_linux
