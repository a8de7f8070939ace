// SPDX-License-Identifier: Apache-2.0
// store flush: the running device makes durable what may still wait; for who is about to suspend the machine or to
// cut its power.
#include <memory>

#include "tools/dormouse/device_talk.hpp"
#include "tools/dormouse/output.hpp"
#include "tools/dormouse/store_commands.hpp"

namespace dormouse::cli {

void add_store_flush(Command& store, CommandLine& line) {
  const auto checkpoint = std::make_shared<bool>(false);
  Command command = store.sub("flush", "Have the running device make durable whatever still waits to be");
  command.flag("--checkpoint", "And commit it, with the time of this moment: before a suspend", *checkpoint);
  command.does([checkpoint, &globals = line.globals()] {
    wire::Record body;
    if (*checkpoint) body.put_bool(wire::Key::checkpoint, true);
    return ask(globals, wire::Message::store_flush, body, [checkpoint](const wire::Record&) {
      print_text(*checkpoint ? "all is durable and committed\n" : "all is durable\n");
    });
  });
}

}  // namespace dormouse::cli
