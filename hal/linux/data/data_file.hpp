// SPDX-License-Identifier: Apache-2.0
// What can be told of a tree's file (data.mdb) by its meta pages and its size, without mapping it: whether it is
// ours, and whether it can be whole.
#pragma once

#include <cstdint>
#include <filesystem>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// store.word_size: made by a program with words of another size. store.broken: its folder is there without it, a
/// meta page is unreadable, or it is shorter than its last page, so that reading on would be a SIGBUS. store.io:
/// the medium did not give the bytes; store.not_permitted: this user may not read them. Any thread.
Status check_data_file(const std::filesystem::path& path);

/// Writes zeros behind its last byte, durably, until it has all the room of a map of so many bytes; what stands
/// there is not changed. A file without that room gives back what it got. For a file that is not mapped.
/// store.no_space, store.read_only, store.io.
Status give_full_size(const std::filesystem::path& path, std::uint64_t map_bytes, const Progress& progress = {});

}  // namespace dormouse::hal_linux
