// SPDX-License-Identifier: Apache-2.0
// The calls that change files, each told to the observer around the C library's own. For interpose.cpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <sys/types.h>
#include <sys/uio.h>

namespace dormouse::crash {

// `at`: the folder a relative path begins in, or AT_FDCWD. Results and errno are those of the real calls.
int watched_open(int at, const char* path, int flags, mode_t mode);
/// Without an offset at the descriptor's own place.
ssize_t watched_write(int fd, const char* bytes, std::size_t size, std::optional<off_t> offset);
/// As one write: the same bytes at the same place.
ssize_t watched_writev(int fd, const iovec* parts, int count, std::optional<off_t> offset);
int watched_fsync(int fd);
int watched_fdatasync(int fd);
int watched_resize(int fd, off_t size);
int watched_rename(int from_at, const char* from, int to_at, const char* to);
int watched_remove(int at, const char* path, int flags);
int watched_mkdir(int at, const char* path, mode_t mode);

}  // namespace dormouse::crash
