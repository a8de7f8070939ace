// SPDX-License-Identifier: Apache-2.0
// What the kernel counts as written, to hold our own counters against.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "runtime/base/result.hpp"

namespace dormouse::bench {

class KernelWrites {
 public:
  /// Looks for a count that can be read and that follows what is written in `folder`: the device's sectors, else
  /// what this process caused to be written. Takes a second.
  explicit KernelWrites(std::filesystem::path folder);

  /// Which count is used, or why none, in words.
  const std::string& source() const { return source_; }

  /// Does the work that often and answers the least that was written, the file system's own writes included: others
  /// may write to the same device meanwhile and can only add. None if there is no count.
  Result<std::optional<std::uint64_t>> least(unsigned times, const std::function<Status()>& work) const;

 private:
  using Count = std::function<std::optional<std::uint64_t>()>;
  std::optional<std::uint64_t> bytes() const;
  bool plausible();
  std::filesystem::path folder_;
  Count count_;
  std::string source_;
};

}  // namespace dormouse::bench
