// SPDX-License-Identifier: Apache-2.0
#include "actors/config/config.hpp"

#include <algorithm>
#include <set>

#include "actors/config/config_limits.hpp"
#include "actors/config/config_schedules.hpp"
#include "runtime/time/strict_toml.hpp"

namespace dormouse::actors {
namespace {

constexpr Duration day{86'400'000};
constexpr std::int64_t uid_max = 4'294'967'294;  // the one above means "no user"

/// 1..64 bytes of a-z 0-9 . _ - and, for handlers, /.
bool is_name(std::string_view text, std::string_view extra) {
  const auto good = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' ||
           extra.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), good);
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

void check_component(TomlTable& table, std::string_view key, const std::string& name) {
  if (!is_name(name, "")) table.refuse(key, "bad_format", "allowed are 1..64 of a-z 0-9 . _ -");
}

void read_device(TomlTable device, Config& config) {
  config.name = device.text("name", "");
  if (config.name.size() > 64 || has_control_characters(config.name))
    device.refuse("name", "bad_format", "at most 64 bytes without control characters are allowed");
  config.component = device.text("component", config.component);
  if (device.is_text("component")) check_component(device, "component", config.component);
  config.volatile_ok = device.flag("volatile_ok", config.volatile_ok);
  config.heartbeat = device.find_duration("heartbeat", Duration{5'000}, Duration{3'600'000});
}

// -- handlers --

std::vector<std::pair<std::string, std::string>> read_environment(TomlTable table) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& name : table.keys()) {
    const std::string value = table.text(name, "");
    if (name.empty() || has_nul(name) || name.find('=') != std::string::npos || has_nul(value))
      table.refuse(name, "bad_format", "a name without = and a value are allowed, neither with NUL bytes");
    else if (name.starts_with("DORMOUSE_"))
      table.refuse(name, "out_of_range", "names that begin with DORMOUSE_ are the runtime's own");
    out.emplace_back(name, value);
  }
  return out;
}

std::vector<std::string> read_command(TomlTable& table) {
  constexpr auto allowed =
      "an array of at least one text is allowed, the program first: [\"/usr/bin/env\", \"true\"]";
  if (!table.has("command")) table.refuse("command", "required", std::string("is required: ") + allowed);
  auto argv = table.texts("command");
  if (table.is_array("command") && (argv.empty() || argv.front().empty()))
    table.refuse("command", "out_of_range", allowed);
  if (std::any_of(argv.begin(), argv.end(), has_nul))
    table.refuse("command", "bad_format", "texts without NUL bytes are allowed");
  return argv;
}

ExecHandler read_handler(TomlTable& all, const std::string& name, TomlTable table) {
  if (!is_name(name, "/"))
    all.refuse(name, "bad_format", "a handler's name is 1..64 of a-z 0-9 . _ / - (in quotes if it has . or /)");
  ExecHandler handler;
  handler.name = name;
  handler.command.argv = read_command(table);
  for (auto [key, user] : {std::pair{"user", &handler.command.user}, {"user_if_root", &handler.user_if_root}}) {
    *user = table.text(key, "");
    if (table.is_text(key) && (user->empty() || has_nul(*user)))
      table.refuse(key, "bad_format", "the name of a user is allowed");
  }
  if (table.has("user") && table.has("user_if_root"))
    table.refuse("user_if_root", "out_of_range", "either user or user_if_root is allowed, not both");
  handler.command.directory = table.text("directory", "");
  if (table.is_text("directory") &&
      (!handler.command.directory.starts_with('/') || has_nul(handler.command.directory)))
    table.refuse("directory", "bad_format", "an absolute path is allowed");
  handler.command.environment = read_environment(table.table("environment"));
  handler.timeout = table.find_duration("timeout", Duration{100}, day);
  handler.max_running = static_cast<std::uint64_t>(table.integer("max_running", 1, 1, 64));
  handler.callers = table.texts("callers");
  for (const auto& caller : handler.callers)
    if (caller != "*" && !is_name(caller, ""))
      table.refuse("callers", "bad_format", "components (1..64 of a-z 0-9 . _ -) and \"*\" are allowed");
  return handler;
}

// -- socket --

SocketAllow read_allow(TomlTable& table) {
  SocketAllow allow;
  if (const auto uid = table.find_integer("uid", 0, uid_max)) allow.uid = static_cast<std::uint32_t>(*uid);
  if (const auto gid = table.find_integer("gid", 0, uid_max)) allow.gid = static_cast<std::uint32_t>(*gid);
  if (!table.has("uid") && !table.has("gid")) table.refuse("uid", "required", "uid or gid is required");
  if (table.has("uid") && table.has("gid")) table.refuse("gid", "out_of_range", "either uid or gid is allowed");
  allow.who.component = table.required_text("component");
  if (table.is_text("component")) check_component(table, "component", allow.who.component);
  const auto role = table.choice("role", {"none", "reader", "operator"}, "none");
  allow.who.role = role == "operator" ? Role::operator_ : role == "reader" ? Role::reader : Role::none;
  for (const auto& name : table.texts("capabilities")) {
    const auto capability = parse_capability(name);
    if (capability) allow.who.capabilities.insert(*capability);
    if (!capability) table.refuse("capabilities", "out_of_range", "of clock, power and wake any are allowed");
  }
  return allow;
}

Result<Config> read(const StrictToml& file, const Limits& limits) {
  Config config;
  config.limits = limits;
  auto root = file.root();
  read_device(root.table("device"), config);
  read_limits(root.table("limits"), config.limits);
  auto handlers = root.table("handlers");
  for (auto& [name, table] : root.named_tables("handlers"))
    config.handlers.push_back(read_handler(handlers, name, table));
  std::set<std::string> ids;
  for (auto& table : root.tables("schedules")) {
    auto schedule = read_schedule(table, config.limits);
    const auto named = std::find_if(config.handlers.begin(), config.handlers.end(),
                                    [&](const ExecHandler& handler) { return handler.name == schedule.handler; });
    if (named != config.handlers.end() && named->timeout && !table.has("timeout"))
      schedule.timeout = *named->timeout;
    if (!schedule.name.empty() && !ids.insert(schedule.name).second)
      table.refuse("id", "out_of_range", "another schedule of this file has it; each needs its own");
    config.schedules.push_back(std::move(schedule));
  }
  for (auto& table : root.table("socket").tables("allow")) config.allow.push_back(read_allow(table));
  if (auto good = file.finish(); !good) return good.error();
  return config;
}

}  // namespace

Result<Config> load_config(const std::filesystem::path& path, const Limits& limits) {
  const auto file = StrictToml::load(path);
  return file ? read(*file, limits) : file.error();
}

Result<Config> parse_config(std::string_view text, std::string file_name, const Limits& limits) {
  const auto file = StrictToml::parse(text, std::move(file_name));
  return file ? read(*file, limits) : file.error();
}

Status settle_users(Config& config, bool running_as_root) {
  if (!running_as_root) return done();
  Error error{"config.required", ""};
  for (auto& handler : config.handlers) {
    if (handler.command.user.empty()) handler.command.user = handler.user_if_root;
    if (!handler.command.user.empty()) continue;
    const std::string field = "handlers." + handler.name + ".user";
    error.fields.push_back({field, "required",
                            field + ": is required because the runtime is root; to run this command as root "
                                    "write user = \"root\""});
  }
  if (error.fields.empty()) return done();
  for (const auto& field : error.fields) error.message += (error.message.empty() ? "" : "\n") + field.message;
  error.hint = "give each command the user it needs, or start the runtime as another user";
  return error;
}

}  // namespace dormouse::actors
