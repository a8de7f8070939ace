// SPDX-License-Identifier: Apache-2.0
// A real clock on a real loop, with the kernel's files where a test wants them, and what it told.
#pragma once

#include <fstream>
#include <utility>
#include <vector>

#include "hal/linux/clock/clock.hpp"
#include "hal/linux/files/small_file.hpp"
#include "tests/hal/linux_io/loop_runner.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

/// The root of a machine's files, see fixtures/README.md. Not to be written to.
inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(DORMOUSE_SOURCE_DIR) / "tests/hal/clock/fixtures" / name;
}

/// A copy of such a root that is the test's own.
struct Machine {
  explicit Machine(const std::string& name) {
    std::filesystem::copy(fixture(name), sys, std::filesystem::copy_options::recursive);
  }
  TempFolder folder;
  std::string sys = folder.path().string() + "/sys";
};

struct ClockBed {
  explicit ClockBed(ClockFacts facts = {}) { open(std::move(facts)); }
  void open(ClockFacts facts) {
    clock.reset();
    auto made = make_linux_clock(runner.loop, std::move(facts));
    check(made.ok(), "test:clock");
    clock = std::move(made).value();
    clock->listen([this](hal::ClockEvent event) { events.push_back(event); });
  }
  /// False: it did not come in time.
  bool told(hal::ClockEvent event) {
    return runner.until([&] { return !events.empty() && events.back() == event; });
  }

  LoopRunner runner;
  TempFolder folder;
  std::unique_ptr<hal::Clock> clock;
  std::vector<hal::ClockEvent> events;
};

}  // namespace dormouse::hal_linux
