// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/lies.hpp"

#include "runtime/base/check.hpp"

namespace dormouse::crash {

namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t meta_pages = 2;

bool is_meta_write(const Op& op, int data_file) {
  return op.kind == Op::Kind::write && op.node == data_file && op.number < meta_pages * page_bytes;
}

/// Everything durable at the point, but the meta page that op `meta` wrote.
LiedState lied_at(const Record& record, std::size_t meta, std::size_t point, Lie lie) {
  const Op& op = record.ops[meta];
  Image before = record.start;
  for (std::size_t i = 0; i < meta; ++i) apply(before, record.ops[i]);
  LiedState state{.image = Builder(record).build({.point = point, .kept = {}, .torn = {}, .units = {}}),
                  .bounds = bounds_at(record, point),
                  .later_batches = false,
                  .point = point};
  const std::uint64_t page = op.number / page_bytes * page_bytes;
  const std::string old = before.nodes[op.node].bytes.substr(page, page_bytes);
  state.image.nodes[op.node].bytes.replace(page, page_bytes,
                                           lie == Lie::old_meta ? old : std::string(page_bytes, '\0'));
  return state;
}

}  // namespace

int node_named(const Record& record, const std::string& name) {
  for (const Op& op : record.ops)
    if (op.kind == Op::Kind::link && op.name == name) return op.child;
  for (const Node& node : record.start.nodes)
    if (const auto found = node.names.find(name); found != node.names.end()) return found->second;
  check(false, "lies:node");
  return 0;
}

std::vector<LiedState> lied_states(const Record& record, Lie lie) {
  std::vector<LiedState> states;
  const int data_file = node_named(record, "data.mdb");
  const int journal = node_named(record, "journal");
  for (std::size_t meta = 0; meta < record.ops.size(); ++meta) {
    if (!is_meta_write(record.ops[meta], data_file)) continue;
    states.push_back(lied_at(record, meta, meta + 1, lie));
    std::size_t last = meta + 1;
    bool written = false;
    bool synced = false;
    for (; last < record.ops.size() && !(record.ops[last].is_change() && record.ops[last].node == data_file);
         ++last) {
      written = written || (record.ops[last].kind == Op::Kind::write && record.ops[last].node == journal);
      synced = synced || (written && record.ops[last].kind == Op::Kind::sync && record.ops[last].node == journal);
    }
    states.push_back(lied_at(record, meta, last, lie));
    states.back().later_batches = synced;
  }
  return states;
}

}  // namespace dormouse::crash
