// SPDX-License-Identifier: Apache-2.0
// store backup and store restore: a copy of a store, and a copy in the place of a store. Both are folders that hold
// one data.mdb. A store that a run owns is copied by that run, which is asked over its socket.
#include <chrono>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "boards/board.hpp"
#include "hal/linux/data/restore.hpp"
#include "hal/linux/data/snapshots.hpp"
#include "tools/dormouse/device_talk.hpp"
#include "tools/dormouse/output.hpp"
#include "tools/dormouse/store_commands.hpp"

namespace dormouse::cli {

namespace {

namespace fs = std::filesystem;
using hal_linux::Backup;
using hal_linux::Restored;

struct Choices {
  std::optional<std::string> dir;
  std::optional<std::string> other;  // where to, or what from
  std::optional<std::string> board;
};

Result<hal_linux::RescueOptions> options_of(const Choices& choices) {
  auto board = boards::find_board(choices.board.value_or("generic-linux"));
  if (!board) return std::move(board).error();
  return hal_linux::RescueOptions{.store = {.limits = board->limits}};
}

/// What the owner of the folder has made of its store, by name.
Result<fs::path> ask_owner(const fs::path& data, const Error& locked, const Globals& globals) {
  auto client = connect(globals);
  if (!client)
    return Error{.code = locked.code,
                 .message = locked.message,
                 .hint = "that run can make the copy, but does not answer (" + client.error().message +
                         "); name its socket with --socket, or stop it"};
  const auto reply = client->request(wire::Message::store_snapshot, {});
  if (!reply) return reply.error();
  const fs::path snapshot = data / "snapshots" / fs::path(reply->get_text(wire::Key::name).value_or("")).filename();
  std::error_code ignored;
  if (fs::exists(snapshot / "data.mdb", ignored)) return snapshot;
  return Error{.code = locked.code,
               .message = locked.message,
               .hint = "the device at the socket has another data directory; name the right one with --socket"};
}

Result<Backup> back_up(const Choices& choices, const Globals& globals) {
  auto options = options_of(choices);
  if (!options) return std::move(options).error();
  auto backup = hal_linux::back_up_store(*choices.dir, *choices.other, *options);
  if (backup || backup.error().code != "store.locked") return backup;
  auto snapshot = ask_owner(*choices.dir, backup.error(), globals);
  if (!snapshot) return std::move(snapshot).error();
  return hal_linux::back_up_snapshot(*snapshot, *choices.other, *options);
}

int show_backup(const Choices& choices, const Globals& globals) {
  const auto backup = back_up(choices, globals);
  if (!backup) return fail(backup.error(), globals.json);
  if (globals.json) {
    print({{"backup", *choices.other},
           {"sequence", backup->sequence},
           {"verified", backup->verification.verified},
           {"records", backup->verification.expected}});
  } else {
    print_text(*choices.other + " holds the store up to batch " + std::to_string(backup->sequence) + "; " +
               backup->verification.words() + "\n");
  }
  return well;
}

/// A folder, the name of one of the directory's own snapshots, or the newest of them.
Result<fs::path> find_snapshot(const fs::path& data, const std::string& given) {
  std::error_code ignored;
  if (fs::exists(fs::path(given) / "data.mdb", ignored)) return fs::path(given);
  const auto all = hal_linux::list_snapshots(data);
  if (!all) return all.error();
  std::string known;
  for (const auto& snapshot : *all) {
    const auto name = snapshot.path.filename().string();
    if (name == given || given == "newest") return snapshot.path;
    known += (known.empty() ? "" : ", ") + name;
  }
  return Error{.code = "store.no_snapshot",
               .message = "There is no snapshot " + given + ": neither a folder that holds a data.mdb nor one of " +
                          data.string() + "'s own.",
               .hint = known.empty() ? "it has none" : "it has " + known};
}

Result<Restored> restore(const Choices& choices) {
  auto options = options_of(choices);
  if (!options) return std::move(options).error();
  const auto snapshot = find_snapshot(*choices.dir, *choices.other);
  if (!snapshot) return snapshot.error();
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const WallTime now{std::chrono::duration_cast<Duration>(since_1970).count()};
  return hal_linux::restore_snapshot(*choices.dir, *snapshot, now, *options);
}

int show_restore(const Choices& choices, const Globals& globals) {
  const auto restored = restore(choices);
  if (!restored) return fail(restored.error(), globals.json);
  if (globals.json) {
    print({{"store", restored->store_id},
           {"sequence", restored->sequence},
           {"replaced", restored->replaced},
           {"verified", restored->verification.verified},
           {"records", restored->verification.expected}});
    return well;
  }
  std::string text = "the store stands at batch " + std::to_string(restored->sequence) + " again; " +
                     restored->verification.words() + "\n";
  if (!restored->replaced.empty()) text += "what was there before is in " + restored->replaced + "\n";
  text += "jobs that ended since then may run again; those that run at most once end missed\n";
  print_text(text);
  return well;
}

}  // namespace

void add_store_backup(Command& store, CommandLine& line) {
  const auto choices = std::make_shared<Choices>();
  Command command = store.sub("backup", "Copy a store; one that a device owns is copied by that device");
  command.argument("DIR", "The data directory", into(choices->dir, read_text));
  command.argument("TO", "The folder to make", into(choices->other, read_text));
  command.option("--board", "NAME|DIR", "Whose limits the store has; default generic-linux",
                 into(choices->board, read_text));
  command.does([choices, &globals = line.globals()] { return show_backup(*choices, globals); });
}

void add_store_restore(Command& store, CommandLine& line) {
  const auto choices = std::make_shared<Choices>();
  Command command = store.sub("restore", "Put a copy in the place of a stopped store, which is moved aside");
  command.argument("DIR", "The data directory", into(choices->dir, read_text));
  command.argument("SNAPSHOT", "A backup's folder, a name below DIR/snapshots, or newest",
                   into(choices->other, read_text));
  command.option("--board", "NAME|DIR", "Whose limits the store gets; default generic-linux",
                 into(choices->board, read_text));
  command.does([choices, &globals = line.globals()] { return show_restore(*choices, globals); });
}

}  // namespace dormouse::cli
