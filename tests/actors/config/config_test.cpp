// SPDX-License-Identifier: Apache-2.0
// The device configuration: a good file is understood, a bad one is refused with every mistake, its place and what
// is allowed.
#include "actors/config/config.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace dormouse::actors {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Config good(std::string_view text, const Limits& limits = {}) {
  auto config = parse_config(text, "device.toml", limits);
  EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message);
  return config.ok() ? *config : Config{};
}

TEST(Config, an_empty_file_is_a_device_with_defaults) {
  const auto config = good("");
  EXPECT_EQ(config.component, "device");
  EXPECT_FALSE(config.volatile_ok);
  EXPECT_FALSE(config.heartbeat.has_value());
  EXPECT_TRUE(config.handlers.empty());
  EXPECT_TRUE(config.schedules.empty());
  EXPECT_TRUE(config.allow.empty());
  EXPECT_EQ(config.limits.active_jobs_device, Limits{}.active_jobs_device);
}

TEST(Config, a_full_file_is_understood_word_by_word) {
  const auto config = good(R"(
[device]
name = "pump-3"
component = "pump"
volatile_ok = true
heartbeat = "5min"

[handlers.backup]
command = ["/usr/bin/backup", "--all"]
user = "backup"
directory = "/var/lib"
environment = { LEVEL = "3", LC_ALL = "C" }
timeout = "2min"
max_running = 64
callers = ["app", "*"]

[handlers."sync/up"]
command = ["up"]

[[schedules]]
id = "nightly"
handler = "backup"
cron = "0 3 * * *"
zone = "Europe/Berlin"
dst = "absolute"
misfire = "catch_up"
max_runs = 10
max_age = "2d"
grace = "90s"
priority = 7
needs.time = "synced"
enabled = false
args = { level = 3, tags = ["a", "b"] }

[[schedules]]
id = "hourly"
handler = "sync/up"
every = "1h"
misfire = "windowed"
window = "10min"
timeout = "1min"
args = '{ "b": 1, "a": [true, null] }'

[[schedules]]
id = "morning"
handler = "elsewhere"
daily = "06:00"
misfire = "catch_up_one"

[[schedules]]
id = "weekly"
handler = "elsewhere"
weekly = "mon,thu 06:00"

[[socket.allow]]
uid = 1000
component = "app"
role = "operator"
[[socket.allow]]
gid = 0
component = "guest"

[limits]
active_jobs_device = 5000
args_bytes = "1 KiB"
dead_age_ms = 86400000
)");
  EXPECT_EQ(config.name, "pump-3");
  EXPECT_EQ(config.component, "pump");
  EXPECT_TRUE(config.volatile_ok);
  EXPECT_EQ(config.heartbeat, minutes(5));

  ASSERT_EQ(config.handlers.size(), 2U);
  const auto& backup = config.handlers[0];
  EXPECT_EQ(backup.name, "backup");
  EXPECT_EQ(backup.command.argv, (std::vector<std::string>{"/usr/bin/backup", "--all"}));
  EXPECT_EQ(backup.command.user, "backup");
  EXPECT_EQ(backup.command.directory, "/var/lib");
  EXPECT_EQ(backup.command.environment,
            (std::vector<std::pair<std::string, std::string>>{{"LEVEL", "3"}, {"LC_ALL", "C"}}));
  EXPECT_EQ(backup.timeout, minutes(2));
  EXPECT_EQ(backup.max_running, 64U);
  EXPECT_EQ(backup.callers, (std::vector<std::string>{"app", "*"}));
  EXPECT_EQ(config.handlers[1].name, "sync/up");
  EXPECT_EQ(config.handlers[1].max_running, 1U);

  ASSERT_EQ(config.schedules.size(), 4U);
  schedules::Definition nightly;
  nightly.name = "nightly";
  nightly.timing = {schedules::Kind::cron, "0 3 * * *", {}, "Europe/Berlin", schedules::Dst::absolute};
  nightly.handler = "backup";
  nightly.args = R"({"level":3,"tags":["a","b"]})";
  nightly.misfire = {jobs::Misfire::Policy::catch_up, {}, 10, hours(48)};
  nightly.grace = seconds(90);
  nightly.timeout = minutes(2);  // its handler's
  nightly.priority = 7;
  nightly.needs_time = Trust::synced;
  nightly.enabled = false;
  EXPECT_EQ(config.schedules[0], nightly);
  const auto& hourly = config.schedules[1];
  EXPECT_EQ(hourly.timing.kind, schedules::Kind::every);
  EXPECT_EQ(hourly.timing.period, hours(1));
  EXPECT_EQ(hourly.misfire, jobs::Misfire::windowed(minutes(10)));
  EXPECT_EQ(hourly.timeout, minutes(1));
  EXPECT_EQ(hourly.args, R"({"b":1,"a":[true,null]})");
  const auto& morning = config.schedules[2];
  EXPECT_EQ(morning.timing.kind, schedules::Kind::daily);
  EXPECT_EQ(morning.timing.text, "06:00");
  EXPECT_EQ(morning.misfire, jobs::Misfire::run_once_if_missed());
  const auto& weekly = config.schedules[3];
  EXPECT_EQ(weekly.timing.kind, schedules::Kind::weekly);
  EXPECT_EQ(weekly.timing.zone, "UTC");
  EXPECT_EQ(weekly.misfire, jobs::Misfire::skip());
  EXPECT_EQ(weekly.args, "");

  ASSERT_EQ(config.allow.size(), 2U);
  EXPECT_EQ(config.allow[0].uid, 1000U);
  EXPECT_FALSE(config.allow[0].gid.has_value());
  EXPECT_EQ(config.allow[0].who.component, "app");
  EXPECT_EQ(config.allow[0].who.role, Role::operator_);
  EXPECT_EQ(config.allow[1].gid, 0U);
  EXPECT_EQ(config.allow[1].who.role, Role::none);

  EXPECT_EQ(config.limits.active_jobs_device, 5'000U);
  EXPECT_EQ(config.limits.args_bytes, 1'024U);
  EXPECT_EQ(config.limits.dead_age_ms, 86'400'000);
  EXPECT_EQ(config.limits.dead_ring, Limits{}.dead_ring);
}

TEST(Config, limits_override_what_the_board_says_and_leave_the_rest_of_it) {
  const auto config = good("[limits]\nready_window = 9\n", Limits::tiny());
  EXPECT_EQ(config.limits.ready_window, 9U);
  EXPECT_EQ(config.limits.dead_ring, Limits::tiny().dead_ring);
}

struct Bad {
  const char* name;
  const char* text;
  const char* field;
  const char* code;
  const char* says;  // part of its message: place or allowed values
};

class BadConfig : public testing::TestWithParam<Bad> {};

TEST_P(BadConfig, is_refused_with_field_code_and_what_is_allowed) {
  const auto& row = GetParam();
  const auto config = parse_config(row.text, "device.toml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code, std::string("config.") + row.code);
  ASSERT_EQ(config.error().fields.size(), 1U) << config.error().message;
  const auto& field = config.error().fields.front();
  EXPECT_EQ(field.field, row.field);
  EXPECT_EQ(field.code, row.code);
  EXPECT_NE(field.message.find(row.says), std::string::npos) << field.message;
}

#define SCHEDULE "[[schedules]]\nid = \"s\"\nhandler = \"h\"\n"

INSTANTIATE_TEST_SUITE_P(
    Rows, BadConfig,
    testing::Values(
        Bad{"unknown_table", "[divice]\n", "divice", "unknown_key", "device.toml:1"},
        Bad{"unknown_key", "[device]\nnmae = \"x\"\n", "device.nmae", "unknown_key", "name"},
        Bad{"component_name", "[device]\ncomponent = \"A b\"\n", "device.component", "bad_format", "a-z 0-9"},
        Bad{"wrong_type", "[device]\nvolatile_ok = 1\n", "device.volatile_ok", "bad_type", "device.toml:2"},
        Bad{"T030_heartbeat_too_short", "[device]\nheartbeat = \"2s\"\n", "device.heartbeat", "out_of_range",
            "5s..1h"},
        Bad{"handler_name", "[handlers.\"A B\"]\ncommand = [\"x\"]\n", "handlers.A B", "bad_format", "a-z 0-9"},
        Bad{"no_command", "[handlers.h]\n", "handlers.h.command", "required", "/usr/bin/env"},
        Bad{"empty_command", "[handlers.h]\ncommand = []\n", "handlers.h.command", "out_of_range", "at least one"},
        Bad{"command_is_text", "[handlers.h]\ncommand = \"echo hi\"\n", "handlers.h.command", "bad_type",
            "array of texts"},
        Bad{"nul_in_command", "[handlers.h]\ncommand = [\"a\\u0000b\"]\n", "handlers.h.command", "bad_format",
            "NUL"},
        Bad{"empty_user", "[handlers.h]\ncommand = [\"x\"]\nuser = \"\"\n", "handlers.h.user", "bad_format",
            "user"},
        Bad{"two_users", "[handlers.h]\ncommand = [\"x\"]\nuser = \"a\"\nuser_if_root = \"b\"\n",
            "handlers.h.user_if_root", "out_of_range", "not both"},
        Bad{"relative_directory", "[handlers.h]\ncommand = [\"x\"]\ndirectory = \"tmp\"\n", "handlers.h.directory",
            "bad_format", "absolute"},
        Bad{"own_environment", "[handlers.h]\ncommand = [\"x\"]\nenvironment = { DORMOUSE_JOB = \"1\" }\n",
            "handlers.h.environment.DORMOUSE_JOB", "out_of_range", "runtime's own"},
        Bad{"timeout_too_long", "[handlers.h]\ncommand = [\"x\"]\ntimeout = \"2d\"\n", "handlers.h.timeout",
            "out_of_range", "100ms..1d"},
        Bad{"max_running_0", "[handlers.h]\ncommand = [\"x\"]\nmax_running = 0\n", "handlers.h.max_running",
            "out_of_range", "1 to 64"},
        Bad{"max_running_65", "[handlers.h]\ncommand = [\"x\"]\nmax_running = 65\n", "handlers.h.max_running",
            "out_of_range", "1 to 64"},
        Bad{"caller_name", "[handlers.h]\ncommand = [\"x\"]\ncallers = [\"A\"]\n", "handlers.h.callers",
            "bad_format", "components"},
        Bad{"no_id", "[[schedules]]\nhandler = \"h\"\nevery = \"1h\"\n", "schedules.0.id", "required", "text"},
        Bad{"same_id_twice", SCHEDULE "every = \"1h\"\n" SCHEDULE "every = \"2h\"\n", "schedules.1.id",
            "out_of_range", "its own"},
        Bad{"no_timing", SCHEDULE, "schedules.0.cron", "required", "exactly one"},
        Bad{"two_timings", SCHEDULE "cron = \"* * * * *\"\nevery = \"1h\"\n", "schedules.0.every", "out_of_range",
            "exactly one"},
        Bad{"period_too_short", SCHEDULE "every = \"999ms\"\n", "schedules.0.every", "out_of_range", "1s..365d"},
        Bad{"cron_part", SCHEDULE "cron = \"60 * * * *\"\n", "schedules.0.cron", "cron_out_of_range",
            "device.toml:4"},
        Bad{"daily_text", SCHEDULE "daily = \"6 o'clock\"\n", "schedules.0.daily", "bad_format", "06:00"},
        Bad{"weekly_text", SCHEDULE "weekly = \"06:00\"\n", "schedules.0.weekly", "bad_format", "mon,thu 06:00"},
        Bad{"zone_name", SCHEDULE "daily = \"06:00\"\nzone = \"Europe/Berlim\"\n", "schedules.0.zone",
            "zone_unknown", "device.toml:5"},
        Bad{"dst_word", SCHEDULE "every = \"1h\"\ndst = \"twice\"\n", "schedules.0.dst", "out_of_range",
            "absolute"},
        Bad{"misfire_word", SCHEDULE "every = \"1h\"\nmisfire = \"maybe\"\n", "schedules.0.misfire", "out_of_range",
            "catch_up, skip, run_once_if_missed, windowed"},
        Bad{"windowed_without_window", SCHEDULE "every = \"1h\"\nmisfire = \"windowed\"\n", "schedules.0.window",
            "required", "windowed"},
        Bad{"window_without_windowed", SCHEDULE "every = \"1h\"\nwindow = \"1min\"\n", "schedules.0.window",
            "out_of_range", "windowed"},
        Bad{"max_age_without_catch_up", SCHEDULE "every = \"1h\"\nmax_age = \"1d\"\n", "schedules.0.max_age",
            "out_of_range", "catch_up"},
        Bad{"max_runs_0", SCHEDULE "every = \"1h\"\nmax_runs = 0\n", "schedules.0.max_runs", "out_of_range",
            "1 to 1000"},
        Bad{"needs_time_word", SCHEDULE "every = \"1h\"\nneeds.time = \"gps\"\n", "schedules.0.needs.time",
            "out_of_range", "any, rtc, synced"},
        Bad{"needs_time_number", SCHEDULE "every = \"1h\"\nneeds.time = 2\n", "schedules.0.needs.time", "bad_type",
            "text"},
        Bad{"needs_something_else", SCHEDULE "every = \"1h\"\nneeds = { tide = \"high\" }\n",
            "schedules.0.needs.tide", "unknown_key", "time"},
        Bad{"args_number", SCHEDULE "every = \"1h\"\nargs = 42\n", "schedules.0.args", "bad_type", "JSON object"},
        Bad{"args_scalar_text", SCHEDULE "every = \"1h\"\nargs = 'true'\n", "schedules.0.args", "bad_format",
            "JSON object"},
        Bad{"args_syntax", SCHEDULE "every = \"1h\"\nargs = '{a'\n", "schedules.0.args", "bad_format",
            "JSON object"},
        Bad{"nobody_allowed", "[[socket.allow]]\ncomponent = \"a\"\n", "socket.allow.0.uid", "required",
            "uid or gid"},
        Bad{"uid_and_gid", "[[socket.allow]]\nuid = 1\ngid = 1\ncomponent = \"a\"\n", "socket.allow.0.gid",
            "out_of_range", "either"},
        Bad{"no_component", "[[socket.allow]]\nuid = 1\n", "socket.allow.0.component", "required", "text"},
        Bad{"role_word", "[[socket.allow]]\nuid = 1\ncomponent = \"a\"\nrole = \"root\"\n", "socket.allow.0.role",
            "out_of_range", "none, reader, operator"},
        Bad{"unknown_limit", "[limits]\njobs = 1\n", "limits.jobs", "unknown_key", "active_jobs_device"},
        Bad{"limit_range", "[limits]\nrunning_device = 0\n", "limits.running_device", "out_of_range", "1 to 64"},
        Bad{"limit_size", "[limits]\nargs_bytes = \"1 MiB\"\n", "limits.args_bytes", "out_of_range", "100000"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Config, all_mistakes_are_told_at_once_in_the_order_of_the_file) {
  const auto config = parse_config(R"([device]
heartbeat = "2h"
[handlers.a]
max_running = 99
[limits]
nothing = 1
)",
                                   "device.toml");
  ASSERT_FALSE(config.ok());
  std::vector<std::string> fields;
  for (const auto& field : config.error().fields) fields.push_back(field.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"device.heartbeat", "handlers.a.command", "handlers.a.max_running",
                                              "limits.nothing"}));
  EXPECT_EQ(config.error().code, "config.out_of_range");
}

TEST(Config, a_file_that_is_not_there_or_not_toml_is_told_apart) {
  EXPECT_EQ(load_config("/nonexistent/device.toml").error().code, "config.unreadable");
  EXPECT_EQ(parse_config("[device", "device.toml").error().code, "config.bad_syntax");
}

TEST(Config, L091_as_root_every_command_needs_a_user_and_each_that_lacks_one_is_named) {
  constexpr auto text = R"(
[handlers.with]
command = ["x"]
user = "nobody"
[handlers.root]
command = ["x"]
user = "root"
[handlers.without]
command = ["x"]
[handlers.either]
command = ["x"]
user_if_root = "daemon"
)";
  auto as_root = good(text);
  const auto refused = settle_users(as_root, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "config.required");
  ASSERT_EQ(refused.error().fields.size(), 1U);
  EXPECT_EQ(refused.error().fields[0].field, "handlers.without.user");
  EXPECT_NE(refused.error().message.find("handlers.without.user"), std::string::npos);
  EXPECT_EQ(as_root.handlers[1].command.user, "root");
  EXPECT_EQ(as_root.handlers[3].command.user, "daemon");

  auto as_other = good(text);
  EXPECT_TRUE(settle_users(as_other, false).ok());
  EXPECT_EQ(as_other.handlers[2].command.user, "");
  EXPECT_EQ(as_other.handlers[3].command.user, "");
}

TEST(Config, the_demonstration_configuration_is_good_as_root_and_as_anybody) {
  auto config = load_config(std::filesystem::path(DORMOUSE_SOURCE_DIR) / "tools/examples/demo.toml");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_TRUE(settle_users(*config, true).ok());
  for (const auto& schedule : config->schedules)
    EXPECT_TRUE(std::any_of(config->handlers.begin(), config->handlers.end(), [&](const auto& handler) {
      return handler.name == schedule.handler;
    })) << schedule.name;
}

}  // namespace
}  // namespace dormouse::actors
