// SPDX-License-Identifier: Apache-2.0
// One life of a device, as far as its data directory goes: owns the folder, opens its store, works, and ends: in
// order, or as a process does that is destroyed. For kills there are children (places.hpp).
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "hal/linux/data/data_directory.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/time/boot.hpp"
#include "tests/hal/store_linux/places.hpp"

namespace dormouse::hal_linux {

class Life {
 public:
  explicit Life(const std::filesystem::path& path, const DataDirectory::Options& options = {}) {
    auto acquired = DataDirectory::acquire(path, options);
    check(acquired.ok(), "test:acquire");
    data = std::move(acquired).value();
    auto result = data->open_store();
    if (!result) ADD_FAILURE() << result.error().code << ": " << result.error().message;
    check(result.ok(), "test:open");
    opened = std::move(result).value();
  }

  store::Store& store() { return *opened.store; }

  /// Applies without a sync: what a cut may take or leave.
  void apply(const std::string& key, const Bytes& body = "x") {
    auto txn = store().begin({});
    txn.put(key, body);
    check(txn.apply(store::Durability::durable).ok(), "test:apply");
  }
  /// Acked.
  Status put(const std::string& key, const Bytes& body = "x") {
    auto txn = store().begin({});
    txn.put(key, body);
    if (auto applied = txn.apply(store::Durability::durable); !applied) return std::move(applied).error();
    if (auto synced = store().sync(); !synced) return std::move(synced).error();
    return done();
  }
  /// Acked: v<from> to v<to>.
  void put_range(int from, int to) {
    for (int i = from; i <= to; ++i) check(put("v" + std::to_string(i)).ok(), "test:put");
  }
  /// How many values there are.
  std::size_t count() { return store().begin({}).scan("v", "w", 100'000).size(); }
  void checkpoint() { check(store().checkpoint(store::Checkpoint::command).ok(), "test:checkpoint"); }

  /// The first batch of every process.
  reconcile::BootStart boot() {
    auto txn = store().begin({});
    auto start = reconcile::begin_boot(txn, {.kernel_boot_id = "kernel boot 0001"}, {});
    check(start.ok(), "test:boot");
    store().own(start->boot.epoch);
    check(txn.apply(store::Durability::durable).ok() && store().sync().ok(), "test:boot");
    return *start;
  }
  /// The last one of a stop in order, with a checkpoint.
  void stop() {
    Stamp stamp;
    stamp.clean = "sigterm";
    check(put(store::keys::meta("stamp"), encode(stamp)).ok(), "test:stop");
    check(store().checkpoint(store::Checkpoint::stop).ok(), "test:stop");
  }

  std::unique_ptr<DataDirectory> data;
  store::OpenedStore opened;
};

/// What `work` does in a process of its own, which is then killed.
inline void live_and_be_killed(const std::filesystem::path& path, const std::function<void(Life&)>& work,
                               const DataDirectory::Options& options = {}) {
  Child child([&](const Child::Say& say) {
    Life life(path, options);
    work(life);
    say(1);
    while (true) ::pause();
  });
  EXPECT_EQ(child.hear(), 1);
}

inline std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

inline std::set<std::string> codes_of(const std::vector<Error>& errors) {
  std::set<std::string> codes;
  for (const Error& error : errors) codes.insert(error.code);
  return codes;
}

}  // namespace dormouse::hal_linux
