// SPDX-License-Identifier: Apache-2.0
// Goal: what a file does not hold any more is never served as if it did. Method: one bit of one file of a data
// directory is flipped, or a file is cut short or replaced by noise; then the directory is opened, in a process of
// its own. Every value that is read must be the one that was put; one that is missing must have been told of.
#include <gtest/gtest.h>

#include "runtime/store/heartbeat.hpp"
#include "tests/hal/store_rescue/damage.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t seed = 20'261'121;
constexpr int values = 60;
constexpr int refused = 2;
constexpr int served_wrong = 3;
constexpr int lost_in_silence = 4;
constexpr int wrong_heartbeat = 5;

Bytes value_of(int number) {
  return "value " + std::to_string(number) + Bytes(static_cast<std::size_t>(number) * 13, 'x');
}

const Stamp beat{.epoch = 1, .boot = 1, .kernel_boot_id = std::string(16, 'k'), .instant = {5'000}};

/// A life that was killed: most of it in the tree, the rest in the journal.
void live(const Home& home) {
  home.killed([](Life& life) {
    for (int i = 0; i < values; ++i) {
      check(life.put("v" + std::to_string(i), value_of(i)).ok(), "test:put");
      if (i == values * 3 / 4) life.checkpoint();
    }
    auto heartbeat = life.data->open_heartbeat();
    check(heartbeat.ok() && store::Heartbeat(**heartbeat).write(beat).ok(), "test:beat");
  });
}

bool has_told(const store::OpenedStore& opened) {
  return !opened.alarms.empty() || opened.recovery.torn || opened.recovery.alarm ||
         !opened.store->take_bad_records().empty();
}

/// Opens the directory as the next boot would and reads all of it.
int open_and_read(const fs::path& path) {
  auto data = DataDirectory::acquire(path, small_options());
  if (!data) return refused;
  if (auto heartbeat = (*data)->open_heartbeat()) {
    const auto newest = store::Heartbeat(**heartbeat).newest();
    if (newest && *newest && (**newest).instant != beat.instant) return wrong_heartbeat;
  }
  auto opened = (*data)->open_store();
  if (!opened) return refused;
  auto txn = opened->store->begin();
  int missing = 0;
  for (int i = 0; i < values; ++i) {
    const auto value = txn.get("v" + std::to_string(i));
    if (value && *value != value_of(i)) return served_wrong;
    if (!value) ++missing;
  }
  for (const auto& entry : txn.scan("v", "w", 1'000))
    if (entry.value != value_of(std::stoi(entry.key.substr(1)))) return served_wrong;
  return missing > 0 && !has_told(*opened) ? lost_in_silence : 0;
}

struct End {
  int code = 0;
  int signal = 0;
};

End in_child(const fs::path& path) {
  const pid_t child = ::fork();
  check(child >= 0, "test:fork");
  if (child == 0) ::_exit(open_and_read(path));
  int status = 0;
  check(::waitpid(child, &status, 0) == child, "test:waitpid");
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

class BitRot : public testing::Test {
 protected:
  void SetUp() override { live(home_); }

  /// A copy with one file changed by `damage` is opened; if that ends in a signal, once more.
  void expect_no_lie(const std::string& file, const std::function<void(const fs::path&)>& damage) {
    TempFolder room;
    const fs::path copy = room.path() / "data";
    fs::copy(home_.path(), copy, fs::copy_options::recursive);
    damage(copy / file);
    End end = in_child(copy);
    if (end.signal != 0) end = in_child(copy);
    EXPECT_EQ(end.signal, 0);
    EXPECT_TRUE(end.code == 0 || end.code == refused) << end.code;
    ++(end.code == 0 ? served_ : refused_);
  }

  const std::vector<std::string> files_{"store/data.mdb", "store/journal", "provisioned", "lock", "heartbeat"};
  Home home_;
  int served_ = 0;
  int refused_ = 0;
};

TEST_F(BitRot, ABitFlippedAnywhereIsHarmlessOrToldOf) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "LMDB copies a page whose header is damaged before anybody can tell, and reads beyond it";
#endif
  std::mt19937_64 random(seed);
  for (int trial = 0; trial < 400; ++trial) {
    const std::string& file = files_[trial < 250 ? 0 : random() % files_.size()];
    const auto size = fs::file_size(home_.path() / file);
    if (size == 0) continue;
    // The journal is mostly blank: half of its trials fall where the records are.
    const auto reach = file == "store/journal" && trial % 2 == 0 ? size / 2 + 8'192 : size;
    const auto bit = random() % (std::min<std::uint64_t>(reach, size) * 8);
    SCOPED_TRACE(file + ", bit " + std::to_string(bit));
    expect_no_lie(file, [&](const fs::path& path) {
      const char byte = content_of(path)[bit / 8];
      overwrite(path, bit / 8, std::string(1, static_cast<char>(byte ^ (1 << bit % 8))));
    });
    if (HasFailure()) return;
  }
  EXPECT_GT(served_, 200);
}

TEST_F(BitRot, AFileThatIsCutShortOrNoiseIsHarmlessOrToldOf) {
  std::mt19937_64 random(seed);
  for (const std::string& file : files_) {
    for (int trial = 0; trial < 6; ++trial) {
      const auto size = fs::file_size(home_.path() / file);
      const auto kept = size == 0 ? 0 : random() % size;
      SCOPED_TRACE(file + " of " + std::to_string(size) + " bytes, trial " + std::to_string(trial));
      expect_no_lie(file, [&](const fs::path& path) {
        if (trial < 3)
          fs::resize_file(path, kept);
        else
          write_file(path, noise(size, random()));
      });
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace dormouse::hal_linux
