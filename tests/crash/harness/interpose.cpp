// SPDX-License-Identifier: Apache-2.0
// The C library's calls that change files, defined here, in the program itself, so that the program and every
// shared library it uses come through. The names with 64 are the same calls to a library built for large files.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/crash/harness/watched.hpp"

namespace crash = dormouse::crash;

namespace {

mode_t mode_in(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

// The standard headers name these arguments as they like. NOLINTBEGIN
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  return crash::watched_open(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  return crash::watched_open(at, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  return crash::watched_open(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat64(int at, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  return crash::watched_open(at, path, flags | O_LARGEFILE, mode);
}

int creat(const char* path, mode_t mode) {
  return crash::watched_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  return crash::watched_write(fd, static_cast<const char*>(bytes), size, std::nullopt);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return crash::watched_write(fd, static_cast<const char*>(bytes), size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return crash::watched_write(fd, static_cast<const char*>(bytes), size, offset);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return crash::watched_writev(fd, parts, count, std::nullopt);
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  return crash::watched_writev(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t offset) {
  return crash::watched_writev(fd, parts, count, offset);
}

int fsync(int fd) {
  return crash::watched_fsync(fd);
}
int fdatasync(int fd) {
  return crash::watched_fdatasync(fd);
}

int ftruncate(int fd, off_t size) noexcept {
  return crash::watched_resize(fd, size);
}
int ftruncate64(int fd, off64_t size) noexcept {
  return ::ftruncate(fd, size);
}
int truncate(const char* path, off_t size) noexcept {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const int resized = ::ftruncate(fd, size);
  ::close(fd);
  return resized;
}
int truncate64(const char* path, off64_t size) noexcept {
  return ::truncate(path, size);
}
int posix_fallocate(int fd, off_t offset, off_t size) {
  // Answers an error number, and grows a file at most.
  if (::fcntl(fd, F_GETFL) < 0) return errno;
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return errno;
  return facts.st_size >= offset + size || ::ftruncate(fd, offset + size) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  return ::posix_fallocate(fd, offset, size);
}

int mkdir(const char* path, mode_t mode) noexcept {
  return crash::watched_mkdir(AT_FDCWD, path, mode);
}
int mkdirat(int at, const char* path, mode_t mode) noexcept {
  return crash::watched_mkdir(at, path, mode);
}
int rename(const char* from, const char* to) noexcept {
  return crash::watched_rename(AT_FDCWD, from, AT_FDCWD, to);
}
int renameat(int from_at, const char* from, int to_at, const char* to) noexcept {
  return crash::watched_rename(from_at, from, to_at, to);
}
int unlink(const char* path) noexcept {
  return crash::watched_remove(AT_FDCWD, path, 0);
}
int unlinkat(int at, const char* path, int flags) noexcept {
  return crash::watched_remove(at, path, flags);
}
int rmdir(const char* path) noexcept {
  return crash::watched_remove(AT_FDCWD, path, AT_REMOVEDIR);
}
int remove(const char* path) noexcept {
  const int removed = crash::watched_remove(AT_FDCWD, path, 0);
  return removed != 0 && errno == EISDIR ? crash::watched_remove(AT_FDCWD, path, AT_REMOVEDIR) : removed;
}

}  // extern "C"
// NOLINTEND
