// SPDX-License-Identifier: Apache-2.0
// A person's way through the commands, each asked once for JSON and once for text.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/e2e/running_device.hpp"

namespace dormouse::e2e {
namespace {

class Journey : public testing::Test {
 protected:
  void SetUp() override {
    device_.configure(handler("true", {"/bin/true"}, "max_running = 3") + handler("echo", {"/bin/cat"}));
    device_.start();
  }

  /// What a person reads.
  std::string text(const std::vector<std::string>& args) {
    const auto said = device_.say(args);
    EXPECT_EQ(said.exit, 0) << said.error;
    EXPECT_EQ(said.error, "");
    return said.out;
  }

  RunningDevice device_;
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Journey, a_job_is_enqueued_listed_shown_and_explained) {
  const Json enqueued = device_.ask({"enqueue", "echo", "--args", R"({"level": 3})", "--key", "disk", "--priority",
                                     "7", "--idempotency-key", "once"});
  EXPECT_EQ(enqueued.at("created"), true);
  EXPECT_EQ(enqueued.at("misfire"), "catch_up");
  const auto id = enqueued.at("id").get<std::uint64_t>();
  device_.finished(id);
  const auto number = std::to_string(id);

  const Json again = device_.ask({"enqueue", "echo", "--args", R"({"level": 3})", "--idempotency-key", "once"});
  EXPECT_EQ(again.at("created"), false);
  EXPECT_EQ(again.at("id"), id);

  const Json job = device_.ask({"job", number});
  EXPECT_EQ(job.at("state"), "succeeded");
  EXPECT_EQ(job.at("args"), "") << "given up at its success";
  EXPECT_EQ(job.at("result"), R"({"level": 3})");
  EXPECT_EQ(job.at("priority"), 7);
  EXPECT_EQ(job.at("attempts").size(), 1U);
  EXPECT_TRUE(holds(text({"job", number}), "succeeded"));

  const Json jobs = device_.ask({"jobs", "--state", "succeeded", "--handler", "echo"});
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs.at(0).at("id"), id);
  EXPECT_EQ(device_.ask({"jobs", "--state", "dead"}).size(), 0U);
  EXPECT_TRUE(holds(text({"jobs"}), number + "   succeeded"));

  EXPECT_TRUE(holds(device_.ask({"explain", number}).at("text"), "job " + number + " (echo) succeeded"));
  EXPECT_TRUE(holds(text({"explain", number}), "succeeded"));
}

TEST_F(Journey, a_waiting_job_is_cancelled_by_its_number_or_its_key) {
  const auto first = device_.ask({"enqueue", "true", "--after", "1h"}).at("id").get<std::uint64_t>();
  const auto second =
      device_.ask({"enqueue", "true", "--after", "90s", "--key", "k"}).at("id").get<std::uint64_t>();
  EXPECT_EQ(device_.ask({"enqueue", "true", "--after", "90s", "--key", "k"}).at("id"), second);
  EXPECT_EQ(device_.ask({"cancel", std::to_string(first), "--reason", "not today"}).at("state"), "cancelled");
  EXPECT_EQ(device_.ask({"cancel", "--key", "k"}).at("id"), second);
  const Json job = device_.ask({"job", std::to_string(first)});
  EXPECT_EQ(job.at("state"), "cancelled");
  EXPECT_TRUE(holds(job.dump(), "not today"));
  EXPECT_EQ(device_.ask({"jobs", "--state", "cancelled"}).size(), 2U);

  EXPECT_EQ(device_.say({"cancel", std::to_string(first)}).exit, 1) << "it has ended";
  const auto unknown = device_.say({"job", "4711", "--json"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_EQ(Json::parse(unknown.error).at("error").at("code"), "job.not_found");
}

TEST_F(Journey, a_schedule_is_put_fires_is_listed_and_deleted) {
  const Json put = device_.ask({"schedule", "put", "beat", "--handler", "true", "--every", "1s"});
  EXPECT_EQ(put.at("outcome"), "created");
  EXPECT_EQ(put.at("misfire"), "skip");
  EXPECT_EQ(device_.ask({"schedule", "put", "beat", "--handler", "true", "--every", "1s"}).at("outcome"),
            "unchanged");
  EXPECT_TRUE(device_.life().wait_for("ended")) << "its first slot";

  EXPECT_EQ(device_
                .ask({"schedule", "put", "nightly", "--handler", "echo", "--cron", "0 3 * * *", "--misfire",
                      "run_once_if_missed", "--args", "{}"})
                .at("outcome"),
            "created");
  const Json list = device_.ask({"schedule", "list"});
  ASSERT_EQ(list.size(), 2U);
  const auto beat =
      std::find_if(list.begin(), list.end(), [](const Json& one) { return one.at("schedule") == "beat"; });
  ASSERT_NE(beat, list.end());
  EXPECT_EQ(beat->at("every"), 1'000);
  EXPECT_TRUE(holds(text({"schedule", "list"}), "cron 0 3 * * *"));
  EXPECT_TRUE(holds(device_.ask({"explain", "nightly"}).at("text"), "nightly"));

  device_.ask({"schedule", "delete", "beat"});
  EXPECT_EQ(device_.ask({"schedule", "list"}).size(), 1U);
  const auto gone = device_.say({"schedule", "delete", "beat", "--json"});
  EXPECT_EQ(gone.exit, 1);
  EXPECT_EQ(Json::parse(gone.error).at("error").at("code"), "schedule.not_found");
}

TEST_F(Journey, the_device_tells_its_handlers_its_boots_and_how_it_is) {
  const Json handlers = device_.ask({"handlers"});
  ASSERT_EQ(handlers.size(), 2U);
  EXPECT_EQ(handlers.at(1).at("handler"), "true");
  EXPECT_EQ(handlers.at(1).at("max_running"), 3);
  EXPECT_TRUE(holds(text({"handlers"}), "echo"));

  const Json status = device_.ask({"status"});
  EXPECT_EQ(status.at("device"), "e2e");
  EXPECT_EQ(status.at("boot"), 1);
  EXPECT_EQ(status.at("cause"), "first_boot");
  EXPECT_TRUE(holds(text({"status"}), "first_boot"));

  EXPECT_EQ(device_.ask({"boots"}).at("boots").size(), 1U);
  EXPECT_TRUE(holds(text({"boots"}), "first_boot"));
}

TEST_F(Journey, what_cannot_be_understood_ends_with_2_and_asks_nobody) {
  const std::vector<std::vector<std::string>> lines = {
      {"enqueue"},
      {"enqueue", "true", "--after", "soon"},
      {"enqueue", "true", "--args", "{"},
      {"enqueue", "true", "--after", "1s", "--at", "2030-01-01T00:00:00Z"},
      {"enqueue", "true", "--misfire", "windowed"},
      {"job", "one"},
      {"schedule", "put", "x", "--handler", "true"},
      {"frobnicate"},
  };
  for (const auto& line : lines) {
    const auto said = device_.say(line);
    EXPECT_EQ(said.exit, 2) << Json(line);
    EXPECT_TRUE(said.error.starts_with("error usage: ")) << said.error;
    EXPECT_EQ(said.out, "");
  }
  EXPECT_EQ(device_.ask({"jobs"}).size(), 0U);
}

}  // namespace
}  // namespace dormouse::e2e
