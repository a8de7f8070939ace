// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/sqlite_counting.hpp"

#include <cstdint>
#include <set>
#include <sqlite3.h>

namespace dormouse::bench {

namespace {

constexpr std::int64_t block_bytes = 4'096;
constexpr char layer_name[] = "counting";

store::Tree::Traffic counted;
bool waits = true;

/// SQLite allocates it; the real file stands behind it.
struct CountedFile {
  sqlite3_file base;
  std::set<std::int64_t>* touched;  // blocks since the last sync
};

CountedFile* ours(sqlite3_file* file) {
  return reinterpret_cast<CountedFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(ours(file) + 1);
}
sqlite3_vfs* real(sqlite3_vfs* vfs) {
  return static_cast<sqlite3_vfs*>(vfs->pAppData);
}

void count_touched(sqlite3_file* file) {
  counted.bytes += ours(file)->touched->size() * block_bytes;
  ours(file)->touched->clear();
}

int close_file(sqlite3_file* file) {
  count_touched(file);
  delete ours(file)->touched;
  return real(file)->pMethods->xClose(real(file));
}
int read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), to, bytes, offset);
}
int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
  for (auto block = offset / block_bytes; block * block_bytes < offset + bytes; ++block)
    ours(file)->touched->insert(block);
  return real(file)->pMethods->xWrite(real(file), from, bytes, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file* file, int flags) {
  count_touched(file);
  ++counted.syncs;
  return waits ? real(file)->pMethods->xSync(real(file), flags) : SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int how) {
  return real(file)->pMethods->xLock(real(file), how);
}
int unlock(sqlite3_file* file, int how) {
  return real(file)->pMethods->xUnlock(real(file), how);
}
int check_lock(sqlite3_file* file, int* held) {
  return real(file)->pMethods->xCheckReservedLock(real(file), held);
}
int control(sqlite3_file* file, int what, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

constexpr sqlite3_io_methods methods = {
    1,       close_file, read,    write,       truncate,        sync,    file_size, lock,
    unlock,  check_lock, control, sector_size, characteristics, nullptr, nullptr,   nullptr,
    nullptr, nullptr,    nullptr};

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_got) {
  ours(file)->touched = new std::set<std::int64_t>;
  const int rc = real(vfs)->xOpen(real(vfs), name, real(file), flags, flags_got);
  // SQLite closes what has methods, also after an error.
  file->pMethods = real(file)->pMethods ? &methods : nullptr;
  if (!file->pMethods) delete ours(file)->touched;
  return rc;
}

sqlite3_vfs make_layer() {
  sqlite3_vfs* under = sqlite3_vfs_find(nullptr);
  sqlite3_vfs layer = *under;  // what is not replaced takes the vfs only for its size and name
  layer.szOsFile = static_cast<int>(sizeof(CountedFile)) + under->szOsFile;
  layer.zName = layer_name;
  layer.pNext = nullptr;
  layer.pAppData = under;
  layer.xOpen = open_file;
  return layer;
}

}  // namespace

const char* counting_vfs() {
  static sqlite3_vfs layer = make_layer();
  static const int registered = sqlite3_vfs_register(&layer, 0);
  (void)registered;
  return layer_name;
}

void sqlite_waits_for_syncs(bool wait) {
  waits = wait;
}

store::Tree::Traffic sqlite_traffic() {
  return counted;
}

}  // namespace dormouse::bench
