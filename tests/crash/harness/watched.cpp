// SPDX-License-Identifier: Apache-2.0
// Nothing is kept about descriptors or paths: who a file is, is asked of the kernel.
#include "tests/crash/harness/watched.hpp"

#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/crash/harness/observer.hpp"

namespace dormouse::crash {

namespace {

Observer* watching = nullptr;

template <class Function>
Function* real(const char* name) {
  auto* found = ::dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

/// What the observer does between two calls must not show in errno.
class Aside {
 public:
  Aside() = default;
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  ~Aside() { errno = errno_; }

 private:
  int errno_ = errno;
};

std::optional<Inode> inode_of(int fd) {
  const Aside aside;
  struct stat facts {};
  if (::fstat(fd, &facts) != 0 || (!S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode))) return std::nullopt;
  return Inode{facts.st_dev, facts.st_ino};
}

/// A name in its folder, and what it leads to if it is there.
struct Place {
  std::optional<Inode> folder;
  std::string name;
  std::optional<Inode> child;
};

Place place_of(int at, const char* given) {
  const Aside aside;
  std::string path(given);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  Place place;
  place.name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  struct stat facts {};
  if (::fstatat(at, folder.c_str(), &facts, 0) == 0) place.folder = Inode{facts.st_dev, facts.st_ino};
  if (::fstatat(at, path.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0)
    place.child = Inode{facts.st_dev, facts.st_ino};
  return place;
}

/// Calls the real function between what the observer is asked and what it is told.
template <class Call, class Tell>
auto watched(Call call, Tell tell) {
  if (watching == nullptr) return call();
  {
    const Aside aside;
    watching->before(0);
  }
  const auto result = call();
  const Aside aside;
  if (result >= 0) tell();
  watching->after();
  return result;
}

int sync(int fd, int (*real_sync)(int)) {
  const auto file = watching != nullptr ? inode_of(fd) : std::nullopt;
  if (!file) return real_sync(fd);
  return watched([&] { return real_sync(fd); }, [&] { watching->synced(*file); });
}

}  // namespace

void observe(Observer* observer) {
  watching = observer;
}

int watched_open(int at, const char* path, int flags, mode_t mode) {
  static const auto real_open = real<int(int, const char*, int, ...)>("openat");
  const auto call = [&] { return real_open(at, path, flags, mode); };
  if (watching == nullptr || (flags & (O_CREAT | O_TRUNC)) == 0 || (flags & O_TMPFILE) == O_TMPFILE) return call();
  const Place before = place_of(at, path);
  if (before.child && (flags & O_TRUNC) == 0) return call();
  return watched(call, [&] {
    const Place now = place_of(at, path);
    if (!now.folder || !now.child) return;
    if (before.child)
      watching->resized(*now.child, 0);
    else
      watching->made(*now.folder, now.name, *now.child, false);
  });
}

ssize_t watched_write(int fd, const char* bytes, std::size_t size, std::optional<off_t> offset) {
  static const auto real_write = real<ssize_t(int, const void*, std::size_t)>("write");
  static const auto real_pwrite = real<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
  const auto call = [&](std::size_t part) {
    return offset ? real_pwrite(fd, bytes, part, *offset) : real_write(fd, bytes, part);
  };
  const auto file = watching != nullptr ? inode_of(fd) : std::nullopt;
  if (!file) return call(size);
  std::size_t part = size;
  {
    const Aside aside;
    part = watching->before(size);
  }
  const ssize_t written = call(part);
  const Aside aside;
  if (written > 0) {
    const off_t end = offset ? *offset + written : ::lseek(fd, 0, SEEK_CUR);
    const bool synced = (::fcntl(fd, F_GETFL) & (O_SYNC | O_DSYNC)) != 0;
    watching->written(*file, static_cast<std::uint64_t>(end - written), {bytes, static_cast<std::size_t>(written)},
                      synced);
  }
  watching->after();
  return written;
}

ssize_t watched_writev(int fd, const iovec* parts, int count, std::optional<off_t> offset) {
  std::string all;
  for (int i = 0; i < count; ++i) all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return watched_write(fd, all.data(), all.size(), offset);
}

int watched_fsync(int fd) {
  static const auto real_sync = real<int(int)>("fsync");
  return sync(fd, real_sync);
}

int watched_fdatasync(int fd) {
  static const auto real_sync = real<int(int)>("fdatasync");
  return sync(fd, real_sync);
}

int watched_resize(int fd, off_t size) {
  static const auto real_resize = real<int(int, off_t)>("ftruncate");
  const auto file = watching != nullptr ? inode_of(fd) : std::nullopt;
  if (!file) return real_resize(fd, size);
  return watched([&] { return real_resize(fd, size); },
                 [&] { watching->resized(*file, static_cast<std::uint64_t>(size)); });
}

int watched_rename(int from_at, const char* from, int to_at, const char* to) {
  static const auto real_rename = real<int(int, const char*, int, const char*)>("renameat");
  const auto call = [&] { return real_rename(from_at, from, to_at, to); };
  if (watching == nullptr) return call();
  const Place before = place_of(from_at, from);
  const Place after = place_of(to_at, to);
  return watched(call, [&] {
    if (!before.folder || !before.child || !after.folder) return;
    watching->renamed(*before.folder, before.name, *after.folder, after.name, *before.child);
    if (after.child && after.child != before.child) watching->gone(*after.child);
  });
}

int watched_remove(int at, const char* path, int flags) {
  static const auto real_unlink = real<int(int, const char*, int)>("unlinkat");
  const auto call = [&] { return real_unlink(at, path, flags); };
  if (watching == nullptr) return call();
  const Place place = place_of(at, path);
  return watched(call, [&] {
    if (!place.folder || !place.child) return;
    watching->removed(*place.folder, place.name);
    watching->gone(*place.child);
  });
}

int watched_mkdir(int at, const char* path, mode_t mode) {
  static const auto real_mkdir = real<int(int, const char*, mode_t)>("mkdirat");
  return watched([&] { return real_mkdir(at, path, mode); },
                 [&] {
                   const Place place = place_of(at, path);
                   if (place.folder && place.child) watching->made(*place.folder, place.name, *place.child, true);
                 });
}

}  // namespace dormouse::crash
