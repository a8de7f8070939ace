// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/kernel_writes.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/bench/store_bed.hpp"

namespace dormouse::bench {

namespace {

constexpr std::uint64_t sector_bytes = 512;  // of these statistics, whatever the device has
constexpr std::uint64_t probe_block = 4'096;
constexpr std::uint64_t probe_blocks = 64;

std::string device_file(const std::filesystem::path& folder) {
  struct stat facts {};
  if (::stat(folder.c_str(), &facts) != 0) return "";
  return "/sys/dev/block/" + std::to_string(::major(facts.st_dev)) + ":" + std::to_string(::minor(facts.st_dev)) +
         "/stat";
}

std::optional<std::uint64_t> sectors_written(const std::string& file) {
  std::ifstream in(file);
  std::uint64_t field = 0;
  for (int i = 0; i < 7; ++i) in >> field;  // the seventh, see Documentation/block/stat.rst
  return in ? std::optional(field) : std::nullopt;
}

std::optional<std::uint64_t> process_bytes() {
  std::ifstream in("/proc/self/io");
  for (std::string name, value; in >> name >> value;)
    if (name == "write_bytes:") return std::stoull(value);
  return std::nullopt;
}

}  // namespace

KernelWrites::KernelWrites(std::filesystem::path folder) : folder_(std::move(folder)) {
  const std::string file = device_file(folder_);
  count_ = [file]() -> std::optional<std::uint64_t> {
    const auto sectors = sectors_written(file);
    return sectors ? std::optional(*sectors * sector_bytes) : std::nullopt;
  };
  source_ = file + " (all that is written to the device, so the least of several tries)";
  if (plausible()) return;
  count_ = process_bytes;
  source_ = "write_bytes of /proc/self/io";
  if (plausible()) return;
  count_ = nullptr;
  source_ = "none: neither the device's statistics nor /proc/self/io follow what is written here";
}

std::optional<std::uint64_t> KernelWrites::bytes() const {
  if (!count_) return std::nullopt;
  const int fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::syncfs(fd);
    ::close(fd);
  }
  return count_();
}

Result<std::optional<std::uint64_t>> KernelWrites::least(unsigned times,
                                                         const std::function<Status()>& work) const {
  std::optional<std::uint64_t> least;
  for (unsigned i = 0; i < times; ++i) {
    const auto before = bytes();
    if (auto worked = work(); !worked) return std::move(worked).error();
    const auto after = bytes();
    if (!before || !after) continue;
    least = std::min(least.value_or(*after - *before), *after - *before);
  }
  return least;
}

/// Whole blocks written in place with a sync each: the count must rise by these, and by little more than the file
/// system may add. (A kernel with large folios charges a process with the whole folio for one block.)
bool KernelWrites::plausible() {
  auto loop = BareLoop::make(folder_, probe_block);
  if (!loop) return false;
  const auto written = least(3, [&]() -> Status {
    for (std::uint64_t i = 0; i < probe_blocks; ++i)
      if (auto appended = (*loop)->append(); !appended) return appended;
    return done();
  });
  const std::uint64_t bytes = probe_block * probe_blocks;
  return written && *written && **written >= bytes && **written <= 4 * bytes;
}

}  // namespace dormouse::bench
