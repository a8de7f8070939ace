// SPDX-License-Identifier: Apache-2.0
// The command line as a tree of commands with typed options: a thin face over CLI11, which one .cpp alone includes
// because it is slow to compile. Every command has --help; what cannot be understood ends with exit code 2.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/jobs/job.hpp"
#include "runtime/schedules/schedule.hpp"
#include "runtime/time/types.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): not ours
class App;
}

namespace dormouse::cli {

/// Options that every command takes.
struct Globals {
  std::string socket;  // empty: the board's
  bool json = false;
};

/// What an option's text does: stores what it means, or answers why it means nothing.
using Take = std::function<Status(const std::string&)>;
/// The usual one: reads the text and keeps the value.
template <class T>
Take into(std::optional<T>& slot, Result<T> (*read)(const std::string&)) {
  return [&slot, read](const std::string& text) -> Status {
    auto value = read(text);
    if (!value) return std::move(value).error();
    slot = std::move(*value);
    return done();
  };
}

// -- what texts mean; each refusal says what is allowed --
Result<std::string> read_text(const std::string& text);
Result<std::string> read_json(const std::string& text);      // kept as given, checked to be JSON
Result<std::uint64_t> read_number(const std::string& text);  // decimal, or hexadecimal after 0x
Result<std::uint64_t> read_count(const std::string& text);   // 1..10000
Result<int> read_priority(const std::string& text);          // 0..9
Result<Duration> read_duration(const std::string& text);     // "90s", "2h30min"
Result<WallTime> read_instant(const std::string& text);      // RFC 3339
Result<jobs::Misfire::Policy> read_misfire(const std::string& text);
Result<jobs::State> read_state(const std::string& text);
Result<jobs::ConflictPolicy> read_conflict_policy(const std::string& text);
Result<jobs::Retry> read_retry(const std::string& text);  // a preset's name
Result<schedules::Dst> read_dst(const std::string& text);
Result<Trust> read_needed_trust(const std::string& text);  // any, rtc, synced

/// A policy's parts as options give them, to a policy: a window belongs to windowed, and windowed needs one.
Result<jobs::Misfire> misfire_of(std::optional<jobs::Misfire::Policy> policy, std::optional<Duration> window,
                                 jobs::Misfire otherwise);

class CommandLine;

/// One command. A handle, cheap to copy, valid until its CommandLine runs.
class Command {
 public:
  /// A command below this one. One of those is needed then, unless this one does something of its own.
  Command sub(const std::string& name, const std::string& about, bool needed = true);
  /// An argument without a name in front, called `name` in help texts.
  Command& argument(const std::string& name, const std::string& about, Take take, bool required = true);
  /// `--name VALUE`; `value` says in help texts what kind of value.
  Command& option(const std::string& name, const std::string& value, const std::string& about, Take take,
                  bool required = false);
  Command& flag(const std::string& name, const std::string& about, bool& into);
  /// Runs once the whole line was understood; answers the exit code.
  Command& does(std::function<int()> action);

 private:
  friend class CommandLine;
  Command(CLI::App& app, std::function<int()>& chosen) : app_(&app), chosen_(&chosen) {}
  CLI::App* app_;
  std::function<int()>* chosen_;
};

class CommandLine {
 public:
  CommandLine(const std::string& name, const std::string& about, const std::string& version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Command root();
  const Globals& globals() const { return globals_; }
  /// Once: understands the line and does what it asks for. The exit code: 0 well, 1 failed, 2 not understood.
  int run(int argc, char** argv);

 private:
  Globals globals_;
  std::function<int()> chosen_;
  std::unique_ptr<CLI::App> app_;
};

}  // namespace dormouse::cli
