// SPDX-License-Identifier: Apache-2.0
// Goal: no acknowledged job is lost and none runs more often than promised, however often the process is killed.
// Method: fifty lives, each killed at a random moment (after the n-th answer, at the n-th event, some milliseconds
// after the last request), then one life that is left to finish. Every request carries an idempotency key and is
// repeated until it was answered once; DORMOUSE_SEED repeats a run, as far as a real machine can be repeated.
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "runtime/jobs/job_codec.hpp"
#include "tests/e2e/running_device.hpp"
#include "tools/dormouse/json.hpp"

namespace dormouse::e2e {
namespace {

constexpr int kLives = 50;
constexpr std::size_t kNewJobsPerLife = 8;

struct Wish {
  jobs::JobSpec spec;
  std::optional<std::uint64_t> id;  // once acknowledged
};

class KillLoop : public testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("DORMOUSE_SEED");
    const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : static_cast<unsigned long>(::getpid());
    std::cerr << "repeat with DORMOUSE_SEED=" << seed << "\n";
    random_.seed(seed);
    const std::string out = device_.out().string();
    device_.configure(handler("true", {"/bin/true"}, "max_running = 2") +
                      shell_handler("note", "echo $DORMOUSE_JOB >> " + out + "/note") +
                      shell_handler("once", "echo $DORMOUSE_JOB >> " + out + "/once; exec sleep 0.03"));
  }

  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

  Wish new_wish() {
    static const char* const kinds[] = {"true", "note", "note", "once"};
    Wish wish;
    wish.spec.handler = kinds[up_to(3)];
    if (wish.spec.handler == "once") wish.spec.misfire = jobs::Misfire::run_once_if_missed();
    if (up_to(2) == 0) wish.spec.due = jobs::DueAfter{Duration{up_to(2'000)}};
    wish.spec.args = "{\"n\":" + std::to_string(wishes_.size()) + "}";
    wish.spec.idempotency_key = "wish-" + std::to_string(wishes_.size());
    return wish;
  }

  /// What this life is asked for: new jobs, those never answered, and some that were answered long ago.
  std::vector<std::size_t> requests_of_a_life() {
    std::vector<std::size_t> requests;
    for (std::size_t i = 0; i < wishes_.size() && requests.size() < 16; ++i) {
      if (!wishes_[i].id || up_to(static_cast<int>(wishes_.size())) == 0) requests.push_back(i);
    }
    for (std::size_t i = 0; i < kNewJobsPerLife; ++i) {
      requests.push_back(wishes_.size());
      wishes_.push_back(new_wish());
    }
    return requests;
  }

  void acknowledged(std::size_t index, const Result<wire::Record>& answer) {
    ASSERT_TRUE(answer.ok()) << answer.error().code << ": " << answer.error().message;
    Wish& wish = wishes_[index];
    const auto id = answer->get_uint(wire::Key::id);
    ASSERT_TRUE(id);
    if (!wish.id) {
      wish.id = *id;
      return;
    }
    EXPECT_EQ(*wish.id, *id) << "the second answer to " << *wish.spec.idempotency_key;
    EXPECT_EQ(answer->get_bool(wire::Key::created), false);
    ++repeats_;
  }

  /// Sends everything, then takes answers; after `answers` of them the process is killed. What it had answered
  /// before it died still counts.
  void talk(client::Client& client, std::optional<int> answers) {
    std::map<std::uint16_t, std::size_t> sent;
    for (const auto index : requests_of_a_life()) {
      const auto seq = client.send(wire::Message::job_enqueue, jobs::enqueue_body(wishes_[index].spec));
      if (!seq) break;  // dead already
      sent[*seq] = index;
    }
    if (!answers) {
      device_.life().ends_within(Duration{up_to(25)});
      device_.life().signal(SIGKILL);
    }
    for (int taken = 0; client.outstanding() > 0; ++taken) {
      if (answers == taken) device_.life().signal(SIGKILL);
      const auto answer = client.receive();
      if (!answer) break;
      acknowledged(sent.at(answer->seq), answer->result);
    }
  }

  void live_and_be_killed() {
    const int how = up_to(3);
    device_.launch(how == 0 ? std::optional<std::size_t>(1 + up_to(30)) : std::nullopt);
    if (how == 1 && up_to(2) == 0) {
      device_.life().ends_within(Duration{up_to(60)});  // in its start
      device_.life().signal(SIGKILL);
    }
    if (device_.life().wait_for("ready")) {
      auto client = device_.connect();
      if (client.ok()) {
        ++talks_;
        talk(*client, how == 2 ? std::optional(up_to(10)) : std::nullopt);
      }
    }
    device_.life().signal(SIGKILL);
    ASSERT_EQ(device_.life().wait(), -SIGKILL) << device_.errors();
  }

  /// One life that is not killed: every wish is answered, and every job comes to its end.
  void finish_everything() {
    device_.start();
    auto client = device_.connect();
    ASSERT_TRUE(client.ok()) << client.error().message;
    for (std::size_t i = 0; i < wishes_.size(); ++i) {
      if (wishes_[i].id) continue;
      acknowledged(i, client->request(wire::Message::job_enqueue, jobs::enqueue_body(wishes_[i].spec)));
    }
    for (;;) {
      const std::size_t heard = device_.life().events().size();
      const Json status = request(*client, wire::Message::status, {});
      if (status.at("scheduled") == 0 && status.at("running") == 0) break;
      ASSERT_TRUE(device_.life().wait_for_more_than(heard)) << status.dump();
    }
    for (const auto& wish : wishes_) {
      wire::Record body;
      body.put_uint(wire::Key::id, *wish.id);
      jobs_[*wish.id] = request(*client, wire::Message::job_get, body);
    }
  }

  std::mt19937_64 random_;
  RunningDevice device_;
  std::vector<Wish> wishes_;
  std::map<std::uint64_t, Json> jobs_;
  int repeats_ = 0;
  int talks_ = 0;
};

std::size_t interruptions(const Json& job) {
  std::set<std::uint64_t> boots;
  for (const auto& attempt : job.value("attempts", Json::array())) {
    if (attempt.value("outcome", "") == "interrupted") boots.insert(attempt.at("boot").get<std::uint64_t>());
  }
  return boots.size();
}

/// A job that was cut off may end without success only by the rule it was enqueued under.
void expect_ended_by_its_rule(const Json& job) {
  const std::string state = job.value("state", "");
  if (state == "succeeded") return;
  ASSERT_EQ(state, "dead") << job.dump(2);
  const bool once = job.at("handler") == "once";
  EXPECT_EQ(job.value("text", ""), once ? "interrupted" : "interrupted_limit") << job.dump(2);
  EXPECT_GE(interruptions(job), once ? 1U : 3U) << job.dump(2);
}

TEST_F(KillLoop, fifty_killed_lives_lose_no_acknowledged_job_and_repeat_none_that_runs_once) {
  for (int i = 0; i < kLives && !HasFatalFailure(); ++i) live_and_be_killed();
  ASSERT_FALSE(HasFatalFailure());
  finish_everything();
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_GT(talks_, kLives / 3);
  EXPECT_GT(repeats_, 0);

  std::map<std::string, int> ends;
  for (const auto& [id, job] : jobs_) {
    expect_ended_by_its_rule(job);
    ++ends[job.value("handler", "") + " " + job.value("state", "")];
  }
  std::cerr << talks_ << " lives talked, " << repeats_ << " requests repeated, ended: " << Json(ends).dump()
            << "\n";
  EXPECT_EQ(jobs_.size(), wishes_.size()) << "two wishes share a job";
  EXPECT_EQ(device_.ask({"jobs"}).size(), wishes_.size()) << "a job that nobody asked for, or asked for once";

  std::map<std::uint64_t, int> runs;
  for (const auto& line : lines_of(device_.out() / "once")) ++runs[std::stoull(line)];
  for (const auto& [id, count] : runs) EXPECT_EQ(count, 1) << "job " << id << " may run once";
  for (const auto& line : lines_of(device_.out() / "note")) ++runs[std::stoull(line)];
  for (const auto& [id, job] : jobs_) {
    const bool leaves_a_line = job.at("handler") != "true" && job.at("state") == "succeeded";
    EXPECT_GE(runs[id], leaves_a_line ? 1 : 0) << job.dump(2);
  }

  EXPECT_EQ(device_.terminate(), 0);
  const auto checked = cli::run_program({"store", "check", device_.data().string(), "--json"});
  EXPECT_EQ(checked.exit, 0) << checked.out << checked.error;
  EXPECT_EQ(Json::parse(checked.out).at("sound"), true);
}

}  // namespace
}  // namespace dormouse::e2e
