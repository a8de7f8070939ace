// SPDX-License-Identifier: Apache-2.0
// The folder of one device, owned by one process:
//
//   lock          held while owned; the owner's process id, for people; empty otherwise
//   provisioned   the store's id: a store has existed here
//   heartbeat     two pages of 4 KiB, written in place
//   power_on_alarm  which alarm of the RTC is ours, if one is (power_on_alarm.hpp)
//   store/        the LMDB environment (data.mdb, lock.mdb) and the journal, which is locked too
//   blobs/        contents too large for the store
//   snapshots/    copies of the tree
//   store.broken-<boot>, store.replaced-<boot>, journal.mixed-<n>, journal.broken-<n>, blobs.broken-<boot>
//                 moved or copied aside for a person to look at
//   *.new-<pid>   something that was not finished; removed at the next open
//
// Nothing appears half made under its final name. The locks belong to open files and are close-on-exec, so
// they end with the process and no program started by it inherits them. No stored path is absolute.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/linux/data/platform.hpp"
#include "hal/linux/data/rebuild.hpp"
#include "hal/linux/data/store_folder.hpp"
#include "hal/linux/files/durable_file.hpp"
#include "hal/linux/files/file_system.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/medium.hpp"
#include "runtime/store/opened.hpp"

namespace dormouse::hal_linux {

class DataDirectory {
 public:
  struct Options {
    std::vector<std::string> allow_fs = {};  // nfs, 9p, overlay, jffs2: used although they are unsafe
    bool wait = false;                       // a standby: blocks until the owner is gone, touching nothing
    StoreOptions store = {};
    std::chrono::milliseconds verify_bound = hal_linux::verify_bound;
    bool stop_when_broken = false;  // store.on_broken = "stop"
    Platform platform = this_platform();
  };

  /// Takes the folder, making it (0750) if it is missing. store.fs_refused and store.map_too_large (before anything
  /// is created), store.locked with the owner's process id, store.read_only, store.no_space, store.io.
  static Result<std::unique_ptr<DataDirectory>> acquire(const std::filesystem::path& path, const Options& options);
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;
  ~DataDirectory();  // lets go of the lock: destroy what was opened in it first

  const std::filesystem::path& path() const { return path_; }
  const FileSystem& file_system() const { return file_system_; }
  /// The folder is gone with the power (tmpfs): whoever promises durability must say so.
  bool is_volatile() const { return file_system_.is_volatile; }

  /// Opens the store, creating it if there is none; it belongs to the calling thread. Alarms beside those of
  /// StoreFolder::open: store.lost, a store had been here and is gone, this one is new; store.broken, it was broken
  /// and has been replaced (quarantine.hpp). If the last run did not stop, all of the store is verified first, in a
  /// child; single bad records that are found wait in take_bad_records(). store.newer and store.word_size, with
  /// every file as it was; store.broken_limit, or store.broken if a broken store is to be left alone: the same;
  /// store.no_space, store.read_only, store.io.
  Result<store::OpenedStore> open_store();

  /// The heartbeat file, made if it is missing. store.no_space, store.read_only, store.io.
  Result<std::unique_ptr<store::StorageMedium>> open_heartbeat();

 private:
  DataDirectory(std::filesystem::path path, FileSystem file_system, const Options& options);
  Status remove_leftovers(const std::filesystem::path& folder) const;
  /// What was met on the way to an open store.
  struct Found {
    std::vector<Error> alarms = {};
    std::vector<std::string> notes = {};
    std::vector<store::BadRecord> bad = {};
  };
  Status take_up_rescue(Found& found) const;
  Result<bool> create_if_missing(bool was_here);
  Result<std::string> look_at_store(bool created, Found& found) const;
  Result<std::string> replace_store(const std::string& why, Found& found) const;
  Result<store::OpenedStore> open_or_replace(std::string id, Found& found);
  std::vector<std::string> warnings() const;

  std::filesystem::path path_;
  FileSystem file_system_;
  Platform platform_;
  FileHandle lock_;
  bool left_behind_ = false;  // the owner before was killed, or the power went
  RescueOptions rescue_;
  StoreFolder store_;
};

}  // namespace dormouse::hal_linux
