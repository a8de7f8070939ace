// SPDX-License-Identifier: Apache-2.0
// The arrows between layers and rooms hold over every include line of the tree.
#include <gtest/gtest.h>

#include "tests/style/include_rules.hpp"
#include "tests/style/source_tree.hpp"

namespace dormouse::style {
namespace {

TEST(Includes, follow_the_arrows_between_layers_and_rooms) {
  std::size_t lines = 0;
  for (const auto& file : source_tree()) {
    if (!file.is_code()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto what = included_by(file.lines[i]);
      if (!what) continue;
      ++lines;
      if (const auto why = offence(file.path, *what))
        ADD_FAILURE() << file.path << ":" << i + 1 << ": " << *what << ": " << *why;
    }
  }
  EXPECT_GT(lines, 100U) << "the tree was not found";
}

TEST(Includes, name_lmdb_in_one_source_file_alone) {
  std::vector<std::string> files;
  for (const auto& file : source_tree())
    for (const auto& line : file.lines)
      if (file.is_code() && included_by(line) == "<lmdb.h>") files.push_back(file.path);
  EXPECT_LE(files.size(), 1U) << files.front() << ", " << files.back();
  for (const auto& path : files) EXPECT_TRUE(path.ends_with(".cpp")) << path;
}

struct Row {
  const char* path;
  const char* line;
  bool allowed;
};

TEST(Includes, the_rules_know_right_from_wrong) {
  const Row rows[] = {
      {"runtime/jobs/job.cpp", "#include \"runtime/jobs/job.hpp\"", true},
      {"runtime/jobs/job.cpp", "#include \"runtime/store/store.hpp\"", true},
      {"runtime/jobs/job.cpp", "#include \"runtime/schedules/schedule.hpp\"", false},
      {"runtime/base/check.cpp", "#include \"runtime/time/types.hpp\"", false},
      {"runtime/time/trust.cpp", "#include \"hal/clock.hpp\"", false},
      {"runtime/time/trust.cpp", "#include \"trust.hpp\"", false},
      {"hal/clock.hpp", "#include \"runtime/time/types.hpp\"", true},
      {"hal/clock.hpp", "#include \"hal/linux/clock/clock.hpp\"", false},
      {"hal/linux/clock/clock.cpp", "#include \"hal/clock.hpp\"", true},
      {"hal/linux/clock/clock.cpp", "#include \"hal/sim/clock.hpp\"", false},
      {"actors/device.cpp", "#include \"hal/clock.hpp\"", true},
      {"actors/device.cpp", "#include \"hal/linux/clock/clock.hpp\"", false},
      {"actors/device.cpp", "#include \"boards/board.hpp\"", false},
      {"boards/board.cpp", "#include \"hal/linux/clock/clock.hpp\"", true},
      {"boards/board.cpp", "#include \"actors/device.hpp\"", false},
      {"tools/dormouse/main.cpp", "#include \"boards/board.hpp\"", true},
      {"tools/dormouse/main.cpp", "#include \"tests/sim/story.hpp\"", false},
      {"tests/sim/story.cpp", "#include \"helpers.hpp\"", true},
      {"tests/sim/story.cpp", "#include \"tools/sim/runner.hpp\"", true},
      {"hal/linux/data/store_folder.cpp", "#include \"hal/linux/files/durable_file.hpp\"", true},
      {"hal/linux/files/durable_file.cpp", "#include \"hal/linux/data/store_folder.hpp\"", false},
      {"boards/board.cpp", "#include \"hal/linux/data/store_folder.hpp\"", true},
      {"actors/supervisor/supervisor.cpp", "#include \"actors/link/link.hpp\"", true},
      {"actors/link/link.cpp", "#include \"actors/supervisor/supervisor.hpp\"", false},
      {"actors/time/timekeeper.cpp", "#include \"actors/scheduling/cron.hpp\"", false},
      {"runtime/store/lmdb_tree.cpp", "  #  include <lmdb.h>", true},
      {"actors/storage/storage.cpp", "#include <lmdb.h>", false},
      {"hal/sim/loop.cpp", "#include <caf/actor_system.hpp>", false},
      {"actors/storage/storage.cpp", "#include <caf/actor_system.hpp>", true},
      {"runtime/time/zone.cpp", "#include <cctz/time_zone.h>", false},
      {"boards/board.cpp", "#include <toml++/toml.h>", false},
      {"runtime/store/journal.cpp", "#include <unistd.h>", false},
      {"hal/linux/medium.cpp", "#include <sys/stat.h>", true},
      {"runtime/store/journal.cpp", "#include <mutex>", false},
      {"actors/dispatcher/worker_pool.cpp", "#include <mutex>", true},
      {"hal/sim/loop.cpp", "#include <asio/io_context.hpp>", false},
  };
  for (const auto& row : rows) {
    const auto what = included_by(row.line);
    ASSERT_TRUE(what.has_value()) << row.line;
    EXPECT_EQ(!offence(row.path, *what).has_value(), row.allowed) << row.path << ": " << row.line;
  }
  EXPECT_FALSE(included_by("// #include <lmdb.h>").has_value());
  EXPECT_FALSE(included_by("#pragma once").has_value());
}

}  // namespace
}  // namespace dormouse::style
