// SPDX-License-Identifier: Apache-2.0
// The medium under small files that are written in place (heartbeat, journal): a seam that hal/ implements.
// Contract: what was written before a sync that succeeded survives a power cut. Of later writes any 512-byte
// unit may hold old or new bytes, in any order. A failed sync promises nothing, and reading back after it
// proves nothing. One thread at a time.
#pragma once

#include <cstdint>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::store {

class StorageMedium {
 public:
  virtual ~StorageMedium() = default;
  virtual std::uint64_t size() const = 0;  // fixed when the medium was made
  /// Reads up to `length` bytes; fewer only at the end. store.io if the medium fails.
  virtual Result<Bytes> read(std::uint64_t offset, std::uint64_t length) = 0;
  /// Writes all of `bytes` inside size(), or fails with store.io (any part may then be written).
  virtual Status write(std::uint64_t offset, BytesView bytes) = 0;
  virtual Status sync() = 0;
};

}  // namespace dormouse::store
