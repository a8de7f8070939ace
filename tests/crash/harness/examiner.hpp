// SPDX-License-Identifier: Apache-2.0
// Opens crash states of a record and holds each against the history:
//   - it opens without an error or an alarm, and leaves nothing unfinished in the folder
//   - it holds the first k batches and nothing else, with acked <= k <= applied
//   - opened again it is the same, and nothing is replayed again
//   - the work that follows, shaped like what the cut undid, stands after a kill
// and does the same to the states of that recovery and that work, cut after cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_set>

#include "tests/crash/harness/device.hpp"
#include "tests/crash/harness/history.hpp"
#include "tests/crash/harness/lies.hpp"
#include "tests/crash/harness/record.hpp"
#include "tests/crash/harness/states.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::crash {

/// The environment's DORMOUSE_CRASH_STATES: how many states all workloads together are tried in; 2,400 without it
/// (under a sanitizer 800).
std::size_t states_wanted();
/// The environment's DORMOUSE_SEED; one for all runs without it.
std::uint64_t seed_wanted();

/// What opening a state must tell beside its content.
struct Expected {
  std::optional<bool> checkpoint_lost = false;  // none: either is fine
  std::string alarm = {};                       // its code
};

class Examiner {
 public:
  using Fault = std::optional<std::string>;  // what is wrong, for people; none: nothing is

  explicit Examiner(std::uint64_t seed) : random_(seed) {}

  /// Draws about that many states, of which some are alike: half of them of the record itself, the others of the
  /// recoveries from these, up to `depth` cuts in a row after the first. Answers what is wrong with the first bad
  /// one.
  Fault examine(const Record& record, const History& history, std::size_t states, int depth);

  /// Tries the states of a medium that lied about the last checkpoint (lies.hpp). Its workload has no big batch,
  /// which a checkpoint alone keeps.
  Fault examine_lies(const Record& record, const History& history, Lie lie);

  /// Opens one state, and tries `deeper` states of what follows. `found`, if given, is told how many batches it
  /// holds.
  Fault try_state(const Image& image, const History& history, Bounds bounds, std::size_t deeper = 0,
                  Expected expected = {}, std::uint64_t* found = nullptr);

  /// How many different states were tried, and how many of them were cuts of a recovery.
  std::size_t tried() const { return tried_.size(); }
  std::size_t tried_deeper() const { return tried_deeper_; }

 private:
  using Known = std::map<std::uint64_t, std::uint64_t>;  // hash of a state, how many batches it holds
  Fault try_cut(const Image& image, const History& history, Bounds bounds, int depth, Known& known);

  std::mt19937_64 random_;
  TempFolder room_{TempFolder::Where::memory};
  int level_ = 0;                            // cuts before the present one
  std::unordered_set<std::uint64_t> tried_;  // hashes
  std::size_t tried_deeper_ = 0;
};

}  // namespace dormouse::crash
