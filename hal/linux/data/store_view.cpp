// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/store_view.hpp"

#include <cerrno>
#include <fcntl.h>
#include <utility>

#include "hal/linux/data/journal_file.hpp"
#include "hal/linux/data/store_folder.hpp"
#include "hal/linux/files/directory_lock.hpp"
#include "hal/linux/files/file_medium.hpp"
#include "runtime/base/check.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "runtime/store/scratch_tree.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

/// A journal's bytes in memory, so that replaying it may write.
class ScratchMedium final : public store::StorageMedium {
 public:
  explicit ScratchMedium(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<Bytes> read(std::uint64_t offset, std::uint64_t length) override {
    return offset < bytes_.size() ? bytes_.substr(offset, length) : Bytes();
  }
  Status write(std::uint64_t offset, BytesView bytes) override {
    check(offset <= size() && bytes.size() <= size() - offset, "store_view:outside");
    bytes_.replace(offset, bytes.size(), bytes);
    return done();
  }
  Status sync() override { return done(); }

 private:
  Bytes bytes_;
};

/// Keeps owners out, by both locks.
Result<StoreView> lock_for_view(const fs::path& path) {
  StoreView view;
  auto lock = lock_directory_for_reading(path);
  if (!lock) return std::move(lock).error();
  view.lock = std::move(lock).value();
  auto journal = lock_file_for_reading(path / "store" / "journal");
  if (!journal) return std::move(journal).error();
  view.journal_lock = std::move(journal).value();
  return view;
}

/// The tree, and the id of the store.
struct ReadTree {
  std::unique_ptr<store::Tree> tree;
  std::string store_id;
};
Result<ReadTree> read_tree(const fs::path& folder, const Limits& limits) {
  const StoreFolder store(folder, {.limits = limits});
  if (!store.exists()) return file_error("open", folder, ENOENT);
  auto id = store.read_id();
  if (!id) return std::move(id).error();
  auto tree = store::open_lmdb_tree(folder, {.map_bytes = limits.map_bytes, .read_only = true});
  if (!tree) return std::move(tree).error();
  return ReadTree{std::move(tree).value(), std::move(id).value()};
}

Status open_view(StoreView& view, const fs::path& folder, ReadTree read, const Limits& limits) {
  const auto path = folder / "journal";
  store::StoreParts parts{.facts = {.half_bytes = limits.journal_half_bytes, .store_id = read.store_id}};
  Bytes bytes;
  if (view.journal_lock) {
    auto look = look_at_journal(view.journal_lock, path, *read.tree, parts.facts);
    if (!look) return std::move(look).error();
    auto medium = make_file_medium_for_reading(view.journal_lock.twin(), path);
    if (!medium) return std::move(medium).error();
    auto content = (*medium)->read(0, look->file_bytes);
    if (!content) return std::move(content).error();
    bytes = std::move(content).value();
    parts.facts = look->facts;
  }
  if (bytes.size() < parts.facts.file_bytes()) {
    parts.journal_made_anew = true;
    bytes.resize(parts.facts.file_bytes(), '\0');
  }
  parts.journal = std::make_unique<ScratchMedium>(std::move(bytes));
  parts.tree = store::make_scratch_tree(std::move(read.tree));
  auto store = store::Store::open(std::move(parts), limits);
  if (!store) return std::move(store).error();
  view.opened = store::opened(std::move(store).value(), read.store_id);
  return done();
}

}  // namespace

Result<StoreView> view_store(const fs::path& path, const Limits& limits) {
  auto view = lock_for_view(path);
  if (!view) return view;
  auto read = read_tree(path / "store", limits);
  if (!read) return std::move(read).error();
  if (auto opened = open_view(*view, path / "store", std::move(read).value(), limits); !opened)
    return std::move(opened).error();
  return view;
}

Result<std::unique_ptr<store::StorageMedium>> view_heartbeat(const fs::path& path) {
  const auto name = path / "heartbeat";
  FileHandle file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return file_error("open", name, errno);
  return make_file_medium_for_reading(std::move(file), name);
}

Result<StoreCheck> check_store(const fs::path& path) {
  auto view = lock_for_view(path);
  if (!view) return std::move(view).error();
  auto read = read_tree(path / "store", {});
  if (!read) return std::move(read).error();
  auto report = store::verify(*read->tree);
  if (!report) return std::move(report).error();
  StoreCheck check{.tree = std::move(report).value()};
  if (auto opened = open_view(*view, path / "store", std::move(read).value(), {}); !opened) {
    check.alarms.push_back(std::move(opened).error());
  } else {
    check.in_journal = view->opened.recovery.replayed;
    check.alarms = std::move(view->opened.alarms);
  }
  return check;
}

}  // namespace dormouse::hal_linux
