// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/files/small_file.hpp"

#include <algorithm>
#include <fstream>

namespace dormouse::hal_linux {

std::string text_of(const std::filesystem::path& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char piece[1'024];
  while (file && text.size() < most) {
    file.read(piece, static_cast<std::streamsize>(std::min(sizeof piece, most - text.size())));
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

}  // namespace dormouse::hal_linux
