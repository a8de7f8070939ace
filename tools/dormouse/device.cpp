// SPDX-License-Identifier: Apache-2.0
// status, handlers, explain: what a device knows of itself.
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
  add_explain(line);
}

}  // namespace dormouse::cli
