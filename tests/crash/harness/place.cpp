// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/place.hpp"

#include <utility>

namespace dormouse::crash {

Result<std::unique_ptr<Place>> open_place(const std::filesystem::path& folder,
                                          const hal_linux::StoreOptions& options) {
  auto place = std::make_unique<Place>();
  auto directory = hal_linux::DataDirectory::acquire(folder, {.store = options});
  if (!directory) return std::move(directory).error();
  place->directory = std::move(directory).value();
  auto opened = place->directory->open_store();
  if (!opened) return std::move(opened).error();
  place->opened = std::move(opened).value();
  auto heartbeat = place->directory->open_heartbeat();
  if (!heartbeat) return std::move(heartbeat).error();
  place->heartbeat = std::move(heartbeat).value();
  return place;
}

}  // namespace dormouse::crash
