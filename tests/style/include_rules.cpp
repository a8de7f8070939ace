// SPDX-License-Identifier: Apache-2.0
#include "tests/style/include_rules.hpp"

#include <algorithm>
#include <initializer_list>

namespace dormouse::style {
namespace {

/// A folder may include itself and these. The longest folder that begins a path is its room; an entry of `may`
/// without a slash-separated room of its own stands for all below it.
struct Room {
  std::string_view folder;
  std::initializer_list<std::string_view> may;
};
const Room rooms[] = {
    // The rooms of runtime/, lowest first: each may include those before it.
    {"runtime/base", {}},
    {"runtime/wire", {"runtime/base"}},
    {"runtime/time", {"runtime/base", "runtime/wire"}},
    {"runtime/store", {"runtime/base", "runtime/wire", "runtime/time"}},
    {"runtime/jobs", {"runtime/base", "runtime/wire", "runtime/time", "runtime/store"}},
    {"runtime/schedules", {"runtime/base", "runtime/wire", "runtime/time", "runtime/store", "runtime/jobs"}},
    {"runtime/reconcile",
     {"runtime/base", "runtime/wire", "runtime/time", "runtime/store", "runtime/jobs", "runtime/schedules"}},
    {"hal/linux/files", {"runtime"}},
    {"hal/linux/clock", {"runtime", "hal", "hal/linux", "hal/linux/files"}},
    {"hal/linux/data", {"runtime", "hal", "hal/linux/files"}},
    {"hal/linux/link", {"runtime", "hal", "hal/linux"}},
    {"hal/linux/network", {"runtime", "hal", "hal/linux", "hal/linux/files"}},
    {"hal/linux/process", {"runtime", "hal", "hal/linux", "hal/linux/files"}},
    {"hal/linux", {"runtime", "hal"}},
    {"hal/sim", {"runtime", "hal"}},
    {"hal", {"runtime"}},
    {"boards", {"runtime", "hal", "hal/linux", "hal/sim"}},
    {"actors/time", {"runtime", "hal", "actors"}},
    {"actors/storage", {"runtime", "hal", "actors", "actors/time"}},
    {"actors/scheduling", {"runtime", "hal", "actors", "actors/time", "actors/storage"}},
    {"actors/dispatcher", {"runtime", "hal", "actors", "actors/time"}},
    {"actors/link", {"runtime", "hal", "actors", "actors/time"}},
    {"actors/config", {"runtime", "hal", "actors"}},
    {"actors/supervisor",
     {"runtime", "hal", "actors", "actors/time", "actors/storage", "actors/scheduling", "actors/dispatcher",
      "actors/link"}},
    {"actors", {"runtime", "hal", "actors/storage", "actors/dispatcher", "actors/supervisor"}},
    {"tools", {"runtime", "hal", "hal/linux", "hal/sim", "boards", "actors"}},
    {"tests", {"runtime", "hal", "hal/linux", "hal/sim", "boards", "actors", "tools"}},
};

/// Headers (with the bracket, a prefix) and the folders or files that may include them.
struct Library {
  std::string_view header;
  std::initializer_list<std::string_view> where;
  std::string_view why;
};
const Library libraries[] = {
    {"<lmdb.h", {"runtime/store/"}, "the store's tree alone knows LMDB"},
    {"<caf/", {"actors/", "tools/", "tests/"}, "actors are the shell, not the core"},
    {"<cctz/", {"runtime/schedules/"}, "schedules alone know time zones"},
    {"<toml++/", {"runtime/time/toml_node.cpp"}, "files are read through strict_toml.hpp"},
    {"<asio", {"hal/linux/"}, "the event loop is a part of the hardware"},
    {"<boost/", {}, "no Boost"},
};

// What an operating system brings; only hal/linux/, programs and tests may know it.
constexpr std::string_view os_headers[] = {
    "<sys/",      "<linux/",     "<netinet/",  "<arpa/",    "<net/",     "<asm/",     "<unistd.h>", "<fcntl.h>",
    "<poll.h>",   "<pwd.h>",     "<grp.h>",    "<sched.h>", "<spawn.h>", "<dlfcn.h>", "<dirent.h>", "<termios.h>",
    "<signal.h>", "<pthread.h>", "<syslog.h>", "<netdb.h>", "<glob.h>",  "<mntent.h>"};

// runtime/ is handed everything: it waits for nobody and asks no clock.
constexpr std::string_view threads[] = {"<thread>", "<mutex>",     "<shared_mutex>", "<condition_variable>",
                                        "<future>", "<semaphore>", "<latch>",        "<barrier>"};

bool below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

const Room* room_of(std::string_view path) {
  const Room* best = nullptr;
  for (const auto& room : rooms)
    if (below(path, room.folder) && (!best || room.folder.size() > best->folder.size())) best = &room;
  return best;
}

std::optional<std::string> layer_offence(std::string_view path, std::string_view target) {
  const auto* from = room_of(path);
  const auto* to = room_of(target);
  if (!from) return std::nullopt;
  // A test may have helpers beside it.
  if (from->folder == "tests" && target.find('/') == std::string_view::npos) return std::nullopt;
  if (!to) return "includes start at the root of the tree, such as \"runtime/jobs/job.hpp\"";
  if (from == to) return std::nullopt;
  const bool allowed = std::any_of(from->may.begin(), from->may.end(), [&](std::string_view folder) {
    // "hal" means the interfaces alone; programs and tests that may see a folder may see all of its rooms.
    const bool with_its_rooms = folder != "hal" && !below(from->folder, folder);
    return to->folder == folder || (with_its_rooms && below(to->folder, folder));
  });
  if (allowed) return std::nullopt;
  return std::string(from->folder) + " may not include " + std::string(to->folder);
}

}  // namespace

std::optional<std::string> included_by(std::string_view line) {
  const auto skip_blanks = [&] {
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  };
  skip_blanks();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skip_blanks();
  if (!line.starts_with("include")) return std::nullopt;
  line.remove_prefix(std::string_view("include").size());
  skip_blanks();
  if (line.empty() || (line.front() != '"' && line.front() != '<')) return std::nullopt;
  const auto end = line.find(line.front() == '"' ? '"' : '>', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(line.substr(0, end + 1));
}

std::optional<std::string> offence(std::string_view path, std::string_view what) {
  if (what.starts_with('"')) return layer_offence(path, what.substr(1, what.size() - 2));
  for (const auto& library : libraries) {
    if (!what.starts_with(library.header)) continue;
    const bool allowed = std::any_of(library.where.begin(), library.where.end(),
                                     [&](std::string_view where) { return path.starts_with(where); });
    if (!allowed) return std::string(library.why);
  }
  const bool knows_the_os = below(path, "hal/linux") || below(path, "tools") || below(path, "tests");
  for (const auto header : os_headers)
    if (what.starts_with(header) && !knows_the_os) return "headers of the operating system belong to hal/linux";
  if (below(path, "runtime") && std::find(std::begin(threads), std::end(threads), what) != std::end(threads))
    return "runtime has no threads";
  return std::nullopt;
}

}  // namespace dormouse::style
