// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/verify.hpp"

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
  EXPECT_EQ(report->records, (std::map<char, std::uint64_t>{{'d', 1}, {'i', 300}, {'q', 300}, {'s', 1}}));
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

}  // namespace
}  // namespace dormouse::store
