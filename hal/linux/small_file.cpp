// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/small_file.hpp"

#include <fstream>

namespace dormouse::hal_linux {

std::string text_of(const std::filesystem::path& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  std::string text(most, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace dormouse::hal_linux
