// SPDX-License-Identifier: Apache-2.0
// Writes that the kernel cuts short or interrupts. This program's own pwrite() and fdatasync() stand before the C
// library's, for all that it links, and do so when they are told to.
#include <cerrno>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "hal/linux/files/file_medium.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace {

struct Kernel {
  unsigned interrupted = 0;  // that many writes end with EINTR
  std::size_t bytes_at_once = std::string::npos;
  std::string calls;  // w: wrote something, i: interrupted, s: synced
};
Kernel* kernel = nullptr;  // none: as ever

}  // namespace

extern "C" ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) {
  if (kernel != nullptr) {
    if (kernel->interrupted > 0) {
      --kernel->interrupted;
      kernel->calls += 'i';
      errno = EINTR;
      return -1;
    }
    size = std::min(size, kernel->bytes_at_once);
    kernel->calls += 'w';
  }
  return ::syscall(SYS_pwrite64, fd, bytes, size, offset);
}

extern "C" int fdatasync(int fd) {
  if (kernel != nullptr) kernel->calls += 's';
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

namespace dormouse::hal_linux {
namespace {

/// Lets the kernel be as told while it lives.
class Moody {
 public:
  explicit Moody(Kernel& mood) { kernel = &mood; }
  Moody(const Moody&) = delete;
  Moody& operator=(const Moody&) = delete;
  ~Moody() { kernel = nullptr; }
};

TEST(ShortWrites, D049_TheRestIsWrittenAndTheAnswerFollowsTheSync) {
  TempFolder folder;
  Life life(folder.path());
  const Bytes body(1'000, 'b');
  Kernel mood{.interrupted = 2, .bytes_at_once = 400};
  {
    const Moody moody(mood);
    ASSERT_EQ(errors_of(life.put("v1", body)), "ok");
  }
  EXPECT_EQ(mood.calls, "iiwwws") << "a record of some 1,100 bytes";
  EXPECT_EQ(life.store().durable(), life.store().applied());
  EXPECT_EQ(life.store().stats().journal_failures, 0u);
  life.opened.store.reset();
  life.data.reset();
  Life next(folder.path());
  EXPECT_EQ(next.opened.recovery.replayed, 1u);
  EXPECT_EQ(next.store().begin({}).get("v1"), body);
}

TEST(ShortWrites, ZerosAndCopiesAreWholeToo) {
  TempFolder folder;
  Kernel mood{.interrupted = 3, .bytes_at_once = 1'000};
  const Moody moody(mood);
  auto medium = open_file_medium(folder.path() / "file", 10'000);
  ASSERT_EQ(errors_of(medium), "ok");
  ASSERT_EQ(errors_of((*medium)->write(100, Bytes(5'000, 'x'))), "ok");
  ASSERT_EQ(errors_of(copy_durably(folder.path() / "file", folder.path() / "copy")), "ok");
  EXPECT_EQ(content_of(folder.path() / "copy"), Bytes(100, '\0') + Bytes(5'000, 'x') + Bytes(4'900, '\0'));
}

}  // namespace
}  // namespace dormouse::hal_linux
