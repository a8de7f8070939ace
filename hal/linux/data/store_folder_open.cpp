// SPDX-License-Identifier: Apache-2.0
// Opening a store that is there: the journal's file is put right first, as far as it must have its size; then the
// store replays it; then what the replay has shown is seen to.
#include <utility>

#include "hal/linux/data/data_file.hpp"
#include "hal/linux/data/journal_file.hpp"
#include "hal/linux/data/snapshots.hpp"
#include "hal/linux/data/store_folder.hpp"
#include "hal/linux/files/directory_lock.hpp"
#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/journal_note.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

void tell(store::OpenedStore& opened, const store::Recovery& recovery) {
  opened.recovery = recovery;
  opened.notes.insert(opened.notes.end(), recovery.notes.begin(), recovery.notes.end());
  if (recovery.alarm) opened.alarms.push_back(*recovery.alarm);
}

/// For a store whose last checkpoint was a clean stop, but whose owner was killed after that.
Error lost_after(std::uint64_t sequence) {
  return {.code = "store.journal_lost",
          .message = "the journal is gone and the last run did not stop; work after batch " +
                     std::to_string(sequence) + " may be missing"};
}

void keep_copy(const fs::path& journal, const fs::path& data, Error& alarm) {
  const auto copy = copy_journal_aside(journal, data);
  if (!copy)
    alarm.message += "; no copy of it could be kept: " + copy.error().message;
  else if (!*copy)
    alarm.message += "; no copy of it was kept, for there are some already";
  else
    alarm.message += "; a copy is kept as " + (*copy)->string();
}

}  // namespace

Result<std::unique_ptr<store::StorageMedium>> StoreFolder::open_journal(store::Tree& tree,
                                                                        const std::string& store_id,
                                                                        store::OpenedStore& report) {
  const auto path = journal_path();
  if (!names(path, journal_)) {
    auto locked = lock(false);
    if (!locked) return std::move(locked).error();
  }
  made_anew_ = !journal_;
  if (!journal_) {
    auto made = make_journal_file(path, wanted(store_id));
    if (!made) return std::move(made).error();
    journal_ = std::move(made).value();
  }
  auto look = look_at_journal(journal_, path, tree, wanted(store_id));
  if (!look) return std::move(look).error();
  facts_ = look->facts;
  if (facts_.store_id != store_id) return make_file_medium(journal_.twin(), path, look->file_bytes);

  if (look->is_short()) {
    made_anew_ = true;
    report.notes.push_back("the journal had " + std::to_string(look->file_bytes) + " of its " +
                           std::to_string(facts_.file_bytes()) + " bytes; the rest was added, blank");
    auto extended = extend_with_zeros(journal_, path, facts_.file_bytes());
    if (!extended) return std::move(extended).error();
  }
  // A file that was made anew may have another size than the tree has noted: should its header be lost one day, the
  // note must say where the halves are. It changes nothing else of the last checkpoint.
  if (look->header && look->noted != look->header) {
    auto noted = store::note_journal(tree, facts_);
    if (noted) noted = tree.commit();
    if (!noted) return std::move(noted).error();
  }
  return make_file_medium(journal_.twin(), path, facts_.file_bytes());
}

Result<std::unique_ptr<store::Store>> StoreFolder::open_once(const std::string& store_id,
                                                             store::OpenedStore& report) {
  auto tree = store::open_lmdb_tree(path_, {.map_bytes = options_.limits.map_bytes});
  if (!tree) return std::move(tree).error();
  auto journal = open_journal(**tree, store_id, report);
  if (!journal) return std::move(journal).error();
  return store::Store::open({.tree = std::move(tree).value(),
                             .journal = std::move(journal).value(),
                             .facts = wanted(store_id),
                             .journal_made_anew = made_anew_,
                             .formats = options_.formats},
                            options_.limits);
}

Result<std::unique_ptr<store::Store>> StoreFolder::resize_journal(std::unique_ptr<store::Store> store,
                                                                  const std::string& store_id,
                                                                  store::OpenedStore& report) {
  // All that the old journal held is in the committed tree by now: opening replayed it.
  store.reset();
  const std::uint64_t before = facts_.half_bytes;
  auto made = make_journal_file(journal_path(), wanted(store_id));
  if (made) {
    journal_ = std::move(made).value();
    report.notes.push_back("the journal was made anew with halves of " +
                           std::to_string(options_.limits.journal_half_bytes) + " bytes instead of " +
                           std::to_string(before));
  } else {
    report.notes.push_back("the journal keeps halves of " + std::to_string(before) +
                           " bytes: " + made.error().message);
  }
  return open_once(store_id, report);
}

/// The snapshot is what an older program could go on with.
Status StoreFolder::migrate(store::Store& store, const fs::path& data, store::OpenedStore& report) const {
  const auto& last = store.recovery().last_batch;
  const auto copy = [&store](int descriptor) { return store.copy_to(descriptor); };
  const auto snapshot = take_snapshot(data, last ? last->epoch : 0, copy);
  if (!snapshot) return snapshot.error();
  if (auto migrated = store.migrate(); !migrated) return migrated;
  report.notes.push_back("the store was migrated to format " + std::to_string(options_.formats.newest) +
                         "; as it was before it stands in " + snapshot->path.string());
  return done();
}

/// A disk without the room does not keep a store from being opened.
void StoreFolder::give_room(store::OpenedStore& report) const {
  if (!options_.prezero) return;
  if (auto given = give_full_size(path_ / "data.mdb", options_.limits.map_bytes, options_.progress); !given)
    report.notes.push_back("the store did not get all its room in advance: " + given.error().message);
}

Result<store::OpenedStore> StoreFolder::open(const fs::path& data, const std::string& store_id, bool clean) {
  store::OpenedStore opened;
  opened.store_id = store_id;
  give_room(opened);
  auto store = open_once(store_id, opened);
  if (!store && store.error().code == "store.mixed") {
    auto aside = move_journal_aside(journal_path(), data);
    if (!aside) return std::move(aside).error();
    opened.alarms.push_back(std::move(store).error());
    opened.alarms.back().message += "; it was moved to " + aside->string();
    store = open_once(store_id, opened);
  }
  if (!store) return std::move(store).error();
  tell(opened, (*store)->recovery());
  if (made_anew_ && !clean && !opened.recovery.alarm) opened.alarms.push_back(lost_after((*store)->applied()));
  if (opened.recovery.alarm && opened.recovery.alarm->code == "store.journal_corrupt")
    keep_copy(journal_path(), data, opened.alarms.back());
  if (facts_ != wanted(store_id)) store = resize_journal(std::move(store).value(), store_id, opened);
  if (!store) return std::move(store).error();
  if ((*store)->needs_migration())
    if (auto migrated = migrate(**store, data, opened); !migrated) return std::move(migrated).error();
  opened.store = std::move(store).value();
  return opened;
}

}  // namespace dormouse::hal_linux
