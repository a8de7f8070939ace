// SPDX-License-Identifier: Apache-2.0
// A StorageMedium that is a file written in place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "runtime/base/result.hpp"
#include "runtime/store/medium.hpp"

namespace dormouse::hal_linux {

/// Opens the file, which holds `size` bytes from then on. A missing one appears whole and zeroed; a shorter one
/// is extended with zeros. store.io, store.no_space, store.read_only, each naming the file.
Result<std::unique_ptr<store::StorageMedium>> open_file_medium(const std::filesystem::path& path,
                                                               std::uint64_t size);

}  // namespace dormouse::hal_linux
