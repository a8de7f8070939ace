// SPDX-License-Identifier: Apache-2.0
// A device's data folder with a history, and ways to damage the files in it.
#pragma once

#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "hal/linux/data/quarantine.hpp"
#include "hal/linux/data/snapshots.hpp"
#include "runtime/store/lmdb_head.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace dormouse::hal_linux {

/// Small halves and maps, so that a handful of batches fills more than one page.
inline DataDirectory::Options small_options() {
  DataDirectory::Options options;
  options.store.limits = Limits::tiny();
  return options;
}

inline RescueOptions small_rescue() {
  return {.store = small_options().store};
}

inline Snapshot snapshot_of(Life& life, std::uint32_t boot) {
  life.checkpoint();
  auto taken = take_snapshot(life.data->path(), boot, [&](int fd) { return life.store().copy_to(fd); });
  check(taken.ok(), "test:snapshot");
  return *taken;
}

/// Where a store's file is damaged, in bytes.
inline void overwrite(const std::filesystem::path& file, std::uint64_t at, const std::string& bytes) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(at));
  out << bytes;
  out.close();
  check(out.good(), "test:overwrite");
}

inline std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline store::LmdbHead head_of(const std::filesystem::path& data_file) {
  return store::read_lmdb_head(content_of(data_file));
}

/// Which of the two meta pages a reader takes.
inline std::uint64_t newest_meta_page(const std::filesystem::path& data_file) {
  const auto head = head_of(data_file);
  return head.newest() == &*head.metas[0] ? 0 : 1;
}

inline constexpr std::uint64_t page_bytes = 4096;
inline constexpr std::uint64_t first_tree_page = 2;

/// Every page behind the meta pages becomes noise: nothing can be read of such a tree.
inline void ruin(const std::filesystem::path& data_file) {
  const auto size = std::filesystem::file_size(data_file);
  overwrite(data_file, first_tree_page * page_bytes, noise(size - first_tree_page * page_bytes, 7));
}

/// A folder on a real disk with one device's data.
struct Home {
  TempFolder folder;
  const std::filesystem::path& path() const { return folder.path(); }
  std::filesystem::path data_file() const { return path() / "store" / "data.mdb"; }

  /// A boot in a process that is killed after its work.
  void killed(const std::function<void(Life&)>& work) const {
    live_and_be_killed(
        path(),
        [&](Life& life) {
          life.boot();
          work(life);
        },
        small_options());
  }
  Life open() const { return Life(path(), small_options()); }
};

inline std::string alarm_of(const Life& life, const std::string& code) {
  for (const auto& alarm : life.opened.alarms)
    if (alarm.code == code) return alarm.message;
  return "(no alarm " + code + ")";
}

inline bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace dormouse::hal_linux
