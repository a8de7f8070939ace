// SPDX-License-Identifier: Apache-2.0
// systemd as the service manager: datagrams to the socket that it names in the environment, as sd_notify(3)
// describes them, without its library. Sent by any thread, each at once and in one piece; what systemd does not
// take within a second is lost.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "hal/linux/files/durable_file.hpp"
#include "hal/notify.hpp"
#include "hal/watchdog.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

class SystemdNotify : public hal::ServiceManager {
 public:
  /// By $NOTIFY_SOCKET: a path, or "@name" in the abstract namespace; unset or empty: none, nobody wants to know.
  /// $WATCHDOG_USEC and $WATCHDOG_PID say whether systemd watches this process too. notify.bad_socket.
  static Result<std::unique_ptr<SystemdNotify>> from_environment();

  void ready() override { send("READY=1"); }
  void stopping() override { send("STOPPING=1"); }
  void status(const std::string& line) override;
  void extend(Duration by) override;
  void feed() { send("WATCHDOG=1"); }
  /// How long systemd waits for the next feed; none: it does not watch.
  std::optional<Duration> watchdog_timeout() const { return watchdog_timeout_; }

 private:
  SystemdNotify(FileHandle socket, std::string address, std::optional<Duration> watchdog_timeout)
      : socket_(std::move(socket)), address_(std::move(address)), watchdog_timeout_(watchdog_timeout) {}
  void send(const std::string& message) const;

  FileHandle socket_;
  std::string address_;  // as bytes of a sockaddr_un
  std::optional<Duration> watchdog_timeout_;
};

/// systemd's watch over the process, from READY on. It ends by itself with the order to stop, so disarm() does
/// nothing. `notify` outlives it.
std::unique_ptr<hal::Watchdog> make_systemd_watchdog(SystemdNotify& notify);

}  // namespace dormouse::hal_linux
