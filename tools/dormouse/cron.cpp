// SPDX-License-Identifier: Apache-2.0
// cron next: when a cron text fires. Needs no device.
#include <algorithm>
#include <chrono>
#include <memory>

#include <nlohmann/json.hpp>

#include "runtime/schedules/timing.hpp"
#include "runtime/time/rfc3339.hpp"
#include "tools/dormouse/commands.hpp"
#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

namespace {

struct NextOptions {
  std::optional<std::string> text;
  std::optional<std::string> zone;
  std::optional<schedules::Dst> dst;
  std::optional<WallTime> from;
  std::optional<std::uint64_t> count;
};

WallTime wall_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(now).count()};
}

Error never_fires(std::string message) {
  return {.code = "cron.never_fires", .message = std::move(message)};
}

/// A text that is well formed but names no day there is was understood: it just never fires.
Error judged(Error error) {
  const bool only_never = !error.fields.empty() &&
                          std::all_of(error.fields.begin(), error.fields.end(),
                                      [](const FieldError& field) { return field.code == "cron_never_fires"; });
  if (only_never) error.code = "cron.never_fires";
  return error;
}

Result<std::vector<WallTime>> next_slots(const NextOptions& options) {
  schedules::Timing timing;
  timing.text = options.text.value_or("");
  timing.zone = options.zone.value_or("UTC");
  timing.dst = options.dst.value_or(schedules::Dst::once);
  const auto plan = schedules::plan(timing);
  if (!plan) return judged(plan.error());
  std::vector<WallTime> found;
  auto at = options.from.value_or(wall_now());
  while (found.size() < options.count.value_or(1)) {
    const auto next = plan->slots.next(at.ms);
    if (!next) break;
    at = WallTime{*next};
    found.push_back(at);
  }
  if (found.empty()) {
    return never_fires("'" + timing.text + "' does not fire within the 8 years after " + format_utc(at) + ".");
  }
  return found;
}

int next(const NextOptions& options, const Globals& globals) {
  const auto slots = next_slots(options);
  if (!slots) return fail(slots.error(), globals.json);
  std::string text;
  auto list = nlohmann::json::array();
  for (const auto slot : *slots) {
    text += format_utc(slot) + "\n";
    list.push_back(format_utc(slot));
  }
  if (globals.json) {
    print(list);
  } else {
    print_text(text);
  }
  return well;
}

}  // namespace

void add_cron(CommandLine& line) {
  const auto options = std::make_shared<NextOptions>();
  Command command =
      line.root().sub("cron", "Look at cron texts; needs no device").sub("next", "When a text fires next");
  command.argument("EXPR", "minute hour day month weekday, as one argument, or @daily ...",
                   into(options->text, read_text));
  command.option("--tz", "ZONE", "UTC (default), +02:00 or a name such as Europe/Berlin",
                 into(options->zone, read_text));
  command.option("--dst", "RULE", "once (default), skip or absolute", into(options->dst, read_dst));
  command.option("--from", "TIME", "Strictly after this (RFC 3339); default: now",
                 into(options->from, read_instant));
  command.option("--count", "N", "How many; default 1", into(options->count, read_count));
  command.does([options, &globals = line.globals()] { return next(*options, globals); });
}

}  // namespace dormouse::cli
