// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/files/durable_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace dormouse::hal_linux {

namespace {

constexpr mode_t file_mode = 0640;
constexpr mode_t folder_mode = 0750;
constexpr std::uint64_t zeros_at_once = 64 * 1024;
constexpr std::uint64_t progress_each = 4 * 1024 * 1024;  // bytes: seconds on a slow card
constexpr std::size_t copied_at_once = 64 * 1024;

Status copy_content(const std::filesystem::path& from, const std::filesystem::path& to) {
  const FileHandle source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source) return file_error("open", from, errno);
  const FileHandle copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
  if (!copy) return file_error("create", to, errno);
  Bytes part(copied_at_once, '\0');
  for (std::uint64_t offset = 0;;) {
    const ssize_t got = ::pread(source.get(), part.data(), part.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", from, errno);
    if (got == 0) break;
    const auto length = static_cast<std::size_t>(got);
    if (auto written = write_at(copy.get(), to, offset, BytesView(part).substr(0, length)); !written)
      return written;
    offset += length;
  }
  if (::fsync(copy.get()) != 0) return file_error("sync", to, errno);
  return done();
}

}  // namespace

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

FileHandle FileHandle::twin() const {
  return FileHandle(::fcntl(fd_, F_DUPFD_CLOEXEC, 0));
}

Error file_error(const char* doing, const std::filesystem::path& path, int error) {
  Error result{.code = "store.io",
               .message = std::string("cannot ") + doing + " " + path.string() + ": " + std::strerror(error)};
  if (error == ENOSPC || error == EDQUOT) {
    result.code = "store.no_space";
    result.hint = "free some space on its file system";
  } else if (error == EROFS) {
    result.code = "store.read_only";
    result.hint = "make its file system writable";
  } else if (error == EACCES || error == EPERM) {
    result.code = "store.not_permitted";
    result.hint = "run as the user that owns the data directory, or give it to this one";
  }
  return result;
}

Status write_at(int fd, const std::filesystem::path& path, std::uint64_t offset, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_error("write", path, written < 0 ? errno : ENOSPC);
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return done();
}

Status write_zeros(int fd, const std::filesystem::path& path, std::uint64_t from, std::uint64_t to,
                   const Progress& progress) {
  const Bytes zeros(zeros_at_once, '\0');
  while (from < to) {
    const auto length = std::min<std::uint64_t>(to - from, zeros.size());
    if (auto written = write_at(fd, path, from, BytesView(zeros).substr(0, length)); !written) return written;
    from += length;
    if (progress && from % progress_each == 0) progress();
  }
  return done();
}

Result<std::uint64_t> size_of(const FileHandle& file, const std::filesystem::path& path) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return file_error("look at", path, errno);
  return static_cast<std::uint64_t>(facts.st_size);
}

Status extend_with_zeros(const FileHandle& file, const std::filesystem::path& path, std::uint64_t size,
                         const Progress& progress) {
  const auto present = size_of(file, path);
  if (!present) return present.error();
  if (*present >= size) return done();
  if (auto extended = write_zeros(file.get(), path, *present, size, progress); !extended) return extended;
  if (::fsync(file.get()) != 0) return file_error("sync", path, errno);
  return done();
}

Status sync_path(const std::filesystem::path& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return file_error("open", path, errno);
  if (::fsync(file.get()) != 0) return file_error("sync", path, errno);
  return done();
}

Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return file_error("rename", from, errno);
  if (auto synced = sync_path(to.parent_path()); !synced) return synced;
  return from.parent_path() == to.parent_path() ? done() : sync_path(from.parent_path());
}

Status replace_file(const std::filesystem::path& path, BytesView content) {
  const auto unfinished = unfinished_name(path);
  {
    const FileHandle file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
    if (!file) return file_error("create", unfinished, errno);
    if (auto written = write_at(file.get(), unfinished, 0, content); !written) return written;
    if (::fsync(file.get()) != 0) return file_error("sync", unfinished, errno);
  }
  return rename_durably(unfinished, path);
}

Status copy_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto unfinished = unfinished_name(to);
  if (auto copied = copy_content(from, unfinished); !copied) {
    ::unlink(unfinished.c_str());  // a full disk gets its space back
    return copied;
  }
  return rename_durably(unfinished, to);
}

Status make_folder(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), folder_mode) == 0) return sync_path(path.parent_path());
  std::error_code ignored;
  if (errno == EEXIST && std::filesystem::is_directory(path, ignored)) return done();
  return file_error("create", path, errno);
}

std::filesystem::path unfinished_name(const std::filesystem::path& path) {
  return path.string() + ".new-" + std::to_string(::getpid());
}

}  // namespace dormouse::hal_linux
