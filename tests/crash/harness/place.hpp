// SPDX-License-Identifier: Apache-2.0
// A data folder, opened by the steps by which a device on Linux opens it.
#pragma once

#include <filesystem>
#include <memory>

#include "hal/linux/data/data_directory.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/medium.hpp"
#include "runtime/store/opened.hpp"

namespace dormouse::crash {

struct Place {
  std::unique_ptr<hal_linux::DataDirectory> directory;
  store::OpenedStore opened;
  std::unique_ptr<store::StorageMedium> heartbeat;
};

/// store.* as DataDirectory says.
Result<std::unique_ptr<Place>> open_place(const std::filesystem::path& folder,
                                          const hal_linux::StoreOptions& options);

}  // namespace dormouse::crash
