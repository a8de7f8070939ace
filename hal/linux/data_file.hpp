// SPDX-License-Identifier: Apache-2.0
// What can be told of a tree's file (data.mdb) by its meta pages and its size, without mapping it: whether it is
// ours, and whether it can be whole.
#pragma once

#include <filesystem>

#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// store.word_size: made by a program with words of another size. store.broken: its folder is there without it, a
/// meta page is unreadable, or it is shorter than its last page, so that reading on would be a SIGBUS. store.io:
/// the medium did not give the bytes; store.read_only: they may not be read. Any thread.
Status check_data_file(const std::filesystem::path& path);

}  // namespace dormouse::hal_linux
