// SPDX-License-Identifier: Apache-2.0
// The receiving side of reliable frames, as pure logic: what is taken, what is a duplicate, which replies are
// kept for repeating. Lives as long as a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "runtime/wire/frame_decoder.hpp"

namespace dormouse::wire {

/// The seq after `seq`: 65535 is followed by 1, and 0 (none yet) by 1.
std::uint16_t next_seq(std::uint16_t seq);

class ReceiveWindow {
 public:
  enum class Verdict : std::uint8_t {
    take,          // the next one in order: now in work, to be settled once
    repeat_reply,  // a duplicate whose reply is kept: send it again
    wait,          // a duplicate still in work: answer `wait`
    ignore,        // a duplicate older than the kept replies: no answer
    out_of_order,  // higher than the next, or more in work than any window: dropped
  };

  /// Keeps the last `window` replies, at least 4. `last` is the highest seq taken so far, 0 for none.
  explicit ReceiveWindow(std::size_t window, std::uint16_t last = 0);

  Verdict arrive(std::uint16_t seq);
  /// The one answer to a frame in work; false (and nothing kept) if `seq` is not in work.
  bool settle(std::uint16_t seq, Frame reply);
  /// The kept reply of a settled frame, or nullptr; good until the next call that is not const.
  const Frame* reply_to(std::uint16_t seq) const;

  /// Highest seq settled in order, for the header of what is sent: 0 while none is.
  std::uint16_t ack() const { return ack_; }
  std::uint16_t last() const { return last_; }
  /// Frames taken and not yet settled. A socket need not be read while this is the window or more.
  std::size_t in_work() const { return in_work_; }

 private:
  struct Entry {
    std::uint16_t seq;
    std::optional<Frame> reply;
  };
  const Entry* find(std::uint16_t seq) const;
  void move_ack();
  void forget();

  std::size_t keep_;
  std::uint16_t last_;
  std::uint16_t ack_;
  std::size_t in_work_ = 0;
  std::deque<Entry> entries_;  // in order of seq: those in work and the newest settled
};

}  // namespace dormouse::wire
