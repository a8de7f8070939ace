// SPDX-License-Identifier: Apache-2.0
// What verification finds in sound trees, in single bad records and in trees whose pages do not fit together.
#include "runtime/store/verify.hpp"

#include <cstring>
#include <fstream>

#include "tests/runtime/store/beds.hpp"

namespace dormouse::store {
namespace {

void put(Tree& tree, const Bytes& key, BytesView body) {
  ASSERT_TRUE(tree.put(key, seal(key, 1, body)).ok());
}

class Verify : public BothTrees {};
INSTANTIATE_TEST_SUITE_P(Trees, Verify, testing::Values(Kind::memory, Kind::lmdb), kind_name);

TEST_P(Verify, CountsEachRecordOfASoundTreeOnce) {
  Bed bed(GetParam());
  auto tree = bed.open();
  for (std::uint64_t id = 0; id < 300; ++id) {
    const Bytes job = keys::job(Due::at({5}), id);
    put(*tree, job, "job");
    put(*tree, keys::job_place(id), job);
  }
  put(*tree, keys::schedule(1, 2), "schedule");
  put(*tree, keys::schedule_due(Due::at({5}), 1, 2), "");
  const auto report = verify(*tree);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->sound());
  EXPECT_EQ(report->total, 602u);
  EXPECT_EQ(report->records, (std::map<char, std::uint64_t>{{'d', 1}, {'q', 300}, {'s', 1}, {'z', 300}}));
}

TEST_P(Verify, NamesWhatCannotBeReadAndWhatLeadsToNothing) {
  Bed bed(GetParam());
  auto tree = bed.open();
  put(*tree, keys::job_place(1), keys::finished(1));
  put(*tree, keys::job_place(2), "");
  put(*tree, keys::schedule_due(Due::at({5}), 1, 2), "");
  ASSERT_TRUE(tree->put("va", "noise").ok());
  put(*tree, "vb", "fine");
  const auto report = verify(*tree);
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->sound());
  ASSERT_EQ(report->bad_count, 1u);
  EXPECT_EQ(report->bad[0].key, "va");
  EXPECT_EQ(report->bad[0].error.code, "store.corrupt_record");
  ASSERT_EQ(report->dangling_count, 3u);
  EXPECT_EQ(report->dangling[0].key, keys::schedule_due(Due::at({5}), 1, 2));
  EXPECT_EQ(report->dangling[1].key, keys::job_place(1));
}

TEST_P(Verify, StopsWhenToldToAndSaysHowFarItGot) {
  Bed bed(GetParam());
  auto tree = bed.open();
  for (int i = 0; i < 1'000; ++i) put(*tree, "v" + std::to_string(i), "x");
  int asked = 0;
  const auto report = verify(*tree, {.stop = [&asked] { return ++asked == 3; }});
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->complete);
  EXPECT_EQ(report->expected, 1'000u);
  EXPECT_GT(report->total, 0u);
  EXPECT_LT(report->total, 1'000u);
  EXPECT_TRUE(verify(*tree)->complete);
}

/// Bytes of the data file below, which tests damage as a failing medium would.
class DataFile {
 public:
  static constexpr std::size_t page_bytes = 4096;

  explicit DataFile(std::filesystem::path path)
      : path_(std::move(path)), bytes_(std::filesystem::file_size(path_), 0) {
    std::ifstream(path_, std::ios::binary).read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
  }
  void save() const {
    std::ofstream(path_, std::ios::binary).write(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
  }
  /// The one branch page of a tree of two levels that one commit has made.
  char* root() {
    for (std::size_t at = 2 * page_bytes; at < bytes_.size(); at += page_bytes)
      if (read(&bytes_[at + 10]) == 0x01) return &bytes_[at];
    return nullptr;
  }
  static std::uint16_t read(const char* from) {
    std::uint16_t number = 0;
    std::memcpy(&number, from, sizeof number);
    return number;
  }
  std::size_t branches() { return (read(root() + 12) - 16U) / 2; }
  /// The number of the page that the root's n-th branch leads to: its low 16 bits suffice here.
  char* branch(std::size_t n) {
    char* page = root();
    return page + read(page + 16 + 2 * n);
  }

 private:
  std::filesystem::path path_;
  std::string bytes_;
};

class VerifyPages : public testing::Test {
 protected:
  void SetUp() override {
    auto tree = open_lmdb_tree(folder_.path(), {.create = true}).value();
    for (int i = 1'000; i < 2'000; ++i) put(*tree, "v" + std::to_string(i), Bytes(100, 'x'));
    ASSERT_TRUE(tree->commit().ok());
    ASSERT_EQ(tree->shape().depth, 2u);
  }
  Error broken_after(const std::function<void(DataFile&)>& damage) {
    DataFile file(folder_.path() / "data.mdb");
    damage(file);
    file.save();
    auto tree = open_lmdb_tree(folder_.path(), {.read_only = true}).value();
    const auto report = verify(*tree);
    EXPECT_FALSE(report.ok());
    return report.ok() ? Error{} : report.error();
  }

 private:
  TempFolder folder_;
};

TEST_F(VerifyPages, BranchesThatLeadBackToAnEarlierPageOverrunTheCount) {
  const auto error = broken_after([](DataFile& file) {
    // The last leaf is not full.
    for (std::size_t n = 9; n < file.branches(); ++n) std::memcpy(file.branch(n), file.branch(2), 2);
  });
  EXPECT_EQ(error.code, "store.broken");
  EXPECT_NE(error.message.find("count overrun: 1000 records were met, the tree counts 1000"), std::string::npos)
      << error.message;
}

TEST_F(VerifyPages, BranchesThatLeadToAsManyOtherRecordsAreOutOfOrder) {
  const auto error = broken_after([](DataFile& file) { std::memcpy(file.branch(9), file.branch(2), 2); });
  EXPECT_EQ(error.code, "store.broken");
  EXPECT_NE(error.message.find("out of order"), std::string::npos) << error.message;
}

TEST_F(VerifyPages, ABranchThatLeadsToItsOwnPageEnds) {
  // A page begins with its own number.
  const auto error = broken_after([](DataFile& file) { std::memcpy(file.branch(0), file.root(), 2); });
  EXPECT_EQ(error.code, "store.broken") << error.message;
}

TEST_F(VerifyPages, RecordsThatAreGoneAreMissed) {
  const auto error = broken_after([](DataFile& file) {
    char* root = file.root();
    // One branch fewer: the last leaf cannot be reached any more.
    const std::uint16_t lower = static_cast<std::uint16_t>(DataFile::read(root + 12) - 2);
    std::memcpy(root + 12, &lower, sizeof lower);
  });
  EXPECT_EQ(error.code, "store.broken");
  EXPECT_NE(error.message.find("count short"), std::string::npos) << error.message;
}

TEST_F(VerifyPages, LeavesInTheWrongOrderAreFound) {
  const auto error = broken_after([](DataFile& file) {
    char two[2];
    std::memcpy(two, file.branch(2), 2);
    std::memcpy(file.branch(2), file.branch(3), 2);
    std::memcpy(file.branch(3), two, 2);
  });
  EXPECT_EQ(error.code, "store.broken");
  EXPECT_NE(error.message.find("out of order"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace dormouse::store
