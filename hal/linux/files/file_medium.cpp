// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/files/file_medium.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "runtime/base/check.hpp"

namespace dormouse::hal_linux {

namespace {

constexpr mode_t file_mode = 0640;

class FileMedium final : public store::StorageMedium {
 public:
  enum class Use { read, read_and_write };
  FileMedium(FileHandle file, std::filesystem::path path, std::uint64_t size, Use use)
      : file_(std::move(file)), path_(std::move(path)), size_(size), use_(use) {}

  std::uint64_t size() const override { return size_; }

  Result<Bytes> read(std::uint64_t offset, std::uint64_t length) override {
    if (offset >= size_) return Bytes();
    Bytes bytes(std::min(length, size_ - offset), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t got =
          ::pread(file_.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return file_error("read", path_, errno);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }

  Status write(std::uint64_t offset, BytesView bytes) override {
    check(offset <= size_ && bytes.size() <= size_ - offset, "file_medium:outside");
    if (use_ == Use::read) return file_error("write", path_, EROFS);
    return write_at(file_.get(), path_, offset, bytes);
  }

  Status sync() override {
    if (::fdatasync(file_.get()) != 0) return file_error("sync", path_, errno);
    return done();
  }

 private:
  FileHandle file_;
  std::filesystem::path path_;
  std::uint64_t size_;
  Use use_;
};

Status make_blank_file(const std::filesystem::path& path, std::uint64_t size) {
  const auto unfinished = unfinished_name(path);
  {
    const FileHandle file(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
    if (!file) return file_error("create", unfinished, errno);
    if (auto filled = extend_with_zeros(file, unfinished, size); !filled) {
      ::unlink(unfinished.c_str());  // a full disk gets its space back
      return filled;
    }
  }
  return rename_durably(unfinished, path);
}

}  // namespace

std::unique_ptr<store::StorageMedium> make_file_medium(FileHandle file, std::filesystem::path path,
                                                       std::uint64_t size) {
  return std::make_unique<FileMedium>(std::move(file), std::move(path), size, FileMedium::Use::read_and_write);
}

Result<std::unique_ptr<store::StorageMedium>> open_file_medium(const std::filesystem::path& path,
                                                               std::uint64_t size) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    if (auto made = make_blank_file(path, size); !made) return std::move(made).error();
  FileHandle file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return file_error("open", path, errno);
  if (auto extended = extend_with_zeros(file, path, size); !extended) return std::move(extended).error();
  return make_file_medium(std::move(file), path, size);
}

Result<std::unique_ptr<store::StorageMedium>> make_file_medium_for_reading(FileHandle file,
                                                                           std::filesystem::path path) {
  auto size = size_of(file, path);
  if (!size) return std::move(size).error();
  return std::unique_ptr<store::StorageMedium>(
      std::make_unique<FileMedium>(std::move(file), std::move(path), *size, FileMedium::Use::read));
}

}  // namespace dormouse::hal_linux
