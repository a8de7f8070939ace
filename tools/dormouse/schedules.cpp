// SPDX-License-Identifier: Apache-2.0
// schedule put, list, delete; `schedules` lists as well.
#include <memory>

#include "runtime/schedules/schedule_codec.hpp"
#include "runtime/schedules/timing.hpp"
#include "runtime/time/duration_text.hpp"
#include "tools/dormouse/commands.hpp"
#include "tools/dormouse/device_talk.hpp"
#include "tools/dormouse/json.hpp"
#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

using wire::Key;
using wire::Message;
using wire::Record;

namespace {

struct PutOptions {
  std::optional<std::string> name;
  std::optional<std::string> handler;
  std::optional<std::string> cron;
  std::optional<std::string> daily;
  std::optional<std::string> weekly;
  std::optional<Duration> every;
  std::optional<std::string> zone;
  std::optional<schedules::Dst> dst;
  std::optional<jobs::Misfire::Policy> misfire;
  std::optional<Duration> window;
  std::optional<std::uint64_t> max_runs;
  std::optional<Duration> max_age;
  std::optional<Duration> grace;
  std::optional<Duration> timeout;
  std::optional<jobs::Retry> retry;
  std::optional<int> priority;
  std::optional<Trust> needs_time;
  bool wake_system = false;
  std::optional<std::string> args;
  bool disabled = false;
};

Result<Duration> read_period(const std::string& text) {
  return schedules::parse_period(text);
}

Result<schedules::Timing> timing_of(const PutOptions& options) {
  schedules::Timing timing;
  int given = 0;
  const auto take = [&](const std::optional<std::string>& text, schedules::Kind kind) {
    if (!text) return;
    ++given;
    timing.kind = kind;
    timing.text = *text;
  };
  take(options.cron, schedules::Kind::cron);
  take(options.daily, schedules::Kind::daily);
  take(options.weekly, schedules::Kind::weekly);
  if (options.every) {
    ++given;
    timing.kind = schedules::Kind::every;
    timing.period = *options.every;
  }
  if (given != 1) {
    return Error{.code = "usage", .message = "Exactly one of --cron, --daily, --weekly and --every is required."};
  }
  timing.zone = options.zone.value_or(timing.zone);
  timing.dst = options.dst.value_or(timing.dst);
  return timing;
}

Result<schedules::Definition> definition_of(const PutOptions& options) {
  auto timing = timing_of(options);
  if (!timing) return std::move(timing).error();
  auto misfire = misfire_of(options.misfire, options.window, jobs::Misfire::skip());
  if (!misfire) return std::move(misfire).error();
  schedules::Definition definition;
  definition.name = options.name.value_or("");
  definition.timing = std::move(*timing);
  definition.handler = options.handler.value_or("");
  definition.args = options.args.value_or("");
  definition.misfire = *misfire;
  if (options.max_runs) definition.misfire.max_runs = static_cast<std::uint32_t>(*options.max_runs);
  definition.misfire.max_age = options.max_age;
  definition.grace = options.grace.value_or(definition.grace);
  definition.timeout = options.timeout.value_or(definition.timeout);
  definition.retry = options.retry;
  definition.priority = options.priority.value_or(definition.priority);
  definition.needs_time = options.needs_time.value_or(definition.needs_time);
  definition.wake_system = options.wake_system;
  definition.enabled = !options.disabled;
  return definition;
}

void add_timing_options(Command& command, PutOptions& options) {
  command.option("--cron", "EXPR", "minute hour day month weekday, as one argument", into(options.cron, read_text));
  command.option("--daily", "TIME", "HH:MM", into(options.daily, read_text));
  command.option("--weekly", "DAYS TIME", "Such as 'mon,thu 06:00'", into(options.weekly, read_text));
  command.option("--every", "DURATION", "Elapsed time, 1s to 365d", into(options.every, read_period));
  command.option("--zone", "ZONE", "UTC (default), +02:00 or a name such as Europe/Berlin",
                 into(options.zone, read_text));
  command.option("--dst", "RULE", "When the zone's clock is set: once (default), skip or absolute",
                 into(options.dst, read_dst));
}

void add_put(CommandLine& line, Command& schedule) {
  const auto options = std::make_shared<PutOptions>();
  Command command = schedule.sub("put", "Create a schedule, or change the one of this name");
  command.argument("NAME", "The schedule's name", into(options->name, read_text));
  command.option("--handler", "HANDLER", "What executes its jobs", into(options->handler, read_text), true);
  add_timing_options(command, *options);
  command.option("--misfire", "POLICY", "Missed slots: skip (default), catch_up, run_once_if_missed or windowed",
                 into(options->misfire, read_misfire));
  command.option("--window", "DURATION", "How late windowed still runs", into(options->window, read_duration));
  command.option("--max-runs", "N", "How many missed slots run at most; default 100",
                 into(options->max_runs, read_count));
  command.option("--max-age", "DURATION", "catch_up: what is older does not run",
                 into(options->max_age, read_duration));
  command.option("--grace", "DURATION", "How late is not missed; default 60s", into(options->grace, read_duration));
  command.option("--timeout", "DURATION", "Of each attempt; default 5min", into(options->timeout, read_duration));
  command.option("--retry", "PRESET", "none, fast, standard (default), rate_limit, dns, verification",
                 into(options->retry, read_retry));
  command.option("--priority", "N", "0..9, higher first; default 5", into(options->priority, read_priority));
  command.option("--args", "JSON", "What the handler is given", into(options->args, read_json));
  command.option("--needs-time", "TRUST", "Held until the clock is trusted so far: any (default), rtc or synced",
                 into(options->needs_time, read_needed_trust));
  command.flag("--wake-system", "Its slots wake the whole device", options->wake_system);
  command.flag("--disabled", "Keep it, but yield no jobs", options->disabled);
  command.does([options, &globals = line.globals()] {
    const auto definition = definition_of(*options);
    if (!definition) return fail(definition.error(), globals.json);
    return ask(globals, Message::schedule_put, schedules::put_body(*definition), [](const Record& reply) {
      const std::string next = reply.has(Key::every) ? "" : shown(reply, Key::slot);
      print_text("schedule " + shown(reply, Key::schedule) + " (s" + shown(reply, Key::id) + ") " +
                 shown(reply, Key::outcome) + ", revision " + shown(reply, Key::revision) +
                 (next.empty() ? "" : ", next slot " + next) + "\n");
    });
  });
}

std::string timing_text(const Record& schedule) {
  if (const auto every = schedule.get_int(Key::every)) return "every " + format_duration(Duration{*every});
  for (const Key key : {Key::cron, Key::daily, Key::weekly}) {
    if (const auto text = schedule.get_text(key)) return wire::name_of(key) + " " + *text;
  }
  return "";
}

/// A wall time; of elapsed time only how far it is away, if the device tells.
std::string next_text(const Record& schedule) {
  if (!schedule.get_bool(Key::enabled).value_or(true)) return "disabled";
  if (!schedule.has(Key::every)) return shown(schedule, Key::slot);
  const auto late = schedule.get_int(Key::lateness);
  if (!late || *late > 0) return "";
  return "in " + format_duration(std::chrono::floor<std::chrono::seconds>(Duration{-*late}));
}

void show_schedules(const std::vector<Record>& items) {
  if (items.empty()) return print_text("no schedules\n");
  Table table({"ID", "NAME", "HANDLER", "WHEN", "ZONE", "MISFIRE", "NEXT", "RUNS", "MISSED", "DROPPED"});
  for (const auto& schedule : items) {
    table.row({"s" + shown(schedule, Key::id), shown(schedule, Key::schedule), shown(schedule, Key::handler),
               timing_text(schedule), schedule.has(Key::every) ? "" : shown(schedule, Key::zone),
               shown(schedule, Key::misfire), next_text(schedule), shown(schedule, Key::runs),
               shown(schedule, Key::missed), shown(schedule, Key::dropped)});
  }
  print_text(table.text());
}

void add_list(CommandLine& line, Command& above, const std::string& name) {
  above.sub(name, "List the schedules and their next slots").does([&globals = line.globals()] {
    return ask_list(globals, Message::schedule_list, {}, std::nullopt, show_schedules);
  });
}

void add_delete(CommandLine& line, Command& schedule) {
  const auto name = std::make_shared<std::optional<std::string>>();
  Command command = schedule.sub("delete", "Delete a schedule and cancel its jobs that wait");
  command.argument("NAME", "Its name, or its number such as s17", into(*name, read_text));
  command.does([name, &globals = line.globals()] {
    Record body;
    body.put_text(Key::schedule, **name);
    return ask(globals, Message::schedule_delete, body,
               [&name](const Record&) { print_text("schedule " + **name + " deleted\n"); });
  });
}

}  // namespace

void add_schedules(CommandLine& line) {
  Command root = line.root();
  Command schedule = root.sub("schedule", "Schedules: put, list, delete");
  add_put(line, schedule);
  add_list(line, schedule, "list");
  add_delete(line, schedule);
  add_list(line, root, "schedules");
}

}  // namespace dormouse::cli
