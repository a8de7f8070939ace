// SPDX-License-Identifier: Apache-2.0
// Goal: the crash states find what they are there to find.
// Method: what a store with a mistake would have done to the medium is made from the record of the sound one, by
// leaving out, moving or renaming calls; each such record must have a state that the examiner refuses. Mistakes
// inside the store are builds of their own (mutants/).
#include <algorithm>
#include <functional>
#include <iostream>

#include <gtest/gtest.h>

#include "tests/crash/harness/examiner.hpp"
#include "tests/crash/harness/lies.hpp"
#include "tests/crash/harness/workloads.hpp"

namespace dormouse::crash {
namespace {

using Kind = Op::Kind;
using Edit = std::function<void(Record&)>;

constexpr std::size_t states_of_a_record = 150;

/// Takes out the syncs of a file; what was written synchronously is written plainly.
void forget_syncs(Record& record, const std::string& file) {
  const int node = node_named(record, file);
  std::erase_if(record.ops, [node](const Op& op) { return op.kind == Kind::sync && op.node == node; });
  for (Op& op : record.ops)
    if (op.node == node) op.synced = false;
}

/// Puts every answer before the sync of the journal that it waited for.
void answer_early(Record& record) {
  const int journal = node_named(record, "journal");
  for (std::size_t i = 0; i < record.ops.size(); ++i) {
    if (record.ops[i].kind != Kind::acked) continue;
    std::size_t to = i;
    while (to > 0 && record.ops[to - 1].kind != Kind::acked && record.ops[to - 1].kind != Kind::applied) --to;
    const auto sync = std::find_if(record.ops.begin() + to, record.ops.begin() + i,
                                   [journal](const Op& op) { return op.kind == Kind::sync && op.node == journal; });
    std::rotate(sync, record.ops.begin() + i, record.ops.begin() + i + 1);
  }
}

/// The store is made under its final name.
void create_in_place(Record& record) {
  const auto is_store = [](const std::string& name) { return name.starts_with("store.new-"); };
  std::erase_if(record.ops, [&](const Op& op) { return op.kind == Kind::rename && is_store(op.name); });
  for (Op& op : record.ops)
    if (is_store(op.name)) op.name = "store";
}

/// Each commit of the tree comes after the first group of the next generation, which it should have made room for.
void commit_late(Record& record) {
  const int journal = node_named(record, "journal");
  const int data_file = node_named(record, "data.mdb");
  const auto of_tree = [data_file](const Op& op) { return op.kind <= Kind::sync && op.node == data_file; };
  for (auto from = record.ops.begin(); from != record.ops.end();) {
    from = std::find_if(from, record.ops.end(), of_tree);
    const auto to = std::find_if_not(from, record.ops.end(), of_tree);
    const auto group = std::find_if(
        to, record.ops.end(), [journal](const Op& op) { return op.kind == Kind::sync && op.node == journal; });
    if (group == record.ops.end()) return;
    from = std::rotate(from, to, group + 1) + (to - from);
  }
}

struct Mutant {
  const char* name;
  const char* workload;
  Edit edit;

  friend std::ostream& operator<<(std::ostream& out, const Mutant& mutant) { return out << mutant.name; }
};

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, IsFound) {
  Examiner examiner(seed_wanted());
  Examiner::Fault fault;
  for (std::uint64_t seed = seed_wanted(); !fault && examiner.tried() < states_wanted() / workloads().size();
       ++seed) {
    auto [record, history] = record_of(workload(GetParam().workload), seed);
    ASSERT_FALSE(examiner.examine(record, history, 2, 0)) << "the sound one fails";
    GetParam().edit(record);
    fault = examiner.examine(record, history, states_of_a_record, 1);
  }
  ASSERT_TRUE(fault) << "it survived " << examiner.tried() << " states";
  std::cerr << "found with " << examiner.tried() << " states: " << fault->substr(0, fault->find('\n')) << "\n";
}

const Mutant mutants[] = {
    {"journal_sync_does_nothing", "three_checkpoints", [](Record& record) { forget_syncs(record, "journal"); }},
    {"answered_before_the_sync", "three_checkpoints", answer_early},
    {"lmdb_without_sync", "three_checkpoints", [](Record& record) { forget_syncs(record, "data.mdb"); }},
    {"store_created_in_place", "create", create_in_place},
    {"half_reused_before_the_commit", "three_checkpoints", commit_late},
};

INSTANTIATE_TEST_SUITE_P(Records, Mutants, testing::ValuesIn(mutants),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace dormouse::crash
