// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/file_medium.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "hal/linux/durable_file.hpp"
#include "runtime/base/check.hpp"

namespace dormouse::hal_linux {

namespace {

class FileMedium final : public store::StorageMedium {
 public:
  FileMedium(FileHandle file, std::filesystem::path path, std::uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}

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
};

}  // namespace

Result<std::unique_ptr<store::StorageMedium>> open_file_medium(const std::filesystem::path& path,
                                                               std::uint64_t size) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    if (auto made = replace_file(path, Bytes(size, '\0')); !made) return std::move(made).error();
  FileHandle file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return file_error("open", path, errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return file_error("look at", path, errno);
  const auto present = static_cast<std::uint64_t>(facts.st_size);
  if (present < size) {
    if (auto extended = write_zeros(file.get(), path, present, size); !extended) return std::move(extended).error();
    if (::fsync(file.get()) != 0) return file_error("sync", path, errno);
  }
  return std::unique_ptr<store::StorageMedium>(std::make_unique<FileMedium>(std::move(file), path, size));
}

}  // namespace dormouse::hal_linux
