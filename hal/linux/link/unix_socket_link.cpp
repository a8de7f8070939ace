// SPDX-License-Identifier: Apache-2.0
// Accepting clients and handing their bytes on. Everything below runs on the loop's thread; the class that
// callers see only posts to it.
#include "hal/linux/link/unix_socket_link.hpp"

#include <array>
#include <map>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "hal/linux/link/socket_client.hpp"
#include "hal/linux/link/unix_socket_path.hpp"
#include "runtime/base/check.hpp"

namespace dormouse::hal_linux {
namespace {

using Socket = asio::local::stream_protocol::socket;

constexpr Duration accept_pause{1'000};  // after a failure such as "no descriptors left"

// The file a listener made, so that at the end nobody else's file is removed.
struct SocketFile {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;

  static SocketFile at(const std::string& path) {
    struct stat there {};
    if (::lstat(path.c_str(), &there) != 0) return {};
    return {path, there.st_dev, there.st_ino};
  }
  void remove() const {
    struct stat there {};
    if (path.empty() || ::lstat(path.c_str(), &there) != 0) return;
    if (there.st_dev == device && there.st_ino == inode) ::unlink(path.c_str());
  }
};

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(AsioLoop& loop, SocketOptions options)
      : options_(std::move(options)), context_(loop.context()), acceptor_(context_), accept_timer_(context_) {}

  asio::io_context& context() { return context_; }
  const SocketOptions& options() const { return options_; }
  Status open(hal::LinkEvents events);
  void send(hal::ClientId id, Bytes bytes);
  void close(hal::ClientId id);
  void shut(bool tell);

 private:
  void accept();
  void admit(Socket socket);
  void refuse(Socket socket);
  void add(Socket socket, std::optional<Identity> who);
  void gone(hal::ClientId id, bool slow);
  void report(Error error) {
    if (options_.trouble) options_.trouble(error);
  }

  SocketOptions options_;
  asio::io_context& context_;
  asio::local::stream_protocol::acceptor acceptor_;
  asio::steady_timer accept_timer_;
  hal::LinkEvents events_;
  SocketFile file_;
  bool shut_ = false;
  std::array<char, 64 * 1024> scratch_;  // before the clients, which read into it
  hal::ClientId last_id_ = 0;
  std::map<hal::ClientId, std::shared_ptr<SocketClient>> clients_;
};

Status Listener::open(hal::LinkEvents events) {
  check(!acceptor_.is_open() && !shut_, "unix_socket_link:opened_twice");
  const auto fd = listen_at(options_.path);
  if (!fd) return fd.error();
  file_ = SocketFile::at(options_.path);
  events_ = std::move(events);
  asio::error_code error;
  acceptor_.assign(asio::local::stream_protocol(), *fd, error);
  if (error) {
    ::close(*fd);
    file_.remove();
    return Error{.code = "link.cannot_open", .message = "socket " + options_.path + ": " + error.message()};
  }
  asio::post(context_, [self = shared_from_this()] { self->accept(); });
  return done();
}

void Listener::accept() {
  if (shut_) return;
  acceptor_.async_accept([self = shared_from_this()](asio::error_code error, Socket socket) {
    if (self->shut_) return;
    if (!error) {
      self->admit(std::move(socket));
      return self->accept();
    }
    // The client that could not be accepted still waits in the kernel: trying again at once would spin.
    self->accept_timer_.expires_after(accept_pause);
    self->accept_timer_.async_wait([self](asio::error_code) { self->accept(); });
  });
}

void Listener::admit(Socket socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  if (clients_.size() >= options_.max_clients) return refuse(std::move(socket));
  add(std::move(socket), identify(peer.uid, peer.gid, ::geteuid(), options_.allow));
}

void Listener::refuse(Socket socket) {
  const Error error{.code = "link.too_many_clients",
                    .message = "all " + std::to_string(options_.max_clients) + " places of the socket are taken",
                    .hint = "close another client and connect again"};
  if (options_.farewell) {
    const auto bytes = options_.farewell(error);
    asio::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(bytes), ignored);
  }
  report(error);
}

void Listener::add(Socket socket, std::optional<Identity> who) {
  const auto id = ++last_id_;
  const ClientBounds bounds{options_.output_bytes, options_.output_limit, options_.slow_after};
  // A client's callbacks come only while it stands in clients_, so this is alive.
  ClientEvents events{.received = [this, id](Bytes bytes) { events_.received(id, std::move(bytes)); },
                      .drained =
                          [this, id] {
                            if (events_.drained) events_.drained(id);
                          },
                      .gone = [this, id](bool slow) { gone(id, slow); }};
  auto client = std::make_shared<SocketClient>(std::move(socket), bounds, scratch_, std::move(events));
  clients_[id] = client;
  const bool known = who.has_value();
  events_.opened(id, std::move(who));
  if (known)
    client->start_reading();
  else
    client->expect_close();
}

void Listener::gone(hal::ClientId id, bool slow) {
  clients_.erase(id);
  if (slow)
    report({.code = "link.slow", .message = "client " + std::to_string(id) + " of the socket did not read"});
  events_.closed(id);
}

void Listener::send(hal::ClientId id, Bytes bytes) {
  if (const auto found = clients_.find(id); found != clients_.end()) {
    const auto client = found->second;
    client->send(std::move(bytes));
  }
}

void Listener::close(hal::ClientId id) {
  if (const auto found = clients_.find(id); found != clients_.end()) {
    const auto client = found->second;
    client->close_when_sent();
  }
}

void Listener::shut(bool tell) {
  shut_ = true;
  asio::error_code ignored;
  if (acceptor_.is_open()) file_.remove();
  acceptor_.close(ignored);
  accept_timer_.cancel();
  const auto clients = std::exchange(clients_, {});
  for (const auto& [id, client] : clients) {
    client->forget();
    if (tell) events_.closed(id);
  }
}

class UnixSocketLink : public hal::Link {
 public:
  UnixSocketLink(AsioLoop& loop, SocketOptions options)
      : listener_(std::make_shared<Listener>(loop, std::move(options))) {}
  ~UnixSocketLink() override { listener_->shut(false); }

  std::string name() const override { return "socket"; }
  std::uint64_t max_frame() const override { return listener_->options().max_frame; }
  Status open(hal::LinkEvents events) override { return listener_->open(std::move(events)); }
  void send(hal::ClientId client, Bytes bytes) override {
    asio::post(listener_->context(), [listener = listener_, client, bytes = std::move(bytes)]() mutable {
      listener->send(client, std::move(bytes));
    });
  }
  void close(hal::ClientId client) override {
    asio::post(listener_->context(), [listener = listener_, client] { listener->close(client); });
  }
  void shut() override {
    asio::post(listener_->context(), [listener = listener_] { listener->shut(true); });
  }

 private:
  std::shared_ptr<Listener> listener_;
};

}  // namespace

std::optional<Identity> identify(std::uint32_t uid, std::uint32_t gid, std::uint32_t own_uid,
                                 const std::vector<AllowRule>& rules) {
  if (uid == 0 || uid == own_uid) return Identity{"device", Role::operator_};
  for (const auto& rule : rules)
    if (rule.uid == uid) return rule.who;
  for (const auto& rule : rules)
    if (rule.gid == gid) return rule.who;
  return std::nullopt;
}

std::unique_ptr<hal::Link> make_unix_socket_link(AsioLoop& loop, SocketOptions options) {
  return std::make_unique<UnixSocketLink>(loop, std::move(options));
}

}  // namespace dormouse::hal_linux
