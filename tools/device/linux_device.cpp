// SPDX-License-Identifier: Apache-2.0
#include "tools/device/linux_device.hpp"

#include <unistd.h>
#include <utility>

#include "hal/linux/clock/clock.hpp"
#include "hal/linux/data/snapshots.hpp"
#include "hal/linux/event_loop.hpp"
#include "hal/linux/files/flash_registers.hpp"
#include "hal/linux/link/unix_socket_link.hpp"
#include "hal/linux/process/process_launcher.hpp"
#include "hal/linux/process/signals.hpp"
#include "hal/linux/process/systemd_notify.hpp"
#include "hal/linux/process/watchdog.hpp"
#include "runtime/store/flash_use.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tools/device/device_data.hpp"

namespace dormouse {

std::string version() {
  return DORMOUSE_VERSION;
}

WallTime build_date() {
  return parse_rfc3339(DORMOUSE_BUILD_DAY "T00:00:00Z").value();
}

/// In order of making: what comes later uses what comes before, so it goes first at the end.
struct LinuxDevice::Parts {
  std::unique_ptr<hal_linux::SystemdNotify> services;  // none: started by hand
  std::unique_ptr<DeviceData> data;
  hal_linux::AsioLoop loop;
  std::unique_ptr<hal::Clock> clock;
  std::unique_ptr<hal::ProcessLauncher> processes;
  std::unique_ptr<hal::Power> power;
  std::unique_ptr<hal::Watchdog> watchdog;
  std::unique_ptr<hal::Link> socket;
  std::function<void()> ready;  // called on the loop's thread
  std::unique_ptr<actors::Device> device;
  Status ended = done();
};

namespace {

constexpr Duration progress_bound{30'000};  // three times what may lie between two words of progress

void add_commands(const actors::Config& config, actors::Handlers& handlers) {
  for (const auto& handler : config.handlers) {
    handlers.add_command(handler.name, handler.command, handler.max_running);
    handlers.limit(handler.name, handler.timeout, handler.callers);
  }
}

hal_linux::ClockFacts clock_facts(const hal::BoardFacts& board, const std::string& data_dir) {
  const hal::RtcFact& rtc = board.rtc;
  hal_linux::ClockFacts facts;
  if (rtc.kind == hal::RtcFact::Kind::host) facts.rtc = hal_linux::ClockFacts::Rtc::host;
  if (rtc.kind == hal::RtcFact::Kind::device) facts.rtc = hal_linux::ClockFacts::Rtc::kernel;
  facts.rtc_number = static_cast<unsigned>(rtc.number);
  facts.rtc_battery = rtc.battery;
  facts.reset_register = board.reset_register;
  facts.power_on_note = data_dir + "/power_on_alarm";
  return facts;
}

std::unique_ptr<hal::Link> make_socket(hal_linux::AsioLoop& loop, const LinuxOptions& options) {
  const std::string path = options.socket_path.empty() ? options.board.socket_path : options.socket_path;
  if (path == "-") return nullptr;
  hal_linux::SocketOptions socket;
  socket.path = path;
  for (const auto& allow : options.config.allow) socket.allow.push_back({allow.uid, allow.gid, allow.who});
  socket.max_clients = options.config.limits.socket_clients;
  socket.max_frame = options.config.limits.socket_frame_bytes;
  socket.output_bytes = options.config.limits.output_bytes;
  return hal_linux::make_unix_socket_link(loop, std::move(socket));
}

hal_linux::DataDirectory::Options data_options(const LinuxOptions& options, hal_linux::SystemdNotify* services) {
  hal_linux::DataDirectory::Options data;
  data.allow_fs = options.board.allow_fs;
  data.wait = options.standby;
  data.store.limits = options.config.limits;
  data.store.prezero = options.board.store.prezero;
  if (options.board.store.journal_blocks) data.store.align = store::JournalFacts::Align::block;
  data.stop_when_broken = options.board.store.stop_when_broken;
  if (services != nullptr) data.store.progress = [services] { services->extend(progress_bound); };
  return data;
}

/// The board's own, systemd's, or both.
std::unique_ptr<hal::Watchdog> make_watchdogs(const hal::BoardFacts& board, hal_linux::SystemdNotify* services) {
  auto watchdog = board.watchdog_device.empty()
                      ? hal_linux::make_none_watchdog()
                      : hal_linux::make_watchdog(board.watchdog_device, board.watchdog_timeout);
  if (services == nullptr) return watchdog;
  return hal_linux::make_both_watchdogs(std::move(watchdog), hal_linux::make_systemd_watchdog(*services));
}

/// What was written of a folder, as far as its files still show it.
std::uint64_t bytes_in(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code failed;
  for (auto file = std::filesystem::directory_iterator(folder, failed);
       !failed && file != std::filesystem::directory_iterator(); file.increment(failed))
    if (const auto size = file->file_size(failed); !failed) bytes += store::blocks_touched(0, size);
  return bytes;
}

Result<store::OpenedStore> open_store(DeviceData& data) {
  auto opened = data.open_store();
  if (opened.ok() && opened->created) opened->created_bytes = bytes_in(data.path() / "store");
  return opened;
}

Result<actors::TakenSnapshot> take_snapshot(const DeviceData& data, std::uint32_t boot,
                                            const actors::CopyStore& copy) {
  auto taken = hal_linux::take_snapshot(data.path(), boot, copy);
  if (!taken.ok()) return std::move(taken).error();
  return actors::TakenSnapshot{taken->path.filename().string(), bytes_in(taken->path)};
}

actors::DeviceOptions options_of(const LinuxOptions& options, bool is_volatile) {
  actors::DeviceOptions device;
  device.name = options.config.name.empty() ? options.board.name : options.config.name;
  device.component = options.config.component;
  device.version = version();
  device.build_date = options.board.build_date.value_or(build_date());
  device.limits = options.config.limits;
  device.schedules = options.config.schedules;
  device.observe = options.observe;
  device.heartbeat_interval = options.config.heartbeat.value_or(options.board.heartbeat_interval);
  device.heartbeat_writes_per_day = options.board.heartbeat_writes_per_day;
  device.drain = options.board.drain_bound;
  device.stop_bound = options.board.stop_bound;
  device.hold_up = options.board.hold_up;
  device.probation = options.board.probation;
  device.boot_takes = options.board.boot_takes;
  device.flash.endurance = {options.board.flash.endurance_bytes, options.board.flash.write_amplification};
  device.flash.bytes_per_day = options.board.flash.bytes_per_day;
  device.refuse_volatile = is_volatile && !options.config.volatile_ok && !options.board.volatile_ok;
  return device;
}

}  // namespace

Result<std::unique_ptr<LinuxDevice>> LinuxDevice::open(LinuxOptions options, actors::Handlers handlers) {
  if (auto settled = actors::settle_users(options.config, ::geteuid() == 0); !settled.ok()) {
    return std::move(settled).error();
  }
  auto parts = std::make_unique<Parts>();
  auto services = hal_linux::SystemdNotify::from_environment();
  if (!services.ok()) return std::move(services).error();
  parts->services = std::move(*services);
  if (parts->services && options.standby)
    parts->services->status("standby, waits until the data directory is free");
  const std::string data_dir = options.data_dir.empty() ? options.board.data_dir : options.data_dir;
  auto data = DeviceData::take(data_dir, data_options(options, parts->services.get()));
  if (!data.ok()) return std::move(data).error();
  parts->data = std::move(*data);
  auto clock = hal_linux::make_linux_clock(parts->loop, clock_facts(options.board, data_dir));
  if (!clock.ok()) return std::move(clock).error();
  parts->clock = std::move(*clock);
  parts->processes = hal_linux::make_process_launcher(parts->loop);
  parts->power = hal_linux::make_signal_power(parts->loop);
  parts->watchdog = make_watchdogs(options.board, parts->services.get());
  parts->socket = make_socket(parts->loop, options);

  add_commands(options.config, handlers);
  actors::DeviceParts device;
  device.open_store = [data = parts->data.get()] { return open_store(*data); };
  device.take_snapshot = [data = parts->data.get()](std::uint32_t boot, const actors::CopyStore& copy) {
    return take_snapshot(*data, boot, copy);
  };
  device.clock = parts->clock.get();
  device.heartbeat = parts->data->heartbeat();
  if (parts->socket) device.links.push_back(parts->socket.get());
  device.processes = parts->processes.get();
  if (const auto& flash = options.board.flash.device; !flash.empty())
    device.read_flash = [flash] { return hal_linux::read_flash_registers(flash); };
  device.power = parts->power.get();
  device.watchdog = parts->watchdog.get();
  device.services = parts->services.get();
  actors::DeviceOptions device_options = options_of(options, parts->data->is_volatile());
  device_options.observe = [observe = options.observe, parts = parts.get()](const actors::Event& event) {
    observe(event);
    if (event.kind != actors::Event::Kind::ready) return;
    parts->loop.post([parts] {  // once, though the device may begin anew after failing power
      if (const auto ready = std::exchange(parts->ready, {})) ready();
    });
  };
  parts->device =
      std::make_unique<actors::Device>(std::move(device), std::move(handlers), std::move(device_options));
  return std::unique_ptr<LinuxDevice>(new LinuxDevice(std::move(parts)));
}

LinuxDevice::LinuxDevice(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LinuxDevice::~LinuxDevice() = default;

actors::Device& LinuxDevice::device() {
  return *parts_->device;
}

Status LinuxDevice::run(std::function<void()> ready) {
  Parts& parts = *parts_;
  parts.ready = std::move(ready);
  parts.device->start([&parts](Status status) {
    // From an actor's thread: what the loop's thread reads afterwards is written on that thread.
    parts.loop.post([&parts, status = std::move(status)] {
      parts.ended = status;
      parts.loop.quit();
    });
  });
  parts.loop.run();
  return parts.ended;
}

}  // namespace dormouse
