// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "hal/linux/directory_lock.hpp"
#include "hal/linux/file_medium.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/heartbeat.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

constexpr mode_t folder_mode = 0750;

Result<FileSystem> allowed_file_system(const fs::path& path, const std::vector<std::string>& allow_fs) {
  auto found = file_system_of(path);
  if (!found || !found->unsafe) return found;
  if (std::find(allow_fs.begin(), allow_fs.end(), found->name) != allow_fs.end()) return found;
  return Error{.code = "store.fs_refused",
               .message = path.string() + " lies on " + found->name + ", which does not keep what a store needs",
               .hint = "use another file system, or name it in store.allow_fs"};
}

Status make_folder(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return done();
  fs::create_directories(path.parent_path(), error);
  if (error) return file_error("create", path.parent_path(), error.value());
  if (::mkdir(path.c_str(), folder_mode) != 0 && errno != EEXIST) return file_error("create", path, errno);
  return sync_path(path.parent_path());
}

Result<std::string> new_store_id() {
  unsigned char random[16];
  if (::getrandom(random, sizeof random, 0) != sizeof random) return file_error("read", "the random source", errno);
  std::string id;
  for (const unsigned char byte : random) {
    constexpr char digits[] = "0123456789abcdef";
    id.push_back(digits[byte >> 4]);
    id.push_back(digits[byte & 0xF]);
  }
  return id;
}

/// The first line of the marker; none if there is no marker. An unreadable one is still a marker.
std::optional<std::string> read_marker(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  std::string id;
  std::ifstream file(path);
  std::getline(file, id);
  return id;
}

Status prezero(const fs::path& data_file, std::uint64_t map_bytes) {
  const FileHandle file(::open(data_file.c_str(), O_WRONLY | O_CLOEXEC));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return file_error("open", data_file, errno);
  return write_zeros(file.get(), data_file, static_cast<std::uint64_t>(facts.st_size),
                     store::with_reserve(map_bytes));
}

Result<store::Format> format_of(store::Tree& tree, const fs::path& folder) {
  auto format = store::read_format(tree);
  if (!format) return std::move(format).error();
  if (*format) return **format;
  return Error{.code = "store.broken",
               .message = "the store in " + folder.string() + " is empty: it was never finished, or was emptied",
               .hint = "move the store folder aside, or restore a copy"};
}

}  // namespace

DataDirectory::DataDirectory(fs::path path, FileSystem file_system, FileHandle lock)
    : path_(std::move(path)), file_system_(std::move(file_system)), lock_(std::move(lock)) {}

DataDirectory::~DataDirectory() {
  unlock_directory(std::move(lock_));
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::acquire(const fs::path& given, const Options& options) {
  auto path = fs::absolute(given).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "data/" and "data" are one
  auto file_system = allowed_file_system(path, options.allow_fs);
  if (!file_system) return std::move(file_system).error();
  if (auto made = make_folder(path); !made) return std::move(made).error();
  auto lock = lock_directory(path, options.wait);
  if (!lock) return std::move(lock).error();
  return std::unique_ptr<DataDirectory>(
      new DataDirectory(std::move(path), std::move(file_system).value(), std::move(lock).value()));
}

Status DataDirectory::remove_leftovers() const {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (auto entry = fs::directory_iterator(path_, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->path().filename().string().find(".new-") != std::string::npos) leftovers.push_back(entry->path());
  for (const fs::path& leftover : leftovers)
    if (!error) fs::remove_all(leftover, error);
  if (error) return file_error("clean", path_, error.value());
  return done();
}

Result<std::string> DataDirectory::create_store(const StoreOptions& options) const {
  auto id = new_store_id();
  if (!id) return id;
  const auto unfinished = unfinished_name(path_ / "store");
  if (::mkdir(unfinished.c_str(), folder_mode) != 0) return file_error("create", unfinished, errno);
  {
    auto tree = store::open_lmdb_tree(unfinished, {.map_bytes = options.map_bytes, .create = true});
    if (!tree) return std::move(tree).error();
    auto written = store::write_format(**tree, {.store_id = *id});
    if (written) written = (*tree)->commit();
    if (!written) return std::move(written).error();
  }
  if (options.prezero)
    if (auto zeroed = prezero(unfinished / "data.mdb", options.map_bytes); !zeroed)
      return std::move(zeroed).error();
  for (const fs::path& part : {unfinished / "data.mdb", unfinished / "lock.mdb", unfinished})
    if (auto synced = sync_path(part); !synced) return std::move(synced).error();
  if (auto renamed = rename_durably(unfinished, path_ / "store"); !renamed) return std::move(renamed).error();
  return id;
}

Result<std::string> DataDirectory::read_store_id() const {
  // Read-only and without LMDB's lock file: a store of a newer program is left as it is, to the last byte.
  const auto folder = path_ / "store";
  auto tree = store::open_lmdb_tree(folder, {.read_only = true});
  if (!tree) return std::move(tree).error();
  auto format = format_of(**tree, folder);
  if (!format) return std::move(format).error();
  return format->store_id;
}

Result<DataDirectory::StoreTree> DataDirectory::open_store_tree(const StoreOptions& options) {
  if (auto removed = remove_leftovers(); !removed) return std::move(removed).error();
  const auto marker_path = path_ / "provisioned";
  const auto marker = read_marker(marker_path);
  StoreTree opened;
  std::error_code ignored;
  opened.created = !fs::exists(path_ / "store", ignored);
  if (opened.created && marker)
    opened.alarm = Error{.code = "store.lost",
                         .message = "the store " + *marker + " is gone from " + path_.string() +
                                    "; a new one was made, without its jobs and schedules"};
  auto id = opened.created ? create_store(options) : read_store_id();
  if (!id) return std::move(id).error();
  opened.store_id = *id;
  if (marker != opened.store_id)
    if (auto marked = replace_file(marker_path, opened.store_id + "\n"); !marked) return std::move(marked).error();
  auto tree = store::open_lmdb_tree(path_ / "store", {.map_bytes = options.map_bytes});
  if (!tree) return std::move(tree).error();
  opened.tree = std::move(tree).value();
  return opened;
}

Result<std::unique_ptr<store::StorageMedium>> DataDirectory::open_heartbeat() {
  return open_file_medium(path_ / "heartbeat", store::Heartbeat::kFileBytes);
}

Result<store::CheckReport> check_store(const fs::path& path) {
  const auto lock = lock_directory_for_reading(path);
  if (!lock) return lock.error();
  const auto folder = path / "store";
  auto tree = store::open_lmdb_tree(folder, {.read_only = true});
  if (!tree) return std::move(tree).error();
  auto format = format_of(**tree, folder);
  if (!format) return std::move(format).error();
  return store::verify(**tree);
}

}  // namespace dormouse::hal_linux
