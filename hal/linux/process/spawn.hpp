// SPDX-License-Identifier: Apache-2.0
// From a Command to a running process: everything between pipe() and exec. Knows nothing of the event loop.
// Call it on a thread that lives as long as the process may: the kernel kills the child when that thread ends.
#pragma once

#include <string>
#include <sys/types.h>

#include "hal/process.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// A child between fork and its end. The descriptors are the caller's, non-blocking and close-on-exec.
struct Spawned {
  pid_t pid = -1;      // also its process group and session
  int pidfd = -1;      // readable when it has ended
  int input = -1;      // its standard input, for writing
  int output = -1;     // its standard output
  int errors = -1;     // its standard error
  int complaint = -1;  // says why exec failed, see read_complaint()
};

/// exec.not_found, in words, if there is no child at all: unknown user, no descriptors, no memory. What only the
/// child can find out (no such program, not allowed) comes later, as a complaint.
Result<Spawned> spawn(const hal::Command& command);

/// After the child has ended: why it could not become the command; empty if it did.
std::string read_complaint(int fd, const hal::Command& command);

}  // namespace dormouse::hal_linux
