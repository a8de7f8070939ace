// SPDX-License-Identifier: Apache-2.0
// Bytes from hex, and the random records of one seed.
#include "tests/runtime/wire/helpers.hpp"

#include <cctype>

namespace dormouse::wire::testing {

Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  std::string digits;
  for (const char c : hex) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return bytes;
}

std::string to_hex(BytesView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    if (!hex.empty()) hex += ' ';
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

namespace {

/// All magnitudes alike, so that every length of head occurs.
std::uint64_t random_number(std::mt19937_64& random) {
  return random() >> (random() % 64);
}

std::string random_text(std::mt19937_64& random) {
  static const std::string kPieces[] = {"a", "blink", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x90\xAD", "0"};
  std::string text;
  for (auto left = random() % 20; left > 0; --left) text += kPieces[random() % std::size(kPieces)];
  return text;
}

template <class Make>
auto random_list(std::mt19937_64& random, Make make) {
  std::vector<decltype(make())> list;
  for (auto left = random() % 65; left > 0; --left) list.push_back(make());
  return list;
}

}  // namespace

Record random_record(std::mt19937_64& random, int depth) {
  Record record;
  for (auto left = random() % (depth == 1 ? 65 : 6); left > 0; --left) {
    const Key key = static_cast<Key>(random() % 4 == 0 ? random() % 65'536 : random() % 60);
    switch (random() % (depth == 4 ? 6 : depth == 3 ? 9 : 10)) {
      case 0:
        record.put_int(key, static_cast<std::int64_t>(random_number(random)) * -1);
        break;
      case 1:
        record.put_uint(key, random_number(random));
        break;
      case 2:
        record.put_bool(key, random() % 2 == 0);
        break;
      case 3:
        record.put_text(key, random_text(random));
        break;
      case 4:
        record.put_bytes(key, random_bytes(random, random() % 300));
        break;
      case 5:
        record.put_null(key);
        break;
      case 6:
        record.put_record(key, random_record(random, depth + 1));
        break;
      case 7:
        record.put_ints(key, random_list(random, [&] { return static_cast<std::int64_t>(random_number(random)); }));
        break;
      case 8:
        record.put_texts(key, random_list(random, [&] { return random_text(random); }));
        break;
      case 9:
        record.put_records(key, random_list(random, [&] { return random_record(random, depth + 2); }));
        break;
    }
  }
  return record;
}

}  // namespace dormouse::wire::testing
