// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/ready_queue.hpp"

#include <algorithm>
#include <tuple>

namespace dormouse::jobs {

namespace {

constexpr std::int64_t priority_step_ms = 60'000;
constexpr unsigned others_before_the_line = 4;

}  // namespace

std::set<std::uint64_t> ReadyQueue::known() const {
  std::set<std::uint64_t> ids;
  for (const auto& [id, waiting] : window_) ids.insert(id);
  for (const auto& [id, job] : running_) ids.insert(id);
  return ids;
}

/// How many jobs of the window are of each share.
std::map<DueShare, std::uint64_t> ReadyQueue::held() const {
  std::map<DueShare, std::uint64_t> held;
  for (const auto& [id, waiting] : window_) ++held[{waiting.job.handler, waiting.job.in_line}];
  return held;
}

/// A share may fill a quarter of the window, but never less than can run of it at once, twice over.
std::uint64_t ReadyQueue::size_of(const DueShare& share) const {
  const auto places = places_.find(share.handler);
  std::uint64_t at_once = places == places_.end() ? 1 : places->second;
  if (share.in_line) at_once = std::min(at_once, limits_.catch_up_parallel);
  return std::max(2 * at_once, limits_.ready_window / 4);
}

std::uint64_t ReadyQueue::line_bound() const {
  return std::max<std::uint64_t>(1, limits_.ready_window / 2);
}

std::uint64_t ReadyQueue::of_line() const {
  const auto in_line = [](const auto& waiting) { return waiting.second.job.in_line; };
  return static_cast<std::uint64_t>(std::count_if(window_.begin(), window_.end(), in_line));
}

std::uint64_t ReadyQueue::free_line_room() const {
  return line_bound() - std::min(line_bound(), of_line());
}

std::set<DueShare> ReadyQueue::full() const {
  std::set<DueShare> full;
  for (const auto& [share, count] : held()) {
    if (count >= size_of(share)) full.insert(share);
  }
  return full;
}

bool ReadyQueue::runs_low(const std::set<DueShare>& shares) const {
  if (shares.empty()) return false;
  auto counts = held();
  const bool line_is_low = 2 * of_line() <= line_bound();
  return std::any_of(shares.begin(), shares.end(), [&](const auto& share) {
    return (!share.in_line || line_is_low) && 2 * counts[share] < size_of(share);
  });
}

bool ReadyQueue::holds_key(std::uint64_t id) const {
  const auto found = running_.find(id);
  return found != running_.end() && !found->second.conflict_key.empty();
}

void ReadyQueue::add(const DueJob& job, Instant now) {
  if (running_.contains(job.id)) return;
  window_.try_emplace(job.id, Waiting{job, now});
}

/// Code may run on after its job has ended and let go of its key: two attempts of one key never overlap.
bool ReadyQueue::key_runs(const DueJob& job) const {
  return !job.conflict_key.empty() && std::any_of(running_.begin(), running_.end(), [&](const auto& r) {
    return r.second.component == job.component && r.second.conflict_key == job.conflict_key;
  });
}

bool ReadyQueue::line_waits() const {
  return std::any_of(window_.begin(), window_.end(), [](const auto& w) { return w.second.job.in_line; });
}

bool ReadyQueue::has_place(const DueJob& job) const {
  if (key_runs(job)) return false;
  const auto places = places_.find(job.handler);
  if (places == places_.end()) return false;
  std::uint64_t of_handler = 0;
  std::uint64_t of_component = 0;
  for (const auto& [id, running] : running_) {
    if (running.handler == job.handler) ++of_handler;
    if (running.component == job.component) ++of_component;
  }
  return of_handler < places->second && of_component < limits_.running_component;
}

const ReadyQueue::Waiting* ReadyQueue::best_of_line(Instant now) const {
  const auto in_line =
      std::count_if(running_.begin(), running_.end(), [](const auto& r) { return r.second.in_line; });
  if (static_cast<std::uint64_t>(in_line) >= limits_.catch_up_parallel) return nullptr;
  if (const auto paced = paced_until(now)) return nullptr;
  const Waiting* best = nullptr;
  const auto order = [](const DueJob& j) { return std::tuple(-j.priority, -j.lateness.count(), j.id); };
  for (const auto& [id, waiting] : window_) {
    if (!waiting.job.in_line || !has_place(waiting.job)) continue;
    if (best == nullptr || order(waiting.job) < order(best->job)) best = &waiting;
  }
  return best;
}

const ReadyQueue::Waiting* ReadyQueue::best_of_others() const {
  // First each component's own best by rank, then between components.
  const auto rank = [](const Waiting& w) { return w.ready_since.ms - priority_step_ms * w.job.priority; };
  std::map<std::uint16_t, const Waiting*> best_of;
  for (const auto& [id, waiting] : window_) {
    if (waiting.job.in_line || !has_place(waiting.job)) continue;
    const Waiting*& best = best_of[waiting.job.component];
    const auto order = [&](const Waiting& w) { return std::tuple(rank(w), -w.job.lateness.count(), w.job.id); };
    if (best == nullptr || order(waiting) < order(*best)) best = &waiting;
  }
  const Waiting* best = nullptr;
  const auto between = [&](const Waiting& w) {
    const auto last = last_claim_.find(w.job.component);
    const std::int64_t served = last == last_claim_.end() ? -1 : last->second.ms;
    const std::int64_t since = std::max(w.ready_since.ms, served);
    return std::tuple(since - priority_step_ms * w.job.priority, served, -w.job.lateness.count(), w.job.id);
  };
  for (const auto& [component, waiting] : best_of) {
    if (best == nullptr || between(*waiting) < between(*best)) best = waiting;
  }
  return best;
}

void ReadyQueue::take_place(const DueJob& job, Instant now) {
  if (job.in_line) {
    last_line_start_ = now;
    others_in_a_row_ = 0;
  } else {
    others_in_a_row_ = line_waits() ? others_in_a_row_ + 1 : 0;  // it is passed over only while it waits
  }
  last_claim_[job.component] = now;
  running_.emplace(job.id, job);
  window_.erase(job.id);
}

std::vector<std::uint64_t> ReadyQueue::pick(Instant now) {
  std::vector<std::uint64_t> picked;
  while (running_.size() < limits_.running_device) {
    const Waiting* other = best_of_others();
    const Waiting* late = best_of_line(now);
    const bool lines_turn = late != nullptr && (other == nullptr || others_in_a_row_ >= others_before_the_line);
    const Waiting* next = lines_turn ? late : other;
    if (next == nullptr) break;
    picked.push_back(next->job.id);
    take_place(DueJob{next->job}, now);
  }
  return picked;
}

void ReadyQueue::free(std::uint64_t id) {
  running_.erase(id);
}

std::optional<Instant> ReadyQueue::paced_until(Instant now) const {
  if (!last_line_start_ || limits_.reconcile_rate == 0) return std::nullopt;
  const Instant next = *last_line_start_ + Duration{1'000 / static_cast<std::int64_t>(limits_.reconcile_rate)};
  if (next <= now) return std::nullopt;
  return line_waits() ? std::optional(next) : std::nullopt;
}

std::vector<std::uint64_t> ReadyQueue::expired(Instant now) const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, waiting] : window_) {
    if (waiting.job.expires && *waiting.job.expires <= now) ids.push_back(id);
  }
  return ids;
}

std::optional<Instant> ReadyQueue::next_expiry() const {
  std::optional<Instant> next;
  for (const auto& [id, waiting] : window_) {
    if (waiting.job.expires && (!next || *waiting.job.expires < *next)) next = waiting.job.expires;
  }
  return next;
}

}  // namespace dormouse::jobs
