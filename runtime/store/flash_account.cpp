// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/flash_account.hpp"

#include <algorithm>

#include "runtime/store/keys.hpp"

namespace dormouse::store {

namespace {

using wire::Key;
using wire::Record;

constexpr Duration kSaveEvery{60'000};
constexpr std::uint64_t kSaveAfterBytes = 256 * 1024;
constexpr std::uint64_t kShareOfBudget = 32;  // with a budget: no more of it may be forgotten by a power cut

Record record_of(Transaction& txn, const char* name) {
  const auto body = txn.get(keys::meta(name));
  auto record = body ? Record::decode(*body) : Result<Record>(Record{});
  return record ? std::move(record).value() : Record{};
}

Tree::Traffic take_new(const Tree::Traffic& now, Tree::Traffic& seen) {
  const Tree::Traffic fresh{now.bytes - std::min(now.bytes, seen.bytes),
                            now.syncs - std::min(now.syncs, seen.syncs)};
  seen = now;
  return fresh;
}

}  // namespace

FlashAccount FlashAccount::read(Transaction& txn, const FlashFacts& facts) {
  FlashAccount account(facts);
  const Record record = record_of(txn, "flash");
  account.use_ = FlashUse::decode(record, record_of(txn, "flash.days"));
  account.budget_ = FlashBudget::decode(record, facts.bytes_per_day);
  account.wear_ = FlashWearHistory::decode(record);
  account.kernel_boot_ = static_cast<std::uint32_t>(record.get_uint(Key::kernel_boot).value_or(0));
  account.instant_ = Instant{record.get_int(Key::instant).value_or(0)};
  account.device_bytes_ = record.get_uint(Key::source);
  account.bytes_saved_ = account.use_.ever().bytes;
  account.saving_saved_ = account.budget_.saving();
  return account;
}

FlashAccount FlashAccount::load(Transaction& txn, const FlashFacts& facts, const Now& now) {
  FlashAccount account = read(txn, facts);
  if (account.instant_ == Instant{}) {  // nothing was kept: it begins now
    account.kernel_boot_ = now.kernel_boot;
    account.instant_ = now.instant;
  }
  account.advance(now);
  account.saved_at_ = now.instant;
  return account;
}

void FlashAccount::save(Transaction& txn) {
  Record record = use_.encode();
  budget_.encode(record);
  wear_.encode(record);
  record.put_uint(Key::kernel_boot, kernel_boot_).put_int(Key::instant, instant_.ms);
  if (device_bytes_) record.put_uint(Key::source, *device_bytes_);
  txn.put(keys::meta("flash"), record.encode());
  if (use_.days_changed()) txn.put(keys::meta("flash.days"), use_.encode_days().encode());
  bytes_saved_ = use_.ever().bytes;
  saved_at_ = instant_;
  saving_saved_ = budget_.saving();
}

bool FlashAccount::worth_saving(const Now& now) const {
  const std::uint64_t unsaved = use_.ever().bytes - bytes_saved_;
  const std::uint64_t share = facts_.bytes_per_day / kShareOfBudget;
  const std::uint64_t bound = share == 0 ? kSaveAfterBytes : std::min(share, kSaveAfterBytes);
  return budget_.saving() != saving_saved_ || unsaved >= bound ||
         (unsaved > 0 && now.instant - saved_at_ >= kSaveEvery);
}

void FlashAccount::advance(const Now& now) {
  const bool same_kernel = now.kernel_boot == kernel_boot_;
  const Duration elapsed = same_kernel ? now.instant - instant_ : Duration{now.instant.ms};
  if (!same_kernel) device_bytes_ = 0;  // as the kernel's own count began
  kernel_boot_ = now.kernel_boot;
  instant_ = now.instant;
  use_.advance(elapsed);
  budget_.advance(elapsed);
}

void FlashAccount::note(FlashCause cause, std::uint64_t bytes, std::uint64_t syncs) {
  use_.note(cause, bytes, syncs);
  budget_.spend(bytes);
}

void FlashAccount::note_store(const Store::Stats& stats) {
  const Tree::Traffic tree{stats.traffic.bytes - stats.journal.bytes, stats.traffic.syncs - stats.journal.syncs};
  const Tree::Traffic journal = take_new(stats.journal, journal_seen_);
  const Tree::Traffic checkpoint = take_new(tree, tree_seen_);
  note(FlashCause::journal, journal.bytes, journal.syncs);
  note(FlashCause::checkpoint, checkpoint.bytes, checkpoint.syncs);
}

void FlashAccount::note_reading(const FlashReading& reading) {
  wear_.note(reading, use_.ever().bytes);
  if (!reading.device_bytes) return;
  // Without a reading before, all that this kernel has seen so far is from before our time.
  const std::uint64_t before = std::min(device_bytes_.value_or(*reading.device_bytes), *reading.device_bytes);
  use_.note_device(*reading.device_bytes - before);
  device_bytes_ = reading.device_bytes;
}

bool FlashAccount::wants_snapshot() const {
  const auto has_one = [](const FlashDay& day) { return day.of(FlashCause::snapshot).bytes > 0; };
  return budget_.allows_weekly_snapshot() && use_.days().size() + 1 == FlashUse::days_kept &&
         !has_one(use_.today()) && std::none_of(use_.days().begin(), use_.days().end(), has_one);
}

}  // namespace dormouse::store
