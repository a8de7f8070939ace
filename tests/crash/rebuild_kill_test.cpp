// SPDX-License-Identifier: Apache-2.0
// A process that is killed while it rebuilds the tree's open transaction, because one batch had spoiled it.
#include <csignal>
#include <utility>

#include <gtest/gtest.h>

#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "runtime/store/store.hpp"
#include "tests/crash/harness/cuts.hpp"
#include "tests/crash/harness/device.hpp"
#include "tests/crash/harness/killer.hpp"

namespace dormouse::crash {
namespace {

namespace fs = std::filesystem;
using store::Tree;

/// LMDB, but for one key that it has no room for; from that refusal on the process has so many calls left to live.
class SpoiledTree final : public Tree {
 public:
  SpoiledTree(std::unique_ptr<Tree> tree, int calls_left) : tree_(std::move(tree)), calls_left_(calls_left) {}
  static constexpr const char* refused_key = "vrefused";

  Result<std::optional<Bytes>> get(BytesView key) override { return tree_->get(key); }
  Result<std::vector<store::Entry>> scan(BytesView from, BytesView to, std::uint64_t limit,
                                         store::Direction direction) override {
    return tree_->scan(from, to, limit, direction);
  }
  Status put(BytesView key, BytesView value) override {
    if (key == refused_key) {
      spoiled_ = true;
      return Error{.code = "store.full", .message = "no room"};
    }
    live_on();
    return tree_->put(key, value);
  }
  Status erase(BytesView key) override {
    live_on();
    return tree_->erase(key);
  }
  Status commit() override { return tree_->commit(); }
  Status abort() override {
    live_on();
    return tree_->abort();
  }
  Traffic traffic() const override { return tree_->traffic(); }
  unsigned used_percent() const override { return tree_->used_percent(); }

 private:
  void live_on() {
    if (spoiled_ && calls_left_-- == 0) ::raise(SIGKILL);
  }

  std::unique_ptr<Tree> tree_;
  bool spoiled_ = false;
  int calls_left_;
};

std::unique_ptr<store::Store> open_in(const fs::path& folder, int calls_left) {
  const store::JournalFacts facts{.half_bytes = small_limits().journal_half_bytes, .store_id = "id"};
  auto tree = store::open_lmdb_tree(folder, {.map_bytes = small_limits().map_bytes, .create = true});
  auto journal = hal_linux::open_file_medium(folder / "journal", facts.file_bytes());
  check(tree.ok() && journal.ok(), "test:parts");
  store::StoreParts parts{.tree = std::make_unique<SpoiledTree>(std::move(*tree), calls_left)};
  parts.journal = std::move(*journal);
  parts.facts = facts;
  auto opened = store::Store::open(std::move(parts), small_limits());
  check(opened.ok(), "test:open");
  return std::move(opened).value();
}

Result<std::uint64_t> put(store::Store& store, const std::string& key, store::Durability durability) {
  auto txn = store.begin();
  txn.put(key, std::string(60, 'x'));
  return txn.apply(durability);
}

std::vector<std::string> keys_in(store::Store& store) {
  std::vector<std::string> keys;
  for (const auto& entry : store.begin().scan("v", "w", 100)) keys.push_back(entry.key);
  return keys;
}

TEST(RebuildKilled, D096_AKillInARebuildEqualsACrashBeforeTheRefusedBatch) {
  constexpr int never = 1'000;
  const std::vector<std::string> expected = {"v1", "v2", "v3"};
  Places places;
  int kills = 0;
  for (int calls_left = 0;; ++calls_left) {
    const auto folder = places.next();
    fs::create_directory(folder);
    const SharedLife life;
    live(*life, UINT64_MAX, [&](Killer&) {
      const auto store = open_in(folder, calls_left);
      check(put(*store, "v1", store::Durability::durable).ok() && store->settle({}).ok(), "test:put");
      check(put(*store, "v2", store::Durability::durable).ok() && store->settle({}).ok(), "test:put");
      check(put(*store, "v3", store::Durability::lazy).ok() && store->settle({}).ok(), "test:put");
      check(put(*store, "v4", store::Durability::lazy).ok(), "test:put");  // in memory alone
      life->found = 4;
      check(!put(*store, SpoiledTree::refused_key, store::Durability::durable).ok(), "test:refused");
      life->found = Life::none;  // the rebuild is over
    });
    if (life->found == Life::none) break;
    ++kills;
    EXPECT_EQ(keys_in(*open_in(folder, never)), expected) << "killed after " << calls_left << " calls";
  }
  EXPECT_GE(kills, 5);  // the abort, the note of the position, and each batch
}

}  // namespace
}  // namespace dormouse::crash
