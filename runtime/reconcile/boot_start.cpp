// SPDX-License-Identifier: Apache-2.0
// The first batch of every process: what happened, which boot this is, and the start mark.
#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/reconcile/gap_record.hpp"
#include "runtime/reconcile/numbers.hpp"
#include "runtime/reconcile/odd_start.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/reconcile/stamp_record.hpp"
#include "runtime/schedules/schedule_store.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/time/step.hpp"

namespace dormouse::reconcile {

using wire::Key;
namespace keys = store::keys;

namespace {

/// The last reading, wherever it lies, and what it was.
struct LastReading {
  std::optional<Stamp> stamp;
  bool by_heartbeat = false;  // a page was the last sign of life, no commit came after it
  bool foreign = false;       // the heartbeat file is another store's, so it does not count
};

/// Whether the heartbeat file was written for another store, on another machine or in another life of this one. In
/// the same kernel boot, or where the store is new, it still tells when this machine last lived.
bool is_foreign(store::Transaction& txn, const BootFacts& facts) {
  if (!facts.heartbeat || facts.heartbeat->store_id.empty() || facts.store_id.empty()) return false;
  return facts.heartbeat->store_id != facts.store_id && facts.heartbeat->kernel_boot_id != facts.kernel_boot_id &&
         any_number(txn);
}

/// A batch tells less than a stamp; the rest follows from the stamp of its epoch.
LastReading last_reading(store::Transaction& txn, const BootFacts& facts) {
  LastReading last{.stamp = get_stamp(txn), .foreign = is_foreign(txn, facts)};
  if (facts.heartbeat && !last.foreign && (!last.stamp || newer(*facts.heartbeat, *last.stamp))) {
    last.stamp = facts.heartbeat;
    last.by_heartbeat = true;
  }
  if (!last.stamp || !facts.last_batch) return last;
  const Instant before = last.stamp->instant;
  move_on(*last.stamp, *facts.last_batch);
  if (last.stamp->instant != before) last.by_heartbeat = false;
  return last;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// Panic records stay where they are until someone takes them away; those that an earlier boot noted are old.
Evidence fresh_evidence(store::Transaction& txn, Evidence evidence, const Limits& limits) {
  if (!evidence.panic || evidence.text.empty()) return evidence;
  const auto noted = txn.scan(keys::boot(0), keys::boot(UINT32_MAX), limits.boots_ring + limits.ring_trim,
                              store::Direction::backward);
  std::set<std::string> old;
  for (const store::Entry& entry : noted)
    if (const auto boot = decode_boot(entry.value); boot.ok())
      for (const auto& word : words_of(boot->evidence)) old.insert(word);
  evidence.panic = false;
  for (const auto& word : words_of(evidence.text))
    if (word.starts_with("dmesg-") && !old.contains(word)) evidence.panic = true;
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
void forget_unused(store::Transaction& txn, Spans& spans, const Limits& limits) {
  if (spans.boots().size() == 1) return;
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
  const auto waiting = schedules::oldest_waiting(txn, limits.schedules_device);
  spans.forget_before(std::min(oldest, waiting.value_or(oldest)));
}

/// Carries the spans over into this kernel boot.
Spans begin_spans(store::Transaction& txn, const std::optional<Stamp>& last, const Classified& classified,
                  const Now& now, const Limits& limits) {
  Spans spans = read_spans(txn);
  const bool believed_before = spans.present() == now.kernel_boot && spans.has_offset();
  if (last) spans.note_stamp({last->instant, last->wall, last->trust, last->boot, last->kernel_boot});
  if (!last) spans.lose_readings();
  if (spans.present() > now.kernel_boot) spans = Spans{};  // of another life of this store
  if (spans.boots().empty() || spans.present() != now.kernel_boot) {
    Duration proven{0};
    if (last && classified.new_kernel_boot)
      proven = Duration{last->instant.ms} + classified.outage.value_or(Duration{0});
    spans.begin_kernel_boot(now.kernel_boot, proven);
  }
  // Once in a kernel boot: what the wall has moved by since is no time that has passed.
  if (now.trust != Trust::untrusted && !believed_before) spans.gain_trust(now);
  spans.note_stamp(now);
  forget_unused(txn, spans, limits);
  return spans;
}

/// The clock was set while the process was not there to see it: same kernel, other offset.
Change changed_while_away(const Classified& classified, const std::optional<Stamp>& last, const Sample& now) {
  if (!last || classified.new_kernel_boot || last->trust == Trust::untrusted) return {};
  return compare({last->instant, last->monotonic, last->wall}, now);
}

Boot number_boot(store::Transaction& txn, const BootFacts& facts, const std::optional<Stamp>& last,
                 const Classified& classified) {
  // A heartbeat may be newer than a store that was put back, or be another store's; numbers rise above all, so that
  // the next page is the newest.
  const auto above = [&](Key key, std::uint32_t Stamp::*number) {
    std::uint32_t highest = last_number(txn, key);
    if (last) highest = std::max(highest, (*last).*number);
    if (facts.heartbeat) highest = std::max(highest, (*facts.heartbeat).*number);
    return highest + 1;
  };
  const auto take = [&](Key key, std::uint32_t number) {
    set_number(txn, key, number);
    return number;
  };
  Boot boot;
  const std::uint32_t batch_epoch = facts.last_batch ? facts.last_batch->epoch : 0;
  boot.epoch = take(Key::epoch, std::max(above(Key::epoch, &Stamp::epoch), batch_epoch + 1));
  boot.number = take(Key::boot, above(Key::boot, &Stamp::boot));
  boot.kernel_boot = classified.new_kernel_boot
                         ? take(Key::kernel_boot, above(Key::kernel_boot, &Stamp::kernel_boot))
                         : last->kernel_boot;
  boot.kernel_boot_id = facts.kernel_boot_id;
  boot.cause = classified.cause;
  boot.announced = classified.announced;
  if (last)
    boot.before = last->clean ? "clean: " + *last->clean : "not clean";
  else if (classified.cause != BootCause::first_boot)
    boot.before = "unknown";
  boot.evidence = facts.evidence.text;
  boot.store_found = facts.store_found;
  boot.store_id = facts.store_id;
  boot.version = facts.version;
  boot.started = facts.sample.instant;
  boot.started_wall = facts.sample.wall;
  return boot;
}

TrustState begin_trust(const BootFacts& facts, const std::optional<Stamp>& last) {
  TrustState trust = last ? TrustState(facts.build_date, last->floor, last->rtc_mark)
                          : TrustState(facts.build_date, facts.build_date, facts.build_date);
  const bool same_kernel =
      last && last->kernel_boot_id == facts.kernel_boot_id && facts.sample.instant >= last->instant;
  std::optional<Latch> latch;
  if (same_kernel) latch = {last->trust, last->max_error_ms, last->instant, last->wall};
  trust.start(facts.sample, facts.rtc, facts.sync, latch);
  return trust;
}

void record_gaps(store::Transaction& txn, BootStart& start, const std::optional<Stamp>& last,
                 const Classified& classified, const Sample& sample, const Limits& limits) {
  const std::uint32_t boot = start.boot.number;
  if (classified.gap)
    start.gap = record_gap(txn, *classified.gap, boot, limits);
  else if (last)
    count_short_gap(txn);
  const Trust trust = start.trust.trust();
  const auto change = changed_while_away(classified, last, sample);
  const auto gap = step_gap(change, sample, trust);
  if (gap && jumps_a_due(txn, *gap->from, *gap->to))
    start.step = record_gap(txn, with_ends(*gap, sample.instant, trust), boot, limits);
  else if (change.stepped <= -kChangeReconciles && trust != Trust::untrusted)
    start.wall_before_step = sample.wall - change.stepped;
}

void put_boot(store::Transaction& txn, const Boot& boot, const Limits& limits) {
  txn.put(keys::boot(boot.number), encode(boot));
  if (boot.number > limits.boots_ring)
    txn.erase_range(keys::boot(0), keys::boot(boot.number - static_cast<std::uint32_t>(limits.boots_ring) + 1),
                    limits.ring_trim);
}

}  // namespace

Result<BootStart> begin_boot(store::Transaction& txn, const BootFacts& facts, const Limits& limits) {
  const auto reading = last_reading(txn, facts);
  const auto& last = reading.stamp;
  BootStart start;
  start.trust = begin_trust(facts, last);
  const Trust trust = start.trust.trust();

  const auto classified = classify_boot(last, !any_number(txn), facts.sample, trust, start.trust.max_error_ms(),
                                        facts.kernel_boot_id, fresh_evidence(txn, facts.evidence, limits),
                                        reading.by_heartbeat ? facts.heartbeat_interval : facts.commit_interval);
  auto odd = odd_start(facts, last, classified, start.trust, reading.foreign);
  start.alarms = std::move(odd.alarms);
  start.boot = number_boot(txn, facts, last, classified);
  start.boot.remarks = std::move(odd.remarks);
  start.boot.wall_believable = trust != Trust::untrusted;
  if (start.boot.wall_believable)
    note_gain(start.boot, {facts.sample.instant, facts.sample.wall, trust, start.trust.source()});
  const Now now{facts.sample.instant, facts.sample.wall, trust, start.boot.number, start.boot.kernel_boot};

  start.spans = begin_spans(txn, last, classified, now, limits);
  txn.put(keys::meta("spans"), start.spans.encode());
  record_gaps(txn, start, last, classified, facts.sample, limits);
  put_boot(txn, start.boot, limits);
  start.trust.note_stamp(facts.sample);
  put_stamp(txn, make_stamp(start.boot, now, facts.sample, start.trust));
  return start;
}

}  // namespace dormouse::reconcile
