// SPDX-License-Identifier: Apache-2.0
#include "tools/device/device_data.hpp"

#include <utility>

namespace dormouse {

namespace {

constexpr const char* read_only_code = "store.read_only";

}  // namespace

Result<std::unique_ptr<DeviceData>> DeviceData::take(const std::filesystem::path& path,
                                                     const hal_linux::DataDirectory::Options& options) {
  std::unique_ptr<DeviceData> data(new DeviceData(path, options.store.limits));
  auto owned = hal_linux::DataDirectory::acquire(path, options);
  if (owned.ok()) {
    data->owned_ = std::move(*owned);
    data->path_ = data->owned_->path();
    auto heartbeat = data->owned_->open_heartbeat();
    if (!heartbeat.ok()) return std::move(heartbeat).error();
    data->heartbeat_ = std::move(*heartbeat);
    return data;
  }
  if (owned.error().code != read_only_code) return std::move(owned).error();
  data->read_only_ = std::move(owned).error();
  if (auto heartbeat = hal_linux::view_heartbeat(path); heartbeat.ok()) data->heartbeat_ = std::move(*heartbeat);
  return data;
}

Result<store::OpenedStore> DeviceData::open_store() {
  if (read_only_) return look(*read_only_);
  auto opened = owned_->open_store();
  if (opened.ok() || opened.error().code != read_only_code) return opened;
  // A file system that an error has made read-only still lets the lock be taken; whoever looks has to let it go.
  owned_.reset();
  return look(std::move(opened).error());
}

Result<store::OpenedStore> DeviceData::look(Error why) {
  auto view = hal_linux::view_store(path_, limits_);
  if (!view.ok()) return view.error().code == "store.io" ? std::move(why) : std::move(view).error();
  view_ = std::move(*view);
  why.hint = "make its file system writable, then start again";
  view_.opened.store->refuse_changes(std::move(why));
  return std::move(view_.opened);
}

}  // namespace dormouse
