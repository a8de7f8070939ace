// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/record.hpp"

#include <algorithm>

namespace dormouse::crash {

namespace {

/// A name by which people know the node: the last one it was given.
std::string name_of(const Record& record, int node) {
  std::string name = node == 0 ? "." : "node " + std::to_string(node);
  for (const Node& folder : record.start.nodes)
    for (const auto& [known, child] : folder.names)
      if (child == node) name = known;
  for (const Op& op : record.ops)
    if (op.kind == Op::Kind::link && op.child == node) name = op.name;
  return name;
}

void write(std::string& file, const Op& op, const std::function<bool(std::size_t)>& keep) {
  std::uint64_t from = op.number;
  const std::uint64_t end = op.number + op.bytes.size();
  for (std::size_t unit = 0; from < end; ++unit) {
    const std::uint64_t to = std::min(end, (from / unit_bytes + 1) * unit_bytes);
    if (!keep || keep(unit)) {
      if (file.size() < to) file.resize(to);
      file.replace(from, to - from, op.bytes, from - op.number, to - from);
    }
    from = to;
  }
}

}  // namespace

std::size_t units_of(const Op& op) {
  if (op.kind != Op::Kind::write || op.bytes.empty()) return 0;
  return (op.number + op.bytes.size() - 1) / unit_bytes - op.number / unit_bytes + 1;
}

void apply(Image& image, const Op& op, const std::function<bool(std::size_t unit)>& keep) {
  Node& node = image.nodes[op.node];
  switch (op.kind) {
    case Op::Kind::link:
      node.names[op.name] = op.child;
      break;
    case Op::Kind::unlink:
      node.names.erase(op.name);
      break;
    case Op::Kind::rename:
      // Kept without the op that made the old name, the new one still leads to the file.
      node.names.erase(op.name);
      image.nodes[op.to_node].names[op.to] = op.child;
      break;
    case Op::Kind::write:
      write(node.bytes, op, keep);
      break;
    case Op::Kind::resize:
      node.bytes.resize(op.number);
      break;
    case Op::Kind::sync:
    case Op::Kind::applied:
    case Op::Kind::acked:
      break;
  }
}

Image end_of(const Record& record) {
  Image image = record.start;
  for (const Op& op : record.ops) apply(image, op);
  return image;
}

std::string describe(const Record& record, const Op& op) {
  const std::string where = name_of(record, op.node);
  switch (op.kind) {
    case Op::Kind::link:
      return "new name " + op.name + " in " + where;
    case Op::Kind::unlink:
      return "name " + op.name + " removed from " + where;
    case Op::Kind::rename:
      return "rename " + op.name + " to " + op.to + " in " + where +
             (op.to_node == op.node ? "" : " and " + name_of(record, op.to_node));
    case Op::Kind::write:
      return (op.synced ? "synchronous write of " : "write of ") + std::to_string(op.bytes.size()) + " bytes at " +
             std::to_string(op.number) + " of " + where;
    case Op::Kind::resize:
      return "size " + std::to_string(op.number) + " of " + where;
    case Op::Kind::sync:
      return "sync of " + where;
    case Op::Kind::applied:
      return "batch " + std::to_string(op.number) + " applied";
    case Op::Kind::acked:
      return "batch " + std::to_string(op.number) + " acked";
  }
  return "";
}

}  // namespace dormouse::crash
