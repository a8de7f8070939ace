// SPDX-License-Identifier: Apache-2.0
// The tree is mapped, so a page that the medium cannot give, or a file that somebody has cut short, comes as SIGBUS
// in whatever was reading. Nothing can be saved then: what is durable is on the medium, and the next start verifies
// it.
#pragma once

#include <filesystem>

namespace dormouse::hal_linux {

/// What a supervisor sees: the input/output error of sysexits.h.
inline constexpr int medium_fault_exit_code = 74;

/// From now on SIGBUS writes one line that names the file to standard error and ends the process at once with that
/// code. For a program's main: the signals of an embedding program are not ours. Once, before threads.
void end_on_medium_fault(const std::filesystem::path& file);

}  // namespace dormouse::hal_linux
