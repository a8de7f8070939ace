// SPDX-License-Identifier: Apache-2.0
// A supply that says it is failing: everything is saved within the time it holds, then nothing is done until it is
// back, or until nobody has said a word for so long that it was a false alarm. Plain: time is an argument; who acts
// on it is the supervisor.
//
//   working --failing--> saving --closed--> saved --restored, or silence--> resuming --resumed--> working
//                                             ^---------failing---------------'
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/time/types.hpp"

namespace dormouse::actors {

class FailingPower {
 public:
  struct Bounds {
    Duration hold_up{200};     // from the word until the supply is gone
    Duration silence{30'000};  // without a further word: a false alarm
    Duration handlers{5'000};  // from the wish to go on until the code of all attempts must have returned
  };
  explicit FailingPower(const Bounds& bounds) : bounds_(bounds) {}
  FailingPower() = default;

  bool working() const { return phase_ == Phase::working; }
  bool saving() const { return phase_ == Phase::saving; }
  bool resuming() const { return phase_ == Phase::resuming; }

  enum class Act : std::uint8_t {
    save,      // begin to save, until bound()
    wait,      // it is being saved: the answer comes
    answer,    // the answer is known: clean()
    pass_over  // too soon after the last time; who repeats it comes again
  };
  /// `hold_up`: what the supply knows of itself; none: the board's. `repeats`: by a peer that repeats it until it
  /// is answered; what such a peer says is acted on once a second at most.
  Act failing(Instant now, std::optional<Duration> hold_up, bool repeats);
  /// All must be saved by then, or it does not count as clean.
  Instant bound() const { return bound_; }
  /// The store is closed; `marked`: with its clean mark. True: go on at once, the supply is back already.
  bool closed(Instant now, bool marked);
  /// Whether all was saved in time. None: that is not known yet.
  std::optional<bool> clean() const { return clean_; }
  /// True: go on.
  bool restored(Instant now);
  /// Work has begun anew.
  void resumed() { phase_ = Phase::working; }

  enum class Alarm : std::uint8_t {
    none,
    hold_up_missed,  // bound() has passed: clean() is false now
    false_alarm,     // nobody has said anything for long: go on
    handler_stuck    // code of an attempt has not returned, so nothing can go on in this process
  };
  Alarm look(Instant now);
  /// When to look() if nothing happens before.
  std::optional<Instant> due() const;

 private:
  enum class Phase : std::uint8_t { working, saving, saved, resuming };
  void begin_to_resume(Instant now);

  Bounds bounds_;
  Phase phase_ = Phase::working;
  Instant bound_;
  Instant heard_;                      // the last word of a failing supply
  Instant resume_by_;                  // while resuming
  std::optional<Instant> last_saved_;  // of the time before
  std::optional<bool> clean_;
  bool back_ = false;  // while saving: the supply is back already
};

}  // namespace dormouse::actors
