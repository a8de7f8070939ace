// SPDX-License-Identifier: Apache-2.0
// One folder, one owner: whoever comes second, whatever becomes of the first.
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <gtest/gtest.h>

#include "hal/linux/data/store_view.hpp"
#include "tests/hal/store_linux/life.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

std::string errors_of_acquiring(const fs::path& path) {
  return errors_of(DataDirectory::acquire(path, {}));
}

TEST(Locks, D004_ASecondRunIsToldWhoOwnsTheFolderAndChangesNothing) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    Life life(folder.path());
    life.put_range(1, 3);
    say(1);
    while (true) ::pause();
  });
  ASSERT_EQ(owner.hear(), 1);
  const auto before = files_in(folder.path());
  const auto refused = DataDirectory::acquire(folder.path(), {});
  ASSERT_EQ(errors_of(refused), "store.locked");
  EXPECT_NE(refused.error().message.find(std::to_string(owner.pid())), std::string::npos);
  EXPECT_EQ(errors_of(check_store(folder.path())), "store.locked");
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(Locks, OneProcessCannotOwnItTwiceAndLetsGoWhenDone) {
  TempFolder folder;
  {
    Life life(folder.path());
    EXPECT_EQ(errors_of_acquiring(folder.path() / ""), "store.locked");
  }
  EXPECT_EQ(content_of(folder.path() / "lock"), "");
  EXPECT_EQ(errors_of_acquiring(folder.path()), "ok");
}

TEST(Locks, AStoreThatOutlivesItsDirectoryKeepsOthersOut) {
  TempFolder folder;
  auto life = std::make_unique<Life>(folder.path());
  auto store = std::move(life->opened.store);
  life.reset();
  EXPECT_EQ(errors_of_acquiring(folder.path()), "store.locked");
  store.reset();
  EXPECT_EQ(errors_of_acquiring(folder.path()), "ok");
}

TEST(Locks, AnOwnerKilledWhileItStartsAProgramKeepsNobodyOut) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    Life life(folder.path());
    if (::fork() == 0) {  // not yet at its exec
      ::poll(nullptr, 0, 50);
      ::_exit(0);
    }
    say(1);
    while (true) ::pause();
  });
  ASSERT_EQ(owner.hear(), 1);
  owner.kill();
  EXPECT_EQ(errors_of_acquiring(folder.path()), "ok");
}

TEST(Locks, D006_WhoReplacesTheLockFileStillFindsTheJournalTaken) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    Life life(folder.path());
    life.put_range(1, 3);
    say(1);
    while (true) ::pause();
  });
  ASSERT_EQ(owner.hear(), 1);
  fs::remove(folder.path() / "lock");
  write_file(folder.path() / "lock", "");
  const auto before = files_in(folder.path());
  const auto refused = DataDirectory::acquire(folder.path(), {});
  ASSERT_EQ(errors_of(refused), "store.locked");
  EXPECT_NE(refused.error().message.find("journal"), std::string::npos) << refused.error().message;
  EXPECT_EQ(errors_of(check_store(folder.path())), "store.locked");
  EXPECT_EQ(files_in(folder.path()), before);
  owner.kill();
  EXPECT_EQ(Life(folder.path()).count(), 3u);
}

TEST(Locks, AJournalThatWasMadeAnewIsAsTakenAsTheOneBefore) {
  TempFolder folder;
  DataDirectory::Options options;
  options.store.limits.journal_half_bytes = 64 * 1024;
  { Life life(folder.path(), options); }
  options.store.limits.journal_half_bytes = 128 * 1024;
  Child owner([&](const Child::Say& say) {
    Life life(folder.path(), options);
    say(1);
    while (true) ::pause();
  });
  ASSERT_EQ(owner.hear(), 1);
  ASSERT_EQ(fs::file_size(folder.path() / "store" / "journal"), 4096u + 256 * 1024);
  fs::remove(folder.path() / "lock");
  EXPECT_EQ(errors_of_acquiring(folder.path()), "store.locked");
}

TEST(Locks, D005_AStandbyTakesOverWhenTheOwnerIsKilledAndFindsWhatWasAcked) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    Life life(folder.path());
    const auto start = life.boot();
    life.put_range(1, 5);
    life.apply("v6");
    say(static_cast<int>(start.boot.epoch));
    while (true) ::pause();
  });
  ASSERT_EQ(owner.hear(), 1);
  const auto before = files_in(folder.path());
  Child standby([&](const Child::Say& say) {
    say(0);
    Life life(folder.path(), {.wait = true});
    say(static_cast<int>(life.count()));
    say(static_cast<int>(life.boot().boot.epoch));
  });
  ASSERT_EQ(standby.hear(), 0);
  // It waits in the kernel, and has touched nothing.
  const std::string state = "/proc/" + std::to_string(standby.pid()) + "/syscall";
  while (content_of(state).find(std::to_string(__NR_fcntl) + " ") != 0) ASSERT_EQ(::kill(standby.pid(), 0), 0);
  EXPECT_EQ(files_in(folder.path()), before);
  owner.kill();
  const int found = standby.hear();
  EXPECT_TRUE(found == 5 || found == 6) << found;
  EXPECT_EQ(standby.hear(), 2);
}

TEST(Locks, D007_AProgramThatOutlivesTheOwnerHoldsNoLock) {
  TempFolder folder;
  Child owner([&](const Child::Say& say) {
    Life life(folder.path());
    const pid_t program = ::fork();
    if (program == 0) {
      ::execlp("sleep", "sleep", "1000", nullptr);
      ::_exit(127);
    }
    say(program);
    while (true) ::pause();
  });
  const int program = owner.hear();
  ASSERT_GT(program, 0);
  // The new program has closed what it inherited once its own name shows.
  while (content_of("/proc/" + std::to_string(program) + "/comm") != "sleep\n") ASSERT_EQ(::kill(program, 0), 0);
  owner.kill();
  EXPECT_EQ(::kill(program, 0), 0);
  { Life life(folder.path()); }
  ::kill(program, SIGKILL);
}

/// Runs `work` as process 1 of a process namespace of its own, as a container's main program does, inside a child.
void as_container(const std::function<void()>& work) {
  check(::unshare(CLONE_NEWPID) == 0, "test:unshare");
  if (::fork() == 0) {
    check(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "test:prctl");
    check(::getpid() == 1, "test:pid");
    work();
    ::_exit(0);
  }
  while (true) ::pause();
}

TEST(Locks, D094_ContainersWithEqualPidsDoNotShareAFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "this process may not make a process namespace";
  TempFolder folder;
  Child first([&](const Child::Say& say) {
    as_container([&] {
      Life life(folder.path());
      say(1);
      while (true) ::pause();
    });
  });
  ASSERT_EQ(first.hear(), 1);
  EXPECT_EQ(content_of(folder.path() / "lock"), "1\n");
  const auto before = files_in(folder.path());
  Child second([&](const Child::Say& say) {
    as_container([&] { say(errors_of_acquiring(folder.path()) == "store.locked" ? 2 : 3); });
  });
  EXPECT_EQ(second.hear(), 2);
  EXPECT_EQ(files_in(folder.path()), before);
}

}  // namespace
}  // namespace dormouse::hal_linux
