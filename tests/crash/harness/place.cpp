// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/place.hpp"

#include <utility>

#include "hal/linux/durable_file.hpp"
#include "hal/linux/file_medium.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::crash {

Result<std::unique_ptr<Place>> open_place(const std::filesystem::path& folder, const Limits& limits) {
  namespace fs = std::filesystem;
  const store::JournalFacts facts{.half_bytes = limits.journal_half_bytes, .store_id = "id"};
  const auto open = [&](const fs::path& in, bool create) -> Result<std::unique_ptr<store::Store>> {
    auto tree = store::open_lmdb_tree(in, {.map_bytes = limits.map_bytes, .create = create});
    if (!tree) return std::move(tree).error();
    auto journal = hal_linux::open_file_medium(in / "journal", facts.file_bytes());
    if (!journal) return std::move(journal).error();
    return store::Store::open({.tree = std::move(*tree), .journal = std::move(*journal), .facts = facts}, limits);
  };
  const bool created = !fs::exists(folder / "store");
  if (created) {
    fs::remove_all(folder / "store.new-1");
    if (auto made = hal_linux::make_folder(folder / "store.new-1"); !made) return std::move(made).error();
    if (auto opened = open(folder / "store.new-1", true); !opened) return std::move(opened).error();
    for (const char* name : {"store.new-1/data.mdb", "store.new-1/journal", "store.new-1"})
      if (auto synced = hal_linux::sync_path(folder / name); !synced) return std::move(synced).error();
    if (auto renamed = hal_linux::rename_durably(folder / "store.new-1", folder / "store"); !renamed)
      return std::move(renamed).error();
  }
  auto store = open(folder / "store", false);
  if (!store) return std::move(store).error();
  auto place = std::make_unique<Place>();
  place->opened = store::opened(std::move(*store), "id");
  place->opened.created = created;
  return place;
}

}  // namespace dormouse::crash
