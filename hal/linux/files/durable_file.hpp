// SPDX-License-Identifier: Apache-2.0
// Files that are whole or not there: the few steps that make a change of a folder survive a power cut.
// Errors everywhere: store.no_space, store.read_only (the file system is), store.not_permitted (this user may not:
// it can come wherever another header says store.read_only), store.io, each naming the file. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// Owns a descriptor.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileHandle();
  int get() const { return fd_; }
  /// Another descriptor of the same open file, so of the same lock.
  FileHandle twin() const;
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Called now and then while something takes long, on the thread that does it. Empty: nobody wants to know.
using Progress = std::function<void()>;

/// What an errno means for the store.
Error file_error(const char* doing, const std::filesystem::path& path, int error);

/// Writes all of it, however the kernel cuts it up.
Status write_at(int fd, const std::filesystem::path& path, std::uint64_t offset, BytesView bytes);
/// Zeros up to `to`, written and not only reserved, so that later writes there need no new blocks.
Status write_zeros(int fd, const std::filesystem::path& path, std::uint64_t from, std::uint64_t to,
                   const Progress& progress = {});
Result<std::uint64_t> size_of(const FileHandle& file, const std::filesystem::path& path);
/// A shorter file gets zeros up to `size`, durable on return; another one stays as it is.
Status extend_with_zeros(const FileHandle& file, const std::filesystem::path& path, std::uint64_t size,
                         const Progress& progress = {});

/// Makes a file's content, or a folder's names, durable.
Status sync_path(const std::filesystem::path& path);
/// Renames within one file system, durable on return.
Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);
/// Replaces the file: it has the old content or the new, never less. Goes through "<name>.new-<pid>".
Status replace_file(const std::filesystem::path& path, BytesView content);

/// Copies a file; the copy has its name once it is whole and durable.
Status copy_durably(const std::filesystem::path& from, const std::filesystem::path& to);
/// Makes the folder, durable on return; one that is there is fine.
Status make_folder(const std::filesystem::path& path);

/// The name that a thing has until it is whole: "<path>.new-<pid>".
std::filesystem::path unfinished_name(const std::filesystem::path& path);

}  // namespace dormouse::hal_linux
