// SPDX-License-Identifier: Apache-2.0
// The folder of one device, owned by one process:
//
//   lock          held while owned; the owner's process id, for people; empty otherwise
//   provisioned   the store's id: a store has existed here
//   heartbeat     two pages of 4 KiB, written in place
//   store/        the LMDB environment (data.mdb, lock.mdb)
//   *.new-<pid>   something that was not finished; removed at the next open
//
// Nothing appears half made under its final name. The lock belongs to the open file and is close-on-exec, so
// it ends with the process and no program started by it inherits it. No stored path is absolute.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/linux/durable_file.hpp"
#include "hal/linux/file_system.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/medium.hpp"
#include "runtime/store/tree.hpp"
#include "runtime/store/verify.hpp"

namespace dormouse::hal_linux {

class DataDirectory {
 public:
  struct Options {
    std::vector<std::string> allow_fs = {};  // nfs, 9p, overlay, jffs2: used although they are unsafe
    bool wait = false;                       // a standby: blocks until the owner is gone, touching nothing
  };

  /// Takes the folder, making it (0750) if it is missing. store.fs_refused (before anything is created),
  /// store.locked with the owner's process id, store.read_only, store.no_space, store.io.
  static Result<std::unique_ptr<DataDirectory>> acquire(const std::filesystem::path& path, const Options& options);
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;
  ~DataDirectory();  // lets go of the lock: destroy what was opened in it first

  const std::filesystem::path& path() const { return path_; }
  const FileSystem& file_system() const { return file_system_; }
  /// The folder is gone with the power (tmpfs): whoever promises durability must say so.
  bool is_volatile() const { return file_system_.is_volatile; }

  struct StoreTree {
    std::unique_ptr<store::Tree> tree;  // belongs to the calling thread, see lmdb_tree.hpp
    std::string store_id;
    bool created = false;
    std::optional<Error> alarm = {};  // store.lost: a store had been here and is gone; this one is new
  };
  struct StoreOptions {
    std::uint64_t map_bytes = 64 * 1024 * 1024;
    bool prezero = false;  // writes the data file to its full size at creation: a full disk then stops nothing
  };
  /// Opens the store, creating it if there is none. store.newer, with every file as it was; store.broken,
  /// store.no_space, store.read_only, store.io.
  Result<StoreTree> open_store_tree(const StoreOptions& options);

  /// The heartbeat file, made if it is missing. store.no_space, store.read_only, store.io.
  Result<std::unique_ptr<store::StorageMedium>> open_heartbeat();

 private:
  DataDirectory(std::filesystem::path path, FileSystem file_system, FileHandle lock);
  Status remove_leftovers() const;
  Result<std::string> create_store(const StoreOptions& options) const;
  Result<std::string> read_store_id() const;

  std::filesystem::path path_;
  FileSystem file_system_;
  FileHandle lock_;
};

/// Looks at every record of the store in a data directory that nobody owns, changing no file. store.locked if
/// it is owned; store.newer, store.broken, store.io.
Result<store::CheckReport> check_store(const std::filesystem::path& path);

}  // namespace dormouse::hal_linux
