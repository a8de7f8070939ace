// SPDX-License-Identifier: Apache-2.0
#include "tools/dormouse/boots_text.hpp"

#include "runtime/time/duration_text.hpp"
#include "tools/dormouse/json.hpp"
#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

using wire::Key;
using wire::Record;

namespace {

std::string duration_text(const Record& record, Key key) {
  const auto ms = record.get_int(key);
  return ms ? format_duration(Duration{*ms}) : "";
}

std::string or_unknown(const std::string& text) {
  return text.empty() ? "unknown" : text;
}

std::vector<std::string> texts(const Record& record, Key key) {
  return record.get_texts(key).value_or(std::vector<std::string>{});
}

/// What the table has no room for, a line each.
std::string more_about(const Record& boot) {
  std::vector<std::string> lines;
  // The first gain of a boot that started believable stands in the table.
  const auto gains = texts(boot, Key::gains);
  const bool believable = boot.get_bool(Key::believable).value_or(false);
  for (std::size_t i = believable ? 1 : 0; i < gains.size(); ++i) lines.push_back("time " + gains[i]);
  if (boot.has(Key::evidence)) lines.push_back("evidence: " + shown(boot, Key::evidence));
  if (boot.has(Key::note)) lines.push_back("store: " + shown(boot, Key::note));
  for (const auto& remark : texts(boot, Key::remarks)) lines.push_back(remark);
  std::string text;
  for (const auto& line : lines) text += "boot " + shown(boot, Key::boot) + ": " + line + "\n";
  return text;
}

std::string counted(const Record& record, Key key, const std::string& thing) {
  const auto count = record.get_uint(key).value_or(0);
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string gaps_named(const Record& report) {
  const auto numbers = report.get_ints(Key::gap).value_or(std::vector<std::int64_t>{});
  if (numbers.empty()) return "";
  std::string text = numbers.size() == 1 ? ", after gap " : ", after gaps ";
  for (std::size_t i = 0; i < numbers.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
  return text;
}

}  // namespace

std::string boots_text(const std::vector<Record>& boots) {
  Table table({"BOOT", "STARTED", "CAUSE", "BEFORE", "TIME", "VERSION"});
  std::string more;
  for (const auto& boot : boots) {
    const bool believable = boot.get_bool(Key::believable).value_or(false);
    const bool announced = boot.get_bool(Key::announced).value_or(false);
    table.row({shown(boot, Key::boot), or_unknown(shown(boot, Key::wall)),
               shown(boot, Key::cause) + (announced ? " (announced)" : ""), shown(boot, Key::before),
               believable ? "believed" : "not believed", shown(boot, Key::version)});
    more += more_about(boot);
  }
  return table.text() + more;
}

std::string length_text(const Record& gap) {
  const std::string certainty = shown(gap, Key::certainty);
  const std::string length = duration_text(gap, Key::length);
  if (certainty == "bounded") return length + " ± " + duration_text(gap, Key::error_ms);
  if (certainty == "at_least") return "at least " + length;
  if (certainty == "unknown") return "unknown, at least " + length;
  return length;
}

/// How much later than shown the gap may have begun: by the heartbeat's interval, but never after its end.
std::string slack_text(const Record& gap) {
  const auto slack = gap.get_int(Key::slack).value_or(0);
  if (slack <= 0) return "";
  return duration_text(gap, slack <= gap.get_int(Key::length).value_or(slack) ? Key::slack : Key::length);
}

std::string gaps_text(const std::vector<Record>& gaps) {
  Table table({"GAP", "BOOT", "CAUSE", "FROM", "TO", "LENGTH", "MAY BEGIN LATER BY"});
  for (const auto& gap : gaps) {
    table.row({shown(gap, Key::gap), shown(gap, Key::boot), shown(gap, Key::cause),
               or_unknown(shown(gap, Key::from)), or_unknown(shown(gap, Key::to)), length_text(gap),
               slack_text(gap)});
  }
  return table.text();
}

std::string report_text(const Record& report, const std::vector<Record>& lines) {
  const std::string at = shown(report, Key::at);
  const bool resumed = report.get_bool(Key::resumed).value_or(false);
  std::string text = "report " + shown(report, Key::report) + ", boot " + shown(report, Key::boot) + ", " +
                     shown(report, Key::trigger) + (at.empty() ? "" : ", " + at) + gaps_named(report) +
                     (resumed ? ", resumed after a cut" : "") + ": " + shown(report, Key::interrupted) +
                     " interrupted, " + shown(report, Key::run_late) + " run late, " +
                     shown(report, Key::missed_jobs) + " missed, " + shown(report, Key::held) +
                     " held; slots: " + shown(report, Key::missed) + " missed, " + shown(report, Key::dropped) +
                     " dropped\n";
  for (const auto& line : lines) text += "  " + shown(line, Key::text) + "\n";
  return text;
}

std::string total_text(const Record& total) {
  return "in all: " + counted(total, Key::boot, "boot") + ", " + counted(total, Key::gap, "gap") + ", " +
         counted(total, Key::short_gaps, "gap") + " under 2 s, " + counted(total, Key::report, "report") + "\n";
}

}  // namespace dormouse::cli
