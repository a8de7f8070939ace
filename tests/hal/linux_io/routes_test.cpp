// SPDX-License-Identifier: Apache-2.0
// Routing tables as a kernel showed them.
#include "hal/linux/network/routes.hpp"

#include <gtest/gtest.h>

#include "hal/linux/files/small_file.hpp"

namespace dormouse::hal_linux {
namespace {

// Tables that a kernel showed (Linux 6.18), with a cable and a modem by turns.
TEST(Routes, that_a_kernel_showed_are_understood) {
  using hal::NetworkState;
  struct Row {
    const char* name;
    NetworkState state;
    std::string interface = {};
  };
  const Row rows[] = {
      {"nothing", NetworkState::offline},
      {"cable", NetworkState::unmetered},
      {"cable", NetworkState::offline, "wwan0"},
      {"cable-and-modem", NetworkState::unmetered},
      {"cable-and-modem", NetworkState::online, "wwan0"},
      {"modem", NetworkState::online},
      {"modem", NetworkState::offline, "eth0"},
      {"cable-version-6", NetworkState::unmetered},
      {"unreachable", NetworkState::offline},
  };
  const std::string folder = DORMOUSE_SOURCE_DIR "/tests/hal/linux_io/fixtures/routes/";
  for (const auto& row : rows) {
    const std::string v4 = text_of(folder + row.name + ".ipv4");
    const std::string v6 = text_of(folder + row.name + ".ipv6");
    ASSERT_FALSE(v4.empty() || v6.empty()) << row.name;
    EXPECT_EQ(network_state(v4, v6, {.interface = row.interface}), row.state) << row.name << " " << row.interface;
    // Cut off anywhere, it is read as far as it goes.
    for (std::size_t end = 0; end < v4.size(); end += 7)
      EXPECT_LE(network_state(v4.substr(0, end), "", {}), NetworkState::unmetered);
  }
}

}  // namespace
}  // namespace dormouse::hal_linux
