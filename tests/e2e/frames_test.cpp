// SPDX-License-Identifier: Apache-2.0
// A peer that speaks no frames, half frames or too long ones costs nobody else anything.
#include <gtest/gtest.h>

#include "hal/linux/link/unix_socket_client.hpp"
#include "runtime/wire/bodies.hpp"
#include "runtime/wire/frame_decoder.hpp"
#include "tests/e2e/running_device.hpp"

namespace dormouse::e2e {
namespace {

class Frames : public testing::Test {
 protected:
  void SetUp() override {
    device_.configure(handler("true", {"/bin/true"}));
    device_.start();
  }

  hal_linux::UnixSocketClient raw() {
    auto socket = hal_linux::UnixSocketClient::connect(device_.socket());
    EXPECT_TRUE(socket.ok());
    return std::move(socket).value();
  }

  static Bytes birth() {
    wire::Frame frame;
    frame.type = wire::Message::birth;
    frame.body =
        wire::to_record(wire::Birth{.nonce = 7, .firmware = "test", .frames = 4, .max_frame = 4'096}).encode();
    return wire::encode_frame(frame);
  }

  /// The next frame that the device sends to this peer; none if it ended the connection.
  static std::optional<wire::Frame> next_frame(hal_linux::UnixSocketClient& socket) {
    wire::FrameDecoder decoder(131'072);
    for (;;) {
      const auto bytes = socket.read_some(patience);
      if (!bytes.ok() || bytes->empty()) return std::nullopt;
      const auto frames = decoder.feed(*bytes);
      if (!frames.empty()) return frames.front();
    }
  }

  void expect_that_others_are_served() {
    const auto id = device_.enqueue({.handler = "true"});
    EXPECT_EQ(device_.finished(id).value("state", ""), "succeeded");
  }

  RunningDevice device_;
};

TEST_F(Frames, what_is_no_frame_is_dropped_and_the_next_frame_taken) {
  struct Row {
    const char* name;
    Bytes noise;
  };
  Bytes long_noise(1024 * 1024, 'x');
  Bytes cut = birth();
  cut.resize(cut.size() / 2);
  const Row rows[] = {{"text", "GET / HTTP/1.1\r\n\r\n"},
                      {"bytes", "\xff\xfe\x80\x01\x02"},
                      {"half a frame", cut},
                      {"only zeros", Bytes(1'000, '\0')},
                      {"L012: 1 MiB without a zero byte", long_noise}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto socket = raw();
    ASSERT_TRUE(socket.write_all(row.noise + Bytes(1, '\0') + birth(), patience).ok());
    const auto answer = next_frame(socket);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->type, wire::Message::welcome);
    expect_that_others_are_served();
  }
}

TEST_F(Frames, a_frame_that_comes_byte_by_byte_is_a_frame) {
  auto socket = raw();
  for (const char byte : birth()) ASSERT_TRUE(socket.write_all(Bytes(1, byte), patience).ok());
  const auto answer = next_frame(socket);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->type, wire::Message::welcome);
}

TEST_F(Frames, peers_that_stop_in_the_middle_or_vanish_hold_nobody_up) {
  std::vector<hal_linux::UnixSocketClient> silent;
  for (int i = 0; i < 8; ++i) {
    silent.push_back(raw());
    ASSERT_TRUE(silent.back().write_all(birth().substr(0, 5), patience).ok());
  }
  expect_that_others_are_served();
  silent.clear();
  expect_that_others_are_served();
}

TEST_F(Frames, L096_a_peer_of_100_bad_frames_is_sent_away_and_others_stay) {
  auto staying = device_.connect();
  ASSERT_TRUE(staying.ok());
  auto socket = raw();
  Bytes bad;
  for (int i = 0; i < 100; ++i) bad += Bytes("\x03xx\0", 4);
  ASSERT_TRUE(socket.write_all(bad, patience).ok());
  auto read = socket.read_some(patience);
  while (read.ok() && !read->empty()) read = socket.read_some(patience);
  EXPECT_TRUE(read.ok() || read.error().code == "link.down") << read.error().code;  // it has ended
  EXPECT_TRUE(staying->request(wire::Message::status, {}).ok());
  expect_that_others_are_served();
}

TEST_F(Frames, a_request_before_a_birth_is_answered_by_rebirth) {
  auto socket = raw();
  wire::Frame frame;
  frame.type = wire::Message::status;
  frame.reliable = true;
  frame.epoch = 0x1234;
  frame.seq = 1;
  ASSERT_TRUE(socket.write_all(wire::encode_frame(frame), patience).ok());
  const auto answer = next_frame(socket);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->type, wire::Message::rebirth);
}

}  // namespace
}  // namespace dormouse::e2e
