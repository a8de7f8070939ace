// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/restore.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "hal/linux/data/quarantine.hpp"
#include "hal/linux/data/snapshots.hpp"
#include "hal/linux/data/store_marker.hpp"
#include "hal/linux/files/directory_lock.hpp"
#include "hal/linux/files/durable_file.hpp"

namespace dormouse::hal_linux {

using wire::Key;

namespace {

namespace fs = std::filesystem;

constexpr const char* replaced_stem = "store.replaced";
constexpr const char* restored_stem = "store.restored";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// With a folder above it that can be synced; "backup/" and "backup" are one.
fs::path whole_path(const fs::path& given) {
  auto path = fs::absolute(given).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

/// The copy that belongs to "store.replaced-12": "store.restored-12".
std::string copy_for(const std::string& aside) {
  return restored_stem + aside.substr(std::string(replaced_stem).size());
}

/// Both locks, for as long as it lives; the order is that of every owner.
class Owned {
 public:
  static Result<Owned> take(const fs::path& data) {
    auto directory = lock_directory(data, false);
    if (!directory) return std::move(directory).error();
    Owned owned(std::move(directory).value());
    auto journal = lock_file(data / "store" / "journal", false);
    if (!journal) return std::move(journal).error();
    owned.journal_ = std::move(journal).value();
    return Result<Owned>(std::move(owned));
  }
  Owned(Owned&&) = default;
  Owned& operator=(Owned&&) = default;
  ~Owned() {
    // A note that was left behind still tells the next open how the last run ended.
    if (!directory_.left_behind) unlock_directory(std::move(directory_.file));
  }

 private:
  explicit Owned(DirectoryLock directory) : directory_(std::move(directory)) {}
  DirectoryLock directory_;
  FileHandle journal_;
};

Finish finish_of(const fs::path& data, const Rebuilt& rebuilt, WallTime now) {
  Finish finish{.numbers = numbers_in(data), .skip = true, .note_name = "restored"};
  if (is_there(data / "store") && !facts_in_child(data / "store")) finish.numbers.add_margin();
  const WallTime until = std::max(now, finish.numbers.last_wall.value_or(now));
  finish.note.put_int(Key::wall, until.ms).put_uint(Key::last_id, rebuilt.numbers.of(Key::last_id));
  finish.numbers.raise(rebuilt.numbers);
  return finish;
}

/// The copy of the snapshot, whole and durable under its own name.
Result<Restored> lay_ready(const fs::path& data, const fs::path& snapshot, const std::string& name, WallTime now,
                           const RescueOptions& options) {
  const auto folder = unfinished_name(data / "store");
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  auto rebuilt = rebuild_store(folder, {.tree = snapshot, .journal = {}}, options);
  if (!rebuilt) return std::move(rebuilt).error();
  auto ready = finish_rebuilt(folder, *rebuilt, finish_of(data, *rebuilt, now), options.store);
  if (ready) ready = rename_durably(folder, data / name);
  if (!ready) {
    fs::remove_all(folder, ignored);
    return std::move(ready).error();
  }
  return Restored{.store_id = std::move(rebuilt->store_id),
                  .sequence = rebuilt->sequence,
                  .replaced = {},
                  .verification = std::move(rebuilt->verification)};
}

/// A copy of the remains as one data.mdb, whole before it gets its name.
Result<Backup> copy_out(const Remains& remains, const fs::path& to, const RescueOptions& options) {
  if (is_there(to))
    return Error{.code = "invalid_input",
                 .message = to.string() + " is there already",
                 .hint = "give a folder that does not exist yet"};
  const auto folder = unfinished_name(to);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  auto rebuilt = rebuild_store(folder, remains, options);
  if (!rebuilt) return std::move(rebuilt).error();
  fs::remove(folder / "lock.mdb", ignored);
  auto kept = sync_path(folder / "data.mdb");
  if (kept) kept = sync_path(folder);
  if (kept) kept = rename_durably(folder, to);
  if (!kept) {
    fs::remove_all(folder, ignored);
    return std::move(kept).error();
  }
  return Backup{.sequence = rebuilt->sequence,
                .verification = std::move(rebuilt->verification),
                .recovery = std::move(rebuilt->recovery)};
}

}  // namespace

Result<Restored> restore_snapshot(const fs::path& given, const fs::path& snapshot, WallTime now,
                                  const RescueOptions& options) {
  const auto data = whole_path(given);
  auto owned = Owned::take(data);
  if (!owned) return std::move(owned).error();
  if (auto removed = remove_rescue_leftovers(data); !removed) return std::move(removed).error();
  if (auto resumed = resume_rescue(data, options); !resumed) return std::move(resumed).error();

  const auto boot = std::max<std::uint64_t>(numbers_in(data).of(Key::boot), 1);
  const auto aside = free_name(data, replaced_stem, boot);
  auto restored = lay_ready(data, snapshot, copy_for(aside), now, options);
  if (!restored) return restored;
  if (is_there(data / "store")) restored->replaced = aside;
  auto marker = read_marker(data).value_or(StoreMarker{.store_id = restored->store_id});
  marker.rebuilding = aside;
  if (auto marked = write_marker(data, marker); !marked) return std::move(marked).error();
  if (auto finished = finish_restore(data, aside, options); !finished) return std::move(finished).error();
  return restored;
}

Status finish_restore(const fs::path& data, const std::string& aside, const RescueOptions& options) {
  const auto store = data / "store";
  const auto copy = data / copy_for(aside);
  if (is_there(copy)) {
    if (is_there(store))
      if (auto moved = rename_durably(store, data / aside); !moved) return moved;
    if (auto named = rename_durably(copy, store); !named) return named;
  } else if (!is_there(store)) {
    // Somebody took the copy away; what was replaced is the best that is left.
    auto rebuilt = rebuild_in_place(data, aside, "a restore has lost its copy", options);
    return rebuilt ? done() : Status(std::move(rebuilt).error());
  }
  auto id = StoreFolder(store, options.store).read_id();
  if (!id) return std::move(id).error();
  return write_marker(data, {*id});
}

Status remove_rescue_leftovers(const fs::path& data) {
  if (auto removed = remove_unfinished_snapshots(data); !removed) return removed;
  const auto marker = read_marker(data);
  const bool restoring = marker && marker->rebuilding.starts_with(replaced_stem);
  const std::string kept = restoring ? copy_for(marker->rebuilding) : "";
  std::vector<fs::path> leftovers;
  std::error_code error;
  for (auto entry = fs::directory_iterator(data, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(std::string(restored_stem) + "-") && name != kept) leftovers.push_back(entry->path());
  }
  for (const auto& leftover : leftovers)
    if (!error) fs::remove_all(leftover, error);
  if (error) return file_error("clean", data, error.value());
  return done();
}

Result<Backup> back_up_store(const fs::path& given, const fs::path& to, const RescueOptions& options) {
  const auto data = whole_path(given);
  const auto directory = lock_directory_for_reading(data);
  if (!directory) return directory.error();
  const auto journal = lock_file_for_reading(data / "store" / "journal");
  if (!journal) return journal.error();
  const Remains remains{.tree = data / "store", .journal = *journal ? data / "store" / "journal" : fs::path()};
  return copy_out(remains, whole_path(to), options);
}

Result<Backup> back_up_snapshot(const fs::path& snapshot, const fs::path& to, const RescueOptions& options) {
  return copy_out({.tree = whole_path(snapshot), .journal = {}}, whole_path(to), options);
}

}  // namespace dormouse::hal_linux
