// SPDX-License-Identifier: Apache-2.0
// Which states a point of a record has, on records small enough to say them all.
#include "tests/crash/harness/states.hpp"

#include <set>

#include <gtest/gtest.h>

namespace dormouse::crash {
namespace {

constexpr int file = 1;
constexpr std::size_t every = 1'000'000;

Op write(std::uint64_t offset, std::string bytes) {
  return {.kind = Op::Kind::write, .node = file, .number = offset, .bytes = std::move(bytes)};
}
Op sync_of(int node) {
  return {.kind = Op::Kind::sync, .node = node};
}

/// A folder with one file, "f", durable and empty, or with the given bytes.
Record record_of(std::vector<Op> ops, std::string bytes = "") {
  Record record;
  record.start.nodes = {{true, {}, {{"f", file}}}, {false, std::move(bytes), {}}};
  record.ops = std::move(ops);
  return record;
}

/// What the file may hold; "(none)" if it has no name.
std::multiset<std::string> contents_at(const Record& record, std::size_t point) {
  std::mt19937_64 random(1);
  std::multiset<std::string> contents;
  Builder builder(record);
  for (const Cut& cut : draw_cuts(record, point, every, random)) {
    const Image image = builder.build(cut);
    const Node* node = image.find("f");
    contents.insert(node == nullptr ? "(none)" : node->bytes);
  }
  return contents;
}

TEST(States, WhatWasSyncedIsThereAndWhatWasNotMayBeMissing) {
  const auto record = record_of({write(0, "a"), sync_of(file), write(1, "b"), write(2, "c"), sync_of(0)});
  EXPECT_EQ(contents_at(record, 0), (std::multiset<std::string>{""}));
  EXPECT_EQ(contents_at(record, 1), (std::multiset<std::string>{"a"})) << "without it is the state before";
  EXPECT_EQ(contents_at(record, 2), (std::multiset<std::string>{"a"}));
  EXPECT_EQ(contents_at(record, 3), (std::multiset<std::string>{"ab"}));
  const std::string hole("a\0c", 3);
  EXPECT_EQ(contents_at(record, 4), (std::multiset<std::string>{"abc", hole}));
  EXPECT_EQ(contents_at(record, 5), (std::multiset<std::string>{"a", "ab", "abc", hole}))
      << "the sync of the folder says nothing about the file";
}

TEST(States, ASynchronousWriteIsDurableAloneAndInItsPlace) {
  auto meta = write(1, "M");
  meta.synced = true;
  const auto record = record_of({write(0, "abc"), meta, sync_of(0)});
  EXPECT_EQ(contents_at(record, 3), (std::multiset<std::string>{"aMc", std::string("\0M", 2)}));
}

TEST(States, ANameIsDurableWithItsFolderNotWithItsFile) {
  Record record;
  record.start.nodes = {{true, {}, {}}, {false, {}, {}}};
  record.ops = {{.kind = Op::Kind::link, .node = 0, .name = "f.new", .child = file},
                write(0, "a"),
                sync_of(file),
                {.kind = Op::Kind::rename, .node = 0, .name = "f.new", .to = "f", .child = file},
                sync_of(0),
                {.kind = Op::Kind::unlink, .node = 0, .name = "f"}};
  EXPECT_EQ(contents_at(record, 3), (std::multiset<std::string>{"(none)", "(none)"}));
  EXPECT_EQ(contents_at(record, 4), (std::multiset<std::string>{"a", "a"}));
  EXPECT_EQ(contents_at(record, 5), (std::multiset<std::string>{"a"}));
  EXPECT_EQ(contents_at(record, 6), (std::multiset<std::string>{"(none)"}));
}

TEST(States, AWriteMayBeTornAtEveryUnit) {
  const std::string old(2'000, '-');
  const auto record = record_of({write(500, std::string(1'000, 'x'))}, old);
  const auto torn = [&](std::vector<std::pair<int, int>> kept) {
    std::string bytes = old;
    for (const auto& [from, to] : kept) bytes.replace(from, to - from, to - from, 'x');
    return bytes;
  };
  const auto contents = contents_at(record, 1);
  EXPECT_EQ(contents.size(), 6u);  // whole, two prefixes, two suffixes, a drawn mask
  for (const auto& expected : {torn({{500, 1'500}}), torn({{500, 512}}), torn({{500, 1'024}}), torn({{512, 1'500}}),
                               torn({{1'024, 1'500}})})
    EXPECT_TRUE(contents.contains(expected));
}

TEST(States, OverlappingWritesMayArriveInEitherOrder) {
  const auto record = record_of({write(0, "aa"), write(1, "bb")});
  EXPECT_EQ(contents_at(record, 2), (std::multiset<std::string>{"abb", "aab", std::string("\0bb", 3)}));
}

TEST(States, OfManyWritesSomeSubsetsAreDrawn) {
  std::vector<Op> ops;
  for (int i = 0; i < 10; ++i) ops.push_back(write(i, "x"));
  ops.push_back(sync_of(0));
  const auto contents = contents_at(record_of(std::move(ops)), 11);
  EXPECT_EQ(contents.size(), 11u + 2 * 10u + 16u);
  EXPECT_TRUE(contents.contains(""));
  EXPECT_TRUE(contents.contains("xxxxxxxxxx"));
  EXPECT_TRUE(contents.contains(std::string("xxxx\0xxxxx", 10)));
}

TEST(States, AnAnswerRaisesWhatMustBeThere) {
  auto record = record_of({{.kind = Op::Kind::applied, .number = 4}, {.kind = Op::Kind::acked, .number = 4}});
  record.acked = record.applied = 3;
  EXPECT_EQ(bounds_at(record, 0).applied, 3u);
  EXPECT_EQ(bounds_at(record, 1).applied, 4u);
  EXPECT_EQ(bounds_at(record, 1).acked, 3u);
  EXPECT_EQ(bounds_at(record, 2).acked, 4u);
  EXPECT_FALSE(is_point(record, 1));
  EXPECT_TRUE(is_point(record, 2));
}

}  // namespace
}  // namespace dormouse::crash
