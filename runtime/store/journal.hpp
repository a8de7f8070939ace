// SPDX-License-Identifier: Apache-2.0
// The journal in front of the tree: a file of fixed size, a header block of 4 KiB and two halves. Records
// (journal_record.hpp) are appended to the half in use, which is generation modulo 2; a checkpoint of the tree
// raises the generation and so turns to the other half at its first byte. Nothing is ever reset: what stands there
// from older generations is told apart by generation, epoch and `prev`.
//
// The header, little-endian: magic "DMJOURNL", format u32, alignment u32 (0 packed, 1 block), half size u64,
// store id (32 hex digits, zeros for a store without one), crc u32 over all that. Written once.
//
// One thread. The first write or sync that fails spoils the half: it is not written again in its generation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/journal_record.hpp"
#include "runtime/store/medium.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::store {

inline constexpr std::uint64_t journal_header_bytes = 4096;

struct JournalFacts {
  enum class Align : std::uint32_t { packed = 0, block = 1 };
  std::uint64_t half_bytes = 256 * 1024;
  /// packed: a group continues in the last block, rewriting what stands there with equal bytes. block: each group
  /// begins a block, for media that may garble the block being written.
  Align align = Align::packed;
  std::string store_id;
  bool operator==(const JournalFacts&) const = default;

  std::uint64_t file_bytes() const { return journal_header_bytes + 2 * half_bytes; }
};
Bytes encode_journal_header(const JournalFacts& facts);
/// none: not a header (blank, garbled or foreign). store.newer for a later format.
Result<std::optional<JournalFacts>> decode_journal_header(BytesView block);

/// What stands in one half of one generation.
struct HalfContent {
  enum class End {
    clean,    // what follows the last record is no record of this generation
    torn,     // a record begins there and does not end: the power went while it was written
    corrupt,  // damaged, and later records tell that what is missing here had been durable
    gap       // its first record does not continue the sequence before it
  };
  struct Place {
    JournalHead head;
    std::uint64_t offset = 0;  // in `bytes`
  };
  Bytes bytes;  // the whole half
  std::vector<Place> records;
  End end = End::clean;
  std::uint64_t end_offset = 0;      // in the file
  std::uint64_t durable_beyond = 0;  // corrupt: the highest sequence said to be durable
  BytesView record(const Place& place) const { return BytesView(bytes).substr(place.offset, place.head.length); }
};

class Journal {
 public:
  /// Takes the medium, whose size must hold the facts'. Reads nothing.
  Journal(std::unique_ptr<StorageMedium> medium, JournalFacts facts);

  const JournalFacts& facts() const { return facts_; }
  Status write_header();  // and syncs

  /// Reads the half of that generation: records in a row that fit, then what ends them. A record is accepted while
  /// its checksum and generation fit, its sequence is the last + 1, `prev` fits and the epoch does not fall. The
  /// first may be the one above `after` or any before it.
  Result<HalfContent> read(std::uint32_t generation, std::uint64_t after) const;
  /// The highest generation that begins either half; 0 for a journal without a record.
  Result<std::uint32_t> newest_generation() const;

  /// Turns to the half of that generation, at its first byte.
  void begin(std::uint32_t generation);
  std::uint32_t generation() const { return generation_; }
  /// `prev` of the next record.
  std::uint32_t chain() const { return chain_; }
  /// Whether a group of that many bytes fits what is left of the half.
  bool fits(std::uint64_t bytes) const;
  /// Writes the group (records in a row, the last with this crc) behind the last one. store.io and others as met.
  Status append(BytesView group, std::uint32_t last_crc);
  /// Makes everything appended durable.
  Status sync();
  bool spoiled() const { return spoiled_; }
  std::uint64_t used_bytes() const { return position_; }
  /// Bytes rounded to the 4 KiB blocks touched between two syncs, and syncs.
  const Tree::Traffic& traffic() const { return traffic_; }

 private:
  std::uint64_t half_offset(std::uint32_t generation) const;
  Result<Bytes> read_first_record(std::uint32_t half) const;
  std::uint64_t group_start() const;

  std::unique_ptr<StorageMedium> medium_;
  JournalFacts facts_;
  std::uint32_t header_crc_ = 0;
  std::uint32_t generation_ = 0;
  std::uint64_t position_ = 0;      // in the half
  std::uint64_t unsynced_end_ = 0;  // of the blocks touched since the last sync; 0: none
  std::uint32_t chain_ = 0;
  bool spoiled_ = false;
  Tree::Traffic traffic_;
};

}  // namespace dormouse::store
