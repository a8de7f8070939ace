// SPDX-License-Identifier: Apache-2.0
// Runs the real program as a child and keeps what it said.
#pragma once

#include <string>
#include <vector>

namespace dormouse::cli {

struct Said {
  int exit = -1;  // -1: it did not end by itself
  std::string out;
  std::string error;
};

/// Without a shell; both streams are read to their end. DORMOUSE_SOCKET is not handed on.
Said run_program(const std::vector<std::string>& args);

}  // namespace dormouse::cli
