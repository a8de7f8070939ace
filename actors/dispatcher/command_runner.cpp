// SPDX-License-Identifier: Apache-2.0
#include "actors/dispatcher/command_runner.hpp"

#include <mutex>

namespace dormouse::actors {

std::vector<std::pair<std::string, std::string>> environment_of(const CommandHandler& command,
                                                                const jobs::Claimed& claimed) {
  const jobs::Job& job = claimed.job;
  std::vector<std::pair<std::string, std::string>> environment = {
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", "/"},
      {"LANG", "C.UTF-8"},
  };
  environment.insert(environment.end(), command.environment.begin(), command.environment.end());
  const auto put = [&environment](const char* name, std::string value) {
    environment.emplace_back(std::string("DORMOUSE_") + name, std::move(value));
  };
  const jobs::Token token = job.token();
  put("JOB", std::to_string(job.id));
  put("ATTEMPT", std::to_string(job.attempt));
  put("TOKEN", std::to_string(token.epoch) + "." + std::to_string(token.job) + "." + std::to_string(token.attempt));
  if (job.due.lane == Due::Lane::wall) put("DUE", std::to_string(job.due.ms));
  if (job.schedule) {
    put("SCHEDULE", job.schedule_name.value_or("s" + std::to_string(*job.schedule)));
    put("SLOT", std::to_string(job.slot_ms));
  }
  put("MISSED_COUNT", std::to_string(job.missed_count));
  if (job.first_missed_ms) put("FIRST_MISSED", std::to_string(*job.first_missed_ms));
  if (job.spec.idempotency_key) put("IDEMPOTENCY_KEY", *job.spec.idempotency_key);
  return environment;
}

jobs::Outcome outcome_of(const hal::ProcessEnd& end) {
  constexpr int tempfail = 75;  // EX_TEMPFAIL of sysexits.h, whose range is 64..78
  if (!end.spawned) return jobs::Outcome::permanent("exec.not_found", end.error_tail);
  if (end.signal != 0) {
    return jobs::Outcome::retryable("exec.signal", "ended by signal " + std::to_string(end.signal) +
                                                       (end.error_tail.empty() ? "" : ": " + end.error_tail));
  }
  if (end.exit_code == 0) return jobs::Outcome::ok(end.output);
  const std::string message =
      end.error_tail.empty() ? "exit code " + std::to_string(end.exit_code) : end.error_tail;
  if (end.exit_code == 126 || end.exit_code == 127) return jobs::Outcome::permanent("exec.not_found", message);
  if (end.exit_code >= 64 && end.exit_code <= 78 && end.exit_code != tempfail) {
    return jobs::Outcome::permanent("exec.exit", message);
  }
  return jobs::Outcome::retryable("exec.exit", message);
}

namespace {

jobs::Outcome interrupted() {
  jobs::Outcome outcome;
  outcome.kind = jobs::Outcome::Kind::interrupted;
  outcome.code = "job.interrupted";
  outcome.message = "the device stopped while the command ran";
  return outcome;
}

class CommandRunner : public Runner, public std::enable_shared_from_this<CommandRunner> {
 public:
  CommandRunner(CommandHandler command, hal::ProcessLauncher& launcher)
      : command_(std::move(command)), launcher_(launcher) {}

  void start(const jobs::Claimed& claimed, Returned returned) override {
    hal::Command command;
    command.argv = command_.argv;
    command.user = command_.user;
    command.directory = command_.directory;
    command.environment = environment_of(command_, claimed);
    command.input = claimed.job.spec.args;
    const jobs::Token token = claimed.job.token();
    const std::lock_guard lock(mutex_);  // the end may come before start() answers
    running_[token].id = launcher_.start(
        std::move(command),
        [this, self = shared_from_this(), token, returned = std::move(returned)](const hal::ProcessEnd& end) {
          Running was;
          {
            const std::lock_guard inner(mutex_);
            was = running_[token];
            running_.erase(token);
          }
          const bool cut_off = end.signal != 0 || (was.asked && end.exit_code != 0);
          returned(was.draining && cut_off ? interrupted() : outcome_of(end), {});
        });
  }

  /// The only word that a command hears is the signal that ends it, from us later or from the service manager now.
  bool drain(const jobs::Token& token) override {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(token);
    if (found == running_.end()) return true;
    found->second.draining = true;
    return false;
  }

  void stop(const jobs::Token& token) override {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(token);
    if (found == running_.end()) return;
    found->second.asked = true;
    launcher_.terminate(found->second.id);
  }

  void kill(const jobs::Token& token) override {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(token);
    if (found != running_.end()) launcher_.kill(found->second.id);
  }

 private:
  struct Running {
    hal::ProcessId id = 0;
    bool draining = false;  // the device stops
    bool asked = false;     // to end
  };

  CommandHandler command_;
  hal::ProcessLauncher& launcher_;
  std::mutex mutex_;
  std::map<jobs::Token, Running> running_;
};

}  // namespace

std::shared_ptr<Runner> make_command_runner(CommandHandler command, hal::ProcessLauncher& launcher) {
  return std::make_shared<CommandRunner>(std::move(command), launcher);
}

}  // namespace dormouse::actors
