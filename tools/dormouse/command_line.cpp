// SPDX-License-Identifier: Apache-2.0
#include "tools/dormouse/command_line.hpp"

#include <algorithm>
#include <string_view>

#include <CLI/CLI.hpp>

#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

namespace {

/// One text to a Take; its refusal stops the parsing.
CLI::callback_t taking(std::string name, Take take) {
  return [name = std::move(name), take = std::move(take)](const CLI::results_t& texts) {
    const Status taken = take(texts.empty() ? "" : texts.front());
    if (!taken) throw CLI::ValidationError(name, taken.error().message);
    return true;
  };
}

/// "dormouse schedule put": the command that was being read, for a hint.
std::string command_reached(const CLI::App& app) {
  const auto below = app.get_subcommands();
  return app.get_name() + (below.empty() ? "" : " " + command_reached(*below.front()));
}

/// What is wrong with the line. A word that nothing takes explains why something else is missing.
std::string reason(const CLI::App& app, const CLI::ParseError& error) {
  const auto extra = app.remaining(true);
  if (error.get_name() != "RequiredError" || extra.empty()) return error.what();
  return "'" + extra.front() + "' is not known here; " + error.what();
}

}  // namespace

Command Command::sub(const std::string& name, const std::string& about, bool needed) {
  CLI::App* below = app_->add_subcommand(name, about);
  if (needed) app_->require_subcommand(1);
  return {*below, *chosen_};
}

Command& Command::argument(const std::string& name, const std::string& about, Take take, bool required) {
  app_->add_option(name, taking(name, std::move(take)), about)->required(required)->type_name("");
  return *this;
}

Command& Command::option(const std::string& name, const std::string& value, const std::string& about, Take take,
                         bool required) {
  app_->add_option(name, taking(name, std::move(take)), about)->required(required)->type_name(value);
  return *this;
}

Command& Command::flag(const std::string& name, const std::string& about, bool& into) {
  app_->add_flag(name, into, about);
  return *this;
}

Command& Command::does(std::function<int()> action) {
  app_->callback([app = app_, chosen = chosen_, action = std::move(action)] {
    if (app->get_subcommands().empty()) *chosen = action;
  });
  return *this;
}

CommandLine::CommandLine(const std::string& name, const std::string& about, const std::string& version)
    : app_(std::make_unique<CLI::App>(about, name)) {
  app_->fallthrough();  // inherited: --socket and --json are understood before and after the command's name
  app_->set_help_flag("--help,-h", "Show this text");
  app_->set_version_flag("--version", name + " " + version);
  app_->add_option("--socket", globals_.socket, "The device's control socket; default: the board's")
      ->envname("DORMOUSE_SOCKET")
      ->type_name("PATH");
  app_->add_flag("--json", globals_.json, "Answer in JSON, for scripts");
  app_->footer("Every command takes --socket and --json. Exit codes: 0 well, 1 failed, 2 not understood.\n`" +
               name + " COMMAND --help` tells more.");
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() {
  return {*app_, chosen_};
}

int CommandLine::run(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_->exit(error);  // help, version
    // The line was not understood as a whole, so the flag may not have been stored.
    const bool json = std::any_of(argv, argv + argc, [](std::string_view word) { return word == "--json"; });
    return fail(Error{.code = "usage",
                      .message = reason(*app_, error),
                      .hint = "`" + command_reached(*app_) + " --help` shows what it takes."},
                json);
  }
  app_.reset();  // what was chosen may run for years, and needs no other command's options and help texts
  return chosen_();
}

}  // namespace dormouse::cli
