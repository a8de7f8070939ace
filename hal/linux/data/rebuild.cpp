// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/rebuild.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <utility>

#include "hal/linux/data/data_file.hpp"
#include "hal/linux/data/journal_file.hpp"
#include "hal/linux/data/snapshots.hpp"
#include "hal/linux/files/durable_file.hpp"
#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/heartbeat.hpp"
#include "runtime/store/journal_note.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_head.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::hal_linux {

using wire::Key;

namespace {

namespace fs = std::filesystem;

constexpr mode_t file_mode = 0640;
constexpr std::uint64_t copied_at_once = 256 * 1024;
constexpr std::uint64_t progress_each = 16 * copied_at_once;

Result<std::unique_ptr<store::StorageMedium>> open_for_reading(const fs::path& path) {
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return file_error("open", path, errno);
  return make_file_medium_for_reading(std::move(file), path);
}

/// The source is at fault, not the place that is written to: something else may still do.
Error broken(const fs::path& path, const std::string& why) {
  return {.code = "store.broken", .message = path.string() + " is broken: " + why};
}

/// The pages that the tree uses, and no more: the rest of a pre-zeroed file is blank. Answers whether it was
/// healed.
Result<bool> copy_tree(const fs::path& from, const fs::path& to, const Progress& progress) {
  auto source = open_for_reading(from);
  if (!source) return broken(from, source.error().message);
  auto head = (*source)->read(0, store::lmdb_head_bytes);
  if (!head) return broken(from, head.error().message);
  const auto healed = store::heal_lmdb_head(*head);
  if (healed) *head = *healed;
  const auto found = store::read_lmdb_head(*head);
  if (!found.newest()) return broken(from, "both of its meta pages are unreadable");
  const std::uint64_t used = found.newest()->used_bytes();
  if ((*source)->size() < used) return broken(from, "it is shorter than its last page");

  const FileHandle copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
  if (!copy) return file_error("create", to, errno);
  for (std::uint64_t at = 0; at < used; at += copied_at_once) {
    auto part = (*source)->read(at, std::min(copied_at_once, used - at));
    if (!part) return broken(from, part.error().message);
    if (healed && at < head->size()) part->replace(0, head->size(), BytesView(*head).substr(0, part->size()));
    if (auto written = write_at(copy.get(), to, at, *part); !written) return std::move(written).error();
    if (progress && at % progress_each == 0) progress();
  }
  return healed.has_value();
}

Status copy_journal(const fs::path& from, const fs::path& to) {
  auto source = open_for_reading(from);
  if (!source) return broken(from, source.error().message);
  const auto bytes = (*source)->read(0, (*source)->size());
  if (!bytes) return broken(from, bytes.error().message);
  return replace_file(to, *bytes);
}

/// Everything but the tree: what replay has put into it is not needed any more.
Status leave_only_the_tree(const fs::path& folder) {
  std::vector<fs::path> others;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->path().filename() != "data.mdb") others.push_back(entry->path());
  for (const auto& path : others)
    if (!error) fs::remove_all(path, error);
  if (error) return file_error("clean", folder, error.value());
  return done();
}

Status replay(const fs::path& folder, const RescueOptions& options, Rebuilt& rebuilt) {
  // Whatever it moves or copies aside, it does so inside the folder: the remains themselves are kept.
  StoreOptions as_it_is = options.store;
  as_it_is.prezero =
      false;  // it may become a copy for elsewhere; a replacement gets its room from finish_rebuilt()
  auto opened = StoreFolder(folder, as_it_is).open(folder, rebuilt.store_id, true);
  if (!opened) return std::move(opened).error();
  for (const Error& alarm : opened->alarms)
    if (alarm.code == "store.mixed") return alarm;
  rebuilt.sequence = opened->store->applied();
  rebuilt.recovery = std::move(opened->recovery);
  return done();
}

Result<Rebuilt> rebuild_from_tree(const fs::path& folder, const Remains& remains, const RescueOptions& options) {
  const auto healed = copy_tree(remains.tree / "data.mdb", folder / "data.mdb", options.store.progress);
  if (!healed) return healed.error();
  Rebuilt rebuilt{.healed = *healed};
  auto verified =
      verify_in_child(folder, options.verify_bound, options.store.formats.newest, options.store.progress);
  if (!verified) return std::move(verified).error();
  rebuilt.verification = std::move(verified).value();
  if (!rebuilt.verification.usable() || !rebuilt.verification.numbers)
    return broken(remains.tree, rebuilt.verification.words());
  rebuilt.store_id = rebuilt.verification.store_id;
  rebuilt.numbers = *rebuilt.verification.numbers;
  rebuilt.sequence = rebuilt.numbers.sequence;
  if (remains.journal.empty()) return rebuilt;
  if (auto copied = copy_journal(remains.journal, folder / "journal"); !copied) return std::move(copied).error();
  if (auto replayed = replay(folder, options, rebuilt); !replayed) return std::move(replayed).error();
  if (auto cleaned = leave_only_the_tree(folder); !cleaned) return std::move(cleaned).error();
  return rebuilt;
}

Result<Rebuilt> make_empty(const fs::path& folder, const RescueOptions& options) {
  StoreFolder empty(folder, options.store);
  if (auto created = empty.create(); !created) return std::move(created).error();
  auto id = empty.read_id();
  if (!id) return std::move(id).error();
  return Rebuilt{.store_id = std::move(id).value()};
}

Status put_note(store::Tree& tree, const Finish& finish) {
  const Bytes key = store::keys::meta(finish.note_name);
  return tree.put(key, store::seal(key, finish.numbers.sequence, finish.note.encode()));
}

void read_heartbeat(const fs::path& path, store::LastNumbers& numbers) {
  const auto medium = open_for_reading(path);
  if (!medium) return;
  const auto newest = store::Heartbeat(**medium).newest();
  if (!newest || !*newest) return;
  numbers.raise(Key::epoch, (*newest)->epoch);
  numbers.raise(Key::boot, (*newest)->boot);
  numbers.raise(Key::kernel_boot, (*newest)->kernel_boot);
  if ((*newest)->trust != Trust::untrusted) numbers.last_wall = std::max(numbers.last_wall, {(*newest)->wall});
}

void read_folder(const fs::path& folder, store::LastNumbers& numbers) {
  if (const auto facts = facts_in_child(folder)) numbers.raise(facts->numbers);
}

void read_journal(const fs::path& path, store::LastNumbers& numbers) {
  const auto medium = open_for_reading(path);
  if (!medium) return;
  if (const auto found = store::last_numbers(**medium)) numbers.raise(*found);
}

}  // namespace

Result<Rebuilt> rebuild_store(const fs::path& folder, const Remains& remains, const RescueOptions& options) {
  std::error_code ignored;
  auto made = remains.tree.empty() ? done() : make_folder(folder);
  if (!made) return std::move(made).error();
  auto rebuilt = remains.tree.empty() ? make_empty(folder, options) : rebuild_from_tree(folder, remains, options);
  if (!rebuilt) fs::remove_all(folder, ignored);
  return rebuilt;
}

Status finish_rebuilt(const fs::path& folder, const Rebuilt& rebuilt, const Finish& finish,
                      const StoreOptions& options) {
  const store::JournalFacts facts{
      .half_bytes = options.limits.journal_half_bytes, .align = options.align, .store_id = rebuilt.store_id};
  {
    auto tree = store::open_lmdb_tree(folder, {.map_bytes = options.limits.map_bytes});
    if (!tree) return std::move(tree).error();
    auto written = store::note_journal(**tree, facts);
    if (written) written = store::raise_numbers(**tree, finish.numbers, finish.skip);
    if (written) written = put_note(**tree, finish);
    if (written) written = (*tree)->commit();
    if (!written) return written;
  }
  if (auto journal = make_journal_file(folder / "journal", facts); !journal) return std::move(journal).error();
  if (options.prezero)
    if (auto given = give_full_size(folder / "data.mdb", options.limits.map_bytes, options.progress); !given)
      return given;
  for (const fs::path& part : {folder / "data.mdb", folder / "lock.mdb", folder})
    if (auto synced = sync_path(part); !synced) return synced;
  return done();
}

store::LastNumbers numbers_in(const fs::path& data) {
  store::LastNumbers numbers;
  read_heartbeat(data / "heartbeat", numbers);
  std::error_code error;
  for (auto entry = fs::directory_iterator(data, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == "store" || name.starts_with("store.broken-") || name.starts_with("store.replaced-")) {
      read_folder(entry->path(), numbers);
      read_journal(entry->path() / "journal", numbers);
    } else if (name.starts_with("journal.broken-")) {
      read_journal(entry->path(), numbers);
    }
  }
  if (const auto snapshots = list_snapshots(data))
    for (const auto& snapshot : *snapshots) read_folder(snapshot.path, numbers);
  return numbers;
}

}  // namespace dormouse::hal_linux
