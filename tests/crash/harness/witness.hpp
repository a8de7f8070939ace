// SPDX-License-Identifier: Apache-2.0
// Who is told what a store promised, as it promises it.
#pragma once

#include <cstdint>

namespace dormouse::crash {

class Witness {
 public:
  virtual ~Witness() = default;
  /// The batch is about to be handed to the store: from here on its effects may be on the medium.
  virtual void applied(std::uint64_t sequence) = 0;
  /// All batches up to it are in the journal's file or better: a killed process keeps them.
  virtual void answered(std::uint64_t /*sequence*/) {}
  /// All batches up to it were answered as durable: a cut keeps them.
  virtual void acked(std::uint64_t sequence) = 0;
};

}  // namespace dormouse::crash
