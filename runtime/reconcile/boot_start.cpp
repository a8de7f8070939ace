// SPDX-License-Identifier: Apache-2.0
// The first batch of every process: what happened, which boot this is, and the start mark.
#include <algorithm>
#include <sstream>

#include "runtime/reconcile/gap_record.hpp"
#include "runtime/reconcile/numbers.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/reconcile/stamp_record.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/time/step.hpp"

namespace dormouse::reconcile {

using wire::Key;
namespace keys = store::keys;

namespace {

/// The last reading, wherever it lies. A batch tells less than a stamp; the rest follows from the stamp of its
/// epoch.
std::optional<Stamp> newest_stamp(store::Transaction& txn, const BootFacts& facts) {
  auto newest = get_stamp(txn);
  if (!newest || (facts.heartbeat && newer(*facts.heartbeat, *newest))) newest = facts.heartbeat;
  if (newest && facts.last_batch) move_on(*newest, *facts.last_batch);
  return newest;
}

/// Panic records stay where they are until someone takes them away; those that an earlier boot noted are old.
Evidence fresh_evidence(store::Transaction& txn, Evidence evidence, const Limits& limits) {
  if (!evidence.panic || evidence.text.empty()) return evidence;
  const auto noted = txn.scan(keys::boot(0), keys::boot(UINT32_MAX), limits.boots_ring + limits.ring_trim,
                              store::Direction::backward);
  const auto is_noted = [&](const std::string& word) {
    return std::any_of(noted.begin(), noted.end(), [&](const store::Entry& entry) {
      const auto boot = decode_boot(entry.value);
      return boot.ok() && boot->evidence.find(word) != std::string::npos;
    });
  };
  std::istringstream words(evidence.text);
  evidence.panic = false;
  for (std::string word; words >> word;)
    if (!word.starts_with("watchdog") && !is_noted(word)) evidence.panic = true;
  return evidence;
}

Spans read_spans(store::Transaction& txn) {
  const auto body = txn.get(keys::meta("spans"));
  if (!body) return {};
  // Spans that cannot be read leave every elapsed due with nothing proven: late, never early.
  auto spans = Spans::decode(*body);
  return spans.ok() ? *spans : Spans{};
}

bool any_in(store::Transaction& txn, const Bytes& from, const Bytes& to) {
  return !txn.scan(from, to, 1).empty();
}

/// Forgets the kernel boots before the first one that still has an elapsed due.
void forget_unused(store::Transaction& txn, Spans& spans) {
  std::uint32_t oldest = spans.present();
  for (const auto& [number, ignored] : spans.boots()) {
    const auto jobs = keys::jobs_in_lane(Due::Lane::elapsed, number);
    const auto slots = keys::schedules_in_lane(Due::Lane::elapsed, number);
    const auto forget_from = keys::forget(Due::elapsed(number, Instant{0}), 0);
    const auto forget_to = keys::forget(Due::elapsed(number + 1, Instant{0}), 0);
    if (any_in(txn, jobs.from, jobs.to) || any_in(txn, slots.from, slots.to) ||
        any_in(txn, forget_from, forget_to)) {
      oldest = number;
      break;
    }
  }
  spans.forget_before(oldest);
}

/// Carries the spans over into this kernel boot.
Spans begin_spans(store::Transaction& txn, const std::optional<Stamp>& last, const Classified& classified,
                  const Now& now) {
  Spans spans = read_spans(txn);
  if (last) spans.note_stamp({last->instant, last->wall, last->trust, last->boot, last->kernel_boot});
  if (spans.present() > now.kernel_boot) spans = Spans{};  // of another life of this store
  if (spans.boots().empty() || spans.present() != now.kernel_boot) {
    Duration proven{0};
    if (last && classified.new_kernel_boot)
      proven = Duration{last->instant.ms} + classified.outage.value_or(Duration{0});
    spans.begin_kernel_boot(now.kernel_boot, proven);
  }
  if (now.trust != Trust::untrusted) spans.gain_trust(now);
  spans.note_stamp(now);
  forget_unused(txn, spans);
  return spans;
}

/// The clock was set while the process was not there to see it: same kernel, other offset.
Change changed_while_away(const Classified& classified, const std::optional<Stamp>& last, const Sample& now) {
  if (!last || classified.new_kernel_boot || last->trust == Trust::untrusted) return {};
  return compare({last->instant, last->monotonic, last->wall}, now);
}

Boot number_boot(store::Transaction& txn, const BootFacts& facts, const std::optional<Stamp>& last,
                 const Classified& classified) {
  // A heartbeat may be newer than a store that was put back; numbers rise above both.
  const auto above = [&](Key key, std::uint32_t stamped) {
    const auto number = std::max(last_number(txn, key), stamped) + 1;
    set_number(txn, key, number);
    return number;
  };
  Boot boot;
  const std::uint32_t batch_epoch = facts.last_batch ? facts.last_batch->epoch : 0;
  boot.epoch = above(Key::epoch, std::max(last ? last->epoch : 0, batch_epoch));
  boot.number = above(Key::boot, last ? last->boot : 0);
  boot.kernel_boot =
      classified.new_kernel_boot ? above(Key::kernel_boot, last ? last->kernel_boot : 0) : last->kernel_boot;
  boot.kernel_boot_id = facts.kernel_boot_id;
  boot.cause = classified.cause;
  boot.announced = classified.announced;
  boot.evidence = facts.evidence.text;
  boot.store_found = facts.store_found;
  boot.version = facts.version;
  boot.started = facts.sample.instant;
  boot.started_wall = facts.sample.wall;
  return boot;
}

}  // namespace

Result<BootStart> begin_boot(store::Transaction& txn, const BootFacts& facts, const Limits& limits) {
  const auto last = newest_stamp(txn, facts);
  const bool same_kernel =
      last && last->kernel_boot_id == facts.kernel_boot_id && facts.sample.instant >= last->instant;
  BootStart start;
  start.trust = last ? TrustState(facts.build_date, last->floor, last->rtc_mark)
                     : TrustState(facts.build_date, facts.build_date, facts.build_date);
  start.trust.start(facts.sample, facts.rtc, facts.sync, same_kernel ? std::optional(last->trust) : std::nullopt);
  const Trust trust = start.trust.trust();

  const auto classified =
      classify_boot(last, !any_number(txn), facts.sample, trust, start.trust.max_error_ms(), facts.kernel_boot_id,
                    fresh_evidence(txn, facts.evidence, limits), facts.heartbeat_interval);
  start.alarm = classified.alarm;
  start.boot = number_boot(txn, facts, last, classified);
  start.boot.wall_believable = trust != Trust::untrusted;
  const Now now{facts.sample.instant, facts.sample.wall, trust, start.boot.number, start.boot.kernel_boot};

  start.spans = begin_spans(txn, last, classified, now);
  txn.put(keys::meta("spans"), start.spans.encode());
  if (classified.gap)
    start.gap = record_gap(txn, *classified.gap, start.boot.number, limits);
  else if (last)
    count_short_gap(txn);
  const auto change = changed_while_away(classified, last, facts.sample);
  if (const auto gap = step_gap(change, facts.sample, trust))
    start.step = record_gap(txn, *gap, start.boot.number, limits);
  else if (change.long_step() && trust != Trust::untrusted)
    start.wall_before_step = facts.sample.wall - change.stepped;

  txn.put(keys::boot(start.boot.number), encode(start.boot));
  if (start.boot.number > limits.boots_ring)
    txn.erase_range(keys::boot(0),
                    keys::boot(start.boot.number - static_cast<std::uint32_t>(limits.boots_ring) + 1),
                    limits.ring_trim);
  start.trust.note_stamp(facts.sample);
  put_stamp(txn, make_stamp(start.boot, now, facts.sample, start.trust));
  return start;
}

}  // namespace dormouse::reconcile
