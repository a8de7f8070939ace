// SPDX-License-Identifier: Apache-2.0
#include "actors/handlers.hpp"

#include <exception>
#include <mutex>

namespace dormouse::actors {

Handlers& Handlers::insert(const std::string& name, Entry entry) {
  check(entry.places >= 1 && entry.places <= 64, "handlers:places");
  check(entries_.emplace(name, std::move(entry)).second, "handlers:name_taken");
  return *this;
}

Handlers& Handlers::add(const std::string& name, Function function, std::uint64_t places) {
  return insert(name, {places, std::move(function), std::nullopt, nullptr, std::nullopt, {}});
}

Handlers& Handlers::add_command(const std::string& name, CommandHandler command, std::uint64_t places) {
  return insert(name, {places, nullptr, std::move(command), nullptr, std::nullopt, {}});
}

Handlers& Handlers::add_runner(const std::string& name, std::shared_ptr<Runner> runner, std::uint64_t places) {
  return insert(name, {places, nullptr, std::nullopt, std::move(runner), std::nullopt, {}});
}

Handlers& Handlers::limit(const std::string& name, std::optional<Duration> timeout,
                          std::vector<std::string> callers) {
  const auto entry = entries_.find(name);
  check(entry != entries_.end(), "handlers:unknown");
  entry->second.timeout = timeout;
  entry->second.callers = std::move(callers);
  return *this;
}

namespace {

/// A C++ function, run by the executor; asked to stop through a flag, never killed.
class FunctionRunner : public Runner, public std::enable_shared_from_this<FunctionRunner> {
 public:
  FunctionRunner(Function function, Executor executor)
      : function_(std::move(function)), executor_(std::move(executor)) {}

  void start(const jobs::Claimed& claimed, Returned returned) override {
    auto flag = std::make_shared<std::atomic<bool>>(false);
    const jobs::Token token = claimed.job.token();
    {
      const std::lock_guard lock(mutex_);
      flags_[token] = flag;
    }
    // Code that ignores a stop may outlive the device: it keeps its runner.
    executor_([this, self = shared_from_this(), claimed, flag, token, returned = std::move(returned)] {
      Context context(claimed, flag);
      jobs::Outcome outcome = call(context);
      {
        const std::lock_guard lock(mutex_);
        flags_.erase(token);
      }
      returned(std::move(outcome), context.take_effects());
    });
  }

  void stop(const jobs::Token& token) override {
    const std::lock_guard lock(mutex_);
    if (const auto flag = flags_.find(token); flag != flags_.end()) flag->second->store(true);
  }

  void kill(const jobs::Token&) override {}

 private:
  /// An exception that escapes the user's function is a retryable failure, not the end of the device.
  jobs::Outcome call(Context& context) const {
    try {
      return function_(context);
    } catch (const std::exception& error) {
      return jobs::Outcome::retryable("job.exception", error.what());
    } catch (...) {
      return jobs::Outcome::retryable("job.exception", "the handler threw something that is no std::exception");
    }
  }

  Function function_;
  Executor executor_;
  std::mutex mutex_;
  std::map<jobs::Token, std::shared_ptr<std::atomic<bool>>> flags_;
};

}  // namespace

std::shared_ptr<Runner> make_function_runner(Function function, Executor executor) {
  return std::make_shared<FunctionRunner>(std::move(function), std::move(executor));
}

}  // namespace dormouse::actors
