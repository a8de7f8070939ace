// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/journal_record.hpp"

#include <limits>
#include <string>

#include "runtime/base/check.hpp"
#include "runtime/store/little_endian.hpp"
#include "runtime/wire/crc32c.h"

namespace dormouse::store {

namespace {

constexpr std::uint8_t effect_put = 1;
constexpr std::uint8_t effect_erase = 2;
constexpr std::size_t put_head_bytes = 1 + 2 + 4;
constexpr std::size_t erase_head_bytes = 1 + 2;
constexpr std::size_t crc_bytes = 4;
constexpr std::size_t length_at = 4;
constexpr std::uint16_t trust_mask = 3;

std::uint64_t unpadded_bytes(const Changes& effects) {
  std::uint64_t bytes = journal_head_bytes;
  for (const auto& [key, value] : effects)
    bytes += key.size() + (value ? put_head_bytes + value->size() : erase_head_bytes);
  return bytes;
}

void append_effect(Bytes& out, const Bytes& key, const std::optional<Bytes>& value) {
  out.push_back(static_cast<char>(value ? effect_put : effect_erase));
  append_le(out, static_cast<std::uint16_t>(key.size()));
  if (value) append_le(out, static_cast<std::uint32_t>(value->size()));
  out += key;
  if (value) out += *value;
}

Error unreadable(const char* why) {
  return {.code = "store.journal_corrupt",
          .message = std::string("a record of the journal cannot be read: ") + why};
}

/// Takes effects off the front of bytes whose checksum was right.
class EffectReader {
 public:
  explicit EffectReader(BytesView bytes) : rest_(bytes) {}
  bool at_end() const { return rest_.empty(); }

  Status next(Changes& effects) {
    const auto code = static_cast<std::uint8_t>(rest_[0]);
    if (code != effect_put && code != effect_erase)
      return Error{.code = "store.newer",
                   .message = "the journal has an effect of kind " + std::to_string(code) +
                              ", which this program does not know",
                   .hint = "run the newer program; nothing was changed"};
    const std::size_t head = code == effect_put ? put_head_bytes : erase_head_bytes;
    if (rest_.size() < head) return unreadable("an effect is cut short");
    const std::size_t key_bytes = read_le<std::uint16_t>(rest_, 1);
    const std::size_t value_bytes = code == effect_put ? read_le<std::uint32_t>(rest_, 3) : 0;
    if (rest_.size() - head < key_bytes || rest_.size() - head - key_bytes < value_bytes)
      return unreadable("an effect is longer than its record");
    Bytes key(rest_.substr(head, key_bytes));
    std::optional<Bytes> value;
    if (code == effect_put) value = Bytes(rest_.substr(head + key_bytes, value_bytes));
    effects.insert_or_assign(std::move(key), std::move(value));
    rest_.remove_prefix(head + key_bytes + value_bytes);
    return done();
  }

 private:
  BytesView rest_;
};

}  // namespace

std::uint64_t journal_record_bytes(const Changes& effects) {
  return (unpadded_bytes(effects) + 7) / 8 * 8;
}

Bytes encode_journal_record(JournalHead& head, const Changes& effects) {
  check(effects.size() <= std::numeric_limits<std::uint16_t>::max(), "journal:effects");
  head.effects = static_cast<std::uint16_t>(effects.size());
  head.length = static_cast<std::uint32_t>(unpadded_bytes(effects));
  Bytes out;
  out.reserve(head.padded());
  out.append(crc_bytes, '\0');
  append_le(out, head.length);
  append_le(out, head.sequence);
  append_le(out, head.generation);
  append_le(out, head.epoch);
  append_le(out, head.prev);
  append_le(out, head.effects);
  append_le(out, static_cast<std::uint16_t>(head.trust));
  append_le(out, head.durable);
  append_le(out, head.instant.ms);
  append_le(out, head.wall.ms);
  for (const auto& [key, value] : effects) append_effect(out, key, value);
  head.crc = dm_crc32c(0, out.data() + crc_bytes, out.size() - crc_bytes);
  write_le(out, 0, head.crc);
  out.append(head.padded() - head.length, '\0');
  return out;
}

std::uint64_t claimed_journal_length(BytesView bytes) {
  return read_le<std::uint32_t>(bytes, length_at);
}

Result<JournalHead> decode_journal_head(BytesView bytes) {
  if (bytes.size() < journal_head_bytes) return unreadable("its head is cut short");
  JournalHead head;
  head.crc = read_le<std::uint32_t>(bytes, 0);
  head.length = read_le<std::uint32_t>(bytes, length_at);
  if (head.length < journal_head_bytes || head.length > bytes.size())
    return unreadable("its length is not possible");
  if (dm_crc32c(0, bytes.data() + crc_bytes, head.length - crc_bytes) != head.crc)
    return unreadable("its checksum is wrong");
  head.sequence = read_le<std::uint64_t>(bytes, 8);
  head.generation = read_le<std::uint32_t>(bytes, 16);
  head.epoch = read_le<std::uint32_t>(bytes, 20);
  head.prev = read_le<std::uint32_t>(bytes, 24);
  head.effects = read_le<std::uint16_t>(bytes, 28);
  const auto trust = read_le<std::uint16_t>(bytes, 30) & trust_mask;
  head.trust = trust == 3 ? Trust::untrusted : static_cast<Trust>(trust);
  head.durable = read_le<std::uint64_t>(bytes, 32);
  head.instant = {read_le<std::int64_t>(bytes, 40)};
  head.wall = {read_le<std::int64_t>(bytes, 48)};
  return head;
}

Result<Changes> decode_effects(BytesView record, const JournalHead& head) {
  Changes effects;
  EffectReader reader(record.substr(journal_head_bytes, head.length - journal_head_bytes));
  for (std::uint16_t i = 0; i < head.effects; ++i) {
    if (reader.at_end()) return unreadable("effects are missing");
    if (auto read = reader.next(effects); !read) return std::move(read).error();
  }
  if (!reader.at_end()) return unreadable("bytes follow its last effect");
  return effects;
}

}  // namespace dormouse::store
