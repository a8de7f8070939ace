// SPDX-License-Identifier: Apache-2.0
// store: what is done with a store itself.
#include "tools/dormouse/commands.hpp"
#include "tools/dormouse/store_commands.hpp"

namespace dormouse::cli {

void add_store(CommandLine& line) {
  Command store = line.root().sub("store", "Look at a store, keep copies of it, put one in its place");
  add_store_check(store, line);
  add_store_stats(store, line);
  add_store_compact(store, line);
  add_store_flush(store, line);
  add_store_backup(store, line);
  add_store_restore(store, line);
}

}  // namespace dormouse::cli
