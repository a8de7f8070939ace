// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/store_stats.hpp"

#include <algorithm>
#include <utility>

#include "hal/linux/data/store_folder.hpp"
#include "hal/linux/data/store_view.hpp"
#include "hal/linux/files/directory_lock.hpp"
#include "hal/linux/files/durable_file.hpp"
#include "runtime/store/flash_report.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;
using wire::Key;

/// Before the view: a process has one environment on one folder.
Status look_at_tree(const fs::path& data, StoreStats& stats) {
  const auto lock = lock_directory_for_reading(data);
  if (!lock) return lock.error();
  const auto folder = data / "store";
  if (auto id = StoreFolder(folder, {}).read_id(); !id) return std::move(id).error();
  const auto tree = store::open_lmdb_tree(folder, {.read_only = true});
  if (!tree) return tree.error();
  stats.tree = (*tree)->shape();
  std::error_code error;
  stats.data_bytes = fs::file_size(folder / "data.mdb", error);
  if (error) return file_error("look at", folder / "data.mdb", error.value());
  return done();
}

std::uint64_t number_in(store::Transaction& txn, const char* meta, Key key) {
  const auto body = txn.get(store::keys::meta(meta));
  const auto record = body ? wire::Record::decode(*body) : Result<wire::Record>(wire::Record{});
  return record ? record->get_uint(key).value_or(0) : 0;
}

std::string component_name(store::Transaction& txn, std::uint16_t number) {
  return txn.get(store::keys::component(number)).value_or("component " + std::to_string(number));
}

}  // namespace

Result<StoreStats> stats_of_store(const fs::path& data) {
  StoreStats stats;
  if (auto looked = look_at_tree(data, stats); !looked) return std::move(looked).error();
  auto view = view_store(data);
  if (!view) return std::move(view).error();
  const auto& recovery = view->opened.recovery;
  stats.store_id = view->opened.store_id;
  stats.in_journal = recovery.replayed;
  stats.sequence = view->opened.store->applied();
  stats.store = view->opened.store->stats();

  auto txn = view->opened.store->begin();
  stats.boot = number_in(txn, "ids", Key::boot);
  stats.epoch = std::max(number_in(txn, "ids", Key::epoch), number_in(txn, "position", Key::epoch));
  if (recovery.last_batch) stats.epoch = std::max<std::uint64_t>(stats.epoch, recovery.last_batch->epoch);
  stats.flash = store::flash_items(store::FlashAccount::read(txn, {}),
                                   [&txn](std::uint16_t number) { return component_name(txn, number); });
  auto snapshots = list_snapshots(data);
  if (!snapshots) return std::move(snapshots).error();
  stats.snapshots = std::move(snapshots).value();
  return stats;
}

}  // namespace dormouse::hal_linux
