// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/data_directory.hpp"

#include <algorithm>
#include <utility>

#include "hal/linux/data/quarantine.hpp"
#include "hal/linux/data/restore.hpp"
#include "hal/linux/data/store_marker.hpp"
#include "hal/linux/data/store_view.hpp"
#include "hal/linux/data/verify_child.hpp"
#include "hal/linux/files/directory_lock.hpp"
#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/heartbeat.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

Result<FileSystem> allowed_file_system(const fs::path& path, const std::vector<std::string>& allow_fs) {
  auto found = file_system_of(path);
  if (!found || !found->unsafe) return found;
  if (std::find(allow_fs.begin(), allow_fs.end(), found->name) != allow_fs.end()) return found;
  return Error{.code = "store.fs_refused",
               .message = path.string() + " lies on " + found->name + ", which does not keep what a store needs",
               .hint = "use another file system, or name it in store.allow_fs"};
}

Status make_data_folder(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return done();
  fs::create_directories(path.parent_path(), error);
  if (error) return file_error("create", path.parent_path(), error.value());
  return make_folder(path);
}

/// The boot that last wrote the heartbeat file; 1 if that cannot be told.
std::uint32_t last_boot(const fs::path& data) {
  auto medium = view_heartbeat(data);
  if (!medium) return 1;
  const auto newest = store::Heartbeat(**medium).newest();
  return newest && *newest ? std::max((*newest)->boot, 1U) : 1;
}

Error lost(const fs::path& path, const StoreMarker& marker) {
  return {.code = "store.lost",
          .message = "the store " + marker.store_id + " is gone from " + path.string() +
                     "; the one that is there now does not have its jobs and schedules"};
}

}  // namespace

DataDirectory::DataDirectory(fs::path path, FileSystem file_system, const Options& options)
    : path_(std::move(path)),
      file_system_(std::move(file_system)),
      platform_(options.platform),
      rescue_{options.store, options.verify_bound, options.stop_when_broken},
      store_(path_ / "store", options.store) {}

DataDirectory::~DataDirectory() {
  // A note that was left behind is kept until a store has been opened: it tells that one how the last run ended.
  if (!left_behind_) unlock_directory(std::move(lock_));
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::acquire(const fs::path& given, const Options& options) {
  auto path = fs::absolute(given).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "data/" and "data" are one
  auto file_system = allowed_file_system(path, options.allow_fs);
  if (!file_system) return std::move(file_system).error();
  if (auto fits = check_map(options.platform, options.store.limits.map_bytes); !fits)
    return std::move(fits).error();
  if (auto made = make_data_folder(path); !made) return std::move(made).error();
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path, std::move(file_system).value(), options));
  auto lock = lock_directory(path, options.wait);
  if (!lock) return std::move(lock).error();
  directory->lock_ = std::move(lock->file);
  directory->left_behind_ = lock->left_behind;
  if (auto locked = directory->store_.lock(options.wait); !locked) return std::move(locked).error();
  return directory;
}

Status DataDirectory::remove_leftovers(const fs::path& folder) const {
  std::error_code error;
  if (!fs::exists(folder, error)) return done();
  std::vector<fs::path> leftovers;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->path().filename().string().find(".new-") != std::string::npos) leftovers.push_back(entry->path());
  for (const fs::path& leftover : leftovers)
    if (!error) fs::remove_all(leftover, error);
  if (error) return file_error("clean", folder, error.value());
  return done();
}

Result<bool> DataDirectory::create_if_missing(bool was_here) {
  if (store_.exists()) return false;
  if (was_here)
    if (auto aside = set_blobs_aside(path_, std::to_string(last_boot(path_))); !aside)
      return std::move(aside).error();
  if (auto created = store_.create(); !created) return std::move(created).error();
  return true;
}

std::vector<std::string> DataDirectory::warnings() const {
  std::vector<std::string> warnings;
  if (file_system_.unsafe)
    warnings.push_back(path_.string() + " lies on " + file_system_.name +
                       ", which does not keep what a store needs; store.allow_fs names it");
  if (auto pages = page_warning(platform_)) warnings.push_back(std::move(*pages));
  return warnings;
}

Status DataDirectory::take_up_rescue(Found& found) const {
  if (auto removed = remove_rescue_leftovers(path_); !removed) return removed;
  auto resumed = resume_rescue(path_, rescue_);
  if (!resumed) return std::move(resumed).error();
  if (*resumed) found.alarms.push_back((*resumed)->alarm());
  return done();
}

Result<std::string> DataDirectory::replace_store(const std::string& why, Found& found) const {
  auto rescue = quarantine_store(path_, why, rescue_);
  if (!rescue) return std::move(rescue).error();
  found.alarms.push_back(rescue->alarm());
  return std::move(rescue->store_id);
}

/// The id of the store that is there, after a look at all of it if the last run did not stop.
Result<std::string> DataDirectory::look_at_store(bool created, Found& found) const {
  if (left_behind_ && !created) {
    auto verified = verify_in_child(path_ / "store", rescue_.verify_bound, rescue_.store.formats.newest,
                                    rescue_.store.progress);
    if (!verified) return std::move(verified).error();
    if (!verified->usable()) return replace_store(verified->words(), found);
    found.notes.push_back(verified->words());
    found.bad = std::move(verified->bad);
  }
  auto id = store_.read_id();
  if (!id && id.error().code == "store.broken") return replace_store(id.error().message, found);
  return id;
}

Result<store::OpenedStore> DataDirectory::open_or_replace(std::string id, Found& found) {
  auto opened = store_.open(path_, id, !left_behind_);
  if (opened) return opened;
  if (opened.error().code != "store.behind_journal" && opened.error().code != "store.broken") return opened;
  auto replaced = replace_store(opened.error().message, found);
  if (!replaced) return std::move(replaced).error();
  return store_.open(path_, *replaced, true);
}

Result<store::OpenedStore> DataDirectory::open_store() {
  for (const fs::path& folder : {path_, path_ / "store"})
    if (auto removed = remove_leftovers(folder); !removed) return std::move(removed).error();
  Found found{.notes = warnings()};
  if (auto taken_up = take_up_rescue(found); !taken_up) return std::move(taken_up).error();
  auto marker = read_marker(path_);
  const auto created = create_if_missing(marker.has_value());
  if (!created) return created.error();
  const auto looked = look_at_store(*created, found);
  if (!looked) return looked.error();
  auto opened = open_or_replace(*looked, found);
  if (!opened) return opened;

  opened->created = *created;
  opened->notes.insert(opened->notes.begin(), found.notes.begin(), found.notes.end());
  opened->alarms.insert(opened->alarms.begin(), found.alarms.begin(), found.alarms.end());
  auto txn = opened->store->begin();
  for (const auto& bad : found.bad) (void)txn.get(bad.key);  // the store notes what it meets

  marker = read_marker(path_);  // a replaced store has marked itself
  const std::string& id = opened->store_id;
  // Also when the store in its place was made by an open that was cut before it could mark it.
  if (marker && !marker->store_id.empty() && marker->store_id != id)
    opened->alarms.insert(opened->alarms.begin(), lost(path_, *marker));
  if (!marker) marker.emplace();
  if (marker->store_id != id) {
    marker->store_id = id;
    if (auto marked = write_marker(path_, *marker); !marked) return std::move(marked).error();
  }
  for (const char* folder : {"blobs", "snapshots"})
    if (auto made = make_folder(path_ / folder); !made) return std::move(made).error();
  left_behind_ = false;
  return opened;
}

Result<std::unique_ptr<store::StorageMedium>> DataDirectory::open_heartbeat() {
  return open_file_medium(path_ / "heartbeat", store::Heartbeat::kFileBytes);
}

}  // namespace dormouse::hal_linux
