// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/journal.hpp"

#include <algorithm>
#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/store/little_endian.hpp"
#include "runtime/wire/crc32c.h"

namespace dormouse::store {

namespace {

constexpr std::string_view magic = "DMJOURNL";
constexpr std::uint32_t journal_format = 1;
constexpr std::size_t format_at = 8;
constexpr std::size_t align_at = 12;
constexpr std::size_t half_at = 16;
constexpr std::size_t id_at = 24;
constexpr std::size_t id_bytes = 32;
constexpr std::size_t crc_at = id_at + id_bytes;
constexpr std::uint64_t block_bytes = 4096;
constexpr std::uint64_t record_step = 8;

std::uint64_t round_up(std::uint64_t bytes) {
  return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

/// Reads the records of one generation in a row.
class HalfReader {
 public:
  HalfReader(HalfContent& content, std::uint32_t generation, std::uint32_t chain, std::uint64_t after)
      : content_(content), generation_(generation), chain_(chain), sequence_(after) {}

  void read(JournalFacts::Align align) {
    std::uint64_t at = 0;
    while (true) {
      if (accept(at)) {
        at += content_.records.back().head.padded();
      } else if (align == JournalFacts::Align::block && round_up(at) != at && accept(round_up(at))) {
        at = round_up(at) + content_.records.back().head.padded();
      } else {
        break;
      }
    }
    content_.end_offset = at;
    content_.end = judge_end(at);
  }

 private:
  bool accept(std::uint64_t at) {
    const auto head = head_at(at);
    if (!head || head->generation != generation_ || head->prev != chain_ || head->epoch < epoch_) return false;
    if (content_.records.empty() ? head->sequence > sequence_ + 1 : head->sequence != sequence_ + 1) {
      gap_ = content_.records.empty();
      return false;
    }
    content_.records.push_back({*head, at});
    chain_ = head->crc;
    sequence_ = head->sequence;
    epoch_ = head->epoch;
    return true;
  }

  std::optional<JournalHead> head_at(std::uint64_t at) const {
    if (at >= content_.bytes.size()) return std::nullopt;
    auto head = decode_journal_head(BytesView(content_.bytes).substr(at));
    if (!head) return std::nullopt;
    return *head;
  }

  HalfContent::End judge_end(std::uint64_t at) {
    if (gap_) return HalfContent::End::gap;
    const BytesView bytes(content_.bytes);
    for (std::uint64_t place = at; place + journal_head_bytes <= bytes.size(); place += record_step) {
      if (read_le<std::uint32_t>(bytes, place + 16) != generation_) continue;
      const auto head = head_at(place);
      if (head && head->durable > sequence_)
        content_.durable_beyond = std::max(content_.durable_beyond, head->durable);
    }
    if (content_.durable_beyond > sequence_) return HalfContent::End::corrupt;
    return begins_at(at) ? HalfContent::End::torn : HalfContent::End::clean;
  }

  /// Whether a record of ours was begun there: any one of three numbers would not be there by chance.
  bool begins_at(std::uint64_t at) const {
    const BytesView bytes(content_.bytes);
    if (at + journal_head_bytes > bytes.size()) return false;
    return read_le<std::uint64_t>(bytes, at + 8) == sequence_ + 1 ||
           read_le<std::uint32_t>(bytes, at + 16) == generation_ ||
           read_le<std::uint32_t>(bytes, at + 24) == chain_;
  }

  HalfContent& content_;
  std::uint32_t generation_;
  std::uint32_t chain_;
  std::uint64_t sequence_;
  std::uint32_t epoch_ = 0;
  bool gap_ = false;
};

}  // namespace

Bytes encode_journal_header(const JournalFacts& facts) {
  check(facts.store_id.size() <= id_bytes, "journal:store_id");
  Bytes block(magic);
  append_le(block, journal_format);
  append_le(block, static_cast<std::uint32_t>(facts.align));
  append_le(block, facts.half_bytes);
  block += facts.store_id;
  block.resize(crc_at, '\0');
  append_le(block, dm_crc32c(0, block.data(), block.size()));
  block.resize(journal_header_bytes, '\0');
  return block;
}

Result<std::optional<JournalFacts>> decode_journal_header(BytesView block) {
  if (block.size() < crc_at + sizeof(std::uint32_t) || block.substr(0, magic.size()) != magic)
    return std::optional<JournalFacts>();
  if (read_le<std::uint32_t>(block, crc_at) != dm_crc32c(0, block.data(), crc_at))
    return std::optional<JournalFacts>();
  const auto format = read_le<std::uint32_t>(block, format_at);
  const auto align = read_le<std::uint32_t>(block, align_at);
  if (format > journal_format || align > static_cast<std::uint32_t>(JournalFacts::Align::block))
    return Error{.code = "store.newer",
                 .message = "the journal has format " + std::to_string(format) + ", this program knows up to " +
                            std::to_string(journal_format),
                 .hint = "run the newer program; nothing was changed"};
  JournalFacts facts;
  facts.align = static_cast<JournalFacts::Align>(align);
  facts.half_bytes = read_le<std::uint64_t>(block, half_at);
  const BytesView id = block.substr(id_at, id_bytes);
  facts.store_id = Bytes(id.substr(0, id.find('\0')));
  return std::optional<JournalFacts>(std::move(facts));
}

Journal::Journal(std::unique_ptr<StorageMedium> medium, JournalFacts facts)
    : medium_(std::move(medium)), facts_(std::move(facts)) {
  check(medium_->size() >= facts_.file_bytes(), "journal:size");
  const Bytes header = encode_journal_header(facts_);
  header_crc_ = read_le<std::uint32_t>(header, crc_at);
  chain_ = header_crc_;
}

Status Journal::write_header() {
  if (auto written = medium_->write(0, encode_journal_header(facts_)); !written) return written;
  traffic_.bytes += block_bytes;
  ++traffic_.syncs;
  return medium_->sync();
}

Result<HalfContent> Journal::read(std::uint32_t generation, std::uint64_t after) const {
  auto bytes = medium_->read(half_offset(generation), facts_.half_bytes);
  if (!bytes) return std::move(bytes).error();
  HalfContent content;
  content.bytes = std::move(bytes).value();
  HalfReader(content, generation, header_crc_, after).read(facts_.align);
  content.end_offset += half_offset(generation);
  return content;
}

Result<std::uint32_t> Journal::newest_generation() const {
  std::uint32_t newest = 0;
  for (std::uint32_t half = 0; half < 2; ++half) {
    auto bytes = read_first_record(half);
    if (!bytes) return std::move(bytes).error();
    const auto head = decode_journal_head(*bytes);
    if (head && head->prev == header_crc_ && head->generation % 2 == half)
      newest = std::max(newest, head->generation);
  }
  return newest;
}

/// All of the record that begins the half, if one does, and perhaps what follows it.
Result<Bytes> Journal::read_first_record(std::uint32_t half) const {
  auto bytes = medium_->read(half_offset(half), std::min(block_bytes, facts_.half_bytes));
  if (!bytes || bytes->size() < journal_head_bytes) return bytes;
  const std::uint64_t length = claimed_journal_length(*bytes);
  if (length <= bytes->size() || length > facts_.half_bytes) return bytes;
  return medium_->read(half_offset(half), length);
}

void Journal::begin(std::uint32_t generation) {
  generation_ = generation;
  position_ = 0;
  unsynced_end_ = 0;
  chain_ = header_crc_;
  spoiled_ = false;
}

std::uint64_t Journal::half_offset(std::uint32_t generation) const {
  return journal_header_bytes + (generation % 2) * facts_.half_bytes;
}

std::uint64_t Journal::group_start() const {
  return facts_.align == JournalFacts::Align::block ? round_up(position_) : position_;
}

bool Journal::fits(std::uint64_t bytes) const {
  return !spoiled_ && group_start() + bytes <= facts_.half_bytes;
}

Status Journal::append(BytesView group, std::uint32_t last_crc) {
  if (spoiled_) return Error{.code = "store.io", .message = "the half of the journal in use has failed before"};
  check(fits(group.size()), "journal:fits");
  const std::uint64_t start = group_start();
  if (auto written = medium_->write(half_offset(generation_) + start, group); !written) {
    spoiled_ = true;
    return written;
  }
  position_ = start + group.size();
  chain_ = last_crc;
  // A block that a lazy group has begun is written by the medium once, with the sync that covers both.
  const std::uint64_t first_block = std::max(start / block_bytes * block_bytes, unsynced_end_);
  unsynced_end_ = round_up(position_);
  traffic_.bytes += unsynced_end_ - first_block;
  return done();
}

Status Journal::sync() {
  ++traffic_.syncs;
  unsynced_end_ = 0;
  auto synced = medium_->sync();
  if (!synced) spoiled_ = true;
  return synced;
}

}  // namespace dormouse::store
