// SPDX-License-Identifier: Apache-2.0
#include "runtime/schedules/schedule_store.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "runtime/jobs/components.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/jobs/wakes.hpp"
#include "runtime/schedules/schedule_codec.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::schedules {
namespace {

namespace keys = store::keys;
using wire::Key;

constexpr std::uint64_t last_id = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint16_t last_component = std::numeric_limits<std::uint16_t>::max();
constexpr std::uint32_t last_kernel_boot = std::numeric_limits<std::uint32_t>::max();

std::vector<store::Entry> records(store::Transaction& txn, std::uint16_t from, std::uint16_t to,
                                  std::uint64_t at_most) {
  return txn.scan(keys::schedule(from, 0), keys::after(keys::schedule(to, last_id)), at_most);
}

std::vector<store::Entry> records(Work& work, std::uint16_t from, std::uint16_t to) {
  return records(work.txn, from, to, work.limits.schedules_device);
}

std::vector<Schedule> decoded(const std::vector<store::Entry>& entries) {
  std::vector<Schedule> schedules;
  for (const auto& entry : entries)
    if (auto schedule = decode_schedule(entry.value)) schedules.push_back(std::move(*schedule));
  return schedules;
}

/// 17 for "s17"; 0 if it is none.
std::uint64_t shown_id(const std::string& text) {
  std::uint64_t id = 0;
  const char* end = text.data() + text.size();
  if (text.size() < 2 || text[0] != 's') return 0;
  const auto read = std::from_chars(text.data() + 1, end, id);
  return read.ec == std::errc{} && read.ptr == end ? id : 0;
}

/// The schedule of that name among records. A name stands in its record as it is, so a record without its bytes is
/// passed over undecoded.
std::optional<Schedule> named_in(const std::vector<store::Entry>& entries, const std::string& name) {
  for (const auto& entry : entries) {
    if (entry.value.find(name) == Bytes::npos) continue;
    auto schedule = decode_schedule(entry.value);
    if (schedule && schedule->definition.name == name) return std::move(*schedule);
  }
  return std::nullopt;
}

std::optional<Schedule> numbered_in(const std::vector<store::Entry>& entries, std::uint64_t id) {
  for (const auto& entry : entries) {
    auto schedule = decode_schedule(entry.value);
    if (schedule && schedule->id == id) return std::move(*schedule);
  }
  return std::nullopt;
}

std::optional<Schedule> find_in(const std::vector<store::Entry>& entries, const std::string& name_or_id) {
  if (auto schedule = named_in(entries, name_or_id)) return schedule;
  const std::uint64_t id = shown_id(name_or_id);
  return id == 0 ? std::nullopt : numbered_in(entries, id);
}

}  // namespace

std::optional<Schedule> load(Work& work, std::uint16_t component, std::uint64_t id) {
  const auto body = work.txn.get(keys::schedule(component, id));
  if (!body) return std::nullopt;
  auto schedule = decode_schedule(*body);
  if (!schedule) return std::nullopt;
  return std::move(*schedule);
}

std::vector<Schedule> load_all(Work& work) {
  return decoded(records(work, 0, last_component));
}

std::vector<Schedule> load_all(Work& work, std::uint16_t component) {
  return decoded(records(work, component, component));
}

std::optional<Schedule> find_named(Work& work, std::uint16_t component, const std::string& name) {
  return named_in(records(work, component, component), name);
}

std::uint64_t count(Work& work) {
  return records(work, 0, last_component).size();
}

std::uint64_t count(Work& work, std::uint16_t component) {
  return records(work, component, component).size();
}

std::optional<std::uint32_t> oldest_waiting(store::Transaction& txn, std::uint64_t at_most) {
  std::optional<std::uint32_t> oldest;
  for (const Schedule& schedule : decoded(records(txn, 0, last_component, at_most))) {
    if (!schedule.created_while_untrusted) continue;
    const std::uint32_t kernel_boot = schedule.created_while_untrusted->kernel_boot;
    oldest = std::min(oldest.value_or(kernel_boot), kernel_boot);
  }
  return oldest;
}

std::uint64_t take_id(Work& work) {
  // Jobs keep their last id in the same record, so it is changed, not replaced.
  wire::Record ids;
  if (const auto body = work.txn.get(keys::meta("ids"))) {
    if (auto stored = wire::Record::decode(*body)) ids = std::move(*stored);
  }
  const std::uint64_t id = ids.get_uint(Key::schedule).value_or(0) + 1;
  work.txn.put(keys::meta("ids"), ids.put_uint(Key::schedule, id).encode());
  return id;
}

void save(Work& work, const Schedule& schedule, const std::optional<Due>& old_due) {
  jobs::put_for(work, schedule.component, keys::schedule(schedule.component, schedule.id), encode(schedule));
  jobs::note_wake(work, jobs::Waking::schedule, schedule.id, old_due, schedule.next_due,
                  schedule.definition.wake_system);
  if (old_due == schedule.next_due) return;
  if (old_due) work.txn.erase(keys::schedule_due(*old_due, schedule.component, schedule.id));
  if (schedule.next_due) work.txn.put(keys::schedule_due(*schedule.next_due, schedule.component, schedule.id), {});
}

void erase(Work& work, const Schedule& schedule) {
  work.txn.erase(keys::schedule(schedule.component, schedule.id));
  jobs::note_wake(work, jobs::Waking::schedule, schedule.id, schedule.next_due, std::nullopt, false);
  if (schedule.next_due) work.txn.erase(keys::schedule_due(*schedule.next_due, schedule.component, schedule.id));
}

std::vector<keys::ScheduleDueKey> dues(Work& work, Due::Lane lane) {
  const Bytes from = keys::schedules_in_lane(lane, 0).from;
  const Bytes to = keys::schedules_in_lane(lane, lane == Due::Lane::wall ? 0 : last_kernel_boot).to;
  std::vector<keys::ScheduleDueKey> found;
  for (const auto& entry : work.txn.scan(from, to, work.limits.schedules_device))
    if (const auto key = keys::parse_schedule_due(entry.key)) found.push_back(*key);
  return found;
}

std::optional<Schedule> find(Work& work, const Identity& who, const std::string& name_or_id) {
  if (const auto own = jobs::find_component(work.txn, who.component)) {
    if (auto schedule = find_in(records(work, *own, *own), name_or_id)) return schedule;
  }
  if (who.role == Role::none) return std::nullopt;
  return find_in(records(work, 0, last_component), name_or_id);
}

}  // namespace dormouse::schedules
