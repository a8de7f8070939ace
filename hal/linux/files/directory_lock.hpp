// SPDX-License-Identifier: Apache-2.0
// The locks of a data directory: open-file-description locks on its file `lock` and on the store's journal, for
// somebody may replace a lock file. Such a lock ends with the last descriptor of the open file and so with the
// process, however that ends; every descriptor here is close-on-exec.
#pragma once

#include <filesystem>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

struct DirectoryLock {
  FileHandle file;
  bool left_behind = false;  // the owner before did not let go: it was killed, or the power went
};

/// Takes the folder for writing and notes this process in the file, making it if it is missing. With `wait`
/// blocks until it is free; without, waits at most 2 s, and only for a lock whose noted owner is gone. store.locked
/// with the holder's process id, store.read_only, store.no_space, store.io.
Result<DirectoryLock> lock_directory(const std::filesystem::path& folder, bool wait);

/// Empties the note and lets go.
void unlock_directory(FileHandle lock);

/// Keeps owners out for as long as the handle lives; changes nothing. The handle is empty if the folder has no
/// lock file, so no owner either. store.locked, store.io.
Result<FileHandle> lock_directory_for_reading(const std::filesystem::path& folder);

/// Takes a file that is there, open for reading and writing; the handle is empty if there is none. With `wait`
/// blocks until it is free; without, waits at most 0.2 s, for a child that is on its way to its exec. store.locked,
/// store.read_only, store.io.
Result<FileHandle> lock_file(const std::filesystem::path& path, bool wait);
/// The same, open for reading only: keeps those out who write.
Result<FileHandle> lock_file_for_reading(const std::filesystem::path& path);
/// Takes a file that this process has just made under a name that nobody else looks for.
Status lock_new_file(const FileHandle& file, const std::filesystem::path& path);

/// Whether the path names the open file: it may have been replaced, moved or removed meanwhile.
bool names(const std::filesystem::path& path, const FileHandle& file);

}  // namespace dormouse::hal_linux
