// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/flash_use.hpp"

#include <algorithm>
#include <utility>

namespace dormouse::store {

namespace {

using wire::Key;
using wire::Record;

void add(Tree::Traffic& to, const Tree::Traffic& what) {
  to.bytes += what.bytes;
  to.syncs += what.syncs;
}

Record encode_day(const FlashDay& day) {
  std::vector<std::int64_t> bytes;
  std::vector<std::int64_t> syncs;
  for (const auto& cause : day.by_cause) {
    bytes.push_back(static_cast<std::int64_t>(cause.bytes));
    syncs.push_back(static_cast<std::int64_t>(cause.syncs));
  }
  std::vector<std::int64_t> components;
  std::vector<std::int64_t> used;
  for (const auto& [component, records] : day.records) {
    components.push_back(component);
    used.push_back(static_cast<std::int64_t>(records));
  }
  Record record;
  record.put_int(Key::length, day.elapsed.count()).put_ints(Key::bytes, bytes).put_ints(Key::syncs, syncs);
  if (day.ended_jobs > 0) record.put_uint(Key::ended, day.ended_jobs);
  if (!components.empty()) record.put_ints(Key::component, components).put_ints(Key::used, used);
  if (day.device_bytes) record.put_uint(Key::device_bytes, *day.device_bytes);
  return record;
}

std::uint64_t unsigned_of(std::int64_t number) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
}

FlashDay decode_day(const Record& record) {
  FlashDay day;
  const auto list = [&record](Key key) { return record.get_ints(key).value_or(std::vector<std::int64_t>{}); };
  day.elapsed = std::clamp(Duration{record.get_int(Key::length).value_or(0)}, Duration{}, FlashUse::day_length);
  const auto bytes = list(Key::bytes);
  const auto syncs = list(Key::syncs);
  for (std::size_t i = 0; i < std::min({bytes.size(), syncs.size(), flash_causes}); ++i)
    day.by_cause[i] = {unsigned_of(bytes[i]), unsigned_of(syncs[i])};
  const auto components = list(Key::component);
  const auto used = list(Key::used);
  for (std::size_t i = 0; i < std::min(components.size(), used.size()); ++i)
    day.records[static_cast<std::uint16_t>(components[i])] = unsigned_of(used[i]);
  day.ended_jobs = record.get_uint(Key::ended).value_or(0);
  day.device_bytes = record.get_uint(Key::device_bytes);
  return day;
}

}  // namespace

const char* name_of(FlashCause cause) {
  constexpr const char* names[] = {"journal", "checkpoint", "heartbeat", "blob", "snapshot", "create"};
  static_assert(std::size(names) == flash_causes);
  return names[static_cast<std::size_t>(cause)];
}

std::uint64_t blocks_touched(std::uint64_t offset, std::uint64_t bytes) {
  if (bytes == 0) return 0;
  const std::uint64_t first = offset / flash_block_bytes;
  const std::uint64_t last = (offset + bytes - 1) / flash_block_bytes;
  return (last - first + 1) * flash_block_bytes;
}

Tree::Traffic FlashDay::total() const {
  Tree::Traffic sum;
  for (const auto& cause : by_cause) add(sum, cause);
  return sum;
}

std::optional<std::uint64_t> FlashDay::bytes_per_job() const {
  if (ended_jobs == 0) return std::nullopt;
  return total().bytes / ended_jobs;
}

std::map<std::uint16_t, std::uint64_t> FlashDay::journal_shares() const {
  std::uint64_t all = 0;
  for (const auto& [component, bytes] : records) all += bytes;
  const std::uint64_t journal = of(FlashCause::journal).bytes;
  std::map<std::uint16_t, std::uint64_t> shares;
  for (const auto& [component, bytes] : records)  // in floating point: a product of two byte counts may not fit
    shares[component] = static_cast<std::uint64_t>(static_cast<double>(journal) * static_cast<double>(bytes) /
                                                   static_cast<double>(std::max<std::uint64_t>(all, 1)));
  return shares;
}

void FlashUse::end_day() {
  days_.push_front(std::exchange(today_, {}));
  if (days_.size() >= days_kept) days_.pop_back();
  days_changed_ = true;
}

void FlashUse::advance(Duration elapsed) {
  if (elapsed <= Duration{}) return;
  // Longer than all that is kept leaves nothing but empty days, however long it was.
  elapsed = std::min(elapsed, day_length * static_cast<std::int64_t>(days_kept + 1));
  while (today_.elapsed + elapsed >= day_length) {
    elapsed -= day_length - today_.elapsed;
    today_.elapsed = day_length;
    end_day();
  }
  today_.elapsed += elapsed;
}

void FlashUse::note(FlashCause cause, std::uint64_t bytes, std::uint64_t syncs) {
  add(today_.by_cause[static_cast<std::size_t>(cause)], {bytes, syncs});
  add(ever_, {bytes, syncs});
}

void FlashUse::note_records(std::uint16_t component, std::uint64_t bytes) {
  auto& records = today_.records;
  // The last place is that of all others together.
  const bool has_place = records.contains(component) || records.size() + 1 < FlashDay::components_kept;
  records[has_place ? component : FlashDay::other_components] += bytes;
}

void FlashUse::note_device(std::uint64_t bytes) {
  today_.device_bytes = today_.device_bytes.value_or(0) + bytes;
}

std::optional<std::uint64_t> FlashUse::mean_day() const {
  if (days_.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  for (const auto& day : days_) sum += day.total().bytes;
  return sum / days_.size();
}

std::vector<FlashSpender> FlashUse::spenders(std::size_t count) const {
  std::vector<FlashSpender> all;
  std::uint64_t shared = 0;
  for (const auto& [component, bytes] : today_.journal_shares()) {
    all.push_back({FlashCause::journal, component, bytes});
    shared += bytes;
  }
  for (std::size_t i = 0; i < flash_causes; ++i) {
    const auto cause = static_cast<FlashCause>(i);
    const std::uint64_t taken = cause == FlashCause::journal && shared > 0 ? today_.of(cause).bytes : 0;
    all.push_back({cause, std::nullopt, today_.of(cause).bytes - taken});
  }
  std::erase_if(all, [](const FlashSpender& spender) { return spender.bytes == 0; });
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  if (all.size() > count) all.resize(count);
  return all;
}

Record FlashUse::encode() const {
  Record record = encode_day(today_);
  record.put_uint(Key::total, ever_.bytes).put_uint(Key::count, ever_.syncs);
  return record;
}

Record FlashUse::encode_days() const {
  std::vector<Record> days;
  for (const auto& day : days_) days.push_back(encode_day(day));
  Record record;
  record.put_records(Key::items, std::move(days));
  return record;
}

bool FlashUse::days_changed() {
  return std::exchange(days_changed_, false);
}

FlashUse FlashUse::decode(const Record& today, const Record& days) {
  FlashUse use;
  use.today_ = decode_day(today);
  use.ever_ = {today.get_uint(Key::total).value_or(0), today.get_uint(Key::count).value_or(0)};
  for (const Record& day : days.get_records(Key::items).value_or(std::vector<Record>{}))
    if (use.days_.size() + 1 < days_kept) use.days_.push_back(decode_day(day));
  return use;
}

}  // namespace dormouse::store
