// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/files/directory_lock.hpp"

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace dormouse::hal_linux {

namespace {

constexpr mode_t file_mode = 0640;
constexpr int open_tries_max = 100;  // a lock file that is replaced this often is replaced on purpose

constexpr timespec pause = {0, 10'000'000};
constexpr int orphan_tries_max = 200;  // pauses
constexpr int exec_tries_max = 20;

/// The note in the file: the owner's process id, or nothing.
std::string noted_owner(int fd) {
  char text[32] = {};
  const ssize_t length = ::pread(fd, text, sizeof text - 1, 0);
  std::string owner(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  return owner;
}

/// Whether the note names a process that is there. One in another process namespace is not seen.
bool owner_lives(int fd) {
  const auto pid = static_cast<pid_t>(std::atol(noted_owner(fd).c_str()));
  return pid > 0 && (::kill(pid, 0) == 0 || errno != ESRCH);
}

Error locked(const std::filesystem::path& folder, int fd) {
  const std::string owner = noted_owner(fd);
  return {.code = "store.locked",
          .message = "the data directory " + folder.string() + " is in use by process " +
                     (owner.empty() ? "(unknown)" : owner),
          .hint = "stop that process, or give this one another directory"};
}

/// 0, or the errno. EAGAIN: somebody else has it.
int set_lock(int fd, short type, bool wait) {
  struct flock lock {};  // l_pid must be 0
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  while (::fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) != 0) {
    if (errno == EINTR) continue;
    return errno == EACCES ? EAGAIN : errno;
  }
  return 0;
}

/// The same without waiting for an owner that lives. A child that an owner had just forked when it was killed holds
/// the lock until its exec or its own death a moment later: that is waited for.
int take_lock(int fd, short type) {
  int error = set_lock(fd, type, false);
  for (int tries = 0; error == EAGAIN && tries < orphan_tries_max && !owner_lives(fd); ++tries) {
    ::nanosleep(&pause, nullptr);
    error = set_lock(fd, type, false);
  }
  return error;
}

/// Locks a file that holds no note. An exec closes one descriptor after the other: this one may be a moment behind
/// the folder's.
Result<FileHandle> take_file(const std::filesystem::path& path, int flags, short type, bool wait) {
  for (int opens = 0; opens < open_tries_max; ++opens) {
    FileHandle file(::open(path.c_str(), flags | O_CLOEXEC));
    if (!file && errno == ENOENT) return FileHandle();
    if (!file) return file_error("open", path, errno);
    int error = set_lock(file.get(), type, wait);
    for (int tries = 0; error == EAGAIN && tries < exec_tries_max; ++tries) {
      ::nanosleep(&pause, nullptr);
      error = set_lock(file.get(), type, false);
    }
    if (error == EAGAIN)
      return Error{.code = "store.locked",
                   .message = path.string() + " is in use by another process, although its folder's lock is free",
                   .hint = "stop that process; its lock file was removed or replaced while it ran"};
    if (error != 0) return file_error("lock", path, error);
    if (names(path, file)) return file;
  }
  return file_error("lock", path, ESTALE);
}

}  // namespace

Result<DirectoryLock> lock_directory(const std::filesystem::path& folder, bool wait) {
  const auto path = folder / "lock";
  for (int tries = 0; tries < open_tries_max; ++tries) {
    FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode));
    if (!file) return file_error("open", path, errno);
    const int error = wait ? set_lock(file.get(), F_WRLCK, true) : take_lock(file.get(), F_WRLCK);
    if (error == EAGAIN) return locked(folder, file.get());
    if (error != 0) return file_error("lock", path, error);
    if (!names(path, file)) continue;
    const bool left_behind = !noted_owner(file.get()).empty();
    // The note tells people who it is, and the next owner how this one ended. A full disk does not keep the lock
    // from working.
    if (::ftruncate(file.get(), 0) == 0 && write_at(file.get(), path, 0, std::to_string(::getpid()) + "\n"))
      (void)::fdatasync(file.get());
    return DirectoryLock{std::move(file), left_behind};
  }
  return file_error("lock", path, ESTALE);
}

void unlock_directory(FileHandle lock) {
  if (lock && ::ftruncate(lock.get(), 0) != 0) return;  // the note stays; the lock is let go of either way
}

Result<FileHandle> lock_directory_for_reading(const std::filesystem::path& folder) {
  const auto path = folder / "lock";
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return FileHandle();
  if (!file) return file_error("open", path, errno);
  const int error = take_lock(file.get(), F_RDLCK);
  if (error == EAGAIN) return locked(folder, file.get());
  if (error != 0) return file_error("lock", path, error);
  return file;
}

Result<FileHandle> lock_file(const std::filesystem::path& path, bool wait) {
  return take_file(path, O_RDWR, F_WRLCK, wait);
}

Result<FileHandle> lock_file_for_reading(const std::filesystem::path& path) {
  return take_file(path, O_RDONLY, F_RDLCK, false);
}

Status lock_new_file(const FileHandle& file, const std::filesystem::path& path) {
  if (const int error = set_lock(file.get(), F_WRLCK, false); error != 0) return file_error("lock", path, error);
  return done();
}

bool names(const std::filesystem::path& path, const FileHandle& file) {
  struct stat held {};
  struct stat named {};
  return file && ::fstat(file.get(), &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

}  // namespace dormouse::hal_linux
