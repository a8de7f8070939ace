// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/directory_lock.hpp"

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

constexpr int orphan_tries_max = 200;  // of 10 ms
constexpr timespec orphan_pause = {0, 10'000'000};

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
    ::nanosleep(&orphan_pause, nullptr);
    error = set_lock(fd, type, false);
  }
  return error;
}

/// Whether the path still names the file that was locked: it may have been replaced meanwhile.
bool is_named(int fd, const std::filesystem::path& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

}  // namespace

Result<FileHandle> lock_directory(const std::filesystem::path& folder, bool wait) {
  const auto path = folder / "lock";
  for (int tries = 0; tries < open_tries_max; ++tries) {
    FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode));
    if (!file) return file_error("open", path, errno);
    const int error = wait ? set_lock(file.get(), F_WRLCK, true) : take_lock(file.get(), F_WRLCK);
    if (error == EAGAIN) return locked(folder, file.get());
    if (error != 0) return file_error("lock", path, error);
    if (!is_named(file.get(), path)) continue;
    // The note is for people: a full disk does not keep the lock from working.
    if (::ftruncate(file.get(), 0) == 0) (void)write_at(file.get(), path, 0, std::to_string(::getpid()) + "\n");
    return file;
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

}  // namespace dormouse::hal_linux
