// SPDX-License-Identifier: Apache-2.0
// A StorageMedium that is a file written in place. Errors name the file: store.io, store.no_space, store.read_only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/medium.hpp"

namespace dormouse::hal_linux {

/// An open file, which holds `size` bytes, as a medium; `path` is for messages alone.
std::unique_ptr<store::StorageMedium> make_file_medium(FileHandle file, std::filesystem::path path,
                                                       std::uint64_t size);

/// Opens the file, which holds `size` bytes from then on. A missing one appears whole and zeroed; a shorter one
/// is extended with zeros.
Result<std::unique_ptr<store::StorageMedium>> open_file_medium(const std::filesystem::path& path,
                                                               std::uint64_t size);

/// The file as it is, of the size that it has. Writing to it is store.read_only.
Result<std::unique_ptr<store::StorageMedium>> make_file_medium_for_reading(FileHandle file,
                                                                           std::filesystem::path path);

}  // namespace dormouse::hal_linux
