// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/recorder.hpp"

#include <iostream>
#include <utility>

#include "runtime/base/check.hpp"

namespace dormouse::crash {

namespace {

/// LMDB begins its lock file anew when nobody holds it, and writes it through a map: its content counts as durable
/// at once and is not compared.
bool nobody_relies_on(const std::string& name) {
  return name == "lock.mdb";
}

}  // namespace

Recorder::Recorder(std::filesystem::path folder) : folder_(std::move(folder)) {
  record_.start = Image::of(folder_, &inodes_);
  for (const Node& node : record_.start.nodes)
    for (const auto& [name, child] : node.names)
      if (nobody_relies_on(name)) unreliable_.insert(child);
  observe(this);
}

Record Recorder::stop() {
  observe(nullptr);
  auto expected = end_of(record_).files();
  auto found = Image::of(folder_).files();
  for (auto* files : {&expected, &found})
    for (auto& [path, bytes] : *files)
      if (nobody_relies_on(std::filesystem::path(path).filename())) bytes.clear();
  for (const auto& [path, bytes] : found)
    if (!expected.contains(path) || expected[path] != bytes) std::cerr << path << " changed unseen\n";
  check(expected == found, "recorder:unseen");
  return std::move(record_);
}

const int* Recorder::known(Inode inode) const {
  const auto found = inodes_.find(inode);
  return found == inodes_.end() ? nullptr : &found->second;
}

void Recorder::mark(Op::Kind kind, std::uint64_t sequence) {
  record_.ops.push_back({.kind = kind, .number = sequence});
}

void Recorder::made(Inode folder, const std::string& name, Inode child, bool is_folder) {
  const int* place = known(folder);
  if (place == nullptr) return;
  const int node = static_cast<int>(record_.start.nodes.size());
  record_.start.nodes.push_back({is_folder, {}, {}});
  record_.ops.push_back({.kind = Op::Kind::link, .node = *place, .name = name, .child = node});
  inodes_[child] = node;  // an inode may come again after its file was removed
  if (nobody_relies_on(name)) unreliable_.insert(node);
}

void Recorder::removed(Inode folder, const std::string& name) {
  if (const int* place = known(folder))
    record_.ops.push_back({.kind = Op::Kind::unlink, .node = *place, .name = name});
}

void Recorder::renamed(Inode from, const std::string& name, Inode to, const std::string& new_name, Inode child) {
  const int* place = known(from);
  const int* to_place = known(to);
  check((place == nullptr) == (to_place == nullptr), "recorder:moved_in_or_out");
  if (place != nullptr)
    record_.ops.push_back({.kind = Op::Kind::rename,
                           .node = *place,
                           .name = name,
                           .to = new_name,
                           .to_node = *to_place,
                           .child = *known(child)});
}

void Recorder::written(Inode file, std::uint64_t offset, std::string_view bytes, bool synced) {
  if (const int* place = known(file))
    record_.ops.push_back({.kind = Op::Kind::write,
                           .node = *place,
                           .number = offset,
                           .bytes = std::string(bytes),
                           .synced = synced || unreliable_.contains(*place)});
}

void Recorder::resized(Inode file, std::uint64_t size) {
  if (const int* place = known(file))
    record_.ops.push_back(
        {.kind = Op::Kind::resize, .node = *place, .number = size, .synced = unreliable_.contains(*place)});
}

void Recorder::synced(Inode file_or_folder) {
  if (const int* place = known(file_or_folder)) record_.ops.push_back({.kind = Op::Kind::sync, .node = *place});
}

}  // namespace dormouse::crash
