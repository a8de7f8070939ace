// SPDX-License-Identifier: Apache-2.0
// Failing power with the real program: its store is closed and opened again in one process, as often as the supply
// says so, while a command runs and a peer listens.
#include <gtest/gtest.h>

#include "hal/linux/link/unix_socket_client.hpp"
#include "runtime/wire/bodies.hpp"
#include "runtime/wire/frame_decoder.hpp"
#include "tests/e2e/running_device.hpp"

namespace dormouse::e2e {
namespace {

using wire::Frame;
using wire::Key;
using wire::Message;
using wire::Record;

/// Speaks of the supply over the control socket, as firmware does over its line.
class Guard {
 public:
  explicit Guard(const std::string& socket) : socket_(hal_linux::UnixSocketClient::connect(socket).value()) {
    birth();
  }

  void birth() {
    const wire::Birth birth{.nonce = ++nonce_, .firmware = "guard", .frames = 1, .max_frame = 512};
    write({.type = Message::birth, .body = wire::to_record(birth).encode()});
    const auto welcome = hear();
    ASSERT_TRUE(welcome);
    ASSERT_EQ(welcome->type, Message::welcome);
    epoch_ = welcome->epoch;
  }
  void say(Message word, const Record& body = {}) { write({.type = word, .epoch = epoch_, .body = body.encode()}); }
  /// The next frame, waited for.
  std::optional<Frame> hear() {
    while (frames_.empty()) {
      const auto bytes = socket_.read_some(patience);
      if (!bytes.ok() || bytes->empty()) return std::nullopt;
      frames_ = decoder_.feed(*bytes);
    }
    const Frame first = frames_.front();
    frames_.erase(frames_.begin());
    return first;
  }

 private:
  void write(const Frame& frame) { EXPECT_TRUE(socket_.write_all(wire::encode_frame(frame), patience).ok()); }

  hal_linux::UnixSocketClient socket_;
  wire::FrameDecoder decoder_{131'072};
  std::vector<Frame> frames_;
  std::uint32_t nonce_ = 0;
  std::uint16_t epoch_ = 0;
};

TEST(FailingPower, the_store_is_closed_cleanly_and_work_begins_anew_in_the_same_process) {
  RunningDevice device;
  device.configure(handler("true", {"/bin/true"}) + handler("long", {"/bin/sleep", "1000"}));
  device.start();
  const auto long_one = device.enqueue({.handler = "long"});
  Guard guard(device.socket());
  for (std::uint64_t boot = 1; boot <= 2; ++boot) {
    ASSERT_TRUE(device.life().wait_for([&](const Json& event) {
      return event.value("event", "") == "started" && event.value("id", std::uint64_t{0}) == long_one &&
             event.value("boot", std::uint64_t{0}) == boot;
    }));
    guard.say(Message::power_failing, Record().put_uint(Key::hold_up, 50'000));
    const auto saved = guard.hear();
    ASSERT_TRUE(saved);
    EXPECT_EQ(saved->type, Message::power_saved);
    EXPECT_EQ(Record::decode(saved->body)->get_bool(Key::clean), true);
    guard.say(Message::power_restored);
    const auto rebirth = guard.hear();
    ASSERT_TRUE(rebirth);
    EXPECT_EQ(rebirth->type, Message::rebirth);
    ASSERT_TRUE(device.life().wait_for([&](const Json& event) {
      return event.value("event", "") == "ready" && event.value("boot", std::uint64_t{0}) == boot + 1;
    }));
    EXPECT_EQ(device.ask({"boots"}).at("boots").at(0).value("cause", ""), "clean_restart");
    EXPECT_EQ(device.job(long_one).value("interrupted", std::uint64_t{0}), boot);
    EXPECT_EQ(device.finished(device.enqueue({.handler = "true"})).value("state", ""), "succeeded");
    guard.birth();
    ASSERT_FALSE(testing::Test::HasFatalFailure());
  }
  EXPECT_EQ(device.terminate(), 0) << device.errors();
  const auto checked = cli::run_program({"store", "check", device.data().string(), "--json"});
  EXPECT_EQ(checked.exit, 0) << checked.out << checked.error;
}

}  // namespace
}  // namespace dormouse::e2e
