// SPDX-License-Identifier: Apache-2.0
// What stands in front of every record body in the tree, because the tree below has no checksums:
//
//   version u8   1
//   kind u8      the first byte of the key
//   flags u16    0
//   crc u32      CRC-32C over key, version, kind, flags, sequence and body
//   sequence u64 of the batch that wrote the record
//   body
//
// Integers are little-endian. The key is part of the checksum, so a record under a wrong key fails.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::store {

inline constexpr std::uint8_t envelope_version = 1;
inline constexpr std::size_t envelope_bytes = 16;

/// The record as it stands in the tree. The key must not be empty.
Bytes seal(BytesView key, std::uint64_t sequence, BytesView body);

struct Opened {
  std::uint64_t sequence = 0;
  BytesView body;  // inside the record
};
/// Takes a record apart. store.newer_record for a version above ours (its checksum is not ours to judge),
/// store.corrupt_record for whatever else does not fit.
Result<Opened> unseal(BytesView key, BytesView record);

/// The key for people: printable bytes as they are, others as \xNN.
std::string printable(BytesView key);

}  // namespace dormouse::store
