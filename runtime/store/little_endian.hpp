// SPDX-License-Identifier: Apache-2.0
// Fixed-width little-endian integers in byte strings: envelopes and the journal.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/bytes.hpp"

namespace dormouse::store {

template <class Integer>
void append_le(Bytes& out, Integer value) {
  auto rest = static_cast<std::uint64_t>(value);
  for (std::size_t i = 0; i < sizeof(Integer); ++i, rest >>= 8) out.push_back(static_cast<char>(rest & 0xFF));
}

/// Over what stands there. The bytes must reach that far.
template <class Integer>
void write_le(Bytes& bytes, std::size_t at, Integer value) {
  auto rest = static_cast<std::uint64_t>(value);
  for (std::size_t i = 0; i < sizeof(Integer); ++i, rest >>= 8) bytes[at + i] = static_cast<char>(rest & 0xFF);
}

/// The bytes must reach that far.
template <class Integer>
Integer read_le(BytesView bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Integer); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<Integer>(value);
}

}  // namespace dormouse::store
