// SPDX-License-Identifier: Apache-2.0
// Records and halves of the journal, without a store on top.
#include "runtime/store/journal.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "hal/sim/memory_medium.hpp"
#include "runtime/store/little_endian.hpp"
#include "runtime/wire/crc32c.h"

namespace dormouse::store {
namespace {

using hal_sim::MemoryFile;

struct Bench {
  JournalFacts facts{.half_bytes = 16 * 1024, .store_id = "0123456789abcdef0123456789abcdef"};
  MemoryFile file{facts.file_bytes()};
  std::unique_ptr<Journal> journal;
  std::uint64_t sequence = 0;
  std::uint64_t durable = 0;

  explicit Bench(JournalFacts::Align align = JournalFacts::Align::packed) {
    facts.align = align;
    open();
    EXPECT_TRUE(journal->write_header().ok());
    journal->begin(1);
  }
  void open() { journal = std::make_unique<Journal>(hal_sim::open_memory_medium(file), facts); }
  Bytes record(const Changes& effects) {
    JournalHead head{.sequence = ++sequence,
                     .generation = journal->generation(),
                     .epoch = 1,
                     .prev = journal->chain(),
                     .durable = durable};
    const Bytes bytes = encode_journal_record(head, effects);
    EXPECT_TRUE(journal->append(bytes, head.crc).ok());
    return bytes;
  }
  /// One record of this many bytes, padding included.
  void record_of(std::uint64_t bytes) { record({{"v", Bytes(bytes - journal_head_bytes - 8, 'x')}}); }
  void sync() {
    EXPECT_TRUE(journal->sync().ok());
    durable = sequence;
  }
  HalfContent read(std::uint64_t after = 0) { return journal->read(journal->generation(), after).value(); }
};

TEST(JournalRecord, GivesBackWhatWasPutIn) {
  const Changes effects{{"va", "one"}, {"vb", std::nullopt}, {Bytes("v\0c", 3), Bytes(5'000, '\xFF')}};
  JournalHead head{.sequence = 7,
                   .generation = 3,
                   .epoch = 9,
                   .prev = 0xDEADBEEF,
                   .trust = Trust::synced,
                   .durable = 6,
                   .instant = {-5},
                   .wall = {1'700'000'000'000}};
  const Bytes record = encode_journal_record(head, effects);
  EXPECT_EQ(record.size(), journal_record_bytes(effects));
  EXPECT_EQ(record.size() % 8, 0u);
  const auto read = decode_journal_head(record + "what follows");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->sequence, 7u);
  EXPECT_EQ(read->generation, 3u);
  EXPECT_EQ(read->epoch, 9u);
  EXPECT_EQ(read->prev, 0xDEADBEEFu);
  EXPECT_EQ(read->trust, Trust::synced);
  EXPECT_EQ(read->durable, 6u);
  EXPECT_EQ(read->instant, Instant{-5});
  EXPECT_EQ(read->wall, WallTime{1'700'000'000'000});
  EXPECT_EQ(decode_effects(record, *read).value(), effects);
}

TEST(JournalRecord, EveryFlippedBitIsNoticed) {
  JournalHead head{.sequence = 1, .generation = 1};
  const Bytes record = encode_journal_record(head, {{"va", "some value"}});
  for (std::size_t bit = 0; bit < head.length * 8; ++bit) {
    Bytes damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_journal_head(damaged).ok()) << "bit " << bit;
  }
}

TEST(JournalRecord, D045_AnImpossibleLengthIsRefusedAndAnUnknownEffectIsNewer) {
  JournalHead head{.sequence = 1, .generation = 1};
  Bytes record = encode_journal_record(head, {{"va", "x"}});
  Bytes endless = record;
  write_le(endless, 4, std::uint32_t{0xFFFFFFFF});
  EXPECT_FALSE(decode_journal_head(endless).ok());

  record[journal_head_bytes] = 9;
  write_le(record, 0, dm_crc32c(0, record.data() + 4, head.length - 4));
  const auto read = decode_journal_head(record);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(decode_effects(record, *read).error().code, "store.newer");
}

TEST(JournalRecord, EffectsThatDoNotFillTheirRecordAreRefused) {
  JournalHead head{.sequence = 1, .generation = 1};
  const Bytes record = encode_journal_record(head, {{"va", "x"}, {"vb", "y"}});
  for (const std::uint16_t effects : {1, 3}) {
    JournalHead wrong = head;
    wrong.effects = effects;
    EXPECT_EQ(decode_effects(record, wrong).error().code, "store.journal_corrupt");
  }
}

TEST(JournalHeader, IsReadBackAndNoiseIsNoHeader) {
  const JournalFacts facts{.half_bytes = 64 * 1024, .align = JournalFacts::Align::block, .store_id = "ab"};
  const Bytes block = encode_journal_header(facts);
  EXPECT_EQ(block.size(), journal_header_bytes);
  EXPECT_EQ(decode_journal_header(block).value(), facts);
  EXPECT_FALSE(decode_journal_header(Bytes(journal_header_bytes, '\0')).value().has_value());
  EXPECT_FALSE(decode_journal_header("short").value().has_value());
  for (std::size_t at = 0; at < 60; ++at) {
    Bytes damaged = block;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const auto read = decode_journal_header(damaged);
    EXPECT_TRUE(read.ok() && !read->has_value()) << at;
  }
}

TEST(Journal, ReadsRecordsInARowAndNothingOfAnotherGeneration) {
  Bench bench;
  for (int i = 0; i < 5; ++i) bench.record_of(128);
  EXPECT_EQ(bench.read().records.size(), 5u);
  EXPECT_EQ(bench.read().end, HalfContent::End::clean);
  EXPECT_TRUE(bench.journal->read(2, 5).value().records.empty());
  EXPECT_TRUE(bench.journal->read(3, 5).value().records.empty());
  bench.journal->begin(3);
  bench.record_of(128);
  const auto half = bench.read(5);
  ASSERT_EQ(half.records.size(), 1u);
  EXPECT_EQ(half.records[0].head.sequence, 6u);
}

TEST(Journal, AFirstRecordThatDoesNotContinueIsAGap) {
  Bench bench;
  bench.sequence = 4;
  bench.record_of(128);
  EXPECT_EQ(bench.read(4).end, HalfContent::End::clean);
  EXPECT_EQ(bench.read(3).end, HalfContent::End::gap);
}

TEST(Journal, D042_AGroupThatFillsTheHalfFitsAndEightBytesMoreDoNot) {
  Bench bench;
  bench.record_of(4096);
  EXPECT_TRUE(bench.journal->fits(bench.facts.half_bytes - 4096));
  EXPECT_FALSE(bench.journal->fits(bench.facts.half_bytes - 4096 + 8));
  bench.record_of(bench.facts.half_bytes - 4096);
  EXPECT_EQ(bench.read().records.size(), 2u);
  EXPECT_EQ(bench.journal->used_bytes(), bench.facts.half_bytes);
}

TEST(Journal, CountsTheBlocksThatAGroupTouches) {
  Bench bench;
  const auto before = bench.journal->traffic();
  bench.record_of(4096 - 104);
  bench.sync();
  EXPECT_EQ(bench.journal->traffic().bytes - before.bytes, 4096u);
  bench.record_of(104);  // ends with the block
  bench.sync();
  EXPECT_EQ(bench.journal->traffic().bytes - before.bytes, 2 * 4096u);
  bench.record_of(4096 - 8);
  bench.record_of(104);  // over a border; the block it begins in is written once, with the sync
  bench.sync();
  EXPECT_EQ(bench.journal->traffic().bytes - before.bytes, 4 * 4096u);
  EXPECT_EQ(bench.journal->traffic().syncs - before.syncs, 3u);
}

TEST(Journal, D046_WithBlockAlignmentAGarbledLastBlockCostsNoAnsweredGroup) {
  Bench bench(JournalFacts::Align::block);
  for (int i = 0; i < 3; ++i) {
    bench.record_of(200);
    bench.sync();
  }
  bench.record_of(200);  // not synced
  bench.file.tamper(journal_header_bytes + bench.facts.half_bytes + 3 * 4096, Bytes(4096, '\x5A'));
  EXPECT_EQ(bench.read().records.size(), 3u);
}

TEST(Journal, AHalfThatFailedIsNotWrittenAgainInItsGeneration) {
  Bench bench;
  bench.record_of(128);
  bench.file.fail_syncs();
  EXPECT_FALSE(bench.journal->sync().ok());
  EXPECT_TRUE(bench.journal->spoiled());
  EXPECT_FALSE(bench.journal->fits(8));
  JournalHead head{.sequence = 2, .generation = 1, .prev = bench.journal->chain()};
  const Bytes record = encode_journal_record(head, {{"va", "x"}});
  EXPECT_EQ(bench.journal->append(record, head.crc).error().code, "store.io");
  bench.journal->begin(2);
  EXPECT_TRUE(bench.journal->append(record, head.crc).ok());
}

/// The last record is cut off behind each 512-byte unit of the medium in turn.
TEST(Journal, D031_ATornLastRecordEndsTheHalfWithAllBeforeItPresent) {
  for (const std::uint64_t before : {64, 448, 512, 1'000, 3'000}) {
    const std::uint64_t start = journal_header_bytes + 16 * 1024 + before;  // generation 1: the second half
    for (std::uint64_t unit = start / 512; unit < (start + 2'400) / 512; ++unit) {
      Bench bench;
      bench.record_of(before);
      bench.sync();
      bench.record_of(2'400);
      bench.file.cut_power([&](std::uint64_t kept) { return kept <= unit; });
      bench.file.restore();
      bench.open();
      bench.journal->begin(1);
      const auto half = bench.read();
      ASSERT_EQ(half.records.size(), 1u) << before << " " << unit;
      EXPECT_EQ(half.end, HalfContent::End::torn);
      EXPECT_EQ(half.end_offset, start);
    }
  }
}

TEST(Journal, D040_DamageBelowWhatWasDurableIsToldFromATornTail) {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    bench.record_of(128);
    bench.sync();
  }
  const Bytes whole = bench.read().bytes;
  const std::uint64_t half = journal_header_bytes + bench.facts.half_bytes;
  for (std::uint64_t bit = 128 * 8; bit < (128 + 120) * 8; ++bit) {  // the second record without its padding
    const Bytes damaged(1, static_cast<char>(whole[bit / 8] ^ (1 << bit % 8)));
    bench.file.tamper(half + bit / 8, damaged);
    const auto content = bench.read();
    EXPECT_EQ(content.records.size(), 1u);
    EXPECT_EQ(content.end, HalfContent::End::corrupt) << "bit " << bit;
    EXPECT_EQ(content.durable_beyond, 2u);
    bench.file.tamper(half + bit / 8, BytesView(whole).substr(bit / 8, 1));
  }
}

TEST(Journal, D041_AFlippedBitInTheLastRecordIsATornTail) {
  Bench bench;
  bench.record_of(128);
  bench.sync();
  bench.record_of(128);
  bench.sync();
  const Bytes whole = bench.read().bytes;
  const std::uint64_t half = journal_header_bytes + bench.facts.half_bytes;
  for (std::uint64_t bit = 128 * 8; bit < (128 + 120) * 8; ++bit) {
    bench.file.tamper(half + bit / 8, Bytes(1, static_cast<char>(whole[bit / 8] ^ (1 << bit % 8))));
    const auto content = bench.read();
    EXPECT_EQ(content.records.size(), 1u);
    EXPECT_EQ(content.end, HalfContent::End::torn) << "bit " << bit;
    EXPECT_EQ(content.end_offset, half + 128);
    bench.file.tamper(half + bit / 8, BytesView(whole).substr(bit / 8, 1));
  }
}

}  // namespace
}  // namespace dormouse::store
