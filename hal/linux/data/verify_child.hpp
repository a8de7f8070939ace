// SPDX-License-Identifier: Apache-2.0
// Looks at a store's tree from a forked child (child_look.hpp), before the caller maps it: a broken page may kill
// whoever follows it, and a page that cannot be read is a SIGBUS. The child opens the tree read-only and without
// locks and writes nothing.
//
// The order: the file's size against the last page that its meta pages name, so that a file that was cut is found
// without a SIGBUS; then what must be known of a tree even if nothing else of it is, its id and last numbers; then
// every record (runtime/store/verify.hpp), and with it the head of the leaf that it stands on.
//
// What is not looked at: LMDB shows neither its branch pages nor which pages it uses, and a page that is free may
// hold anything, so no sweep over the file could tell a damaged head from an old one. A branch that leads elsewhere
// shows as records out of order, missing, or too many. The list of free pages is believed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hal/linux/data/child_look.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/last_numbers.hpp"
#include "runtime/store/store.hpp"

namespace dormouse::hal_linux {

inline constexpr std::chrono::milliseconds verify_bound{60'000};
inline constexpr unsigned verify_tries = 3;

struct Verification {
  enum class Verdict {
    sound,
    bad_records,  // single ones, listed in `bad`: all else can be served
    broken,       // an LMDB error, a crash, more or fewer records than the tree counts, an index to nothing
    unreadable,   // the medium did not give its bytes, three times; as bad as broken
    unfinished    // past its bound, or killed three times from outside: `verified` of `expected` were looked at
  };
  Verdict verdict = Verdict::unfinished;
  std::uint64_t verified = 0;              // records looked at
  std::uint64_t expected = 0;              // records by the tree's own count
  std::vector<store::BadRecord> bad = {};  // the first hundred
  unsigned tries_failed = 0;               // runs before the last one that the medium or a signal ended
  std::string store_id = {};
  /// None if the tree could not even tell these.
  std::optional<store::LastNumbers> numbers = {};
  std::string why = {};  // of broken, unreadable and unfinished

  /// Whether it may be opened and served.
  bool usable() const { return verdict != Verdict::broken && verdict != Verdict::unreadable; }
  /// One line for the boot report: "verified 1200 of 5000 records: past its bound".
  std::string words() const;
};

/// Verifies the tree in `folder`, which holds data.mdb. Blocks until done or until a little after the bound;
/// `progress` is called as look_in_child() says. That the words of the file have our size is the caller's to know.
/// store.newer: the tree is not ours to judge; store.read_only: it may not be read at all; store.io: no child could
/// be made, or LMDB could not open a file that can be read.
Result<Verification> verify_in_child(const std::filesystem::path& folder,
                                     std::chrono::milliseconds bound = verify_bound,
                                     std::uint64_t newest_format = store::format_version,
                                     const std::function<void()>& progress = {});

/// The same with another look in the child: what tells of tries, bounds and ends without a broken disk. The look
/// tells what look_at_tree() tells.
using TreeLook = std::function<void(const Teller&, Deadline deadline)>;
Result<Verification> verify_in_child(const TreeLook& look, std::chrono::milliseconds bound,
                                     const std::function<void()>& progress = {});
/// What verify_in_child(folder) does in its child.
void look_at_tree(const std::filesystem::path& folder, const Teller& teller, Deadline deadline,
                  std::uint64_t newest_format = store::format_version);

/// The id and the last numbers of a tree, without a look at its records; none if it cannot tell them.
struct TreeFacts {
  std::string store_id;
  store::LastNumbers numbers;
};
std::optional<TreeFacts> facts_in_child(const std::filesystem::path& folder);

}  // namespace dormouse::hal_linux
