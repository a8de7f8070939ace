// SPDX-License-Identifier: Apache-2.0
// The two trees under one fixture: what a test does with a tree, it does with both. A crash is dropping the
// tree without a commit and opening it again on what the medium holds.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "hal/sim/memory_medium.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "runtime/store/memory_tree.hpp"
#include "runtime/store/store.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::store {

enum class Kind { memory, lmdb };

class Bed {
 public:
  explicit Bed(Kind kind, std::uint64_t bytes = 64 * 1024 * 1024) : kind_(kind), bytes_(bytes), disk_(bytes) {}

  std::unique_ptr<Tree> open() {
    if (kind_ == Kind::memory) return open_memory_tree(disk_);
    auto tree = open_lmdb_tree(folder_.path(), {.map_bytes = bytes_, .create = true});
    EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().message);
    return std::move(tree).value();
  }

  MemoryDisk& disk() { return disk_; }  // Kind::memory only

 private:
  Kind kind_;
  std::uint64_t bytes_;
  MemoryDisk disk_;
  TempFolder folder_;
};

inline std::vector<Entry> dump(Tree& tree) {
  const auto all = keys::starting_with("");
  return tree.scan(all.from, all.to, 10'000'000, Direction::forward).value();
}

class BothTrees : public testing::TestWithParam<Kind> {};

inline std::string kind_name(const testing::TestParamInfo<Kind>& param) {
  return param.param == Kind::memory ? "memory" : "lmdb";
}

/// A tree that can be told to refuse puts: all, also those of a rebuild, or one key, which spoils its transaction;
/// or its commits.
class Refusing final : public Tree {
 public:
  explicit Refusing(std::unique_ptr<Tree> below) : below_(std::move(below)) {}
  Result<std::optional<Bytes>> get(BytesView key) override { return below_->get(key); }
  Result<std::vector<Entry>> scan(BytesView from, BytesView to, std::uint64_t limit, Direction way) override {
    return below_->scan(from, to, limit, way);
  }
  Status put(BytesView key, BytesView value) override {
    if (failing || spoiled_) return Error{.code = "store.io", .message = "told to fail"};
    if (key != refused_key) return below_->put(key, value);
    spoiled_ = true;
    return Error{.code = refusal, .message = "told to refuse"};
  }
  Status erase(BytesView key) override { return below_->erase(key); }
  Status commit() override {
    if (read_only) return Error{.code = "store.read_only", .message = "told to be read-only"};
    return below_->commit();
  }
  Status abort() override {
    spoiled_ = false;
    return below_->abort();
  }
  std::uint64_t dirty_bytes() const override { return below_->dirty_bytes(); }
  Traffic traffic() const override { return below_->traffic(); }
  unsigned used_percent() const override { return 0; }
  Shape shape() const override { return below_->shape(); }

  bool failing = false;
  bool read_only = false;
  Bytes refused_key;
  std::string refusal = "store.full";

 private:
  std::unique_ptr<Tree> below_;
  bool spoiled_ = false;
};

inline Limits with_half(std::uint64_t bytes) {
  Limits limits;
  limits.journal_half_bytes = bytes;
  return limits;
}

/// A store with its journal on a bed, with the verbs of a story.
class Machine {
 public:
  explicit Machine(Kind kind, Limits limits = {}, JournalFacts::Align align = JournalFacts::Align::packed)
      : limits_(limits),
        facts_{.half_bytes = limits.journal_half_bytes, .align = align, .store_id = "0123456789abcdef"},
        bed_(kind, limits.map_bytes),
        journal_(facts_.file_bytes()) {
    boot();
  }

  Store& store() { return *store_; }
  hal_sim::MemoryFile& journal() { return journal_; }
  MemoryDisk& disk() { return bed_.disk(); }
  /// The next boots find this tree in front of the store's.
  void wrap_tree(std::function<std::unique_ptr<Tree>(std::unique_ptr<Tree>)> wrap) { wrap_ = std::move(wrap); }
  /// The power stays off until boot().
  void cut(const hal_sim::MemoryFile::KeepsNew& keeps_new = [](std::uint64_t) { return false; }) {
    journal_.cut_power(keeps_new);
    disk().cut_power();
    store_.reset();
  }
  void kill() { store_.reset(); }  // the process alone
  Status try_boot(bool made_anew = false) {
    store_.reset();
    journal_.restore();
    disk().restore();
    auto tree = bed_.open();
    if (wrap_) tree = wrap_(std::move(tree));
    auto opened = Store::open({std::move(tree), hal_sim::open_memory_medium(journal_), facts_, made_anew}, limits_);
    if (!opened) return std::move(opened).error();
    store_ = std::move(opened).value();
    return done();
  }
  void boot() {
    const auto booted = try_boot();
    ASSERT_TRUE(booted.ok()) << booted.error().message;
  }
  void power_cut() {
    cut();
    boot();
  }
  /// Runs the tree without a store on top: what bit rot and dumps need.
  void with_tree(const std::function<void(Tree&)>& work) {
    EXPECT_TRUE(store_->checkpoint(Checkpoint::command).ok());  // the tree has all, the journal nothing to add
    store_.reset();
    {
      auto tree = bed_.open();
      work(*tree);
    }
    boot();
  }
  Result<std::uint64_t> put(BytesView key, BytesView body) {
    Transaction txn = store_->begin();
    txn.put(key, body);
    return txn.apply(Durability::durable);
  }
  /// Put and durable.
  void keep(BytesView key, BytesView body, const Now& now = {}) {
    Transaction txn = store_->begin(now);
    txn.put(key, body);
    ASSERT_TRUE(txn.apply(Durability::durable).ok());
    ASSERT_TRUE(store_->settle(now).ok());
  }
  std::vector<std::string> keys(BytesView prefix) {
    const auto range = keys::starting_with(prefix);
    std::vector<std::string> found;
    for (const Entry& entry : store_->begin().scan(range.from, range.to, 100'000)) found.push_back(entry.key);
    return found;
  }
  std::string get(BytesView key) { return store_->begin().get(key).value_or("(none)"); }

 private:
  Limits limits_;
  JournalFacts facts_;
  Bed bed_;
  hal_sim::MemoryFile journal_;
  std::function<std::unique_ptr<Tree>(std::unique_ptr<Tree>)> wrap_;
  std::unique_ptr<Store> store_;
};

inline std::vector<std::string> keys_of(const std::vector<Entry>& entries) {
  std::vector<std::string> keys;
  for (const Entry& entry : entries) keys.push_back(entry.key);
  return keys;
}

}  // namespace dormouse::store
