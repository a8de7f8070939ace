// SPDX-License-Identifier: Apache-2.0
// boots: every start with its cause, the gaps with their bounds, and what was decided after them.
#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "runtime/time/duration_text.hpp"
#include "tools/dormouse/boots_text.hpp"
#include "tools/dormouse/commands.hpp"
#include "tools/dormouse/device_talk.hpp"
#include "tools/dormouse/json.hpp"
#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

using wire::Key;
using wire::Message;
using wire::Record;

namespace {

struct History {
  std::vector<Record> boots;
  std::vector<Record> gaps;
  std::vector<Record> reports;
  std::vector<std::vector<Record>> lines;  // of each report, all of them
  Record total;                            // over the life of the store
};

Result<History> history_of(const Globals& globals, std::uint64_t limit) {
  auto client = connect(globals);
  if (!client) return std::move(client).error();
  History history;
  const auto totals = client->request(Message::boots, Record().put_uint(Key::limit, 1));
  if (!totals) return totals.error();
  history.total = totals->get_record(Key::total).value_or(Record{});
  auto boots = all_items(*client, Message::boots, {}, limit);
  if (!boots) return std::move(boots).error();
  auto gaps = all_items(*client, Message::gaps, {}, limit);
  if (!gaps) return std::move(gaps).error();
  auto reports = all_items(*client, Message::report, {}, limit);
  if (!reports) return std::move(reports).error();
  history.boots = std::move(*boots);
  history.gaps = std::move(*gaps);
  history.reports = std::move(*reports);
  for (const auto& report : history.reports) {
    const auto number = report.get_uint(Key::report).value_or(0);
    auto lines = all_items(*client, Message::report, Record().put_uint(Key::report, number), std::nullopt);
    if (!lines) return std::move(lines).error();
    history.lines.push_back(std::move(*lines));
  }
  return history;
}

nlohmann::json list_json(const std::vector<Record>& records) {
  auto list = nlohmann::json::array();
  for (const auto& record : records) list.push_back(to_json(record));
  return list;
}

nlohmann::json history_json(const History& history) {
  auto reports = list_json(history.reports);
  for (std::size_t i = 0; i < reports.size(); ++i) reports[i]["lines"] = list_json(history.lines[i]);
  return {{"boots", list_json(history.boots)},
          {"gaps", list_json(history.gaps)},
          {"reports", reports},
          {"report", reports.empty() ? nlohmann::json() : reports.front()},
          {"total", to_json(history.total)}};
}

std::string history_text(const History& history) {
  std::string text = boots_text(history.boots);
  if (!history.gaps.empty()) text += "\n" + gaps_text(history.gaps);
  for (std::size_t i = 0; i < history.reports.size(); ++i)
    text += "\n" + report_text(history.reports[i], history.lines[i]);
  return text + "\n" + total_text(history.total);
}

int show_boots(const Globals& globals, std::uint64_t limit) {
  const auto history = history_of(globals, limit);
  if (!history) return fail(history.error(), globals.json);
  if (globals.json)
    print(history_json(*history));
  else
    print_text(history_text(*history));
  return well;
}

}  // namespace

void add_boots(CommandLine& line) {
  const auto limit = std::make_shared<std::optional<std::uint64_t>>();
  Command command =
      line.root().sub("boots", "Every start with its cause, the gaps, and what was decided after them");
  command.option("--limit", "N", "At most so many of each, newest first; default 10", into(*limit, read_count));
  command.does([limit, &globals = line.globals()] { return show_boots(globals, limit->value_or(10)); });
}

}  // namespace dormouse::cli
