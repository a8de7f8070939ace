// SPDX-License-Identifier: Apache-2.0
// store stats and store compact: numbers of a stopped store, and room given back.
#include "hal/linux/data/store_stats.hpp"

#include <memory>

#include <nlohmann/json.hpp>

#include "hal/linux/data/compact_store.hpp"
#include "runtime/store/flash_report.hpp"
#include "tools/dormouse/json.hpp"
#include "tools/dormouse/output.hpp"
#include "tools/dormouse/store_commands.hpp"

namespace dormouse::cli {

namespace {

using hal_linux::StoreStats;
using store::size_text;

void print_json(const StoreStats& stats) {
  auto snapshots = nlohmann::json::array();
  for (const auto& snapshot : stats.snapshots)
    snapshots.push_back(
        {{"name", snapshot.path.filename().string()}, {"boot", snapshot.boot}, {"sequence", snapshot.sequence}});
  auto flash = nlohmann::json::array();
  for (const auto& item : stats.flash) flash.push_back(to_json(item));
  print({{"store", stats.store_id},
         {"boot", stats.boot},
         {"epoch", stats.epoch},
         {"sequence", stats.sequence},
         {"records", stats.tree.entries},
         {"bytes", stats.data_bytes},
         {"pages", stats.tree.file_pages},
         {"free_pages", stats.tree.free_pages},
         {"page_bytes", stats.tree.page_bytes},
         {"map_used_percent", stats.store.used_percent},
         {"half_bytes", stats.store.half_bytes},
         {"in_journal", stats.in_journal},
         {"snapshots", std::move(snapshots)},
         {"flash", std::move(flash)}});
}

std::string lines_of(const std::vector<wire::Record>& items) {
  std::string lines;
  for (const auto& item : items) lines += (lines.empty() ? "" : "\n") + shown(item, wire::Key::text);
  return lines;
}

void print_stats(const StoreStats& stats) {
  std::string snapshots;
  for (const auto& snapshot : stats.snapshots)
    snapshots += (snapshots.empty() ? "" : "\n") + snapshot.path.filename().string();
  print_text(facts({{"store", stats.store_id},
                    {"boot", std::to_string(stats.boot) + ", epoch " + std::to_string(stats.epoch)},
                    {"sequence", std::to_string(stats.sequence) + ", " + std::to_string(stats.in_journal) +
                                     " batches in the journal alone"},
                    {"records", std::to_string(stats.tree.entries)},
                    {"file", size_text(stats.data_bytes) + ", " + std::to_string(stats.tree.file_pages) +
                                 " pages, " + std::to_string(stats.tree.free_pages) + " of them free"},
                    {"map", std::to_string(stats.store.used_percent) + " % used"},
                    {"journal", "two halves of " + size_text(stats.store.half_bytes)},
                    {"snapshots", snapshots.empty() ? "none" : snapshots},
                    {"flash", lines_of(stats.flash)}}));
}

int show_stats(const std::string& path, const Globals& globals) {
  const auto stats = hal_linux::stats_of_store(path);
  if (!stats) return fail(stats.error(), globals.json);
  if (globals.json) {
    print_json(*stats);
  } else {
    print_stats(*stats);
  }
  return well;
}

int compact(const std::string& path, const Globals& globals) {
  const auto done = hal_linux::compact_store(path);
  if (!done) return fail(done.error(), globals.json);
  if (globals.json) {
    print({{"records", done->records},
           {"pages_before", done->pages_before},
           {"pages_after", done->pages_after},
           {"bytes_before", done->file_before},
           {"bytes_after", done->file_after}});
  } else {
    print_text(std::to_string(done->records) + " records, " + std::to_string(done->pages_before) +
               " pages before, " + std::to_string(done->pages_after) + " after; the file had " +
               size_text(done->file_before) + " and has " + size_text(done->file_after) + "\n");
  }
  return well;
}

}  // namespace

void add_store_stats(Command& store, CommandLine& line) {
  const auto path = std::make_shared<std::optional<std::string>>();
  Command command = store.sub("stats", "What a stopped store is like; nothing is changed");
  command.argument("DIR", "The data directory", into(*path, read_text));
  command.does([path, &globals = line.globals()] { return show_stats(**path, globals); });
}

void add_store_compact(Command& store, CommandLine& line) {
  const auto path = std::make_shared<std::optional<std::string>>();
  Command command =
      store.sub("compact", "Copy a stopped store without its free pages and put the copy in its place");
  command.argument("DIR", "The data directory", into(*path, read_text));
  command.does([path, &globals = line.globals()] { return compact(**path, globals); });
}

}  // namespace dormouse::cli
