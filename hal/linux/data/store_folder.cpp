// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/store_folder.hpp"

#include <cerrno>
#include <sys/random.h>
#include <utility>

#include "hal/linux/data/data_file.hpp"
#include "hal/linux/data/journal_file.hpp"
#include "hal/linux/files/directory_lock.hpp"
#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

Result<std::string> new_store_id() {
  unsigned char random[16];
  if (::getrandom(random, sizeof random, 0) != sizeof random) return file_error("read", "the random source", errno);
  std::string id;
  for (const unsigned char byte : random) {
    constexpr char digits[] = "0123456789abcdef";
    id.push_back(digits[byte >> 4]);
    id.push_back(digits[byte & 0xF]);
  }
  return id;
}

}  // namespace

Status StoreFolder::lock(bool wait) {
  auto locked = lock_file(journal_path(), wait);
  if (!locked) return std::move(locked).error();
  journal_ = std::move(locked).value();
  return done();
}

bool StoreFolder::exists() const {
  std::error_code ignored;
  return fs::exists(path_, ignored);
}

store::JournalFacts StoreFolder::wanted(const std::string& store_id) const {
  return {.half_bytes = options_.limits.journal_half_bytes, .align = options_.align, .store_id = store_id};
}

Status StoreFolder::create() {
  const auto id = new_store_id();
  if (!id) return id.error();
  const auto unfinished = unfinished_name(path_);
  if (auto made = make_folder(unfinished); !made) return made;
  if (auto filled = fill(unfinished, *id); !filled) {
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);  // a full disk gets its space back
    return filled;
  }
  if (auto renamed = rename_durably(unfinished, path_); !renamed) return renamed;
  return lock(false);
}

Status StoreFolder::fill(const fs::path& folder, const std::string& store_id) const {
  const auto facts = wanted(store_id);
  auto journal = make_journal_file(folder / "journal", facts);
  if (!journal) return std::move(journal).error();
  {
    auto tree = store::open_lmdb_tree(folder, {.map_bytes = options_.limits.map_bytes, .create = true});
    if (!tree) return std::move(tree).error();
    auto medium = make_file_medium(std::move(journal).value(), folder / "journal", facts.file_bytes());
    auto store = store::Store::open({.tree = std::move(tree).value(), .journal = std::move(medium), .facts = facts},
                                    options_.limits);
    if (!store) return std::move(store).error();
  }
  if (options_.prezero)
    if (auto given = give_full_size(folder / "data.mdb", options_.limits.map_bytes, options_.progress); !given)
      return given;
  for (const fs::path& part : {folder / "data.mdb", folder / "lock.mdb", folder})
    if (auto synced = sync_path(part); !synced) return synced;
  return done();
}

Result<std::string> StoreFolder::read_id() const {
  if (auto checked = check_data_file(path_ / "data.mdb"); !checked) return std::move(checked).error();
  // Read-only and without LMDB's lock file: a store of a newer program is left as it is, to the last byte.
  auto tree = store::open_lmdb_tree(path_, {.read_only = true});
  if (!tree) return std::move(tree).error();
  auto format = store::read_format(**tree, options_.formats.newest);
  if (!format) return std::move(format).error();
  if (*format) return (*format)->store_id;
  return Error{.code = "store.broken",
               .message = "the store in " + path_.string() + " is empty: it was never finished, or was emptied",
               .hint = "move the store folder aside, or restore a copy"};
}

}  // namespace dormouse::hal_linux
