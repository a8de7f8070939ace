// SPDX-License-Identifier: Apache-2.0
// What the disk itself takes for a sync: most other figures follow it.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

#include "runtime/base/check.hpp"
#include "tools/bench/figures.hpp"

namespace dormouse::bench {

Status measure_disk(const Options& options) {
  constexpr std::size_t block = 4'096;
  constexpr std::size_t blocks = 256;
  std::string name = (options.folder / "dormouse-bench-XXXXXX").string();
  const int fd = ::mkstemp(name.data());
  check(fd >= 0, "bench:mkstemp");
  ::unlink(name.c_str());
  const std::string all(block * blocks, 'x');
  bool well = ::pwrite(fd, all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()) && ::fsync(fd) == 0;
  std::vector<double> took_ms;
  for (std::size_t i = 0; i < (options.quick ? 50U : 500U) && well; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::string data(block, static_cast<char>('a' + i % 26));
    well =
        ::pwrite(fd, data.data(), block, static_cast<off_t>(i % blocks * block)) == static_cast<ssize_t>(block) &&
        ::fdatasync(fd) == 0;
    took_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  ::close(fd);
  if (!well) return Error{.code = "bench.disk", .message = "cannot write to " + options.folder.string()};
  std::sort(took_ms.begin(), took_ms.end());
  figure("one fdatasync of 4 KiB in place on this disk, p50 / p99",
         number(took_ms[took_ms.size() / 2], 2) + " ms / " + number(took_ms[took_ms.size() * 99 / 100], 2) + " ms");
  return done();
}

}  // namespace dormouse::bench
