// SPDX-License-Identifier: Apache-2.0
// A netlink socket wakes us when a route or a link changes; what it says is thrown away and the tables are read.
#include "hal/linux/network/network.hpp"

#include <array>
#include <cerrno>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>

#include "hal/linux/files/small_file.hpp"

namespace dormouse::hal_linux {
namespace {

int open_route_socket() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_LINK;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

class Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(AsioLoop& loop, NetworkOptions options) : options_(std::move(options)), socket_(loop.context()) {
    const int fd = open_route_socket();
    asio::error_code error;
    if (fd >= 0) socket_.assign(fd, error);
    if (fd >= 0 && error) ::close(fd);
    last_ = read();
  }

  hal::NetworkState read() const {
    return network_state(text_of("/proc/net/route"), text_of("/proc/net/ipv6_route"), options_);
  }
  void wait() {
    if (!socket_.is_open()) return;
    socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](asio::error_code error) {
                         if (!error) self->look_again();
                       });
  }
  void listen(std::function<void(hal::NetworkState)> listener) { listener_ = std::move(listener); }
  void stop() {
    asio::error_code ignored;
    socket_.close(ignored);
    listener_ = nullptr;
  }

 private:
  void look_again() {
    std::array<char, 8 * 1024> news;
    for (;;) {
      const auto bytes = ::recv(socket_.native_handle(), news.data(), news.size(), 0);
      // ENOBUFS says that some were lost, which changes nothing: the tables are read as a whole.
      if (bytes < 0 && errno != EINTR && errno != ENOBUFS) break;
    }
    const auto state = read();
    if (std::exchange(last_, state) != state && listener_) listener_(state);
    wait();
  }

  NetworkOptions options_;
  asio::posix::stream_descriptor socket_;
  hal::NetworkState last_ = hal::NetworkState::offline;  // loop's thread
  std::function<void(hal::NetworkState)> listener_;
};

class LinuxNetwork : public hal::Network {
 public:
  LinuxNetwork(AsioLoop& loop, NetworkOptions options)
      : loop_(loop), watcher_(std::make_shared<Watcher>(loop, std::move(options))) {
    watcher_->wait();
  }
  ~LinuxNetwork() override { watcher_->stop(); }

  hal::NetworkState state() const override { return watcher_->read(); }
  void listen(std::function<void(hal::NetworkState)> listener) override {
    loop_.post([watcher = watcher_, listener = std::move(listener)] { watcher->listen(listener); });
  }

 private:
  AsioLoop& loop_;
  std::shared_ptr<Watcher> watcher_;
};

}  // namespace

std::unique_ptr<hal::Network> make_network(AsioLoop& loop, NetworkOptions options) {
  return std::make_unique<LinuxNetwork>(loop, std::move(options));
}

}  // namespace dormouse::hal_linux
