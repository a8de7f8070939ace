// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/compact_store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "hal/linux/data/store_folder.hpp"
#include "hal/linux/data/store_marker.hpp"
#include "hal/linux/files/directory_lock.hpp"
#include "hal/linux/files/durable_file.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "runtime/store/verify.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

constexpr mode_t folder_mode = 0750;

/// A tree that is opened only to be looked at, and what was seen.
struct Looked {
  std::unique_ptr<store::Tree> tree;
  std::uint64_t records = 0;
  store::Tree::Shape shape;
};

Result<Looked> look(const fs::path& folder) {
  auto tree = store::open_lmdb_tree(folder, {.read_only = true});
  if (!tree) return std::move(tree).error();
  const auto report = store::verify(**tree);
  if (!report) return report.error();
  if (!report->sound())
    return Error{.code = "store.broken",
                 .message = "the store in " + folder.string() + " is not sound, so it is not copied",
                 .hint = "`dormouse store check` shows what is wrong"};
  Looked looked{std::move(tree).value(), report->total, {}};
  looked.shape = looked.tree->shape();
  return looked;
}

Result<std::uint64_t> size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return file_error("look at", file, error.value());
  return size;
}

/// The copy as a file that is whole, verified and durable, with `full_size` bytes if that is more than it needs.
Result<Looked> make_copy(const store::Tree& from, const fs::path& folder, std::uint64_t full_size) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);  // of a process of the same number
  if (::mkdir(folder.c_str(), folder_mode) != 0) return file_error("create", folder, errno);
  const auto path = folder / "data.mdb";
  const FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!file) return file_error("create", path, errno);
  if (auto copied = from.copy_to(file.get()); !copied) return std::move(copied).error();
  const auto size = size_of(path);
  if (!size) return size.error();
  if (*size < full_size)
    if (auto zeroed = write_zeros(file.get(), path, *size, full_size); !zeroed) return std::move(zeroed).error();
  if (auto synced = sync_path(path); !synced) return std::move(synced).error();
  return look(folder);
}

/// store.broken, if what lies there is not to be trusted to be the store.
Status check_marker(const fs::path& data) {
  const auto marker = read_marker(data);
  if (!marker || marker->rebuilding.empty()) return done();
  return Error{.code = "store.broken",
               .message = "a rebuild of the store in " + data.string() + " is not finished",
               .hint = "start a run on it first"};
}

Result<Compacted> replace(const fs::path& data, const fs::path& unfinished) {
  const auto folder = data / "store";
  const auto old = look(folder);
  if (!old) return old.error();
  const auto before = size_of(folder / "data.mdb");
  if (!before) return before.error();
  // LMDB itself makes the file no longer than its pages.
  const bool full_size = *before > old->shape.file_pages * old->shape.page_bytes;
  const auto copy = make_copy(*old->tree, unfinished, full_size ? *before : 0);
  if (!copy) return copy.error();
  if (copy->records != old->records)
    return Error{.code = "store.io", .message = "the copy of " + folder.string() + " has other records than it"};
  const auto after = size_of(unfinished / "data.mdb");
  if (!after) return after.error();
  if (::rename((unfinished / "data.mdb").c_str(), (folder / "data.mdb").c_str()) != 0)
    return file_error("replace", folder / "data.mdb", errno);
  if (auto synced = sync_path(folder); !synced) return std::move(synced).error();
  return Compacted{old->records, old->shape.file_pages, copy->shape.file_pages, *before, *after};
}

}  // namespace

Result<Compacted> compact_store(const fs::path& data) {
  // A lock for reading keeps owners out and leaves the note of the last one as it is.
  const auto lock = lock_directory_for_reading(data);
  if (!lock) return lock.error();
  const auto journal_lock = lock_file_for_reading(data / "store" / "journal");
  if (!journal_lock) return journal_lock.error();
  if (auto whole = check_marker(data); !whole) return std::move(whole).error();
  if (auto id = StoreFolder(data / "store", {}).read_id(); !id) return std::move(id).error();
  const auto unfinished = unfinished_name(data / "compact");
  auto compacted = replace(data, unfinished);
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);
  return compacted;
}

}  // namespace dormouse::hal_linux
