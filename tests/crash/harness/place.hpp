// SPDX-License-Identifier: Apache-2.0
// A data folder, opened by the same steps as a device on Linux opens it.
#pragma once

#include <filesystem>
#include <memory>

#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/opened.hpp"

namespace dormouse::crash {

struct Place {
  store::OpenedStore opened;
};

Result<std::unique_ptr<Place>> open_place(const std::filesystem::path& folder, const Limits& limits);

}  // namespace dormouse::crash
