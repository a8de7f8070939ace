// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/files/file_system.hpp"

#include <cerrno>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "hal/linux/files/durable_file.hpp"

namespace dormouse::hal_linux {

namespace {

struct Kind {
  unsigned long magic;
  FileSystem facts;
};

const Kind kinds[] = {
    {NFS_SUPER_MAGIC, {.name = "nfs", .unsafe = true}},
    {V9FS_MAGIC, {.name = "9p", .unsafe = true}},
    {OVERLAYFS_SUPER_MAGIC, {.name = "overlay", .unsafe = true}},
    {JFFS2_SUPER_MAGIC, {.name = "jffs2", .unsafe = true}},
    {TMPFS_MAGIC, {.name = "tmpfs", .is_volatile = true}},
    {RAMFS_MAGIC, {.name = "ramfs", .is_volatile = true}},
};

}  // namespace

FileSystem file_system_of_magic(unsigned long magic) {
  for (const Kind& kind : kinds)
    if (kind.magic == magic) return kind.facts;
  return {.name = "other"};
}

Result<FileSystem> file_system_of(const std::filesystem::path& path) {
  auto there = std::filesystem::absolute(path);
  struct statfs facts {};
  while (::statfs(there.c_str(), &facts) != 0) {
    if (errno == EINTR) continue;
    if (errno != ENOENT || !there.has_relative_path()) return file_error("look at", there, errno);
    there = there.parent_path();
  }
  return file_system_of_magic(static_cast<unsigned long>(facts.f_type));
}

}  // namespace dormouse::hal_linux
