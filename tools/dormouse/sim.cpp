// SPDX-License-Identifier: Apache-2.0
// sim run: a scenario, a whole device under a fake clock.
#include <memory>

#include "tools/dormouse/commands.hpp"
#include "tools/sim/run_scenario.hpp"

namespace dormouse::cli {

namespace {

struct SimOptions {
  std::optional<std::string> scenario;
  std::optional<std::uint64_t> seed;
  std::optional<std::string> out;
};

}  // namespace

void add_sim(CommandLine& line) {
  const auto options = std::make_shared<SimOptions>();
  Command command = line.root().sub("sim", "A whole device under a fake clock").sub("run", "Run one scenario");
  command.argument("SCENARIO", "A TOML file", into(options->scenario, read_text));
  command.option("--seed", "N", "Repeats a run; default: drawn and printed", into(options->seed, read_number));
  command.option("--out", "FILE", "Where the timeline is written", into(options->out, read_text));
  command.does(
      [options] { return sim::run_scenario(*options->scenario, options->seed, options->out.value_or("")); });
}

}  // namespace dormouse::cli
