// SPDX-License-Identifier: Apache-2.0
// run: a device on this machine, until it is told to stop.
#include <filesystem>
#include <memory>

#include "boards/board.hpp"
#include "hal/linux/data/medium_fault.hpp"
#include "hal/linux/process/heap.hpp"
#include "tools/device/linux_device.hpp"
#include "tools/dormouse/commands.hpp"
#include "tools/dormouse/event_log.hpp"
#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

namespace {

struct RunChoices {
  std::optional<std::string> board;
  std::optional<std::string> config;
  std::optional<std::string> data;
  bool standby = false;
};

Result<LinuxOptions> options_of(const RunChoices& choices, const Globals& globals) {
  auto board = boards::find_board(choices.board.value_or("generic-linux"));
  if (!board) return std::move(board).error();
  if (board->simulated) {
    return Error{.code = "usage",
                 .message = "Board " + board->name + " is simulated; run takes real ones.",
                 .hint = "`dormouse sim run SCENARIO` runs scenarios."};
  }
  LinuxOptions options;
  options.config.limits = board->limits;
  if (choices.config) {
    auto config = actors::load_config(*choices.config, board->limits);
    if (!config) return std::move(config).error();
    options.config = std::move(*config);
  }
  options.board = std::move(*board);
  options.data_dir = choices.data.value_or("");
  options.socket_path = globals.socket;
  options.standby = choices.standby;
  options.observe = event_log(globals.json);
  return options;
}

int run(const RunChoices& choices, const Globals& globals) {
  hal_linux::keep_heap_small();
  auto options = options_of(choices, globals);
  if (!options) return fail(options.error(), globals.json);
  const std::filesystem::path data = options->data_dir.empty() ? options->board.data_dir : options->data_dir;
  hal_linux::end_on_medium_fault(data / "store" / "data.mdb");
  auto device = LinuxDevice::open(std::move(*options), {});
  if (!device) return fail(device.error(), globals.json);
  const auto ended = (*device)->run();
  return ended ? well : fail(ended.error(), globals.json);
}

}  // namespace

void add_run(CommandLine& line) {
  const auto choices = std::make_shared<RunChoices>();
  Command command = line.root().sub("run", "Run a device until SIGTERM or Ctrl-C; its log goes to standard error");
  command.option("--board", "NAME|DIR", "The hardware; default generic-linux", into(choices->board, read_text));
  command.option("--config", "FILE", "Handlers, schedules and who may talk to it",
                 into(choices->config, read_text));
  command.option("--data", "DIR", "Where the store lies; default: the board's", into(choices->data, read_text));
  command.flag("--standby", "Wait until nobody else runs there, then take over", choices->standby);
  command.does([choices, &globals = line.globals()] { return run(*choices, globals); });
}

}  // namespace dormouse::cli
