// SPDX-License-Identifier: Apache-2.0
// When a watchdog is fed: half its timeout passes between two rounds, each of which asks every actor. It is fed
// only if all have answered, well and within a quarter of the timeout. No round begins while the one before is
// unanswered: who is silent is not asked again and again. Plain: time is an argument.
#pragma once

#include <cstdint>

#include "runtime/time/types.hpp"

namespace dormouse::actors {

class WatchdogRounds {
 public:
  explicit WatchdogRounds(Duration timeout) : timeout_(timeout) {}

  /// A round may begin: then each actor is asked() for, with the number of the round.
  bool begin(Instant now);
  void asked() { ++unanswered_; }
  std::uint64_t number() const { return number_; }
  /// One of that round has answered. True: it was the last one, and the watchdog is to be fed.
  bool answered(std::uint64_t number, bool well, Instant now);
  /// Some of those that were asked are gone: the next round begins anew.
  void forget();

  /// When the next round is due, after the one that was begun or tried last.
  Instant next() const { return tried_ + timeout_ / 2; }
  /// How long a commit may have been open for its storage to be well.
  Duration longest_commit() const { return timeout_ / 2; }

 private:
  Duration timeout_;
  std::uint64_t number_ = 0;
  unsigned unanswered_ = 0;
  bool well_ = true;
  Instant began_;
  Instant tried_;
};

}  // namespace dormouse::actors
