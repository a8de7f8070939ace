// SPDX-License-Identifier: Apache-2.0
// The routes of a network of its own, truly changed: what the kernel tells of it is heard, what others send is not
// believed. Skipped where no network namespace can be had.
#include "hal/linux/network/network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <net/route.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "hal/linux/files/durable_file.hpp"
#include "hal/linux/files/small_file.hpp"
#include "tests/hal/linux_io/loop_runner.hpp"
#include "tests/hal/linux_kernel/child.hpp"

namespace dormouse::hal_linux {
namespace {

using hal::NetworkState;

sockaddr address(const char* text) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &in.sin_addr);
  sockaddr any{};
  std::memcpy(&any, &in, sizeof any);
  return any;
}

/// An interface that leads nowhere, up, with a subnet of its own; gone when it is destroyed.
class Interface {
 public:
  Interface(const std::string& name, const char* its_address, const char* gateway)
      : name_(name), gateway_(gateway), tap_(::open("/dev/net/tun", O_RDWR | O_CLOEXEC)) {
    ifreq request = named();
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    made_ = tap_ && ::ioctl(tap_.get(), TUNSETIFF, &request) == 0;
    request = named();
    request.ifr_addr = address(its_address);
    made_ = made_ && ::ioctl(control_.get(), SIOCSIFADDR, &request) == 0;
    request = named();
    request.ifr_netmask = address("255.255.255.0");
    made_ = made_ && ::ioctl(control_.get(), SIOCSIFNETMASK, &request) == 0;
    request = named();
    request.ifr_flags = IFF_UP;
    made_ = made_ && ::ioctl(control_.get(), SIOCSIFFLAGS, &request) == 0;
  }
  bool made() const { return made_; }
  /// The default route, by the kernel's SIOCADDRT and SIOCDELRT.
  bool change_default_route(unsigned long request) {
    rtentry route{};
    route.rt_dst = address("0.0.0.0");
    route.rt_genmask = address("0.0.0.0");
    route.rt_gateway = address(gateway_);
    route.rt_flags = RTF_UP | RTF_GATEWAY;
    route.rt_dev = name_.data();
    return ::ioctl(control_.get(), request, &route) == 0;
  }

 private:
  ifreq named() const {
    ifreq request{};
    name_.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
  }
  std::string name_;
  const char* gateway_;
  FileHandle tap_;
  FileHandle control_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  bool made_ = false;
};

std::string own_network() {
  if (auto why = unshared(CLONE_NEWNET, "network"); !why.empty()) return why;
  return failed("no interfaces can be made", ::access("/dev/net/tun", R_OK | W_OK) != 0);
}

/// A network that is watched, and all that was told of it.
struct Watched {
  Watched() {
    network->listen([this](NetworkState state) { told.push_back(state); });
    runner.turn();
  }
  bool hears(NetworkState state) {
    return runner.until([&] { return !told.empty() && told.back() == state; });
  }
  LoopRunner runner;
  std::unique_ptr<hal::Network> network = make_network(runner.loop);
  std::vector<NetworkState> told;
};

TEST(LinuxNetwork, routes_that_come_and_go_are_told_as_they_change_the_state) {
  in_child(own_network, [] {
    Watched watched;
    EXPECT_EQ(watched.network->state(), NetworkState::offline);
    Interface modem("wwan0", "10.64.3.7", "10.64.3.1");
    ASSERT_TRUE(modem.made());
    watched.runner.turn();
    EXPECT_TRUE(watched.told.empty());  // a subnet is not the world
    ASSERT_TRUE(modem.change_default_route(SIOCADDRT));
    ASSERT_TRUE(watched.hears(NetworkState::online));
    ASSERT_TRUE(modem.change_default_route(SIOCDELRT));
    ASSERT_TRUE(watched.hears(NetworkState::offline));
    {
      Interface cable("eth0", "192.168.1.20", "192.168.1.1");
      ASSERT_TRUE(cable.made() && cable.change_default_route(SIOCADDRT));
      ASSERT_TRUE(watched.hears(NetworkState::unmetered));
    }
    ASSERT_TRUE(watched.hears(NetworkState::offline));  // went with its interface
    EXPECT_EQ(watched.told, (std::vector{NetworkState::online, NetworkState::offline, NetworkState::unmetered,
                                         NetworkState::offline}));
  });
}

TEST(LinuxNetwork, news_that_overflow_the_socket_end_in_the_state_that_is) {
  in_child(own_network, [] {
    Watched watched;
    Interface cable("eth0", "192.168.1.20", "192.168.1.1");
    ASSERT_TRUE(cable.made());
    for (int i = 0; i < 2'000; ++i)
      ASSERT_TRUE(cable.change_default_route(SIOCADDRT) && cable.change_default_route(SIOCDELRT));
    ASSERT_TRUE(cable.change_default_route(SIOCADDRT));
    ASSERT_TRUE(watched.hears(NetworkState::unmetered));
    EXPECT_EQ(watched.told.size(), 1u);
    ASSERT_TRUE(cable.change_default_route(SIOCDELRT));
    EXPECT_TRUE(watched.hears(NetworkState::offline));
  });
}

/// The netlink address of the socket that listens for routes here; 0 if there is none.
std::uint32_t listening_port() {
  std::istringstream table(text_of("/proc/net/netlink"));
  for (std::string line; std::getline(table, line);) {
    std::istringstream columns(line);
    std::string socket, protocol, groups;
    std::uint32_t port = 0;
    if (columns >> socket >> protocol >> port >> groups && protocol == "0" && groups != "00000000") return port;
  }
  return 0;
}

/// Sends it there as a process with the right to do so would. False: it could not.
bool send_to(std::uint32_t port, const std::string& bytes) {
  const FileHandle sender(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl to{};
  to.nl_family = AF_NETLINK;
  to.nl_pid = port;
  return ::sendto(sender.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) ==
         static_cast<ssize_t>(bytes.size());
}

TEST(LinuxNetwork, messages_whole_cut_and_foreign_change_nothing_that_the_tables_do_not_say) {
  in_child(own_network, [] {
    Watched watched;
    const std::uint32_t port = listening_port();
    ASSERT_NE(port, 0u);
    const std::string folder = DORMOUSE_SOURCE_DIR "/tests/hal/linux_kernel/fixtures/netlink";
    int sent = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() != ".bin") continue;
      SCOPED_TRACE(file.path());
      ASSERT_TRUE(send_to(port, text_of(file.path()))) << std::strerror(errno);
      watched.runner.turn();
      EXPECT_TRUE(watched.told.empty());
      ++sent;
    }
    EXPECT_EQ(sent, 9);
    Interface cable("eth0", "192.168.1.20", "192.168.1.1");
    ASSERT_TRUE(cable.made() && cable.change_default_route(SIOCADDRT));
    EXPECT_TRUE(watched.hears(NetworkState::unmetered));
  });
}

}  // namespace
}  // namespace dormouse::hal_linux
