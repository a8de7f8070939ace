// SPDX-License-Identifier: Apache-2.0
// The two trees under one fixture: what a test does with a tree, it does with both. A crash is dropping the
// tree without a commit and opening it again on what the medium holds.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "runtime/store/memory_tree.hpp"
#include "runtime/store/store.hpp"

namespace dormouse::store {

/// A new folder, removed with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "dormouse-store-XXXXXX").string();
    check(mkdtemp(name.data()) != nullptr, "test:mkdtemp");
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

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

/// A store on a bed, with the verbs of a story.
class Machine {
 public:
  explicit Machine(Kind kind, Limits limits = {}) : limits_(limits), bed_(kind, limits.map_bytes) { boot(); }

  Store& store() { return *store_; }
  void boot() {
    auto opened = Store::open(bed_.open(), limits_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
  }
  void power_cut() {
    store_.reset();
    boot();
  }
  /// Runs the tree without a store on top: what bit rot and dumps need.
  void with_tree(const std::function<void(Tree&)>& work) {
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
  std::string get(BytesView key) { return store_->begin().get(key).value_or("(none)"); }

 private:
  Limits limits_;
  Bed bed_;
  std::unique_ptr<Store> store_;
};

inline std::vector<std::string> keys_of(const std::vector<Entry>& entries) {
  std::vector<std::string> keys;
  for (const Entry& entry : entries) keys.push_back(entry.key);
  return keys;
}

}  // namespace dormouse::store
