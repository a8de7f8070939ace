// SPDX-License-Identifier: Apache-2.0
// The look at a tree from a child: what it finds, what it dies of, how long it may take, and that it leaves nothing
// behind.
#include "hal/linux/data/verify_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

#include "hal/linux/files/directory_lock.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "tests/hal/store_rescue/damage.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Verdict = Verification::Verdict;

constexpr std::chrono::milliseconds long_enough{60'000};

/// A tree with so many values of 900 bytes, four to a page.
class VerifyChild : public testing::Test {
 protected:
  VerifyChild() { fs::create_directory(tree()); }
  fs::path tree() const { return folder_.path() / "store"; }
  fs::path data_file() const { return tree() / "data.mdb"; }

  void fill(int values) const {
    change([&](store::Tree& open) {
      check(store::write_format(open, {.store_id = "0123456789abcdef0123456789abcdef"}).ok(), "test:format");
      for (int i = 1'000; i < 1'000 + values; ++i) put(open, "v" + std::to_string(i), Bytes(900, 'x'));
    });
  }
  static void put(store::Tree& open, const Bytes& key, const Bytes& body) {
    check(open.put(key, store::seal(key, 7, body)).ok(), "test:put");
  }
  void change(const std::function<void(store::Tree&)>& work) const {
    auto open = store::open_lmdb_tree(tree(), {.create = true}).value();
    work(*open);
    check(open->commit().ok(), "test:commit");
  }
  Verification verify() const {
    auto found = verify_in_child(tree(), long_enough);
    EXPECT_EQ(errors_of(found), "ok");
    return found ? *found : Verification{};
  }

  TempFolder folder_;
};

TEST_F(VerifyChild, ASoundTreeIsCountedAndTellsItsNumbers) {
  fill(500);
  change([](store::Tree& open) {
    wire::Record ids;
    ids.put_uint(wire::Key::epoch, 57).put_uint(wire::Key::boot, 50).put_uint(wire::Key::last_id, 9'000);
    put(open, store::keys::meta("ids"), ids.encode());
  });
  const auto found = verify();
  EXPECT_EQ(found.verdict, Verdict::sound);
  EXPECT_EQ(found.verified, 502u);
  EXPECT_EQ(found.expected, 502u);
  EXPECT_EQ(found.words(), "verified 502 of 502 records");
  EXPECT_EQ(found.store_id, "0123456789abcdef0123456789abcdef");
  ASSERT_TRUE(found.numbers);
  EXPECT_EQ(found.numbers->of(wire::Key::epoch), 57u);
  EXPECT_EQ(found.numbers->of(wire::Key::last_id), 9'000u);
  const auto facts = facts_in_child(tree());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->store_id, found.store_id);
  EXPECT_EQ(facts->numbers.of(wire::Key::boot), 50u);
}

TEST_F(VerifyChild, BadRecordsAreListedAndDoNotMakeATreeBroken) {
  fill(5);
  change([](store::Tree& open) {
    auto sealed = store::seal("v1002", 7, "body");
    sealed.back() ^= 1;
    check(open.put("v1002", sealed).ok(), "test:put");
  });
  const auto found = verify();
  EXPECT_EQ(found.verdict, Verdict::bad_records);
  ASSERT_EQ(found.bad.size(), 1u);
  EXPECT_EQ(found.bad[0].key, "v1002");
  EXPECT_EQ(found.bad[0].error.code, "store.corrupt_record");
  EXPECT_TRUE(found.usable());
}

TEST_F(VerifyChild, AnIndexThatLeadsToNothingMakesATreeBroken) {
  fill(5);
  change([](store::Tree& open) { put(open, store::keys::job_place(4), "qnothing"); });
  const auto found = verify();
  EXPECT_EQ(found.verdict, Verdict::broken);
  EXPECT_TRUE(says(found.why, "leads to"));
  EXPECT_FALSE(found.usable());
}

TEST_F(VerifyChild, WhatIsNotOursToJudgeIsRefused) {
  fill(5);
  change([](store::Tree& open) { check(store::write_format(open, {.version = 9}).ok(), "test:format"); });
  EXPECT_EQ(errors_of(verify_in_child(tree(), long_enough)), "store.newer");
}

TEST_F(VerifyChild, AFolderWithoutATreeIsBroken) {
  EXPECT_EQ(verify().verdict, Verdict::broken);
  { auto open = store::open_lmdb_tree(tree(), {.create = true}).value(); }
  EXPECT_EQ(verify().verdict, Verdict::broken) << "an empty one";
  EXPECT_FALSE(facts_in_child(tree()));
}

TEST_F(VerifyChild, NoiseOnAnyPageIsFoundOrWasOnAPageThatNobodyReads) {
  fill(60);
  const auto whole = content_of(data_file());
  const auto last_page = head_of(data_file()).newest()->last_page;
  unsigned broken = 0;
  for (std::uint64_t page = first_tree_page; page <= last_page; ++page) {
    write_file(data_file(), whole);
    overwrite(data_file(), page * page_bytes, noise(page_bytes, page));
    const auto found = verify();
    if (found.usable()) {
      EXPECT_EQ(found.verified, 61u) << "page " << page;
    }
    broken += found.usable() ? 0 : 1;
  }
  EXPECT_GT(broken, 15u);
}

TEST_F(VerifyChild, ALeafThatBearsAnotherNumberIsBrokenThoughAllItsRecordsCanBeRead) {
  fill(60);
  const auto whole = content_of(data_file());
  constexpr std::size_t flags_at = 10;
  constexpr char leaf = 2;
  unsigned broken = 0;
  unsigned leaves = 0;
  for (std::uint64_t page = first_tree_page; (page + 1) * page_bytes <= whole.size(); ++page) {
    if (whole[page * page_bytes + flags_at] != leaf) continue;
    ++leaves;
    write_file(data_file(), whole);
    overwrite(data_file(), page * page_bytes, std::string(1, static_cast<char>(page + 1)));
    broken += verify().usable() ? 0 : 1;
  }
  EXPECT_GE(broken, 15u) << "60 values, four to a page";
  EXPECT_LE(leaves - broken, 1u) << "the list of free pages has no record that could be read";
}

/// Makes the root of the data lead to one page in all of its entries.
void make_a_cycle(const fs::path& data_file) {
  constexpr std::size_t root_at = 16 + 8 + 2 * 8 + 48 + 8 + 4 * 8;  // in the meta page
  constexpr std::size_t lower_at = 12;
  constexpr std::size_t offsets_at = 16;
  auto bytes = content_of(data_file);
  const auto number = [&](std::size_t at, int width) {
    std::uint64_t value = 0;
    for (int i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  const auto root = number(newest_meta_page(data_file) * page_bytes + root_at, 8) * page_bytes;
  const auto entries = (number(root + lower_at, 2) - offsets_at) / 2;
  ASSERT_GT(entries, 3u);
  const auto node = [&](std::size_t n) { return root + number(root + offsets_at + 2 * n, 2); };
  for (std::size_t n = 1; n < entries; ++n) bytes.replace(node(n), 4, bytes, node(0), 4);
  write_file(data_file, bytes);
}

TEST_F(VerifyChild, D067_PagesThatLeadBackAreFoundByTheCount) {
  fill(60);
  make_a_cycle(data_file());
  const auto found = verify();
  EXPECT_EQ(found.verdict, Verdict::broken);
  EXPECT_TRUE(says(found.why, "count")) << found.why;
}

TEST_F(VerifyChild, PastItsBoundItSaysHowFarItCame) {
  fill(2'000);
  const auto none = verify_in_child(tree(), std::chrono::milliseconds{0});
  ASSERT_EQ(errors_of(none), "ok");
  EXPECT_EQ(none->verdict, Verdict::unfinished);
  EXPECT_TRUE(none->usable());
  EXPECT_EQ(none->words(), "verified 0 of 2001 records: past its bound");
}

TEST_F(VerifyChild, OneThatHangsIsEndedAfterItsBound) {
  const auto found = verify_in_child(
      [](const Teller&, Deadline) {
        while (true) ::pause();
      },
      std::chrono::milliseconds{1});
  ASSERT_EQ(errors_of(found), "ok");
  EXPECT_EQ(found->verdict, Verdict::unfinished);
  EXPECT_EQ(found->why, "past its bound");
}

/// Counts the children that have looked, in a file, for they share no memory.
class Counted {
 public:
  explicit Counted(const fs::path& file) : file_(file) { write_file(file_, ""); }
  int next() const {
    const FileHandle file(::open(file_.c_str(), O_WRONLY | O_APPEND));
    check(::write(file.get(), "x", 1) == 1, "test:count");
    return count();
  }
  int count() const { return static_cast<int>(fs::file_size(file_)); }

 private:
  fs::path file_;
};

TEST_F(VerifyChild, D098_APageThatIsReadTheSecondTimeIsCountedAndOneThatNeverIsMakesTheTreeUnreadable) {
  fill(60);
  const Counted looks(folder_.path() / "looks");
  const auto once = verify_in_child(
      [&](const Teller& teller, Deadline deadline) {
        if (looks.next() == 1) ::raise(SIGBUS);
        look_at_tree(tree(), teller, deadline);
      },
      long_enough);
  ASSERT_EQ(errors_of(once), "ok");
  EXPECT_EQ(once->verdict, Verdict::sound);
  EXPECT_EQ(once->tries_failed, 1u);
  EXPECT_EQ(once->words(), "verified 61 of 61 records, after 1 failed try");

  const Counted again(folder_.path() / "looks");
  const auto never = verify_in_child(
      [&](const Teller&, Deadline) {
        again.next();
        ::raise(SIGBUS);
      },
      long_enough);
  ASSERT_EQ(errors_of(never), "ok");
  EXPECT_EQ(never->verdict, Verdict::unreadable);
  EXPECT_FALSE(never->usable());
  EXPECT_EQ(again.count(), 3);

  // A file that gives no bytes stays where it is, in the store that is moved aside.
  const Home home;
  home.killed([](Life& life) {
    life.put_range(1, 5);
    snapshot_of(life, 1);
  });
  fs::remove(home.data_file());
  fs::create_directory(home.data_file());
  auto life = home.open();
  EXPECT_EQ(life.count(), 5u);
  EXPECT_TRUE(says(alarm_of(life, "store.broken"), "after 2 failed tries")) << alarm_of(life, "store.broken");
  EXPECT_TRUE(fs::is_directory(home.path() / "store.broken-1" / "data.mdb"));
}

TEST_F(VerifyChild, ASignalOfItsOwnDoingMeansABrokenTreeAndOneFromOutsideDoesNot) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGILL}) {
    const auto found = verify_in_child([signal](const Teller&, Deadline) { ::raise(signal); }, long_enough);
    EXPECT_EQ(found->verdict, Verdict::broken) << signal;
    EXPECT_EQ(found->tries_failed, 0u);
  }
  const Counted looks(folder_.path() / "looks");
  const auto killed = verify_in_child(
      [&](const Teller&, Deadline) {
        looks.next();
        ::raise(SIGKILL);
      },
      long_enough);
  EXPECT_EQ(killed->verdict, Verdict::unfinished);
  EXPECT_EQ(looks.count(), 3);
}

TEST_F(VerifyChild, WhatATerminalSendsToAllIsNotForTheChild) {
  fill(5);
  const auto found = verify_in_child(
      [&](const Teller& teller, Deadline deadline) {
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::raise(signal);
        look_at_tree(tree(), teller, deadline);
      },
      long_enough);
  EXPECT_EQ(found->verdict, Verdict::sound);
}

TEST_F(VerifyChild, D068_TheChildEndsWithTheRuntimeAndHoldsNoLock) {
  const auto pid_file = folder_.path() / "pid";
  Child runtime([&](const Child::Say& say) {
    auto directory = DataDirectory::acquire(folder_.path(), {});
    check(directory.ok(), "test:acquire");
    (void)verify_in_child(
        [&](const Teller&, Deadline) {
          write_file(pid_file, std::to_string(::getpid()));
          ::kill(::getppid(), SIGUSR1);
          while (true) ::pause();
        },
        long_enough);
    say(2);
  });
  EXPECT_EQ(runtime.hear(), -1) << "SIGUSR1 has killed it while the child was looking";
  const auto child = static_cast<pid_t>(std::stol(content_of(pid_file)));
  const FileHandle watched(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (watched) {
    pollfd wait{watched.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 60'000), 1) << "the child is gone";
  }
  runtime.kill();  // its pipe may close before its lock does: it is dead, wait until it is gone
  EXPECT_EQ(errors_of(DataDirectory::acquire(folder_.path(), {})), "ok");
}

TEST_F(VerifyChild, TheChildHasClosedWhatItInherited) {
  const FileHandle file(::open((folder_.path() / "lock").c_str(), O_RDWR | O_CREAT, 0600));
  const FileHandle lock(::fcntl(file.get(), F_DUPFD, 100));  // not one that its pipe takes the place of
  ASSERT_TRUE(lock);
  const auto found = verify_in_child(
      [&](const Teller&, Deadline) {
        if (::fcntl(lock.get(), F_GETFD) >= 0) ::raise(SIGSEGV);
      },
      long_enough);
  EXPECT_EQ(found->why, "the look at it ended without a word");
}

TEST(ChildLook, one_that_never_says_a_word_is_given_up_before_one_that_is_slow) {
  const auto stay = [](const Teller&) {
    while (true) ::pause();
  };
  const auto speak_and_stay = [](const Teller& teller) {
    teller.tell('f', "a word");
    while (true) ::pause();
  };
  const auto soon = [](std::chrono::milliseconds in) { return std::chrono::steady_clock::now() + in; };
  const auto silent = look_in_child(
      stay, [](char, BytesView) {}, soon(1h), {}, 50ms);
  ASSERT_TRUE(silent.ok());
  EXPECT_EQ(silent->how, LookEnd::How::silent);
  const auto slow = look_in_child(
      speak_and_stay, [](char, BytesView) {}, soon(1s), {}, 900ms);
  ASSERT_TRUE(slow.ok());
  EXPECT_EQ(slow->how, LookEnd::How::late);
}

}  // namespace
}  // namespace dormouse::hal_linux
