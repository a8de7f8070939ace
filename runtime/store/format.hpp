// SPDX-License-Identifier: Apache-2.0
// The first record of every store: which format the rest is in, and which store this is. It stands at the
// meta key "format" and is written once, when the store is created.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::store {

inline constexpr std::uint64_t format_version = 1;

struct Format {
  std::uint64_t version = format_version;
  std::string store_id;  // empty for a store that was never given one
};

/// The formats a program knows: up to which, and how an older one becomes the next by changes in the tree's open
/// transaction. There has been one format so far, so there is no step yet.
struct Formats {
  std::uint64_t newest = format_version;
  std::map<std::uint64_t, std::function<Status(Tree&)>> to_next = {};
};

/// None for an empty tree. store.newer: written by a newer program, with both numbers. store.broken: there
/// are records but no readable format among them. Changes nothing.
Result<std::optional<Format>> read_format(Tree& tree, std::uint64_t newest = format_version);

/// Takes every step from `from` to the newest and puts the new format record; the caller commits, or aborts on
/// failure.
Status migrate_format(Tree& tree, Format from, const Formats& formats);

/// Puts the record; the caller commits.
Status write_format(Tree& tree, const Format& format);

}  // namespace dormouse::store
