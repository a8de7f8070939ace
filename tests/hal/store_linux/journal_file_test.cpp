// SPDX-License-Identifier: Apache-2.0
// Whatever has happened to the journal's file while nobody looked, the store opens with what is left, and says so.
#include "hal/linux/data/journal_file.hpp"

#include <gtest/gtest.h>

#include "tests/hal/store_linux/life.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t half_bytes = 64 * 1024;

DataDirectory::Options with_half(std::uint64_t bytes) {
  DataDirectory::Options options;
  options.store.limits.journal_half_bytes = bytes;
  return options;
}

class JournalFile : public testing::Test {
 protected:
  fs::path path() const { return folder_.path(); }
  fs::path journal() const { return path() / "store" / "journal"; }
  Life open() const { return Life(path(), with_half(half_bytes)); }
  /// Lives once more and is killed: `from` to `to` are acked, and no checkpoint follows.
  void put_and_be_killed(int from, int to) const {
    live_and_be_killed(
        path(), [&](Life& life) { life.put_range(from, to); }, with_half(half_bytes));
  }
  void put_and_stop(int from, int to) const {
    auto life = open();
    life.put_range(from, to);
    life.stop();
  }
  store::JournalFacts facts() const {
    auto header = store::decode_journal_header(content_of(journal()).substr(0, store::journal_header_bytes));
    return header && *header ? **header : store::JournalFacts{.half_bytes = 0};
  }
  static bool told(const std::vector<std::string>& notes, const std::string& words) {
    return std::any_of(notes.begin(), notes.end(),
                       [&](const std::string& note) { return note.find(words) != std::string::npos; });
  }

 private:
  TempFolder folder_;
};

TEST_F(JournalFile, D043_DeletedAfterACleanStopItIsMadeAnewWithANote) {
  put_and_stop(1, 5);
  fs::remove(journal());
  {
    auto life = open();
    EXPECT_TRUE(life.opened.alarms.empty());
    EXPECT_TRUE(told(life.opened.notes, "made anew"));
    EXPECT_EQ(life.count(), 5u);
    life.put_range(6, 6);
  }
  auto life = open();
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_TRUE(life.opened.notes.empty());
  EXPECT_EQ(life.count(), 6u);
}

TEST_F(JournalFile, D043_DeletedAfterACutItIsMadeAnewAndTheLossIsTold) {
  put_and_stop(1, 5);
  put_and_be_killed(6, 8);  // in the journal alone: the tree still looks like a clean stop
  fs::remove(journal());
  auto life = open();
  ASSERT_EQ(codes_of(life.opened.alarms), (std::set<std::string>{"store.journal_lost"}));
  EXPECT_NE(life.opened.alarms[0].message.find("after batch " + std::to_string(life.store().applied()) + " "),
            std::string::npos)
      << life.opened.alarms[0].message;
  EXPECT_TRUE(told(life.opened.notes, "made anew"));
  EXPECT_EQ(life.count(), 5u);
  EXPECT_EQ(facts().store_id, life.opened.store_id);
}

TEST_F(JournalFile, ALossIsToldAlsoIfAnOpenThatFailedCameBetween) {
  put_and_stop(1, 5);
  put_and_be_killed(6, 8);
  fs::remove(journal());
  const auto tree = path() / "store" / "data.mdb";
  fs::rename(tree, path() / "hidden");
  const auto between = DataDirectory::acquire(path(), {.stop_when_broken = true}).value()->open_store();
  EXPECT_EQ(errors_of(between), "store.broken");
  fs::rename(path() / "hidden", tree);
  EXPECT_EQ(codes_of(open().opened.alarms), (std::set<std::string>{"store.journal_lost"}));
}

TEST_F(JournalFile, D044_AGarbledHeaderIsWrittenAgainFromWhatTheTreeKnows) {
  put_and_be_killed(1, 5);
  const auto before = facts();
  auto bytes = content_of(journal());
  bytes.replace(0, store::journal_header_bytes, std::string(store::journal_header_bytes, '\x5A'));
  write_file(journal(), bytes);
  ASSERT_EQ(facts().half_bytes, 0u);
  auto life = open();
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_TRUE(told(life.opened.notes, "header was written again"));
  EXPECT_EQ(life.opened.recovery.replayed, 5u);
  EXPECT_EQ(life.count(), 5u);
  EXPECT_EQ(facts(), before);
}

TEST_F(JournalFile, AGarbledHeaderIsReadFromTheTreeAlsoIfTheOptionsSayAnotherSize) {
  put_and_be_killed(1, 5);
  auto bytes = content_of(journal());
  bytes[100] = bytes[3] = '\x5A';
  write_file(journal(), bytes);
  Life life(path(), with_half(2 * half_bytes));
  EXPECT_EQ(life.opened.recovery.replayed, 5u);
  EXPECT_EQ(life.count(), 5u);
  EXPECT_EQ(facts().half_bytes, 2 * half_bytes);
}

TEST_F(JournalFile, TheTreeKnowsTheSizeOfAJournalThatWasMadeAnew) {
  { auto life = open(); }
  const auto larger = with_half(4 * half_bytes);
  live_and_be_killed(
      path(), [](Life& life) { life.put_range(1, 3); }, larger);
  auto bytes = content_of(journal());
  bytes[3] = '\x5A';
  write_file(journal(), bytes);
  Life life(path(), larger);
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_EQ(life.opened.recovery.replayed, 3u);
  EXPECT_EQ(facts().half_bytes, 4 * half_bytes);
}

TEST_F(JournalFile, D093_AShortFileIsReplayedAsFarAsItGoesAndMadeWholeAgain) {
  std::uint64_t used = 0;
  std::uint32_t generation = 0;
  {
    auto life = open();
    life.put_range(1, 3);
    used = life.store().stats().half_used;
    generation = life.store().stats().generation;
  }
  put_and_be_killed(4, 4);  // replays three, and begins the next half
  ++generation;
  {
    Child child([&](const Child::Say& say) {
      auto life = open();
      life.put_range(5, 7);
      say(static_cast<int>(life.store().stats().half_used));
      life.put_range(8, 9);
      while (true) ::pause();
    });
    used = static_cast<std::uint64_t>(child.hear());
  }
  ++generation;
  const auto size = fs::file_size(journal());
  fs::resize_file(journal(), store::journal_header_bytes + generation % 2 * half_bytes + used + 20);
  {
    auto life = open();
    EXPECT_EQ(life.count(), 7u) << "v8 was cut";
    EXPECT_EQ(life.opened.recovery.replayed, 3u);
    EXPECT_EQ(codes_of(life.opened.alarms), (std::set<std::string>{"store.journal_lost"}));
    EXPECT_TRUE(told(life.opened.notes, "made anew"));
    EXPECT_TRUE(told(life.opened.notes, "of its " + std::to_string(size) + " bytes"));
    EXPECT_EQ(fs::file_size(journal()), size);
    life.put_range(8, 8);
  }
  EXPECT_EQ(open().count(), 8u);
}

TEST_F(JournalFile, AnEmptyFileIsAShortOne) {
  put_and_stop(1, 2);
  put_and_be_killed(3, 3);
  write_file(journal(), "");
  auto life = open();
  EXPECT_EQ(life.count(), 2u);
  EXPECT_EQ(codes_of(life.opened.alarms), (std::set<std::string>{"store.journal_lost"}));
  EXPECT_EQ(facts().half_bytes, half_bytes);
  EXPECT_EQ(facts().store_id, life.opened.store_id);
}

TEST_F(JournalFile, D012_TheJournalOfAnotherStoreIsMovedAsideAndTheTreeServesItsCheckpoint) {
  {
    auto life = open();
    life.put_range(1, 5);
    life.checkpoint();
    life.put_range(6, 8);
  }
  TempFolder other;
  { Life(other.path(), with_half(2 * half_bytes)).put_range(1, 20); }
  const auto foreign = content_of(other.path() / "store" / "journal");
  const auto tree = content_of(path() / "store" / "data.mdb");
  fs::copy_file(other.path() / "store" / "journal", journal(), fs::copy_options::overwrite_existing);
  {
    auto life = open();
    EXPECT_EQ(life.count(), 5u);
    ASSERT_TRUE(codes_of(life.opened.alarms).contains("store.mixed"));
    EXPECT_NE(life.opened.alarms[0].message.find((path() / "journal.mixed-1").string()), std::string::npos);
    EXPECT_EQ(facts(), (store::JournalFacts{.half_bytes = half_bytes, .store_id = life.opened.store_id}));
    life.put_range(6, 6);
  }
  EXPECT_EQ(content_of(path() / "journal.mixed-1"), foreign);
  {
    auto life = open();
    EXPECT_TRUE(life.opened.alarms.empty());
    EXPECT_EQ(life.count(), 6u);
  }
  write_file(journal(), foreign);
  { auto life = open(); }
  EXPECT_EQ(content_of(path() / "journal.mixed-2"), foreign);
}

TEST_F(JournalFile, D040_ADamagedOneIsCopiedAndSaysWhatIsLost) {
  put_and_be_killed(1, 5);
  auto damaged = content_of(journal());
  const auto place = damaged.rfind("v3");
  ASSERT_NE(place, std::string::npos);
  damaged[place] = static_cast<char>(damaged[place] ^ 1);
  write_file(journal(), damaged);
  {
    auto life = open();
    EXPECT_EQ(life.count(), 2u);
    ASSERT_EQ(codes_of(life.opened.alarms), (std::set<std::string>{"store.journal_corrupt"}));
    const auto& message = life.opened.alarms[0].message;
    EXPECT_NE(message.find("the batches 3 to 4 are lost"), std::string::npos) << message;
    EXPECT_NE(message.find((path() / "journal.broken-1").string()), std::string::npos) << message;
    EXPECT_FALSE(life.opened.recovery.torn);
    EXPECT_EQ(content_of(path() / "journal.broken-1"), damaged);
    life.put_range(6, 6);
  }
  auto life = open();
  EXPECT_TRUE(life.opened.alarms.empty()) << "told once";
  EXPECT_EQ(life.count(), 3u);
}

TEST_F(JournalFile, DamageInTheFirstRecordIsToldOnceToo) {
  put_and_be_killed(1, 5);
  auto damaged = content_of(journal());
  damaged[damaged.rfind("v1")] ^= 1;
  write_file(journal(), damaged);
  {
    auto life = open();
    EXPECT_EQ(codes_of(life.opened.alarms), (std::set<std::string>{"store.journal_corrupt"}));
    life.put_range(6, 6);
  }
  auto life = open();
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_EQ(life.count(), 1u);
}

TEST_F(JournalFile, CopiesOfDamagedOnesAreThreeAtMost) {
  for (int i = 1; i <= 4; ++i) {
    fs::remove_all(path() / "store");
    put_and_be_killed(1, 5);
    auto damaged = content_of(journal());
    damaged[damaged.rfind("v2")] ^= 1;
    write_file(journal(), damaged);
    EXPECT_TRUE(codes_of(open().opened.alarms).contains("store.journal_corrupt"));
    EXPECT_EQ(fs::exists(path() / ("journal.broken-" + std::to_string(i))), i <= 3) << i;
  }
}

TEST_F(JournalFile, AnotherSizeInTheOptionsIsTakenOverOnceAllIsInTheTree) {
  put_and_be_killed(1, 5);
  {
    Life life(path(), with_half(4 * half_bytes));
    EXPECT_EQ(life.opened.recovery.replayed, 5u);
    EXPECT_TRUE(life.opened.alarms.empty());
    EXPECT_TRUE(told(life.opened.notes, "halves of 262144 bytes instead of 65536"));
    EXPECT_EQ(life.count(), 5u);
    EXPECT_EQ(life.store().stats().half_bytes, 4 * half_bytes);
    EXPECT_EQ(fs::file_size(journal()), store::journal_header_bytes + 8 * half_bytes);
    life.put_range(6, 8);
  }
  auto life = open();
  EXPECT_EQ(life.count(), 8u);
  EXPECT_EQ(life.opened.recovery.replayed, 3u);
  EXPECT_EQ(facts().half_bytes, half_bytes);
}

}  // namespace
}  // namespace dormouse::hal_linux
