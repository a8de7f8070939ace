// SPDX-License-Identifier: Apache-2.0
#include "boards/board.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

#include "runtime/time/strict_toml.hpp"

namespace dormouse::boards {

namespace fs = std::filesystem;
using hal::BoardFacts;
using hal::RtcFact;

namespace {

constexpr Duration kSecond{1'000};
constexpr Duration kHour{3'600'000};
constexpr Duration kDay{86'400'000};
constexpr std::uint64_t kMiB = 1'024 * 1'024;
constexpr std::uint64_t kMaxBytes = 1ULL << 60;
constexpr std::int64_t kMaxJobs = 1'000'000;
constexpr std::int64_t kMaxRing = 100'000;

/// Text that must name an absolute place.
std::string place(TomlTable& table, std::string_view key, std::string fallback) {
  auto path = table.text(key, std::move(fallback));
  if (!path.starts_with('/')) table.refuse(key, "bad_format", "allowed is a path that begins with /");
  return path;
}

void read_places(TomlTable table, BoardFacts& facts) {
  facts.data_dir = place(table, "data_dir", facts.data_dir);
  facts.socket_path = place(table, "socket", facts.socket_path);
  facts.allow_fs = table.texts("allow_fs");
  facts.volatile_ok = table.flag("volatile_ok", facts.volatile_ok);
}

RtcFact read_rtc(TomlTable& table) {
  RtcFact rtc;
  const auto text = table.text("rtc", "none");
  if (text == "host") {
    rtc.kind = RtcFact::Kind::host;
  } else if (text.size() == 4 && text.starts_with("rtc") && std::isdigit(static_cast<unsigned char>(text[3]))) {
    rtc.kind = RtcFact::Kind::device;
    rtc.number = text[3] - '0';
  } else if (text != "none") {
    table.refuse("rtc", "out_of_range", "allowed are none, host, rtc0 to rtc9");
  }
  rtc.battery = table.flag("rtc_battery", false);
  return rtc;
}

void read_clock(TomlTable table, BoardFacts& facts) {
  facts.rtc = read_rtc(table);
  facts.build_date = table.find_wall_time("build_date");
  facts.heartbeat_interval = table.duration("heartbeat", facts.heartbeat_interval, 5 * kSecond, kHour);
  facts.heartbeat_writes_per_day = static_cast<std::uint32_t>(
      table.integer("heartbeat_writes_per_day", facts.heartbeat_writes_per_day, 24, 17'280));
}

/// A name below /sys/block: one component of a path, whatever its letters.
std::string block_device(TomlTable& table) {
  auto name = table.text("device", "");
  if (name.find('/') != std::string::npos || name.starts_with('.'))
    table.refuse("device", "bad_format", "allowed is the name of a whole disk below /sys/block, such as mmcblk0");
  return name;
}

void read_flash(TomlTable table, BoardFacts& facts) {
  facts.flash.type = table.choice("type", {"sd", "emmc", "nand", "ssd", "none", "unknown"}, "unknown");
  facts.flash.device = block_device(table);
  facts.flash.endurance_bytes = table.find_bytes("endurance_bytes", kMiB, kMaxBytes);
  facts.flash.write_amplification = table.number("write_amplification", facts.flash.write_amplification, 1, 1'000);
  facts.flash.bytes_per_day = table.bytes("bytes_per_day", facts.flash.bytes_per_day, 0, kMaxBytes);
}

void read_store(TomlTable table, BoardFacts& facts) {
  facts.store.prezero = table.flag("prezero", false);
  facts.store.journal_blocks = table.choice("journal_align", {"packed", "block"}, "packed") == "block";
  facts.store.stop_when_broken = table.choice("on_broken", {"replace", "stop"}, "replace") == "stop";
  auto& half = facts.limits.journal_half_bytes;
  half = table.bytes("journal_half", half, 64 * 1'024, 4 * kMiB);
  if (half % 4'096 != 0) table.refuse("journal_half", "out_of_range", "a multiple of 4 KiB is allowed");
}

void read_power(TomlTable table, BoardFacts& facts) {
  facts.hold_up = table.duration("hold_up", facts.hold_up, Duration{0}, 60 * kSecond);
  facts.stop_bound = table.duration("stop_bound", facts.stop_bound, kSecond, 600 * kSecond);
  facts.drain_bound =
      table.duration("drain_bound", std::min(facts.drain_bound, facts.stop_bound), Duration{0}, 600 * kSecond);
  if (facts.drain_bound > facts.stop_bound)
    table.refuse("drain_bound", "out_of_range", "at most stop_bound is allowed");
  facts.boot_takes = table.duration("boot_takes", facts.boot_takes, Duration{0}, 600 * kSecond);
  facts.probation = table.duration("probation", facts.probation, Duration{0}, kDay);
  const auto watchdog = table.text("watchdog", "none");
  if (watchdog.starts_with("/dev/"))
    facts.watchdog_device = watchdog;
  else if (watchdog != "none")
    table.refuse("watchdog", "bad_format", "allowed are none or a device such as /dev/watchdog0");
  facts.reset_register = table.text("reset_register", "");
  if (!facts.reset_register.empty() && !facts.reset_register.starts_with('/'))
    table.refuse("reset_register", "bad_format", "allowed is a path that begins with /, or nothing");
  facts.watchdog_timeout = table.duration("watchdog_timeout", facts.watchdog_timeout, 5 * kSecond, 600 * kSecond);
}

/// A limit under its own name; absent, it stays as the preset has it.
void read_limit(TomlTable& table, std::string_view key, std::int64_t min, std::int64_t max, std::uint64_t& limit) {
  if (const auto value = table.find_integer(key, min, max)) limit = static_cast<std::uint64_t>(*value);
}

void read_limits_and_running(TomlTable root, BoardFacts& facts) {
  auto limits = root.table("limits");
  if (limits.choice("preset", {"default", "tiny"}, "default") == "tiny") facts.limits = Limits::tiny();
  facts.limits.map_bytes = limits.bytes("map_bytes", facts.limits.map_bytes, kMiB, 1'024 * 1'024 * kMiB);
  read_limit(limits, "active_jobs_device", 1, kMaxJobs, facts.limits.active_jobs_device);
  read_limit(limits, "active_jobs_component", 1, kMaxJobs, facts.limits.active_jobs_component);
  read_limit(limits, "finished_ring", 0, kMaxRing, facts.limits.finished_ring);
  read_limit(limits, "dead_ring", 0, kMaxRing, facts.limits.dead_ring);

  auto running = root.table("running");
  facts.threads = static_cast<std::uint32_t>(running.integer("threads", facts.threads, 1, 64));
  read_limit(running, "max_running", 1, 64, facts.limits.running_device);
  read_limit(running, "catch_up_parallel", 1, 64, facts.limits.catch_up_parallel);
  read_limit(running, "reconcile_rate", 1, 10'000, facts.limits.reconcile_rate);
}

void read_links(TomlTable root, BoardFacts& facts) {
  std::set<std::string> names;
  for (auto& table : root.tables("links")) {
    hal::LinkFact link;
    link.name = table.required_text("name");
    link.device_path = table.required_text("device");
    link.baud = static_cast<std::uint32_t>(table.integer("baud", link.baud, 1'200, 4'000'000));
    link.rts_cts = table.flag("rts_cts", link.rts_cts);
    if (!link.name.empty() && !names.insert(link.name).second)
      table.refuse("name", "out_of_range", "every link has a name of its own");
    facts.links.push_back(std::move(link));
  }
}

Result<BoardFacts> read(const StrictToml& file) {
  BoardFacts facts;
  auto root = file.root();
  facts.name = root.required_text("name");
  facts.description = root.text("description", "");
  facts.simulated = root.flag("simulated", false);
  read_places(root.table("places"), facts);
  read_clock(root.table("clock"), facts);
  read_flash(root.table("flash"), facts);
  read_power(root.table("power"), facts);
  facts.network_interface = root.table("network").text("interface", "");
  read_limits_and_running(root, facts);
  read_store(root.table("store"), facts);
  read_links(root, facts);
  if (const auto good = file.finish(); !good.ok()) return good.error();
  return facts;
}

bool holds_board(const fs::path& dir) {
  std::error_code ignored;
  return fs::exists(dir / "board.toml", ignored);
}

}  // namespace

Result<BoardFacts> load_board(const fs::path& dir) {
  const auto file = StrictToml::load(dir / "board.toml");
  return file.ok() ? read(*file) : file.error();
}

Result<BoardFacts> parse_board(std::string_view text, std::string file_name) {
  const auto file = StrictToml::parse(text, std::move(file_name));
  return file.ok() ? read(*file) : file.error();
}

std::vector<fs::path> board_folders() {
  std::vector<fs::path> folders;
  if (const char* named = std::getenv("DORMOUSE_BOARDS"); named && *named) folders.emplace_back(named);
  folders.emplace_back(DORMOUSE_BOARDS_INSTALLED);
  folders.emplace_back(DORMOUSE_BOARDS_SOURCE);
  return folders;
}

Result<BoardFacts> find_board(const std::string& name_or_dir) {
  if (holds_board(name_or_dir)) return load_board(name_or_dir);
  // A bare name is a folder's name; anything with a slash can only have been a path.
  if (name_or_dir.find('/') == std::string::npos && !name_or_dir.empty())
    for (const auto& folder : board_folders())
      if (holds_board(folder / name_or_dir)) return load_board(folder / name_or_dir);
  std::string known;
  for (const auto& name : board_names()) known += (known.empty() ? "" : ", ") + name;
  return Error{"config.unknown_board", "There is no board \"" + name_or_dir + "\"; known are " + known + ".",
               "name one of these, or a folder that holds a board.toml"};
}

std::vector<std::string> board_names() {
  std::set<std::string> names;
  for (const auto& folder : board_folders()) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed))
      if (holds_board(entry.path())) names.insert(entry.path().filename().string());
  }
  return {names.begin(), names.end()};
}

}  // namespace dormouse::boards
