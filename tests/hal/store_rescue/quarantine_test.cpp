// SPDX-License-Identifier: Apache-2.0
// A device opens what is left of its store: what it finds broken is moved aside and replaced by the best that can
// be made of the remains, and it says what was used and what is lost.
#include "hal/linux/data/medium_fault.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "runtime/wire/record.hpp"
#include "tests/hal/store_rescue/damage.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

/// The numbers that the store goes on above.
store::LastNumbers numbers_of(Life& life) {
  auto txn = life.store().begin();
  const auto body = txn.get(store::keys::meta("ids"));
  check(body.has_value(), "test:ids");
  return store::LastNumbers::decode(*body);
}

std::uint64_t number_of(Life& life, wire::Key kind) {
  return numbers_of(life).of(kind);
}

TEST(Quarantine, D038_AZeroedMetaPageIsReplacedByTheOtherAndBothHalvesAreReplayed) {
  const Home home;
  home.killed([](Life& life) {
    life.put_range(1, 5);
    life.checkpoint();
    life.put_range(6, 9);
    life.checkpoint();
    life.put_range(10, 12);
  });
  overwrite(home.data_file(), newest_meta_page(home.data_file()) * page_bytes, std::string(page_bytes, '\0'));
  const auto damaged = content_of(home.data_file());
  const auto journal = content_of(home.path() / "store" / "journal");
  {
    auto life = home.open();
    EXPECT_EQ(life.count(), 12u);
    EXPECT_EQ(codes_of(life.opened.alarms), Names{"store.broken"});
    const auto alarm = alarm_of(life, "store.broken");
    EXPECT_TRUE(says(alarm, "one of its meta pages is unreadable")) << alarm;
    EXPECT_TRUE(says(alarm, "the tree itself")) << alarm;
    EXPECT_TRUE(says(alarm, "no batch is known to be lost")) << alarm;
  }
  EXPECT_EQ(content_of(home.path() / "store.broken-1" / "data.mdb"), damaged);
  EXPECT_EQ(content_of(home.path() / "store.broken-1" / "journal"), journal);
  EXPECT_TRUE(home.open().opened.alarms.empty());
}

TEST(Quarantine, AStoreWithAZeroedMetaPageIsHealedAfterACleanStopToo) {
  const Home home;
  {
    auto life = home.open();
    life.boot();
    life.put_range(1, 5);
    life.stop();
  }
  overwrite(home.data_file(), 0, std::string(page_bytes, '\0'));
  auto life = home.open();
  EXPECT_EQ(life.count(), 5u);
  EXPECT_EQ(codes_of(life.opened.alarms), Names{"store.broken"});
}

TEST(Quarantine, D063_ASoundTreeIsVerifiedAndCountedAfterACutThenReplayed) {
  const Home home;
  home.killed([](Life& life) {
    life.put_range(1, 200);
    life.checkpoint();
    life.put_range(201, 203);
  });
  auto life = home.open();
  EXPECT_TRUE(life.opened.alarms.empty());
  EXPECT_EQ(life.count(), 203u);
  EXPECT_EQ(life.opened.recovery.replayed, 3u);
  const auto entries = head_of(home.data_file()).newest()->entries - 3;
  const auto counted = "verified " + std::to_string(entries) + " of " + std::to_string(entries) + " records";
  ASSERT_FALSE(life.opened.notes.empty());
  EXPECT_EQ(life.opened.notes[0], counted);
}

TEST(Quarantine, AStoreThatWasStoppedIsNotVerified) {
  const Home home;
  {
    auto life = home.open();
    life.boot();
    life.put_range(1, 5);
    life.stop();
  }
  EXPECT_TRUE(home.open().opened.notes.empty());
}

TEST(Quarantine, D064_APageOfNoiseKillsTheChildAtMostAndTheStoreIsReplaced) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    const Home home;
    home.killed([](Life& life) {
      for (int i = 0; i < 40; ++i) check(life.put("v" + std::to_string(i), Bytes(900, 'x')).ok(), "test:put");
      life.checkpoint();
    });
    // The root of the data is the page that all reads begin with; the last commit wrote it.
    const auto last_page = head_of(home.data_file()).newest()->last_page;
    for (std::uint64_t page = first_tree_page; page <= last_page; page += seed)
      overwrite(home.data_file(), page * page_bytes, noise(page_bytes, seed));
    auto life = home.open();
    EXPECT_TRUE(codes_of(life.opened.alarms).contains("store.broken"));
    EXPECT_TRUE(fs::exists(home.path() / "store.broken-1" / "data.mdb"));
  }
}

TEST(Quarantine, D065_ASingleBadRecordIsReportedAndAllElseIsServed) {
  const Home home;
  home.killed([](Life& life) {
    life.put_range(1, 5);
    life.checkpoint();
  });
  {
    auto tree = store::open_lmdb_tree(home.path() / "store", {.map_bytes = Limits::tiny().map_bytes}).value();
    auto sealed = store::seal("v3", 1, "x");
    sealed.back() = 'y';
    ASSERT_TRUE(tree->put("v3", sealed).ok());
    ASSERT_TRUE(tree->commit().ok());
  }
  auto life = home.open();
  EXPECT_TRUE(life.opened.alarms.empty());
  auto bad = life.store().take_bad_records();
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].key, "v3");
  EXPECT_EQ(bad[0].error.code, "store.corrupt_record");
  life.boot();
  ASSERT_TRUE(life.store().set_aside(bad, 2).ok());
  ASSERT_TRUE(life.store().sync().ok());
  const auto aside = life.store().begin().get(store::keys::set_aside(2, 0));
  ASSERT_TRUE(aside);
  EXPECT_EQ(wire::Record::decode(*aside)->get_bytes(wire::Key::name), "v3");
  EXPECT_EQ(life.count(), 4u);
}

TEST(Quarantine, D069_ASnapshotInsideTheOlderHalfAndTheHalvesLoseNothing) {
  const Home home;
  home.killed([](Life& life) {
    life.put_range(1, 5);
    snapshot_of(life, 1);
    life.put_range(6, 9);
    life.checkpoint();
    life.put_range(10, 12);
  });
  ruin(home.data_file());
  {
    auto life = home.open();
    EXPECT_EQ(life.count(), 12u);
    const auto alarm = alarm_of(life, "store.broken");
    EXPECT_TRUE(says(alarm, "a snapshot and the journal (snapshot-0000000001-")) << alarm;
    EXPECT_TRUE(says(alarm, "no batch is known to be lost")) << alarm;
    // The tree could not tell its numbers: there is room for what it may have known.
    EXPECT_GT(number_of(life, wire::Key::epoch), 1'000u);
    EXPECT_EQ(number_of(life, wire::Key::boot), 1u);
    EXPECT_EQ(life.boot().boot.number, 2u);
  }
  EXPECT_EQ(home.open().count(), 12u);
}

TEST(Quarantine, D070_AnOldSnapshotAloneIsUsedAndTheLostRangeNamed) {
  const Home home;
  std::uint64_t at_snapshot = 0;
  std::string id;
  {
    auto life = home.open();
    life.boot();
    id = life.opened.store_id;
    life.put_range(1, 5);
    at_snapshot = snapshot_of(life, 1).sequence;
    for (int i = 6; i <= 9; ++i) {
      life.put_range(i, i);
      life.checkpoint();
    }
    life.put_range(10, 12);
  }
  const auto journal = content_of(home.path() / "store" / "journal");
  ruin(home.data_file());
  std::uint64_t next = 0;
  {
    // Read first by what stands in the root: after a clean stop nothing else has looked at it.
    write_file(home.path() / "lock", "999999999\n");
    auto life = home.open();
    EXPECT_EQ(life.count(), 5u);
    EXPECT_EQ(life.opened.store_id, id);
    const auto alarm = alarm_of(life, "store.broken");
    EXPECT_TRUE(says(alarm, "a snapshot alone")) << alarm;
    const auto range = std::to_string(at_snapshot + 1) + " to " + std::to_string(at_snapshot + 7);
    EXPECT_TRUE(says(alarm, "the batches " + range + " are lost")) << alarm;
    life.boot();
    next = life.store().applied();
  }
  EXPECT_GT(next, at_snapshot + 7) << "no sequence names two batches";
  EXPECT_EQ(content_of(home.path() / "store.broken-1" / "journal"), journal);
}

TEST(Quarantine, D070_WithoutASnapshotAnEmptyStoreTakesItsPlace) {
  const Home home;
  std::string id;
  home.killed([](Life& life) {
    life.put_range(1, 5);
    for (int i = 6; i <= 9; ++i) {
      life.put_range(i, i);
      life.checkpoint();
    }
    life.put_range(10, 12);
  });
  id = content_of(home.path() / "provisioned");
  write_file(home.path() / "blobs" / "picture", "bytes");
  const auto journal = content_of(home.path() / "store" / "journal");
  ruin(home.data_file());
  {
    auto life = home.open();
    EXPECT_EQ(life.count(), 0u);
    EXPECT_NE(life.opened.store_id + "\n", id);
    EXPECT_EQ(content_of(home.path() / "provisioned"), life.opened.store_id + "\n");
    EXPECT_EQ(codes_of(life.opened.alarms), Names{"store.broken"}) << "not lost: it lies aside";
    const auto alarm = alarm_of(life, "store.broken");
    EXPECT_TRUE(says(alarm, "made of nothing")) << alarm;
    EXPECT_TRUE(says(alarm, "the batches 1 to 13 are lost")) << alarm;  // the boot's was the first
    EXPECT_GT(number_of(life, wire::Key::last_id), 999'999u);
    EXPECT_GT(life.boot().boot.epoch, 1'001u);
  }
  EXPECT_EQ(content_of(home.path() / "blobs.broken-1" / "picture"), "bytes");
  EXPECT_TRUE(fs::is_empty(home.path() / "blobs"));
  EXPECT_EQ(content_of(home.path() / "store.broken-1" / "journal"), journal);
  EXPECT_TRUE(home.open().opened.alarms.empty());
}

TEST(Quarantine, D071_WithThreeBrokenStoresNothingIsBuilt) {
  const Home home;
  home.killed([](Life& life) { life.put_range(1, 5); });
  for (const char* name : {"store.broken-1", "store.broken-1-2", "store.broken-9"})
    fs::create_directory(home.path() / name);
  ruin(home.data_file());
  auto before = files_in(home.path());
  {
    auto directory = DataDirectory::acquire(home.path(), small_options()).value();
    const auto refused = directory->open_store();
    ASSERT_EQ(errors_of(refused), "store.broken_limit");
    EXPECT_TRUE(says(refused.error().hint, "store.broken-*"));
  }
  auto after = files_in(home.path());
  EXPECT_TRUE(before.erase("lock") == 1 && after.erase("lock") == 1);  // who owns it
  EXPECT_EQ(after, before);
}

TEST(Quarantine, D071_ABrokenStoreThatIsToBeLeftAloneIsReportedAndLeftAlone) {
  const Home home;
  home.killed([](Life& life) { life.put_range(1, 5); });
  ruin(home.data_file());
  auto before = files_in(home.path());
  {
    auto options = small_options();
    options.stop_when_broken = true;
    const auto refused = DataDirectory::acquire(home.path(), options).value()->open_store();
    ASSERT_EQ(errors_of(refused), "store.broken");
    EXPECT_TRUE(says(refused.error().hint, "nothing was changed"));
  }
  auto after = files_in(home.path());
  EXPECT_TRUE(before.erase("lock") == 1 && after.erase("lock") == 1);
  EXPECT_EQ(after, before);
}

TEST(Quarantine, D072_ASecondBreakageInOneBootHasANumberOfItsOwn) {
  const Home home;
  for (int boot = 1; boot <= 12; ++boot) {
    auto life = home.open();
    EXPECT_EQ(life.boot().boot.number, static_cast<std::uint32_t>(boot));
    life.put_range(boot, boot);
    life.checkpoint();
  }
  for (const char* name : {"store.broken-12", "store.broken-12-2"}) {
    overwrite(home.data_file(), 0, std::string(page_bytes, '\0'));
    auto life = home.open();  // and is cut before the batch that begins boot 13
    EXPECT_TRUE(fs::exists(home.path() / name / "data.mdb")) << name;
    EXPECT_EQ(life.count(), 12u);
  }
  EXPECT_EQ(home.open().boot().boot.number, 13u);
}

TEST(Quarantine, D073_AFileThatWasCutIsFoundByItsSize) {
  const Home home;
  home.killed([](Life& life) {
    for (int i = 0; i < 40; ++i) check(life.put("v" + std::to_string(i), Bytes(900, 'x')).ok(), "test:put");
    life.checkpoint();
  });
  fs::resize_file(home.data_file(), fs::file_size(home.data_file()) / 2);
  auto life = home.open();
  const auto alarm = alarm_of(life, "store.broken");
  EXPECT_TRUE(says(alarm, "its last page ends at")) << alarm;
}

TEST(Quarantine, D073_AFileThatIsCutWhileItIsInUseEndsTheProcessWithOneLineAndItsCode) {
  const Home home;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    end_on_medium_fault(home.data_file());
    auto life = home.open();
    for (int i = 0; i < 40; ++i) (void)life.put("v" + std::to_string(i), Bytes(900, 'x'));
    life.checkpoint();
    fs::resize_file(home.data_file(), fs::file_size(home.data_file()) / 2);
    (void)life.count();
    ::_exit(0);
  }
  ::close(ends[1]);
  const FileHandle said(ends[0]);
  char text[512] = {};
  EXPECT_GT(::read(said.get(), text, sizeof text - 1), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFEXITED(status)) << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 74);
  const std::string line(text);
  EXPECT_TRUE(says(line, "error store.io: ") && says(line, home.data_file().string())) << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
  // The next open finds it by its size.
  EXPECT_TRUE(says(alarm_of(home.open(), "store.broken"), "its last page ends at"));
}

TEST(Quarantine, AFileThatWasCutIsFoundAfterACleanStopToo) {
  const Home home;
  {
    auto life = home.open();
    life.boot();
    life.put_range(1, 200);
    life.stop();
  }
  fs::resize_file(home.data_file(), page_bytes * 3);
  auto life = home.open();
  EXPECT_TRUE(says(alarm_of(life, "store.broken"), "its last page ends at"));
}

TEST(Quarantine, D039_ATreeThatIsTwoGenerationsBehindIsReplacedAndTheLostRangeNamed) {
  const Home home;
  std::string old;
  std::uint64_t known = 0;
  {
    auto life = home.open();
    life.boot();
    life.put_range(1, 5);
    life.checkpoint();
    old = content_of(home.data_file());
    known = life.store().applied();
    life.put_range(6, 7);
    life.checkpoint();
    life.put_range(8, 9);
    life.checkpoint();
    life.put_range(10, 12);
  }
  write_file(home.data_file(), old);
  auto life = home.open();
  EXPECT_EQ(life.count(), 5u);
  const auto alarm = alarm_of(life, "store.broken");
  EXPECT_TRUE(says(alarm, "the tree itself without the journal")) << alarm;
  const auto range = std::to_string(known + 1) + " to " + std::to_string(known + 7);
  EXPECT_TRUE(says(alarm, "the batches " + range + " are lost")) << alarm;
  EXPECT_TRUE(fs::exists(home.path() / "store.broken-1" / "journal"));
}

TEST(Quarantine, D039_ALostCheckpointThatHeldABigBatchNamesTheLostRange) {
  const Home home;
  std::string old;
  std::uint64_t known = 0;
  {
    auto life = home.open();
    life.boot();
    life.put_range(1, 5);
    life.checkpoint();
    old = content_of(home.data_file());
    known = life.store().applied();
    auto txn = life.store().begin();
    for (int i = 0; i < 6; ++i) txn.put("vbig" + std::to_string(i), Bytes(1'000, 'x'));
    ASSERT_TRUE(txn.apply(store::Durability::durable).ok());
    ASSERT_TRUE(life.store().sync().ok());
    life.put_range(6, 7);
  }
  write_file(home.data_file(), old);
  auto life = home.open();
  EXPECT_EQ(life.count(), 5u);
  const auto range = std::to_string(known + 1) + " to " + std::to_string(known + 3);
  EXPECT_TRUE(says(alarm_of(life, "store.broken"), "the batches " + range + " are lost"))
      << alarm_of(life, "store.broken");
}

}  // namespace
}  // namespace dormouse::hal_linux
