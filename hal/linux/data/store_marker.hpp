// SPDX-License-Identifier: Apache-2.0
// The file `provisioned` of a data directory: a store has existed here, which one, and whether it is being
// replaced.
//
//   <store id>
//   rebuilding store.broken-12      only while a quarantine or a restore is under way; the name that the former
//                                   store has got, or is about to get
//
// Replaced as a whole, so it is the one place that tells after a cut how far such a work had come. Owner only.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

struct StoreMarker {
  std::string store_id;
  std::string rebuilding = {};  // empty: nothing under way
  bool operator==(const StoreMarker&) const = default;
};

/// None if there is no marker. One that cannot be read is still a marker, without an id.
std::optional<StoreMarker> read_marker(const std::filesystem::path& data);

/// Durable on return. store.no_space, store.read_only, store.io.
Status write_marker(const std::filesystem::path& data, const StoreMarker& marker);

}  // namespace dormouse::hal_linux
