// SPDX-License-Identifier: Apache-2.0
// A look over this process's shoulder: every call by which it changes a regular file or a folder, or syncs one,
// whoever makes it (the program, LMDB, the standard library). interpose.cpp puts itself before the C library for
// that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/crash/harness/image.hpp"

namespace dormouse::crash {

class Observer {
 public:
  virtual ~Observer() = default;
  /// Before a change or sync. Of a write: how many of its bytes are written; the caller then sees a short write.
  virtual std::size_t before(std::size_t bytes) { return bytes; }
  /// After any of them, and after what follows was told.
  virtual void after() {}

  virtual void made(Inode folder, const std::string& name, Inode child, bool is_folder) = 0;
  virtual void removed(Inode folder, const std::string& name) = 0;
  virtual void renamed(Inode from, const std::string& name, Inode to, const std::string& new_name, Inode child) = 0;
  /// Its name is gone, so its number may come again for another file.
  virtual void gone(Inode file) = 0;
  /// synced: the descriptor was opened so that the write is durable at once.
  virtual void written(Inode file, std::uint64_t offset, std::string_view bytes, bool synced) = 0;
  virtual void resized(Inode file, std::uint64_t size) = 0;
  virtual void synced(Inode file_or_folder) = 0;
};

/// From now on; nullptr: nobody. One at a time, and only while one thread changes files.
void observe(Observer* observer);

}  // namespace dormouse::crash
