// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/durable_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace dormouse::hal_linux {

namespace {

constexpr mode_t file_mode = 0640;
constexpr std::uint64_t zeros_at_once = 64 * 1024;

}  // namespace

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

Error file_error(const char* doing, const std::filesystem::path& path, int error) {
  Error result{.code = "store.io",
               .message = std::string("cannot ") + doing + " " + path.string() + ": " + std::strerror(error)};
  if (error == ENOSPC || error == EDQUOT) {
    result.code = "store.no_space";
    result.hint = "free some space on its file system";
  } else if (error == EROFS || error == EACCES || error == EPERM) {
    result.code = "store.read_only";
    result.hint = "make the data directory writable for this user";
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

Status write_zeros(int fd, const std::filesystem::path& path, std::uint64_t from, std::uint64_t to) {
  const Bytes zeros(zeros_at_once, '\0');
  while (from < to) {
    const auto length = std::min<std::uint64_t>(to - from, zeros.size());
    if (auto written = write_at(fd, path, from, BytesView(zeros).substr(0, length)); !written) return written;
    from += length;
  }
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
  return sync_path(to.parent_path());
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

std::filesystem::path unfinished_name(const std::filesystem::path& path) {
  return path.string() + ".new-" + std::to_string(::getpid());
}

}  // namespace dormouse::hal_linux
