// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/data_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include "hal/linux/files/durable_file.hpp"
#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/lmdb_head.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::hal_linux {

namespace {

constexpr std::size_t word = sizeof(std::size_t);
constexpr std::size_t other_word = 12 - word;

Error word_size(const std::filesystem::path& path) {
  return {.code = "store.word_size",
          .message = path.string() + " was made by a " + std::to_string(8 * other_word) +
                     "-bit program; this is a " + std::to_string(8 * word) + "-bit one",
          .hint = "dump the store with the program that made it and load it with this one"};
}

Error broken(const std::filesystem::path& path, const std::string& why) {
  return {.code = "store.broken", .message = path.string() + " is broken: " + why};
}

}  // namespace

Status check_data_file(const std::filesystem::path& path) {
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    const int error = errno;
    std::error_code ignored;
    const bool emptied = error == ENOENT && std::filesystem::is_directory(path.parent_path(), ignored);
    return emptied ? broken(path, "it is missing") : file_error("open", path, error);
  }
  auto medium = make_file_medium_for_reading(std::move(file), path);
  if (!medium) return std::move(medium).error();
  const auto bytes = (*medium)->read(0, store::lmdb_head_bytes);
  if (!bytes) return bytes.error();
  const auto head = store::read_lmdb_head(*bytes, word);
  const auto* newest = head.newest();
  if (newest == nullptr && store::read_lmdb_head(*bytes, other_word).newest() != nullptr) return word_size(path);
  if (newest == nullptr) return broken(path, "both of its meta pages are unreadable");
  if (head.one_is_unreadable()) return broken(path, "one of its meta pages is unreadable");
  if ((*medium)->size() >= newest->used_bytes()) return done();
  return broken(path, "it has " + std::to_string((*medium)->size()) + " bytes and its last page ends at " +
                          std::to_string(newest->used_bytes()));
}

Status give_full_size(const std::filesystem::path& path, std::uint64_t map_bytes, const Progress& progress) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return file_error("open", path, errno);
  const auto before = size_of(file, path);
  if (!before) return before.error();
  auto given = extend_with_zeros(file, path, store::with_reserve(map_bytes), progress);
  // A disk that others fill, too, is not left full to the brim.
  if (!given && ::ftruncate(file.get(), static_cast<off_t>(*before)) != 0) return file_error("cut", path, errno);
  return given;
}

}  // namespace dormouse::hal_linux
