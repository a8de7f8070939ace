// SPDX-License-Identifier: Apache-2.0
// One batch as the journal holds it: a head of 56 bytes, then the batch's effects, padded with zeros to 8.
//
//   0  crc u32         CRC-32C over the rest of head and effects
//   4  length u32      of head and effects, without padding
//   8  sequence u64    of the batch
//   16 generation u32  the half's
//   20 epoch u32       the store epoch of the process that wrote it
//   24 prev u32        crc of the record before; of the journal's header for the first of a half
//   28 effects u16
//   30 flags u16       bits 0 and 1: trust of the wall time
//   32 durable u64     the highest sequence that was known durable when this was written
//   40 instant i64     when the batch was made: every record is a stamp of life
//   48 wall i64
//   56 effects: 1, key length u16, value length u32, key, value (a put)
//               2, key length u16, key                          (an erase)
//
// Integers are little-endian. Values are whole sealed records (envelope.hpp), never requests, so applying a record
// again changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/overlay.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::store {

inline constexpr std::size_t journal_head_bytes = 56;

struct JournalHead {
  std::uint32_t crc = 0;  // filled in by encode_journal_record
  std::uint32_t length = 0;
  std::uint64_t sequence = 0;
  std::uint32_t generation = 0;
  std::uint32_t epoch = 0;
  std::uint32_t prev = 0;
  std::uint16_t effects = 0;
  Trust trust = Trust::untrusted;
  std::uint64_t durable = 0;
  Instant instant;
  WallTime wall;

  std::uint64_t padded() const { return (length + 7U) / 8U * 8U; }
};

/// Bytes the record of these effects takes, padding included.
std::uint64_t journal_record_bytes(const Changes& effects);

/// The record, padded. Fills in crc, length and effects of the head. At most 65,535 effects.
Bytes encode_journal_record(JournalHead& head, const Changes& effects);

/// The head of the record that begins `bytes`, if a whole record with a right checksum begins there. Nothing is
/// allocated and no length is believed before that.
Result<JournalHead> decode_journal_head(BytesView bytes);
/// The length that whatever begins `bytes` (at least journal_head_bytes) claims: to be believed once all of it
/// passes decode_journal_head().
std::uint64_t claimed_journal_length(BytesView bytes);

/// The effects of a record that decode_journal_head() accepted. store.newer: an effect this program does not know.
Result<Changes> decode_effects(BytesView record, const JournalHead& head);

}  // namespace dormouse::store
