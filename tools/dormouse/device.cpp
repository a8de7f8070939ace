// SPDX-License-Identifier: Apache-2.0
// status, handlers, boots, explain: what a device knows of itself.
#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

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

std::string duration_text(const Record& record, Key key) {
  const auto ms = record.get_int(key);
  return ms ? format_duration(Duration{*ms}) : "";
}

// -- status --

void show_status(const Record& status) {
  const std::string wall = shown(status, Key::wall);
  std::string ended;
  for (const Key key : {Key::succeeded, Key::dead, Key::cancelled, Key::missed}) {
    ended += (ended.empty() ? "" : ", ") + shown(status, key) + " " + wire::name_of(key);
  }
  print_text(
      facts({{"device", shown(status, Key::device)},
             {"version", shown(status, Key::version)},
             {"boot", shown(status, Key::boot) + ", after " + shown(status, Key::cause)},
             {"time", (wall.empty() ? "unknown" : wall) + ", " + shown(status, Key::trust)},
             {"kernel up", duration_text(status, Key::instant)},
             {"jobs", shown(status, Key::scheduled) + " scheduled, " + shown(status, Key::running) + " running"},
             {"ended", ended},
             {"interrupted", shown(status, Key::interrupted)},
             {"schedules", shown(status, Key::schedules)},
             {"next due", shown(status, Key::due)},
             {"store", shown(status, Key::bytes) + " bytes written, " + shown(status, Key::syncs) + " syncs, " +
                           shown(status, Key::batches) + " batches"},
             {"journal", "generation " + shown(status, Key::generation) + ", half " + shown(status, Key::half) +
                             " % full, " + shown(status, Key::checkpoint) + " checkpoints"}}));
}

void add_status(CommandLine& line) {
  line.root().sub("status", "What the device is doing").does([&globals = line.globals()] {
    return ask(globals, Message::status, {}, show_status);
  });
}

// -- handlers --

void show_handlers(const std::vector<Record>& items) {
  if (items.empty()) return print_text("no handlers\n");
  Table table({"HANDLER", "AT ONCE", "CALLERS"});
  for (const auto& handler : items) {
    table.row({shown(handler, Key::handler), shown(handler, Key::max_running), shown(handler, Key::component)});
  }
  print_text(table.text());
}

void add_handlers(CommandLine& line) {
  line.root().sub("handlers", "What can execute jobs").does([&globals = line.globals()] {
    return ask_list(globals, Message::handler_list, {}, std::nullopt, show_handlers);
  });
}

// -- boots --

struct History {
  std::vector<Record> boots;
  std::vector<Record> gaps;
  std::vector<Record> reports;  // the last one, if there is any
};

Result<History> history_of(const Globals& globals, std::uint64_t limit) {
  auto client = connect(globals);
  if (!client) return std::move(client).error();
  auto boots = all_items(*client, Message::boots, {}, limit);
  if (!boots) return std::move(boots).error();
  auto gaps = all_items(*client, Message::gaps, {}, limit);
  if (!gaps) return std::move(gaps).error();
  auto reports = all_items(*client, Message::report, {}, 1);
  if (!reports) return std::move(reports).error();
  return History{std::move(*boots), std::move(*gaps), std::move(*reports)};
}

std::string boots_text(const std::vector<Record>& boots) {
  Table table({"BOOT", "STARTED", "CAUSE", "VERSION", "EVIDENCE", "STORE"});
  for (const auto& boot : boots) {
    const std::string wall = shown(boot, Key::wall);
    table.row({shown(boot, Key::boot), wall.empty() ? "unknown" : wall,
               shown(boot, Key::cause) + (boot.get_bool(Key::announced).value_or(false) ? " (announced)" : ""),
               shown(boot, Key::version), shown(boot, Key::evidence), shown(boot, Key::note)});
  }
  return table.text();
}

std::string gaps_text(const std::vector<Record>& gaps) {
  Table table({"GAP", "BOOT", "CAUSE", "FROM", "TO", "LENGTH", "CERTAINTY"});
  for (const auto& gap : gaps) {
    const std::string certainty = shown(gap, Key::certainty);
    table.row({shown(gap, Key::gap), shown(gap, Key::boot), shown(gap, Key::cause), shown(gap, Key::from),
               shown(gap, Key::to), certainty == "unknown" ? "" : duration_text(gap, Key::length),
               certainty + (gap.has(Key::error_ms) ? " +-" + duration_text(gap, Key::error_ms) : "")});
  }
  return table.text();
}

std::string report_text(const Record& report) {
  const std::string at = shown(report, Key::at);
  std::string text = "report " + shown(report, Key::report) + ", boot " + shown(report, Key::boot) + ", " +
                     shown(report, Key::trigger) + (at.empty() ? "" : ", " + at) + ": " +
                     shown(report, Key::interrupted) + " interrupted, " + shown(report, Key::run_late) +
                     " run late, " + shown(report, Key::missed_jobs) + " missed, " + shown(report, Key::held) +
                     " held; slots: " + shown(report, Key::missed) + " missed, " + shown(report, Key::dropped) +
                     " dropped\n";
  const auto lines = report.get_texts(Key::line).value_or(std::vector<std::string>{});
  for (const auto& line : lines) text += "  " + line + "\n";
  const auto total = report.get_uint(Key::total).value_or(0);
  if (total > lines.size()) text += "  and " + std::to_string(total - lines.size()) + " more\n";
  return text;
}

nlohmann::json list_json(const std::vector<Record>& records) {
  auto list = nlohmann::json::array();
  for (const auto& record : records) list.push_back(to_json(record));
  return list;
}

int show_boots(const Globals& globals, std::uint64_t limit) {
  const auto history = history_of(globals, limit);
  if (!history) return fail(history.error(), globals.json);
  if (globals.json) {
    print({{"boots", list_json(history->boots)},
           {"gaps", list_json(history->gaps)},
           {"report", history->reports.empty() ? nlohmann::json() : to_json(history->reports.front())}});
    return well;
  }
  std::string text = boots_text(history->boots);
  if (!history->gaps.empty()) text += "\n" + gaps_text(history->gaps);
  if (!history->reports.empty()) text += "\n" + report_text(history->reports.front());
  print_text(text);
  return well;
}

void add_boots(CommandLine& line) {
  const auto limit = std::make_shared<std::optional<std::uint64_t>>();
  Command command = line.root().sub("boots", "Every start with its cause, the gaps, and what the last one decided");
  command.option("--limit", "N", "At most so many; default 10", into(*limit, read_count));
  command.does([limit, &globals = line.globals()] { return show_boots(globals, limit->value_or(10)); });
}

// -- explain --

/// A job by its number, or else a schedule by its name or as s17.
void add_explain(CommandLine& line) {
  const auto id = std::make_shared<std::optional<std::string>>();
  Command command = line.root().sub("explain", "Why a job or a schedule is where it is");
  command.argument("ID", "A job's number, or a schedule's name or number such as s17", into(*id, read_text));
  command.does([id, &globals = line.globals()] {
    Record body;
    const bool digits = (*id)->find_first_not_of("0123456789") == std::string::npos;
    const auto number = digits ? read_number(**id) : Result<std::uint64_t>(Error{});
    if (number) {
      body.put_uint(Key::id, *number);
    } else {
      body.put_text(Key::schedule, **id);
    }
    return ask(globals, Message::explain, body, [](const Record& reply) {
      const std::string text = shown(reply, Key::text);
      print_text(text.ends_with('\n') ? text : text + "\n");
    });
  });
}

}  // namespace

void add_device(CommandLine& line) {
  add_status(line);
  add_handlers(line);
  add_boots(line);
  add_explain(line);
}

}  // namespace dormouse::cli
