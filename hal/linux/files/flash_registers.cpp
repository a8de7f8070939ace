// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/files/flash_registers.hpp"

#include <charconv>
#include <fstream>

namespace dormouse::hal_linux {

namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr int kSectorsWritten = 6;  // fields before it
constexpr std::size_t kLongestText = 4096;

std::string_view next_word(std::string_view& text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == text.npos) return text = {};
  text.remove_prefix(first);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

template <class Number>
std::optional<Number> number_of(std::string_view word, int base) {
  Number number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::optional<std::uint8_t> register_of(std::string_view word) {
  if (!word.starts_with("0x")) return std::nullopt;
  return number_of<std::uint8_t>(word.substr(2), 16);
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text(kLongestText, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

std::optional<std::array<std::uint8_t, 2>> parse_life_time(std::string_view text) {
  const auto first = register_of(next_word(text));
  const auto second = register_of(next_word(text));
  if (!first || !second || !next_word(text).empty()) return std::nullopt;
  return std::array{*first, *second};
}

std::optional<std::uint8_t> parse_pre_eol(std::string_view text) {
  const auto value = register_of(next_word(text));
  return next_word(text).empty() ? value : std::nullopt;
}

std::optional<std::uint64_t> parse_written_bytes(std::string_view stat) {
  for (int field = 0; field < kSectorsWritten; ++field) next_word(stat);
  const auto sectors = number_of<std::uint64_t>(next_word(stat), 10);
  if (!sectors || *sectors > UINT64_MAX / kSectorBytes) return std::nullopt;
  return *sectors * kSectorBytes;
}

store::FlashReading read_flash_registers(const std::string& device, const std::filesystem::path& sys_block) {
  const auto folder = sys_block / device;
  return {.life_time = parse_life_time(content_of(folder / "device/life_time")),
          .pre_eol = parse_pre_eol(content_of(folder / "device/pre_eol_info")),
          .device_bytes = parse_written_bytes(content_of(folder / "stat"))};
}

}  // namespace dormouse::hal_linux
