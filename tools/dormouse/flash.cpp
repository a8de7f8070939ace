// SPDX-License-Identifier: Apache-2.0
// flash: what the device has written to its flash, by day, cause and component, and how long the flash will last.
#include "tools/dormouse/commands.hpp"
#include "tools/dormouse/device_talk.hpp"
#include "tools/dormouse/json.hpp"
#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

void add_flash(CommandLine& line) {
  line.root()
      .sub("flash", "What was written to flash, and how long it will last")
      .does([&globals = line.globals()] {
        return ask_list(globals, wire::Message::store_stats, {}, std::nullopt, [](const auto& items) {
          for (const auto& item : items) print_text(shown(item, wire::Key::text) + "\n");
        });
      });
}

}  // namespace dormouse::cli
