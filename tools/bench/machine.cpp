// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/machine.hpp"

#include <chrono>
#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/utsname.h>
#include <thread>

#include "runtime/time/rfc3339.hpp"

namespace dormouse::bench {

namespace {

std::string today() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return format_utc(WallTime{std::chrono::duration_cast<Duration>(now).count()}).substr(0, 10);
}

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  constexpr std::string_view key = "model name";
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(key)) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

/// Type and options of the mount that holds the folder: the longest mount point that begins its path.
std::string file_system(const std::filesystem::path& folder) {
  std::ifstream mounts("/proc/self/mounts");
  const std::string path = std::filesystem::weakly_canonical(folder).string() + "/";
  std::string best;
  std::string type = "unknown";
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string device;
    std::string point;
    std::string kind;
    fields >> device >> point >> kind;
    const std::string prefix = point == "/" ? point : point + "/";
    if (!path.starts_with(prefix) || prefix.size() < best.size()) continue;
    best = prefix;
    type = kind;
  }
  return type;
}

}  // namespace

std::string machine_line(const std::filesystem::path& folder) {
  utsname kernel{};
  ::uname(&kernel);
  return today() + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores (" + cpu_model() +
         "), Linux " + kernel.release + ", " + file_system(folder) + ", " DORMOUSE_BUILD_TYPE;
}

}  // namespace dormouse::bench
