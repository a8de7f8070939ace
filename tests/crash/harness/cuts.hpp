// SPDX-License-Identifier: Apache-2.0
// For tests that make one cut and look at what is there, rather than many.
#pragma once

#include <filesystem>
#include <string>

#include "tests/crash/harness/states.hpp"
#include "tests/crash/harness/witness.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::crash {

struct Deaf final : Witness {
  void applied(std::uint64_t) override {}
  void acked(std::uint64_t) override {}
};

/// What a medium holds that kept nothing that was not synced.
inline Image synced_part(const Record& record, std::size_t point) {
  return Builder(record).build({.point = point, .kept = {}, .torn = {}, .units = {}});
}
inline Image synced_part(const Record& record) {
  return synced_part(record, record.ops.size());
}

/// Folders that images are laid out in, one after the other.
class Places {
 public:
  std::filesystem::path next() { return room_.path() / std::to_string(++count_); }
  std::filesystem::path lay_out(const Image& image) {
    const auto place = next();
    image.write_to(place);
    return place;
  }

 private:
  TempFolder room_{TempFolder::Where::memory};
  int count_ = 0;
};

}  // namespace dormouse::crash
