// SPDX-License-Identifier: Apache-2.0
// The power goes at every point of something that changes what lies in a folder, and whoever asks looks at each
// state that the medium may then hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "tests/crash/harness/recorder.hpp"
#include "tests/crash/harness/states.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {

/// Records `change` in `folder`, then lays out each state it may leave and calls `look` with it and the folder in
/// which it lies. Ends at the first state that fails; answers how many there were.
inline std::size_t cut_everywhere(
    const std::filesystem::path& folder, const std::function<void()>& change,
    const std::function<void(const crash::Image&, const std::filesystem::path&)>& look) {
  constexpr std::uint64_t seed = 20'260'101;
  constexpr std::size_t states_at_a_point = 12;
  crash::Recorder recorder(folder);
  change();
  const crash::Record record = recorder.stop();
  std::mt19937_64 random(seed);
  crash::Builder builder(record);
  std::size_t states = 0;
  for (std::size_t point = 0; point <= record.ops.size(); ++point) {
    if (!crash::is_point(record, point)) continue;
    for (const crash::Cut& cut : crash::draw_cuts(record, point, states_at_a_point, random)) {
      const crash::Image image = builder.build(cut);
      const TempFolder room(TempFolder::Where::memory);
      const auto place = room.path() / "data";
      image.write_to(place);
      look(image, place);
      ++states;
      const std::string next = point < record.ops.size() ? describe(record, record.ops[point]) : "the end";
      EXPECT_FALSE(testing::Test::HasFailure())
          << "state " << states << ", cut at " << point << " of " << record.ops.size() << ", before: " << next;
      if (testing::Test::HasFailure()) return states;
    }
  }
  testing::Test::RecordProperty("states", static_cast<int>(states));
  return states;
}

}  // namespace dormouse::hal_linux
