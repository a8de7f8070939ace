// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/scratch_tree.hpp"

#include <utility>

#include "runtime/store/overlay.hpp"

namespace dormouse::store {

namespace {

class ScratchTree final : public Tree {
 public:
  explicit ScratchTree(std::unique_ptr<Tree> below) : below_(std::move(below)) {}

  Result<std::optional<Bytes>> get(BytesView key) override {
    const auto changed = changes_.find(key);
    return changed == changes_.end() ? below_->get(key) : changed->second;
  }

  Result<std::vector<Entry>> scan(BytesView from, BytesView to, std::uint64_t limit, Direction direction) override {
    const auto read = [this](BytesView low, BytesView high, std::uint64_t at_most,
                             Direction which) -> Result<Page> {
      auto entries = below_->scan(low, high, at_most, which);
      if (!entries) return std::move(entries).error();
      Page page{.entries = std::move(entries).value()};
      page.more = page.entries.size() == at_most;
      if (page.more) page.last = page.entries.back().key;
      return page;
    };
    return scan_through(changes_, from, to, limit, direction, read);
  }

  Status put(BytesView key, BytesView value) override {
    changes_.insert_or_assign(Bytes(key), Bytes(value));
    return done();
  }
  Status erase(BytesView key) override {
    changes_.insert_or_assign(Bytes(key), std::nullopt);
    return done();
  }
  Status commit() override {
    committed_ = changes_;
    return done();
  }
  Status abort() override {
    changes_ = committed_;
    return done();
  }
  Traffic traffic() const override { return {}; }
  unsigned used_percent() const override { return below_->used_percent(); }

 private:
  std::unique_ptr<Tree> below_;
  Changes changes_;    // all that is put, over what lies below
  Changes committed_;  // of it, what an abort leaves
};

}  // namespace

std::unique_ptr<Tree> make_scratch_tree(std::unique_ptr<Tree> below) {
  return std::make_unique<ScratchTree>(std::move(below));
}

}  // namespace dormouse::store
