// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/store_marker.hpp"

#include <fstream>
#include <string_view>

#include "hal/linux/files/durable_file.hpp"

namespace dormouse::hal_linux {

namespace {

constexpr std::string_view rebuilding_word = "rebuilding ";

}  // namespace

std::optional<StoreMarker> read_marker(const std::filesystem::path& data) {
  const auto path = data / "provisioned";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  std::ifstream file(path);
  StoreMarker marker;
  std::getline(file, marker.store_id);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(rebuilding_word)) marker.rebuilding = line.substr(rebuilding_word.size());
  return marker;
}

Status write_marker(const std::filesystem::path& data, const StoreMarker& marker) {
  std::string text = marker.store_id + "\n";
  if (!marker.rebuilding.empty()) text += std::string(rebuilding_word) + marker.rebuilding + "\n";
  return replace_file(data / "provisioned", text);
}

}  // namespace dormouse::hal_linux
