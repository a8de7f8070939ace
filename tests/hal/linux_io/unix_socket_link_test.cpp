// SPDX-License-Identifier: Apache-2.0
// The socket link with real clients: who they are, what arrives, and what happens to those who do not read.
#include "hal/linux/link/unix_socket_link.hpp"

#include <fstream>
#include <grp.h>
#include <map>
#include <optional>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/linux/link/unix_socket_client.hpp"
#include "hal/linux/link/unix_socket_path.hpp"
#include "tests/hal/linux_io/loop_runner.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {
namespace {

using namespace std::chrono_literals;

struct Peer {
  std::optional<Identity> who;
  Bytes received;
  int closed = 0;
  int drained = 0;
};

class SocketLink : public ::testing::Test {
 protected:
  Status open() {
    options_.path = path_;
    options_.farewell = [](const Error& error) { return "told " + error.code; };
    options_.trouble = [this](const Error& error) { troubles_.push_back(error.code); };
    link_ = make_unix_socket_link(runner_.loop, options_);
    return link_->open({.opened = [this](auto id, auto who) { peers_[id].who = who; },
                        .received = [this](auto id, Bytes bytes) { peers_[id].received += bytes; },
                        .closed = [this](auto id) { ++peers_[id].closed; },
                        .drained = [this](auto id) { ++peers_[id].drained; }});
  }
  UnixSocketClient connect() {
    auto client = UnixSocketClient::connect(path_);
    EXPECT_TRUE(client.ok()) << client.error().message;
    return std::move(client).value();
  }
  UnixSocketClient connected() {
    const auto before = peers_.size();
    auto client = connect();
    EXPECT_TRUE(runner_.until([&] { return peers_.size() > before; }));
    return client;
  }
  // What the client reads until the end of the stream, while the loop goes on.
  Bytes read_all(UnixSocketClient& client) {
    Bytes all;
    runner_.until([&] {
      const auto piece = client.read_some(0ms);
      if (piece.ok()) all += *piece;
      return piece.ok() ? piece->empty() : piece.error().code != "link.no_answer";
    });
    return all;
  }

  LoopRunner runner_;
  TempFolder directory_;
  std::string path_ = directory_.path().string() + "/run/dormouse.sock";
  SocketOptions options_;
  std::map<hal::ClientId, Peer> peers_;
  std::vector<std::string> troubles_;
  std::unique_ptr<hal::Link> link_;
};

TEST_F(SocketLink, makes_directory_and_socket_for_owner_and_group_only) {
  ASSERT_TRUE(open().ok());
  struct stat directory {
  }, socket{};
  ASSERT_EQ(::stat((directory_.path().string() + "/run").c_str(), &directory), 0);
  ASSERT_EQ(::stat(path_.c_str(), &socket), 0);
  EXPECT_EQ(directory.st_mode & 07777, 0750u);
  EXPECT_EQ(socket.st_mode & 07777, 0660u);
}

TEST_F(SocketLink, carries_bytes_both_ways_for_an_operator) {
  ASSERT_TRUE(open().ok());
  auto client = connected();
  ASSERT_TRUE(peers_[1].who);
  EXPECT_EQ(peers_[1].who->component, "device");
  EXPECT_EQ(peers_[1].who->role, Role::operator_);

  const Bytes question("\0a question\0", 12);
  ASSERT_TRUE(client.write_all(question, 1s).ok());
  ASSERT_TRUE(runner_.until([&] { return peers_[1].received.size() == question.size(); }));
  EXPECT_EQ(peers_[1].received, question);

  link_->send(1, "an ");
  link_->send(1, "answer");
  ASSERT_TRUE(runner_.until([&] { return peers_[1].drained > 0; }));
  link_->close(1);
  EXPECT_EQ(read_all(client), "an answer");
  EXPECT_EQ(peers_[1].closed, 1);
}

TEST_F(SocketLink, tells_once_when_a_client_hangs_up) {
  ASSERT_TRUE(open().ok());
  { auto client = connected(); }
  ASSERT_TRUE(runner_.until([&] { return peers_[1].closed > 0; }));
  link_->send(1, "too late");
  link_->close(1);
  link_->shut();
  runner_.turn();
  EXPECT_EQ(peers_[1].closed, 1);
}

TEST_F(SocketLink, refuses_the_seventeenth_client_and_takes_another_once_there_is_room) {
  ASSERT_TRUE(open().ok());
  std::vector<UnixSocketClient> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(connected());
  auto seventeenth = connect();
  EXPECT_EQ(read_all(seventeenth), "told link.too_many_clients");
  EXPECT_EQ(troubles_, std::vector<std::string>{"link.too_many_clients"});
  EXPECT_EQ(peers_.size(), 16u);

  clients.pop_back();
  ASSERT_TRUE(runner_.until([&] { return peers_[16].closed == 1; }));
  auto another = connected();
  EXPECT_EQ(peers_.size(), 17u);
  EXPECT_EQ(peers_[17].closed, 0);
}

TEST_F(SocketLink, does_not_read_a_client_that_does_not_read_and_closes_it) {
  options_.slow_after = 50ms;  // of the loop's own timer: what is waited for is the close
  ASSERT_TRUE(open().ok());
  auto slow = connected();
  auto quick = connected();
  link_->send(1, Bytes(options_.output_bytes * 4, 'x'));  // more than the kernel takes and the bound together
  runner_.turn();
  ASSERT_TRUE(slow.write_all("more questions", 1s).ok());
  ASSERT_TRUE(quick.write_all("hello", 1s).ok());
  ASSERT_TRUE(runner_.until([&] { return peers_[2].received == "hello"; }));
  EXPECT_EQ(peers_[1].received, "");
  ASSERT_TRUE(runner_.until([&] { return peers_[1].closed > 0; }));
  EXPECT_EQ(troubles_, std::vector<std::string>{"link.slow"});
  EXPECT_EQ(peers_[1].received, "");
  EXPECT_EQ(peers_[2].closed, 0);
}

TEST_F(SocketLink, reads_a_slow_client_again_once_it_has_caught_up) {
  ASSERT_TRUE(open().ok());
  auto client = connected();
  const Bytes much(options_.output_bytes * 4, 'x');
  link_->send(1, much);
  runner_.turn();
  ASSERT_TRUE(client.write_all("still here", 1s).ok());
  Bytes all;
  ASSERT_TRUE(runner_.until([&] {
    if (auto piece = client.read_some(0ms); piece.ok()) all += *piece;
    return all.size() == much.size() && peers_[1].received == "still here";
  }));
  EXPECT_EQ(peers_[1].closed, 0);
  EXPECT_TRUE(troubles_.empty());
}

TEST_F(SocketLink, closes_at_once_when_the_hard_bound_of_output_is_passed) {
  options_.output_limit = 1024 * 1024;
  ASSERT_TRUE(open().ok());
  auto client = connected();
  for (int i = 0; i < 20; ++i) link_->send(1, Bytes(100'000, 'x'));
  ASSERT_TRUE(runner_.until([&] { return peers_[1].closed > 0; }));
  EXPECT_EQ(troubles_, std::vector<std::string>{"link.slow"});
}

TEST_F(SocketLink, sends_what_is_queued_before_it_closes) {
  ASSERT_TRUE(open().ok());
  auto client = connected();
  const Bytes much(3'000'000, 'y');
  link_->send(1, much);
  link_->close(1);
  link_->send(1, "after the close");
  EXPECT_EQ(read_all(client), much);
  EXPECT_EQ(peers_[1].closed, 1);
}

TEST_F(SocketLink, ends_every_session_and_removes_its_file_when_shut) {
  ASSERT_TRUE(open().ok());
  auto first = connected();
  auto second = connected();
  link_->shut();
  ASSERT_TRUE(runner_.until([&] { return peers_[1].closed + peers_[2].closed == 2; }));
  EXPECT_EQ(read_all(first), "");
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(UnixSocketClient::connect(path_).error().code, "link.no_runtime");
}

TEST_F(SocketLink, replaces_a_stale_file_but_neither_a_live_socket_nor_another_file) {
  std::filesystem::create_directory(directory_.path().string() + "/run");
  const auto dead = listen_at(path_);
  ASSERT_TRUE(dead.ok());
  EXPECT_EQ(listen_at(path_).error().code, "link.path_taken");
  ::close(*dead);
  ASSERT_TRUE(open().ok());
  auto client = connected();
  EXPECT_EQ(peers_.size(), 1u);

  const auto plain = directory_.path().string() + "/plain";
  std::ofstream(plain) << "somebody's data";
  EXPECT_EQ(listen_at(plain).error().code, "link.path_taken");
  EXPECT_TRUE(std::filesystem::exists(plain));
}

TEST_F(SocketLink, names_the_limit_of_a_path_that_is_too_long) {
  path_ = directory_.path().string() + "/" + std::string(200, 'p');
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, "link.path_too_long");
  EXPECT_NE(opened.error().message.find("at most 107"), std::string::npos);
  EXPECT_EQ(UnixSocketClient::connect(path_).error().code, "link.path_too_long");
}

// A client with another uid: a child that gives root away, connects and waits for the end of the stream.
TEST_F(SocketLink, does_not_know_a_uid_that_no_rule_names) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  ASSERT_TRUE(open().ok());
  std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(directory_.path().string() + "/run", std::filesystem::perms{0755});
  std::filesystem::permissions(path_, std::filesystem::perms{0666});
  const auto address = socket_address(path_);
  ASSERT_TRUE(address.ok());
  int sent[2];  // the child says here that it has spoken
  ASSERT_EQ(::pipe(sent), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::setgroups(0, nullptr) != 0 || ::setgid(65'534) != 0 || ::setuid(65'534) != 0) ::_exit(2);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) ::_exit(3);
    if (::send(fd, "let me in", 9, MSG_NOSIGNAL) != 9 || ::write(sent[1], "!", 1) != 1) ::_exit(4);
    char word[64];
    ssize_t bytes = 0, total = 0;
    while ((bytes = ::read(fd, word, sizeof word)) > 0) total += bytes;
    ::_exit(total == 12 ? 0 : 5);
  }
  ::close(sent[1]);
  ASSERT_TRUE(runner_.until([&] { return peers_.contains(1); }));
  char mark = 0;
  ASSERT_EQ(::read(sent[0], &mark, 1), 1);
  ::close(sent[0]);
  EXPECT_FALSE(peers_[1].who);
  link_->send(1, "unauthorised");
  link_->close(1);
  ASSERT_TRUE(runner_.until([&] { return peers_[1].closed == 1; }));
  EXPECT_EQ(peers_[1].received, "") << "nothing of an unauthorised client is read";
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(UnixSocketIdentity, takes_own_and_root_then_uid_rules_then_gid_rules_in_order) {
  const Identity pump{"pump", Role::none}, fan{"fan", Role::reader}, staff{"staff", Role::operator_};
  const std::vector<AllowRule> rules = {
      {.gid = 50, .who = staff}, {.uid = 1'001, .who = pump}, {.uid = 1'001, .who = fan}, {.gid = 51, .who = fan}};
  struct Row {
    const char* name;
    std::uint32_t uid, gid;
    std::optional<std::string> component;
  };
  const Row rows[] = {
      {.name = "root", .uid = 0, .gid = 7, .component = "device"},
      {.name = "the runtime's own uid", .uid = 900, .gid = 50, .component = "device"},
      {.name = "a uid rule wins over an earlier gid rule", .uid = 1'001, .gid = 50, .component = "pump"},
      {.name = "a gid rule", .uid = 1'002, .gid = 51, .component = "fan"},
      {.name = "nobody", .uid = 1'002, .gid = 52, .component = std::nullopt},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto who = identify(row.uid, row.gid, 900, rules);
    EXPECT_EQ(who ? std::optional(who->component) : std::nullopt, row.component);
  }
}

TEST(UnixSocketClientTest, says_when_nobody_answers_in_time) {
  TempFolder directory;
  const auto silent = listen_at(directory.path().string() + "/silent");
  ASSERT_TRUE(silent.ok());
  auto client = UnixSocketClient::connect(directory.path().string() + "/silent");
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(client->read_some(1ms).error().code, "link.no_answer");
  EXPECT_EQ(client->write_all(Bytes(8'000'000, 'x'), 1ms).error().code, "link.no_answer");
  ::close(*silent);
  const auto after = client->read_some(1ms);
  EXPECT_TRUE(after.ok() ? after->empty() : after.error().code == "link.down");
}

}  // namespace
}  // namespace dormouse::hal_linux
