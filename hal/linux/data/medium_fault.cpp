// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/medium_fault.hpp"

#include <signal.h>
#include <string>
#include <unistd.h>

namespace dormouse::hal_linux {

namespace {

// Laid out before it is needed: the handler may neither allocate nor format.
std::string* last_words = nullptr;

[[noreturn]] void end(int) {
  if (::write(STDERR_FILENO, last_words->data(), last_words->size()) < 0) ::_exit(medium_fault_exit_code);
  ::_exit(medium_fault_exit_code);
}

}  // namespace

void end_on_medium_fault(const std::filesystem::path& file) {
  static std::string words;
  words = "error store.io: a page of " + file.string() +
          " cannot be read (SIGBUS); the process ends, and the next start verifies the store\n";
  last_words = &words;
  struct sigaction action {};
  action.sa_handler = end;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace dormouse::hal_linux
