// SPDX-License-Identifier: Apache-2.0
// The memory twin of LMDB: an overlay that a commit merges into the disk.
#include "runtime/store/memory_tree.hpp"

#include <algorithm>
#include <utility>

namespace dormouse::store {

namespace {

constexpr std::uint64_t block_bytes = 4096;

std::uint64_t round_to_blocks(std::uint64_t bytes) {
  return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

/// What a change is counted as.
std::uint64_t blocks_of(const Bytes& key, const std::optional<Bytes>& value) {
  return round_to_blocks(key.size() + (value ? value->size() : 0));
}

Error power_cut() {
  return {.code = "store.io", .message = "the simulated disk has no power"};
}

Error spoiled() {
  return {.code = "store.io", .message = "the open transaction of the memory tree is spoiled"};
}

}  // namespace

void MemoryDisk::fail_commits(std::string code, std::uint64_t times) {
  fail_code_ = std::move(code);
  fail_times_ = times;
}

void MemoryDisk::restore() {
  power_ = true;
  cut_in_commit_.reset();
  fail_times_ = 0;
}

void MemoryDisk::replace(Bytes key, std::optional<Bytes> value) {
  if (const auto old = content_.find(key); old != content_.end()) {
    used_bytes_ -= old->first.size() + old->second.size();
    if (!value) content_.erase(old);
  }
  if (!value) return;
  used_bytes_ += key.size() + value->size();
  content_.insert_or_assign(std::move(key), std::move(*value));
}

Status MemoryDisk::commit(const Changes& changes) {
  if (!power_) return power_cut();
  if (fail_times_ > 0) {
    if (fail_times_ != unlimited) --fail_times_;
    return Error{.code = fail_code_, .message = "the simulated disk was told to fail"};
  }
  if (changes.empty()) return done();
  const auto cut = std::exchange(cut_in_commit_, std::nullopt);
  if (cut) power_ = false;
  if (cut == Outcome::keeps_old) return power_cut();
  for (const auto& [key, value] : changes) {
    replace(key, value);
    traffic_.bytes += blocks_of(key, value);
  }
  traffic_.bytes += block_bytes;
  traffic_.syncs += 2;
  if (cut) return power_cut();
  return done();
}

class MemoryTree final : public Tree {
 public:
  explicit MemoryTree(MemoryDisk& disk) : disk_(disk) {}

  Result<std::optional<Bytes>> get(BytesView key) override {
    if (auto usable = check_usable(); !usable) return std::move(usable).error();
    if (const auto change = changes_.find(key); change != changes_.end()) return change->second;
    const auto stored = disk_.content_.find(key);
    if (stored == disk_.content_.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(stored->second);
  }

  Result<std::vector<Entry>> scan(BytesView from, BytesView to, std::uint64_t limit, Direction direction) override {
    if (auto usable = check_usable(); !usable) return std::move(usable).error();
    return scan_through(changes_, from, to, limit, direction,
                        [this](BytesView low, BytesView high, std::uint64_t most, Direction way) {
                          return read_page(low, high, most, way);
                        });
  }

  Status put(BytesView key, BytesView value) override {
    if (auto usable = check_usable(); !usable) return usable;
    const std::int64_t growth = static_cast<std::int64_t>(key.size() + value.size()) - held_bytes(key);
    if (growth > 0 && used_bytes() + static_cast<std::uint64_t>(growth) > with_reserve(disk_.size_bytes_)) {
      spoiled_ = true;
      return Error{.code = "store.full",
                   .message = "the memory tree holds its " + std::to_string(disk_.size_bytes_) + " bytes"};
    }
    growth_ += growth;
    change(Bytes(key), Bytes(value));
    return done();
  }

  Status erase(BytesView key) override {
    if (auto usable = check_usable(); !usable) return usable;
    const std::int64_t held = held_bytes(key);
    if (held == 0) return done();
    growth_ -= held;
    change(Bytes(key), std::nullopt);
    return done();
  }

  Status commit() override {
    if (auto usable = check_usable(); !usable) return usable;
    auto committed = disk_.commit(changes_);
    drop_changes();
    return committed;
  }

  Status abort() override {
    drop_changes();
    if (!disk_.has_power()) return power_cut();
    return done();
  }

  std::uint64_t dirty_bytes() const override { return dirty_bytes_; }

  Traffic traffic() const override { return disk_.traffic_; }

  Shape shape() const override {
    if (!check_usable()) return {};
    std::uint64_t entries = disk_.content_.size();
    for (const auto& [key, value] : changes_) {
      if (disk_.content_.contains(key)) --entries;
      if (value) ++entries;
    }
    return {.entries = entries};
  }

  unsigned used_percent() const override {
    if (disk_.size_bytes_ == MemoryDisk::unlimited) return 0;
    return static_cast<unsigned>(used_bytes() * 100 / disk_.size_bytes_);
  }

  std::uint64_t room_bytes() const override {
    return disk_.size_bytes_ - std::min(used_bytes(), disk_.size_bytes_);
  }

 private:
  Status check_usable() const {
    if (!disk_.has_power()) return power_cut();
    if (spoiled_) return spoiled();
    return done();
  }

  void change(Bytes key, std::optional<Bytes> value) {
    if (const auto old = changes_.find(key); old != changes_.end())
      dirty_bytes_ -= blocks_of(old->first, old->second);
    dirty_bytes_ += blocks_of(key, value);
    changes_.insert_or_assign(std::move(key), std::move(value));
  }

  void drop_changes() {
    changes_.clear();
    dirty_bytes_ = 0;
    growth_ = 0;
    spoiled_ = false;
  }

  /// Bytes that the key and its value take now; 0 if absent.
  std::int64_t held_bytes(BytesView key) const {
    if (const auto change = changes_.find(key); change != changes_.end())
      return change->second ? static_cast<std::int64_t>(key.size() + change->second->size()) : 0;
    const auto stored = disk_.content_.find(key);
    return stored == disk_.content_.end() ? 0 : static_cast<std::int64_t>(key.size() + stored->second.size());
  }

  std::uint64_t used_bytes() const {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(disk_.used_bytes_) + growth_);
  }

  Result<Page> read_page(BytesView from, BytesView to, std::uint64_t limit, Direction direction) const {
    Page page;
    const auto first = disk_.content_.lower_bound(from);
    const auto last = disk_.content_.lower_bound(to);
    auto take = [&](const auto& stored) {
      if (page.entries.size() == limit) {
        page.more = true;
        return false;
      }
      page.entries.push_back({stored.first, stored.second});
      page.last = stored.first;
      return true;
    };
    if (direction == Direction::forward) {
      for (auto at = first; at != last && take(*at);) ++at;
    } else {
      for (auto at = last; at != first && take(*std::prev(at));) --at;
    }
    return page;
  }

  MemoryDisk& disk_;
  Changes changes_;
  std::uint64_t dirty_bytes_ = 0;
  std::int64_t growth_ = 0;  // what the changes add to the bytes used
  bool spoiled_ = false;
};

std::unique_ptr<Tree> open_memory_tree(MemoryDisk& disk) {
  return std::make_unique<MemoryTree>(disk);
}

}  // namespace dormouse::store
