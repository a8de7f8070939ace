// SPDX-License-Identifier: Apache-2.0
// store check: every record of a store that no device has open is read, and its journal; nothing is changed.
#include <memory>

#include <nlohmann/json.hpp>

#include "hal/linux/data/store_view.hpp"
#include "tools/dormouse/json.hpp"
#include "tools/dormouse/output.hpp"
#include "tools/dormouse/store_commands.hpp"

namespace dormouse::cli {

namespace {

/// What the first byte of a key says of its record.
std::string kind_of(char prefix) {
  switch (prefix) {
    case 'c':
      return "components";
    case 'd':
      return "due slots";
    case 'f':
      return "keys to forget";
    case 'g':
      return "gaps and reports";
    case 'j':
      return "job parts";
    case 'k':
      return "job keys";
    case 'm':
      return "meta";
    case 'o':
      return "boots";
    case 'q':
      return "jobs";
    case 'r':
      return "claims";
    case 's':
      return "schedules";
    case 'x':
      return "set aside";
    case 'y':
      return "ended jobs";
    case 'z':
      return "job places";
    default:
      return std::string("prefix ") + prefix;
  }
}

std::string key_text(const Bytes& key) {
  return key.substr(0, 1) + " " + hex(BytesView(key).substr(1));
}

nlohmann::json found_json(const std::vector<store::BadRecord>& records) {
  auto list = nlohmann::json::array();
  for (const auto& record : records) {
    list.push_back({{"key", key_text(record.key)}, {"code", record.error.code}, {"message", record.error.message}});
  }
  return list;
}

nlohmann::json alarms_json(const std::vector<Error>& alarms) {
  auto list = nlohmann::json::array();
  for (const auto& alarm : alarms) list.push_back({{"code", alarm.code}, {"message", alarm.message}});
  return list;
}

void print_json(const hal_linux::StoreCheck& check) {
  const store::CheckReport& report = check.tree;
  nlohmann::json kinds = nlohmann::json::object();
  for (const auto& [prefix, count] : report.records) kinds[kind_of(prefix)] = count;
  print({{"sound", check.sound()},
         {"records", report.total},
         {"bytes", report.bytes},
         {"in_journal", check.in_journal},
         {"alarms", alarms_json(check.alarms)},
         {"kinds", std::move(kinds)},
         {"bad_count", report.bad_count},
         {"dangling_count", report.dangling_count},
         {"bad", found_json(report.bad)},
         {"dangling", found_json(report.dangling)}});
}

void print_report(const hal_linux::StoreCheck& check) {
  const store::CheckReport& report = check.tree;
  Table kinds({"KIND", "RECORDS"});
  for (const auto& [prefix, count] : report.records) kinds.row({kind_of(prefix), std::to_string(count)});
  print_text(kinds.text());
  print_text(std::to_string(report.total) + " records, " + std::to_string(report.bytes) + " bytes, " +
             std::to_string(report.bad_count) + " bad, " + std::to_string(report.dangling_count) + " dangling; " +
             std::to_string(check.in_journal) +
             " batches in the journal: " + (check.sound() ? "sound" : "NOT sound") + "\n");
  for (const auto& alarm : check.alarms) print_text(alarm.code + ": " + alarm.message + "\n");
  for (const auto* list : {&report.bad, &report.dangling}) {
    for (const auto& record : *list) {
      print_text(key_text(record.key) + ": " + record.error.code + ": " + record.error.message + "\n");
    }
  }
}

int check_directory(const std::string& path, const Globals& globals) {
  const auto report = hal_linux::check_store(path);
  if (!report) return fail(report.error(), globals.json);
  if (globals.json) {
    print_json(*report);
  } else {
    print_report(*report);
  }
  return report->sound() ? well : failed;
}

}  // namespace

void add_store_check(Command& store, CommandLine& line) {
  const auto path = std::make_shared<std::optional<std::string>>();
  Command command = store.sub("check", "Read every record of a stopped store");
  command.argument("DIR", "The data directory", into(*path, read_text));
  command.does([path, &globals = line.globals()] { return check_directory(**path, globals); });
}

}  // namespace dormouse::cli
