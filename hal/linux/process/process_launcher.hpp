// SPDX-License-Identifier: Apache-2.0
// Real processes, watched through the event loop.
#pragma once

#include <memory>

#include "hal/linux/event_loop.hpp"
#include "hal/process.hpp"

namespace dormouse::hal_linux {

inline constexpr std::size_t kept_output_bytes = 64 * 1024;
inline constexpr std::size_t kept_error_bytes = 4'000;

/// Processes are started on the loop's thread and die with it: run the loop on one thread for as long as they may
/// live. Ignores SIGPIPE for the whole program, since a child may close its input at any moment. Why a process
/// could not start stands in `error_tail`. The launcher is destroyed on the loop's thread or when the loop has
/// stopped: it kills what still runs, and no `ended` is called any more.
std::unique_ptr<hal::ProcessLauncher> make_process_launcher(AsioLoop& loop);

}  // namespace dormouse::hal_linux
