// SPDX-License-Identifier: Apache-2.0
// Sealing and opening of records; the layout stands above the header.
#include "runtime/store/envelope.hpp"

#include "runtime/base/check.hpp"
#include "runtime/store/little_endian.hpp"
#include "runtime/wire/crc32c.h"

namespace dormouse::store {

namespace {

constexpr std::size_t crc_at = 4;
constexpr std::size_t sequence_at = 8;

/// Over everything but the checksum itself.
std::uint32_t checksum(BytesView key, BytesView record) {
  std::uint32_t crc = dm_crc32c(0, key.data(), key.size());
  crc = dm_crc32c(crc, record.data(), crc_at);
  return dm_crc32c(crc, record.data() + sequence_at, record.size() - sequence_at);
}

Error corrupt(BytesView key, const char* why) {
  return {.code = "store.corrupt_record", .message = "record " + printable(key) + " cannot be read: " + why};
}

}  // namespace

Bytes seal(BytesView key, std::uint64_t sequence, BytesView body) {
  check(!key.empty(), "envelope:empty_key");
  Bytes record(envelope_bytes, '\0');
  record[0] = static_cast<char>(envelope_version);
  record[1] = key[0];
  write_le(record, sequence_at, sequence);
  record.append(body);
  write_le(record, crc_at, checksum(key, record));
  return record;
}

Result<Opened> unseal(BytesView key, BytesView record) {
  if (record.size() < envelope_bytes) return corrupt(key, "it is shorter than its envelope");
  const auto version = static_cast<std::uint8_t>(record[0]);
  if (version > envelope_version)
    return Error{.code = "store.newer_record",
                 .message = "record " + printable(key) + " has version " + std::to_string(version) +
                            ", this program knows up to " + std::to_string(envelope_version),
                 .hint = "run the newer program again"};
  if (version == 0) return corrupt(key, "it has no version");
  if (key.empty() || record[1] != key[0]) return corrupt(key, "it is of another kind than its key");
  if (read_le<std::uint32_t>(record, crc_at) != checksum(key, record)) return corrupt(key, "its checksum is wrong");
  return Opened{read_le<std::uint64_t>(record, sequence_at), record.substr(envelope_bytes)};
}

std::string printable(BytesView key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\\') {
      text.push_back(c);
    } else {
      text += "\\x";
      text.push_back(digits[byte >> 4]);
      text.push_back(digits[byte & 0xF]);
    }
  }
  return text;
}

}  // namespace dormouse::store
