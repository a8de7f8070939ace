// SPDX-License-Identifier: Apache-2.0
// Seqs live on a ring of 65535 numbers, 1 to 65535: what is at most half a ring behind is old, the rest ahead.
#include "runtime/wire/receive_window.hpp"

#include <algorithm>

#include "runtime/base/check.hpp"

namespace dormouse::wire {

namespace {

constexpr std::uint32_t kRing = 65'535;
constexpr std::size_t kLeastKept = 4;
constexpr std::size_t kInWorkMax = 256;  // beyond every window: a peer that keeps to none is bounded here

/// Whether `seq` is `last` or came before it.
bool is_old(std::uint16_t seq, std::uint16_t last) {
  if (last == 0) return false;
  return (last + kRing - seq) % kRing <= kRing / 2;
}

}  // namespace

std::uint16_t next_seq(std::uint16_t seq) {
  return seq == kRing ? 1 : static_cast<std::uint16_t>(seq + 1);
}

ReceiveWindow::ReceiveWindow(std::size_t window, std::uint16_t last)
    : keep_(std::max(window, kLeastKept)), last_(last), ack_(last) {}

ReceiveWindow::Verdict ReceiveWindow::arrive(std::uint16_t seq) {
  check(seq != 0, "wire:window_seq");
  if (const Entry* entry = find(seq)) return entry->reply ? Verdict::repeat_reply : Verdict::wait;
  if (seq != next_seq(last_)) return is_old(seq, last_) ? Verdict::ignore : Verdict::out_of_order;
  if (in_work_ == kInWorkMax) return Verdict::out_of_order;
  last_ = seq;
  ++in_work_;
  entries_.push_back({seq, std::nullopt});
  return Verdict::take;
}

bool ReceiveWindow::settle(std::uint16_t seq, Frame reply) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.seq == seq; });
  if (entry == entries_.end() || entry->reply) return false;
  entry->reply = std::move(reply);
  --in_work_;
  move_ack();
  forget();
  return true;
}

const Frame* ReceiveWindow::reply_to(std::uint16_t seq) const {
  const Entry* entry = find(seq);
  return entry != nullptr && entry->reply ? &*entry->reply : nullptr;
}

const ReceiveWindow::Entry* ReceiveWindow::find(std::uint16_t seq) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.seq == seq; });
  return found == entries_.end() ? nullptr : &*found;
}

/// Up to the one before the first still in work; frames may settle in another order than they came.
void ReceiveWindow::move_ack() {
  for (const Entry& entry : entries_) {
    if (!entry.reply) return;
    ack_ = entry.seq;
  }
}

void ReceiveWindow::forget() {
  std::size_t kept = entries_.size() - in_work_;
  for (auto entry = entries_.begin(); kept > keep_ && entry != entries_.end();) {
    if (!entry->reply) {
      ++entry;
      continue;
    }
    entry = entries_.erase(entry);
    --kept;
  }
}

}  // namespace dormouse::wire
