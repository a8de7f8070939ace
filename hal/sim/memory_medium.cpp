// SPDX-License-Identifier: Apache-2.0
#include "hal/sim/memory_medium.hpp"

#include <algorithm>
#include <limits>

#include "runtime/base/check.hpp"

namespace dormouse::hal_sim {

namespace {

Error told_to_fail(const char* what, std::string code = "store.io") {
  return {.code = std::move(code), .message = std::string("the simulated file cannot ") + what};
}

}  // namespace

void MemoryFile::cut_power(const KeepsNew& keeps_new) {
  power_ = false;
  unsynced_.merge(unproven_);
  unproven_.clear();
  for (const std::uint64_t unit : unsynced_) {
    const std::uint64_t from = unit * unit_bytes;
    const std::uint64_t length = std::min(unit_bytes, durable_.size() - from);
    if (keeps_new(unit)) durable_.replace(from, length, current_, from, length);
  }
  unsynced_.clear();
  current_ = durable_;
}

void MemoryFile::fail_writes(std::uint64_t times, std::string code) {
  failing_writes_ = times;
  write_code_ = std::move(code);
}

void MemoryFile::fail_syncs(std::uint64_t times, std::string code) {
  failing_syncs_ = times;
  sync_code_ = std::move(code);
}

void MemoryFile::turn_read_only() {
  constexpr std::uint64_t always = std::numeric_limits<std::uint64_t>::max();
  fail_writes(always, "store.read_only");
  fail_syncs(always, "store.read_only");
}

void MemoryFile::restore() {
  power_ = true;
  before_sync_ = {};
  wait_in_sync_ = {};
  failing_writes_ = 0;
  failing_syncs_ = 0;
}

void MemoryFile::tamper(std::uint64_t offset, BytesView bytes) {
  check(offset <= current_.size() && bytes.size() <= current_.size() - offset, "memory_file:outside");
  durable_.replace(offset, bytes.size(), bytes);
  current_.replace(offset, bytes.size(), bytes);
}

class MemoryMedium final : public store::StorageMedium {
 public:
  explicit MemoryMedium(MemoryFile& file) : file_(file) {}

  std::uint64_t size() const override { return file_.current_.size(); }

  Result<Bytes> read(std::uint64_t offset, std::uint64_t length) override {
    if (!file_.power_) return told_to_fail("be read without power");
    if (offset >= size()) return Bytes();
    return file_.current_.substr(offset, length);
  }

  Status write(std::uint64_t offset, BytesView bytes) override {
    check(offset <= size() && bytes.size() <= size() - offset, "memory_medium:outside");
    if (!file_.power_) return told_to_fail("be written without power");
    if (file_.failing_writes_ > 0) {
      --file_.failing_writes_;
      return told_to_fail("be written", file_.write_code_);
    }
    if (bytes.empty()) return done();
    file_.current_.replace(offset, bytes.size(), bytes);
    file_.bytes_written_ += bytes.size();
    const std::uint64_t last = (offset + bytes.size() - 1) / MemoryFile::unit_bytes;
    for (std::uint64_t unit = offset / MemoryFile::unit_bytes; unit <= last; ++unit) {
      file_.unsynced_.insert(unit);
      file_.unproven_.erase(unit);
    }
    return done();
  }

  Status sync() override {
    if (const auto wait = file_.wait_in_sync_) wait();  // a copy: the power may go meanwhile
    if (file_.before_sync_) std::exchange(file_.before_sync_, {})();
    if (!file_.power_) return told_to_fail("be synced without power");
    if (file_.failing_syncs_ > 0) {
      --file_.failing_syncs_;
      file_.unproven_.merge(file_.unsynced_);
      file_.unsynced_.clear();
      return told_to_fail("be synced", file_.sync_code_);
    }
    for (const std::uint64_t unit : file_.unsynced_) {
      const std::uint64_t from = unit * MemoryFile::unit_bytes;
      const std::uint64_t length = std::min(MemoryFile::unit_bytes, size() - from);
      file_.durable_.replace(from, length, file_.current_, from, length);
    }
    file_.unsynced_.clear();
    ++file_.syncs_;
    return done();
  }

 private:
  MemoryFile& file_;
};

std::unique_ptr<store::StorageMedium> open_memory_medium(MemoryFile& file) {
  return std::make_unique<MemoryMedium>(file);
}

}  // namespace dormouse::hal_sim
