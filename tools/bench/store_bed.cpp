// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/store_bed.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/journal_record.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::bench {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t value_bytes = 128;
constexpr std::uint64_t bare_bytes = 512 * 1024;
constexpr std::uint64_t block_size = 4'096;

/// Passes all on, the syncs only while that is wanted.
class Waiting final : public store::StorageMedium {
 public:
  Waiting(std::unique_ptr<store::StorageMedium> medium, std::shared_ptr<bool> wait)
      : medium_(std::move(medium)), wait_(std::move(wait)) {}
  std::uint64_t size() const override { return medium_->size(); }
  Result<Bytes> read(std::uint64_t offset, std::uint64_t length) override { return medium_->read(offset, length); }
  Status write(std::uint64_t offset, BytesView bytes) override { return medium_->write(offset, bytes); }
  Status sync() override { return *wait_ ? medium_->sync() : done(); }

 private:
  std::unique_ptr<store::StorageMedium> medium_;
  std::shared_ptr<bool> wait_;
};

Status write_to_full_size(const fs::path& path, std::uint64_t bytes) {
  const hal_linux::FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!file) return hal_linux::file_error("open", path, errno);
  const auto present = static_cast<std::uint64_t>(::lseek(file.get(), 0, SEEK_END));
  if (auto written = hal_linux::write_zeros(file.get(), path, present, bytes); !written) return written;
  return hal_linux::sync_path(path);
}

/// A key of the store's grammar that is as long as most.
Bytes key_of(std::uint64_t n) {
  return store::keys::job_place(n);
}

/// Opens the tree; a new one is written to full size if that is wanted.
Result<std::unique_ptr<store::Tree>> open_tree(const fs::path& folder, const Limits& limits, bool full_size) {
  const bool is_new = fs::create_directory(folder);
  auto tree = store::open_lmdb_tree(folder, {.map_bytes = limits.map_bytes, .create = true});
  if (!tree || !is_new || !full_size) return tree;
  if (auto written = write_to_full_size(folder / "data.mdb", store::with_reserve(limits.map_bytes)); !written)
    return std::move(written).error();
  return tree;
}

}  // namespace

Limits small_map() {
  Limits limits;
  limits.map_bytes = 16 * 1024 * 1024;
  return limits;
}

Result<std::unique_ptr<StoreBed>> StoreBed::make(const fs::path& parent, const Options& options) {
  std::unique_ptr<StoreBed> bed(new StoreBed(parent, options));
  if (auto opened = bed->open(); !opened) return std::move(opened).error();
  return bed;
}

Status StoreBed::open() {
  auto tree = open_tree(tree_folder(), options_.limits, options_.full_size);
  if (!tree) return std::move(tree).error();
  store::StoreParts parts{.tree = std::move(*tree)};
  if (options_.half_bytes > 0) {
    parts.facts.half_bytes = options_.half_bytes;
    auto journal = hal_linux::open_file_medium(folder_.path() / "journal", parts.facts.file_bytes());
    if (!journal) return std::move(journal).error();
    parts.journal = std::make_unique<Waiting>(std::move(*journal), wait_);
  }
  auto store = store::Store::open(std::move(parts), options_.limits);
  if (!store) return std::move(store).error();
  store_ = std::move(*store);
  return done();
}

Result<std::unique_ptr<Putter>> Putter::make(StoreBed& bed) {
  constexpr std::uint64_t at_once = 200;
  for (std::uint64_t n = 0; n < resident; n += at_once) {
    auto txn = bed.store().begin();
    for (std::uint64_t i = n; i < n + at_once; ++i) txn.put(key_of(i), Bytes(value_bytes, 'v'));
    if (auto applied = txn.apply(store::Durability::durable); !applied) return std::move(applied).error();
    if (auto synced = bed.store().sync(); !synced) return std::move(synced).error();
  }
  if (auto kept = bed.store().checkpoint(store::Checkpoint::command); !kept) return std::move(kept).error();
  return std::unique_ptr<Putter>(new Putter(bed));
}

Status Putter::put(unsigned group) {
  for (unsigned i = 0; i < group; ++i) {
    auto txn = bed_.store().begin();
    txn.put(key_of(random_() % resident), Bytes(value_bytes, static_cast<char>(random_())));
    if (auto applied = txn.apply(store::Durability::durable); !applied) return std::move(applied).error();
  }
  if (auto settled = bed_.store().settle({}); !settled) return std::move(settled).error();
  return done();
}

Result<std::unique_ptr<TreePutter>> TreePutter::make(const fs::path& parent) {
  std::unique_ptr<TreePutter> putter(new TreePutter(parent));
  auto tree = open_tree(putter->folder_.path() / "tree", small_map(), true);
  if (!tree) return std::move(tree).error();
  putter->tree_ = std::move(*tree);
  for (std::uint64_t n = 0; n < Putter::resident; ++n) {
    const Bytes record = store::seal(key_of(n), 0, Bytes(value_bytes, 'v'));
    if (auto put = putter->tree_->put(key_of(n), record); !put) return std::move(put).error();
  }
  if (auto committed = putter->tree_->commit(); !committed) return std::move(committed).error();
  return putter;
}

Status TreePutter::put() {
  const Bytes key = key_of(random_() % Putter::resident);
  const Bytes record = store::seal(key, 0, Bytes(value_bytes, static_cast<char>(random_())));
  if (auto put = tree_->put(key, record); !put) return put;
  return tree_->commit();
}

std::uint64_t put_record_bytes() {
  return store::journal_record_bytes({{key_of(0), Bytes(store::envelope_bytes + value_bytes, 'v')}});
}

Result<std::unique_ptr<BareLoop>> BareLoop::make(const fs::path& parent, std::uint64_t record_bytes) {
  std::unique_ptr<BareLoop> loop(new BareLoop(parent, record_bytes));
  const auto path = loop->folder_.path() / "bare";
  if (auto written = write_to_full_size(path, bare_bytes); !written) return std::move(written).error();
  loop->file_ = hal_linux::FileHandle(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!loop->file_) return hal_linux::file_error("open", path, errno);
  return loop;
}

Status BareLoop::append() {
  if (at_ + record_.size() > bare_bytes) at_ = 0;
  const bool well = ::pwrite(file_.get(), record_.data(), record_.size(), static_cast<off_t>(at_)) ==
                        static_cast<ssize_t>(record_.size()) &&
                    ::fdatasync(file_.get()) == 0;
  if (!well) return hal_linux::file_error("write", folder_.path() / "bare", errno);
  const std::uint64_t first_block = at_ / block_size;
  at_ += record_.size();
  block_bytes_ += ((at_ - 1) / block_size - first_block + 1) * block_size;
  return done();
}

}  // namespace dormouse::bench
