// SPDX-License-Identifier: Apache-2.0
// The data directory as a device has it: owned or, on a read-only file system, only looked at. Then the store
// answers what it is asked and refuses every change with store.read_only.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "hal/linux/data/data_directory.hpp"
#include "hal/linux/data/store_view.hpp"

namespace dormouse {

class DeviceData {
 public:
  /// As DataDirectory::acquire(), but store.read_only is no error yet.
  static Result<std::unique_ptr<DeviceData>> take(const std::filesystem::path& path,
                                                  const hal_linux::DataDirectory::Options& options);

  const std::filesystem::path& path() const { return path_; }
  bool is_volatile() const { return owned_ != nullptr && owned_->is_volatile(); }
  /// None on a read-only file system without one.
  store::StorageMedium* heartbeat() { return heartbeat_.get(); }

  /// On the thread that the store is to belong to, once the one opened before is gone; this object outlives it. As
  /// DataDirectory::open_store(); store.read_only is left where there is no store to look at, store.locked where
  /// somebody owns it.
  Result<store::OpenedStore> open_store();

 private:
  DeviceData(std::filesystem::path path, const Limits& limits) : path_(std::move(path)), limits_(limits) {}
  Result<store::OpenedStore> look(Error why);

  std::filesystem::path path_;
  Limits limits_;
  std::unique_ptr<hal_linux::DataDirectory> owned_;
  std::unique_ptr<store::StorageMedium> heartbeat_;
  std::optional<Error> read_only_;  // why the folder could not be owned
  hal_linux::StoreView view_;       // its locks
};

}  // namespace dormouse
