// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/snapshots.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/store/last_numbers.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "snapshot-";
constexpr std::string_view unfinished_mark = ".new-";
constexpr std::size_t sequence_digits = 20;
constexpr std::size_t boot_digits = 10;
constexpr std::size_t pumped_at_once = 64 * 1024;
constexpr mode_t file_mode = 0640;

using Deadline = std::chrono::steady_clock::time_point;

fs::path folder_of(const fs::path& data) {
  return data / "snapshots";
}

std::string name_of(std::uint32_t boot, std::uint64_t sequence) {
  char name[64];
  std::snprintf(name, sizeof name, "snapshot-%010u-%020llu", boot, static_cast<unsigned long long>(sequence));
  return name;
}

template <class Number>
bool parse(std::string_view digits, Number& number) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size();
}

std::optional<Snapshot> parse_name(const fs::path& path) {
  const std::string name = path.filename().string();
  std::string_view rest(name);
  if (!rest.starts_with(prefix) || rest.size() != prefix.size() + sequence_digits + 1 + boot_digits)
    return std::nullopt;
  rest.remove_prefix(prefix.size());
  Snapshot snapshot{.path = path};
  if (!parse(rest.substr(0, boot_digits), snapshot.boot) || rest[boot_digits] != '-' ||
      !parse(rest.substr(boot_digits + 1), snapshot.sequence))
    return std::nullopt;
  return snapshot;
}

/// Under the name of something unfinished first, so that a cut leaves no half of it under its own name.
Status throw_away(const fs::path& path) {
  const auto going = unfinished_name(path);
  if (auto renamed = rename_durably(path, going); !renamed) return renamed;
  std::error_code error;
  fs::remove_all(going, error);
  if (error) return file_error("remove", going, error.value());
  return done();
}

Status keep_the_newest(const fs::path& data) {
  auto all = list_snapshots(data);
  if (!all) return std::move(all).error();
  for (std::size_t i = snapshots_kept; i < all->size(); ++i)
    if (auto gone = throw_away((*all)[i].path); !gone) return gone;
  return done();
}

/// What comes out of the pipe goes to the file, until the other end is closed.
Status pump(int from, int to, const fs::path& path, Deadline deadline) {
  Bytes part(pumped_at_once, '\0');
  for (std::uint64_t offset = 0;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return Error{.code = "store.snapshot_failed", .message = "it was not done in time and was given up"};
    pollfd wait{from, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left.count(), INT32_MAX)));
    if (ready < 0 && errno != EINTR) return file_error("wait for", path, errno);
    if (ready <= 0) continue;
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("copy to", path, errno);
    if (got == 0) return done();
    const auto length = static_cast<std::size_t>(got);
    if (auto written = write_at(to, path, offset, BytesView(part).substr(0, length)); !written) return written;
    offset += length;
  }
}

/// Through a pipe, whose reading end is ours to close: that ends a copy that would hold its pages for ever.
Status copy_through_pipe(const CopyTree& copy, const fs::path& path, Deadline deadline) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
  if (!file) return file_error("create", path, errno);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return file_error("make a pipe for", path, errno);
  FileHandle reader(ends[0]);
  Status copied = done();
  std::thread copier([&copy, &copied, fd = ends[1]] {
    // A copy that is given up writes into a pipe that nobody reads: an error, not a reason to die.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    const FileHandle writer(fd);
    copied = copy(writer.get());
  });
  auto pumped = pump(reader.get(), file.get(), path, deadline);
  reader = FileHandle();
  copier.join();
  if (!pumped) return pumped;
  if (!copied) return copied;
  if (::fsync(file.get()) != 0) return file_error("sync", path, errno);
  return done();
}

/// Copies into the folder and makes it durable there; answers the sequence it holds.
Result<std::uint64_t> make_copy(const fs::path& folder, const CopyTree& copy, Deadline deadline) {
  if (auto made = make_folder(folder); !made) return std::move(made).error();
  if (auto copied = copy_through_pipe(copy, folder / "data.mdb", deadline); !copied)
    return std::move(copied).error();
  if (auto synced = sync_path(folder); !synced) return std::move(synced).error();
  auto tree = store::open_lmdb_tree(folder, {.read_only = true});
  if (!tree) return std::move(tree).error();
  auto numbers = store::last_numbers(**tree);
  if (!numbers) return std::move(numbers).error();
  return numbers->sequence;
}

Result<Snapshot> take(const fs::path& data, const fs::path& unfinished, std::uint32_t boot, const CopyTree& copy,
                      Deadline deadline) {
  if (auto made = make_folder(folder_of(data)); !made) return std::move(made).error();
  auto sequence = make_copy(unfinished, copy, deadline);
  if (!sequence) return std::move(sequence).error();
  Snapshot snapshot{folder_of(data) / name_of(boot, *sequence), boot, *sequence};
  std::error_code ignored;
  if (fs::exists(snapshot.path, ignored)) {
    fs::remove_all(unfinished, ignored);
    return snapshot;
  }
  if (auto renamed = rename_durably(unfinished, snapshot.path); !renamed) return std::move(renamed).error();
  return snapshot;
}

}  // namespace

Result<std::vector<Snapshot>> list_snapshots(const fs::path& data) {
  std::vector<Snapshot> found;
  std::error_code error;
  if (!fs::exists(folder_of(data), error)) return found;
  for (auto entry = fs::directory_iterator(folder_of(data), error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (auto snapshot = parse_name(entry->path())) found.push_back(*std::move(snapshot));
  if (error) return file_error("list", folder_of(data), error.value());
  const auto newer = [](const Snapshot& a, const Snapshot& b) {
    return std::pair(a.boot, a.sequence) > std::pair(b.boot, b.sequence);
  };
  std::sort(found.begin(), found.end(), newer);
  return found;
}

Result<Snapshot> take_snapshot(const fs::path& data, std::uint32_t boot, const CopyTree& copy,
                               std::chrono::milliseconds bound) {
  const auto unfinished = unfinished_name(folder_of(data) / "copy");
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);  // of a former try of this process
  auto taken = take(data, unfinished, boot, copy, std::chrono::steady_clock::now() + bound);
  if (!taken) {
    fs::remove_all(unfinished, ignored);
    return Error{.code = "store.snapshot_failed",
                 .message = "no snapshot of " + data.string() + ": " + taken.error().message,
                 .hint = taken.error().hint};
  }
  (void)keep_the_newest(data);  // what is too many now is tried again with the next one
  return taken;
}

Status remove_unfinished_snapshots(const fs::path& data) {
  std::vector<fs::path> leftovers;
  std::error_code error;
  if (!fs::exists(folder_of(data), error)) return done();
  for (auto entry = fs::directory_iterator(folder_of(data), error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->path().filename().string().find(unfinished_mark) != std::string::npos)
      leftovers.push_back(entry->path());
  for (const auto& leftover : leftovers)
    if (!error) fs::remove_all(leftover, error);
  if (error) return file_error("clean", folder_of(data), error.value());
  return done();
}

}  // namespace dormouse::hal_linux
