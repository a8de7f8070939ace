// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/examiner.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>
#include <vector>

#include "tests/crash/harness/recorder.hpp"

namespace dormouse::crash {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t default_states = 800;  // each takes several times as long, and mistakes of memory show in all
#else
constexpr std::size_t default_states = 2'400;
#endif
constexpr std::size_t weight_max = 12;  // of a point, against one at which everything is synced
constexpr std::size_t ops_told = 12;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

std::string told(const Record& record, const Cut& cut) {
  std::ostringstream text;
  const auto unsynced = unsynced_at(record, cut.point);
  text << "cut after op " << cut.point << " of " << record.ops.size() << ":\n";
  for (std::size_t op = cut.point > ops_told ? cut.point - ops_told : 0; op < cut.point; ++op) {
    const bool pending = std::find(unsynced.begin(), unsynced.end(), op) != unsynced.end();
    const bool kept = std::find(cut.kept.begin(), cut.kept.end(), op) != cut.kept.end();
    text << (!pending         ? "    "
             : !kept          ? "lost "
             : cut.torn == op ? "torn "
                              : "kept ")
         << describe(record, record.ops[op]) << "\n";
  }
  if (unsynced.size() != cut.kept.size())
    text << unsynced.size() - cut.kept.size() << " unsynced changes lost in all\n";
  return text.str();
}

std::string difference(const Model& expected, const Model& found) {
  for (const auto& [key, value] : expected) {
    const auto other = found.find(key);
    if (other == found.end()) return "record " + key + " is missing";
    if (other->second != value) return "record " + key + " has another value";
  }
  for (const auto& [key, value] : found)
    if (!expected.contains(key)) return "record " + key + " should not be there";
  return "";
}

std::string error_text(const Error& error) {
  return error.code + ": " + error.message;
}

std::string wrong_count(std::uint64_t found, Bounds bounds) {
  if (found < bounds.acked)
    return "batch " + std::to_string(bounds.acked) + " was acked, " + std::to_string(found) + " is the last there";
  if (found > bounds.applied) return "batch " + std::to_string(found) + " was never applied";
  return "";
}

std::string unfinished_in(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().find(".new-") != std::string::npos) return entry.path().filename();
  return "";
}

/// What is wrong with a folder that was just opened; empty: nothing.
std::string judge(Device& device, const History& history, Bounds bounds, const std::string& expected_alarm = {}) {
  const auto& alarms = device.opened().alarms;
  for (const Error& alarm : alarms)
    if (alarm.code != expected_alarm) return "alarm " + error_text(alarm);
  if (alarms.empty() && !expected_alarm.empty()) return "it does not say " + expected_alarm;
  if (auto wrong = wrong_count(device.found(), bounds); !wrong.empty()) return wrong;
  if (auto wrong = difference(history.after(device.found()), device.content()); !wrong.empty())
    return wrong + ", against the content after batch " + std::to_string(device.found());
  if (!device.store().take_bad_records().empty()) return "a record cannot be read";
  if (auto left = unfinished_in(device.folder()); !left.empty()) return left + " was left";
  return "";
}

/// Opened once more, it is the same, and nothing is left to replay.
std::string judge_again(Device& device, const History& history, const std::string& store_id) {
  device.kill();
  if (auto opened = device.open(); !opened) return "it does not open again: " + error_text(opened.error());
  if (auto wrong = judge(device, history, {history.last(), history.last()}); !wrong.empty())
    return "opened again: " + wrong;
  if (device.opened().recovery.replayed > 0) return "opened again, it replays again";
  if (device.opened().store_id != store_id) return "opened again, it is another store";
  return "";
}

/// A batch of the very length of the one that the cut undid, so that its record ends where an old one may begin.
Batch next_batch(const History& undone, const History& history, char filler) {
  const std::uint64_t next = history.last() + 1;
  return next <= undone.last() ? look_alike(undone.batch(next), filler) : Batch{{"vmore", std::string(90, filler)}};
}

/// One batch, and a kill after it; then two more.
std::string judge_work(Device& device, const History& undone, History& history, char filler) {
  for (const bool first : {true, false}) {
    if (!first) device.apply(next_batch(undone, history, filler), store::Durability::lazy);
    device.put(next_batch(undone, history, filler));
    device.kill();
    if (auto opened = device.open(); !opened)
      return "it does not open after more work: " + error_text(opened.error());
    if (auto wrong = judge(device, history, {history.last(), history.last()}); !wrong.empty())
      return "after more work: " + wrong;
  }
  device.kill();
  return "";
}

}  // namespace

std::size_t states_wanted() {
  return number_from("DORMOUSE_CRASH_STATES", default_states);
}

std::uint64_t seed_wanted() {
  return number_from("DORMOUSE_SEED", 1);
}

Examiner::Fault Examiner::examine(const Record& record, const History& history, std::size_t states, int depth) {
  std::vector<std::size_t> drawn_from;  // points, more often where more may be lost
  for (std::size_t point = 0; point <= record.ops.size(); ++point)
    if (is_point(record, point))
      drawn_from.insert(drawn_from.end(), std::min(weight_max, 1 + 3 * unsynced_at(record, point).size()), point);
  std::shuffle(drawn_from.begin(), drawn_from.end(), random_);
  const std::size_t here = depth > 0 ? (states + 1) / 2 : states;
  std::map<std::size_t, std::size_t> quotas;
  for (std::size_t i = 0; i < here; ++i) ++quotas[drawn_from[i % drawn_from.size()]];

  Builder builder(record);
  Known known;
  for (const auto& [point, quota] : quotas)
    for (const Cut& cut : draw_cuts(record, point, quota, random_))
      if (auto fault = try_cut(builder.build(cut), history, bounds_at(record, point), depth, known))
        return *fault + "\n" + told(record, cut);
  return std::nullopt;
}

Examiner::Fault Examiner::examine_lies(const Record& record, const History& history, Lie lie) {
  for (const LiedState& lied : lied_states(record, lie)) {
    Expected expected{.checkpoint_lost = lied.later_batches};
    if (lie == Lie::zeroed_meta) expected = {.checkpoint_lost = {}, .alarm = "store.broken"};
    if (auto fault = try_state(lied.image, history, lied.bounds, 0, expected))
      return "with the newest meta page of LMDB " +
             std::string(lie == Lie::old_meta ? "as it was before" : "zeroed") + ", after op " +
             std::to_string(lied.point) + ": " + *fault;
  }
  return std::nullopt;
}

Examiner::Fault Examiner::try_cut(const Image& image, const History& history, Bounds bounds, int depth,
                                  Known& known) {
  const std::uint64_t hash = image.hash();
  if (const auto before = known.find(hash); before != known.end()) {
    const auto wrong = wrong_count(before->second, bounds);
    return wrong.empty() ? Fault() : Fault(wrong);
  }
  // One in `depth` is cut again and again, so that as many states lie behind the first cut as at it.
  const bool cut_again = depth > 0 && random_() % static_cast<unsigned>(depth) == 0;
  return try_state(image, history, bounds, cut_again ? static_cast<std::size_t>(depth) : 0, {}, &known[hash]);
}

Examiner::Fault Examiner::try_state(const Image& image, const History& history, Bounds bounds, std::size_t deeper,
                                    Expected expected, std::uint64_t* found) {
  const auto folder = room_.path() / std::to_string(level_);
  std::filesystem::remove_all(folder);
  image.write_to(folder);
  if (tried_.insert(image.hash()).second && level_ > 0) ++tried_deeper_;

  History after = history;
  Recorder recorder(folder);
  Device device(folder, after, recorder);
  if (auto opened = device.open(); !opened) return "it does not open: " + error_text(opened.error());
  const std::uint64_t k = device.found();
  if (found != nullptr) *found = k;
  const auto& opened = device.opened();
  std::string wrong = judge(device, history, bounds, expected.alarm);
  if (wrong.empty() &&
      opened.recovery.checkpoint_lost != expected.checkpoint_lost.value_or(opened.recovery.checkpoint_lost))
    wrong = *expected.checkpoint_lost ? "the lost checkpoint was not noticed" : "a checkpoint is said to be lost";
  if (wrong.empty() && image.find("store") != nullptr && opened.store_id != history.store_id)
    wrong = "it is another store";
  if (!wrong.empty()) return wrong;

  after.cut_after(k);
  after.store_id = opened.store_id;
  recorder.acked(k);
  if (wrong = judge_again(device, after, after.store_id); !wrong.empty()) return wrong;
  if (wrong = judge_work(device, history, after, static_cast<char>('A' + level_)); !wrong.empty()) return wrong;
  if (deeper == 0) return std::nullopt;
  Record record = recorder.stop();
  record.acked = record.applied = k;
  ++level_;
  auto fault = examine(record, after, deeper, static_cast<int>(deeper) - 1);
  --level_;
  if (fault) *fault += "\nand before that, ";
  return fault;
}

}  // namespace dormouse::crash
