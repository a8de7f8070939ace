// SPDX-License-Identifier: Apache-2.0
// The lock of a data directory: an open-file-description lock on its file `lock`, which ends with the last
// descriptor and so with the process, however that ends.
#pragma once

#include <filesystem>

#include "hal/linux/durable_file.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// Takes the folder for writing and notes this process in the file, making it if it is missing. With `wait`
/// blocks until it is free; without, waits at most 2 s, and only for a lock whose noted owner is gone. store.locked
/// with the holder's process id, store.read_only, store.no_space, store.io.
Result<FileHandle> lock_directory(const std::filesystem::path& folder, bool wait);

/// Empties the note and lets go.
void unlock_directory(FileHandle lock);

/// Keeps owners out for as long as the handle lives; changes nothing. The handle is empty if the folder has no
/// lock file, so no owner either. store.locked, store.io.
Result<FileHandle> lock_directory_for_reading(const std::filesystem::path& folder);

}  // namespace dormouse::hal_linux
