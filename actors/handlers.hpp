// SPDX-License-Identifier: Apache-2.0
// Named code that executes jobs. An embedding program adds C++ functions; a configuration adds commands; the
// simulation adds scripted twins. All of them are Runners to the dispatcher.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hal/process.hpp"
#include "runtime/jobs/operations.hpp"

namespace dormouse::actors {

/// One attempt, as its code sees it. The strings and numbers stay valid while the function runs.
class Context {
 public:
  Context(const jobs::Claimed& claimed, std::shared_ptr<const std::atomic<bool>> stop)
      : claimed_(claimed), stop_(std::move(stop)) {}

  std::uint64_t id() const { return claimed_.job.id; }
  const std::string& component() const { return claimed_.component; }
  const std::string& handler() const { return claimed_.job.spec.handler; }
  BytesView args() const { return claimed_.job.spec.args; }
  std::uint32_t attempt() const { return claimed_.job.attempt; }
  jobs::Token token() const { return claimed_.job.token(); }
  /// Of the job of a schedule's slot: how many slots were missed before it, and the first of them.
  std::uint64_t missed_count() const { return claimed_.job.missed_count; }
  std::optional<std::int64_t> first_missed_ms() const { return claimed_.job.first_missed_ms; }
  const jobs::Job& job() const { return claimed_.job; }

  /// True once the attempt should end: cancelled, out of time, or the device stops. Safe from any thread.
  bool stop_requested() const { return stop_->load(std::memory_order_relaxed); }

  /// Effects: they commit together with the job's end, if it ends ok or again; any other end drops them.
  void enqueue(jobs::JobSpec spec) { effects_.enqueue.push_back(std::move(spec)); }
  void cancel(std::uint64_t id) { effects_.cancel.push_back(id); }
  jobs::Effects take_effects() { return std::move(effects_); }

 private:
  const jobs::Claimed& claimed_;
  std::shared_ptr<const std::atomic<bool>> stop_;
  jobs::Effects effects_;
};

using Function = std::function<jobs::Outcome(Context&)>;

/// Called exactly once per start(), from any thread.
using Returned = std::function<void(jobs::Outcome, jobs::Effects)>;

/// Executes the attempts of one handler. Called by the dispatcher only.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual void start(const jobs::Claimed& claimed, Returned returned) = 0;
  virtual void stop(const jobs::Token& token) = 0;  // asks; the attempt may go on
  virtual void kill(const jobs::Token& token) = 0;  // ends it where that is possible; unknown tokens are fine
  /// The device stops and the attempt has a while to end by itself. False if it cannot be told without being ended:
  /// then stop() follows when the while is over, and an attempt that dies of it is interrupted.
  virtual bool drain(const jobs::Token& token) {
    stop(token);
    return true;
  }
};

/// A command run for each attempt: args on standard input, exit code to outcome (0 ok, 75 retryable, other
/// 64..78, 126 and 127 permanent, everything else and signals retryable), output kept as the result.
struct CommandHandler {
  std::vector<std::string> argv;
  std::string user;
  std::string directory;
  std::vector<std::pair<std::string, std::string>> environment;
};

class Handlers {
 public:
  struct Entry {
    std::uint64_t places = 1;  // attempts at once, 1..64
    Function function;         // one of these three
    std::optional<CommandHandler> command;
    std::shared_ptr<Runner> runner;
    std::optional<Duration> timeout;   // bounds every attempt, beside the job's own
    std::vector<std::string> callers;  // components that may enqueue for it, "*": all; operators always may
  };
  /// Names are 1..64 bytes of a-z 0-9 . _ / -; adding a name twice is a broken invariant.
  Handlers& add(const std::string& name, Function function, std::uint64_t places = 1);
  Handlers& add_command(const std::string& name, CommandHandler command, std::uint64_t places = 1);
  Handlers& limit(const std::string& name, std::optional<Duration> timeout, std::vector<std::string> callers);
  Handlers& add_runner(const std::string& name, std::shared_ptr<Runner> runner, std::uint64_t places = 1);
  const std::map<std::string, Entry>& all() const { return entries_; }

 private:
  Handlers& insert(const std::string& name, Entry entry);
  std::map<std::string, Entry> entries_;
};

/// Where C++ functions run: threads in production (WorkerPool), in place in simulation.
using Executor = std::function<void(std::function<void()>)>;

std::shared_ptr<Runner> make_function_runner(Function function, Executor executor);
std::shared_ptr<Runner> make_command_runner(CommandHandler command, hal::ProcessLauncher& launcher);

}  // namespace dormouse::actors
