// SPDX-License-Identifier: Apache-2.0
// time: what the device believes of the time, and why; time set: tells it what time it is.
#include <memory>

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

/// What lies between two instants of this kernel boot, in words: "in 5 min", "2 h ago".
std::string distance(const Record& time, Key key) {
  const auto at = time.get_int(key);
  if (!at) return "none";
  const Duration ahead{*at - time.get_int(Key::instant).value_or(0)};
  if (ahead >= Duration{0}) return "in " + format_duration(ahead);
  return format_duration(-ahead) + " ago";
}

std::string rtc_text(const Record& time) {
  std::string text = shown(time, Key::rtc);
  const std::string battery = shown(time, Key::battery);
  if (time.has(Key::rtc_wall)) text += ", reads " + shown(time, Key::rtc_wall);
  if (!battery.empty() && battery != "unknown") text += ", battery " + battery;
  return text;
}

std::string wakes_text(const Record& time) {
  std::string text = shown(time, Key::wake_ups);
  for (const auto& item : time.get_records(Key::wakes).value_or(std::vector<Record>{})) {
    text += (text.find(':') == std::string::npos ? ": " : ", ") + shown(item, Key::count) + " " +
            shown(item, Key::cause);
  }
  return text;
}

void show_time(const Record& time) {
  const std::string wall = shown(time, Key::wall);
  const std::string mode = shown(time, Key::mode);
  const std::string trust = shown(time, Key::trust);
  const bool details = time.has(Key::wake_ups);
  print_text(facts({
      {"time", wall.empty() ? "unknown" : wall},
      {"trust", mode.empty() || mode == trust ? trust : trust + " (" + mode + ")"},
      {"source", shown(time, Key::source)},
      {"error bound", duration_text(time, Key::max_error)},
      {"last sync", time.has(Key::since) ? distance(time, Key::since)
                    : details            ? "not in this kernel boot"
                                         : ""},
      {"kernel up", duration_text(time, Key::instant)},
      {"suspended", duration_text(time, Key::suspended)},
      {"offset", time.has(Key::offset) ? shown(time, Key::offset) + " ms from kernel start to wall" : ""},
      {"floor", shown(time, Key::floor)},
      {"RTC mark", shown(time, Key::rtc_mark)},
      {"ceiling", shown(time, Key::ceiling)},
      {"RTC", rtc_text(time)},
      {"wake-ups", details ? wakes_text(time) : ""},
      {"loose samples", shown(time, Key::loose)},
      {"short suspends", shown(time, Key::short_suspends)},
      {"short steps", shown(time, Key::short_steps)},
      {"next heartbeat", details ? distance(time, Key::heartbeat) : ""},
  }));
}

void add_set(Command& time, const Globals& globals) {
  struct Asked {
    std::optional<WallTime> wall;
    bool force = false;
  };
  const auto asked = std::make_shared<Asked>();
  Command command = time.sub("set", "Tell the device what time it is; sets its clock", false);
  command.argument("WALL", "The time now, such as 2026-06-01T12:00:00Z", into(asked->wall, read_instant));
  command.flag("--force", "Also against a source that says otherwise, or far back", asked->force);
  command.does([asked, &globals] {
    Record body;
    body.put_int(Key::wall, asked->wall->ms);
    if (asked->force) body.put_bool(Key::force, true);
    return ask(globals, Message::time_set, body, [](const Record& reply) {
      print_text("time " + shown(reply, Key::wall) + ", " + shown(reply, Key::trust) + "\n");
    });
  });
}

}  // namespace

void add_time(CommandLine& line) {
  Command time = line.root().sub("time", "What the device believes of the time, and what woke it");
  add_set(time, line.globals());
  time.does([&globals = line.globals()] { return ask(globals, Message::time_query, {}, show_time); });
}

}  // namespace dormouse::cli
