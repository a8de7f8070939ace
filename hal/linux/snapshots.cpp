// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/snapshots.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hal/linux/durable_file.hpp"
#include "runtime/store/last_numbers.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "snapshot-";
constexpr std::string_view unfinished_mark = ".new-";
constexpr std::size_t sequence_digits = 20;
constexpr std::size_t boot_digits = 10;

fs::path folder_of(const fs::path& data) {
  return data / "snapshots";
}

std::string name_of(std::uint64_t sequence, std::uint32_t boot) {
  char name[64];
  std::snprintf(name, sizeof name, "snapshot-%020llu-%010u", static_cast<unsigned long long>(sequence), boot);
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
  if (!parse(rest.substr(0, sequence_digits), snapshot.sequence) || rest[sequence_digits] != '-' ||
      !parse(rest.substr(sequence_digits + 1), snapshot.boot))
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

/// Copies into the folder and makes it durable there; answers the sequence it holds.
Result<std::uint64_t> make_copy(const fs::path& folder, const CopyTree& copy) {
  if (auto made = make_folder(folder); !made) return std::move(made).error();
  if (auto copied = copy(folder); !copied) return std::move(copied).error();
  if (auto synced = sync_path(folder / "data.mdb"); !synced) return std::move(synced).error();
  if (auto synced = sync_path(folder); !synced) return std::move(synced).error();
  auto tree = store::open_lmdb_tree(folder, {.read_only = true});
  if (!tree) return std::move(tree).error();
  auto numbers = store::last_numbers(**tree);
  if (!numbers) return std::move(numbers).error();
  return numbers->sequence;
}

Result<Snapshot> take(const fs::path& data, const fs::path& unfinished, std::uint32_t boot, const CopyTree& copy) {
  auto sequence = make_copy(unfinished, copy);
  if (!sequence) return std::move(sequence).error();
  Snapshot snapshot{folder_of(data) / name_of(*sequence, boot), *sequence, boot};
  std::error_code ignored;
  if (fs::exists(snapshot.path / "data.mdb", ignored)) {
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
    return std::pair(a.sequence, a.boot) > std::pair(b.sequence, b.boot);
  };
  std::sort(found.begin(), found.end(), newer);
  return found;
}

Result<Snapshot> take_snapshot(const fs::path& data, std::uint32_t boot, const CopyTree& copy) {
  const auto unfinished = unfinished_name(folder_of(data) / "copy");
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);  // of a former try of this process
  auto made = make_folder(folder_of(data));
  auto taken = made ? take(data, unfinished, boot, copy) : Result<Snapshot>(std::move(made).error());
  if (!taken) {
    fs::remove_all(unfinished, ignored);
    return Error{.code = "store.snapshot_failed",
                 .message = "no snapshot of " + data.string() + ": " + taken.error().message,
                 .hint = taken.error().hint};
  }
  // What is too many now is tried again with the next one.
  (void)keep_the_newest(data);
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
