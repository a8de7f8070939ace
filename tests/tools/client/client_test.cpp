// SPDX-License-Identifier: Apache-2.0
// The client against a real device: sessions, requests one by one and many at once, refusals, ends.
#include "tools/client/client.hpp"

#include <set>

#include <gtest/gtest.h>

#include "runtime/jobs/job_codec.hpp"
#include "tests/tools/client/running_device.hpp"

namespace dormouse::client {
namespace {

using wire::Key;
using wire::Message;
using wire::Record;

Record later_job(const std::string& args) {
  jobs::JobSpec spec;
  spec.handler = "echo";
  spec.args = args;
  spec.due = jobs::DueAfter{Duration{3'600'000}};
  return jobs::enqueue_body(spec);
}

class ClientTest : public testing::Test {
 protected:
  RunningDevice device_;
  Client client_ = Client::connect(device_.socket_path()).value();
};

TEST_F(ClientTest, a_session_tells_who_answers_and_who_asks) {
  EXPECT_EQ(client_.welcome().boot, 1U);
  EXPECT_EQ(client_.welcome().role, Role::operator_);
  EXPECT_EQ(client_.window(), 32U);
}

TEST_F(ClientTest, a_request_is_answered_with_its_reply_or_the_devices_error) {
  const auto enqueued = client_.request(Message::job_enqueue, later_job("x"));
  ASSERT_TRUE(enqueued.ok()) << enqueued.error().message;
  EXPECT_EQ(enqueued->get_bool(Key::created), true);

  const auto refused = client_.request(Message::job_get, Record().put_uint(Key::id, 999));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "job.not_found");

  const auto invalid =
      client_.request(Message::job_enqueue, Record().put_text(Key::handler, "NO").put_int(Key::priority, 99));
  ASSERT_FALSE(invalid.ok());
  EXPECT_EQ(invalid.error().code, "invalid_input");
  EXPECT_EQ(invalid.error().fields.size(), 2U);
  EXPECT_EQ(client_.outstanding(), 0U);
}

TEST_F(ClientTest, a_full_window_is_sent_at_once_and_each_is_answered_once) {
  std::set<std::uint16_t> sent;
  for (std::size_t i = 0; i < client_.window(); ++i) {
    const auto seq = client_.send(Message::job_enqueue, later_job(std::to_string(i)));
    ASSERT_TRUE(seq.ok()) << seq.error().message;
    sent.insert(*seq);
  }
  EXPECT_EQ(client_.send(Message::status, {}).error().code, "link.window_full");
  std::set<std::uint64_t> ids;
  while (client_.outstanding() > 0) {
    const auto answer = client_.receive();
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    ASSERT_TRUE(answer->result.ok()) << answer->result.error().message;
    EXPECT_EQ(sent.erase(answer->seq), 1U);
    ids.insert(answer->result->get_uint(Key::id).value_or(0));
  }
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(ids.size(), 32U);
  EXPECT_EQ(client_.receive().error().code, "client.nothing_sent");
}

TEST_F(ClientTest, a_request_between_others_keeps_their_answers) {
  const auto first = client_.send(Message::job_enqueue, later_job("first"));
  ASSERT_TRUE(client_.request(Message::status, {}).ok());
  const auto answer = client_.receive();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->seq, *first);
  EXPECT_EQ(answer->result->get_bool(Key::created), true);
}

TEST_F(ClientTest, a_body_that_no_frame_holds_is_refused_before_it_is_sent) {
  const auto refused = client_.send(Message::job_enqueue, later_job(std::string(140'000, 'x')));
  EXPECT_EQ(refused.error().code, "link.too_large");
  EXPECT_TRUE(client_.request(Message::status, {}).ok());
}

TEST_F(ClientTest, a_device_that_stops_ends_the_session) {
  ASSERT_TRUE(client_.request(Message::status, {}).ok());
  device_.stop();
  const auto refused = client_.request(Message::status, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().code == "stopping" || refused.error().code == "link.down") << refused.error().code;
  const auto gone = Client::connect(device_.socket_path());
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, "client.no_device");
  EXPECT_NE(gone.error().message.find(device_.socket_path()), std::string::npos);
}

}  // namespace
}  // namespace dormouse::client
