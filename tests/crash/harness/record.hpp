// SPDX-License-Identifier: Apache-2.0
// What a program did to a folder, call by call, with the content: enough to build what a medium may hold if the
// power goes at any point of it.
//
// A change is durable after a sync of the file it is about: of a write or a new size that is the file, of a name
// the folder it stands in, of a rename both folders. A sync of one says nothing about any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/crash/harness/image.hpp"

namespace dormouse::crash {

inline constexpr std::uint64_t unit_bytes = 512;  // what a medium writes whole

struct Op {
  enum class Kind { link, unlink, rename, write, resize, sync, applied, acked };
  Kind kind = Kind::sync;
  int node = 0;              // the file, or the folder of the name
  std::string name = {};     // link, unlink, rename: in that folder
  std::string to = {};       // rename: its new name
  int to_node = 0;           // rename: the folder of the new name, mostly the same
  int child = 0;             // link, rename: what the name leads to
  std::uint64_t number = 0;  // write: offset; resize: size; applied, acked: sequence of a batch
  std::string bytes = {};
  bool synced = false;  // a change that was durable at once

  bool is_change() const { return kind < Kind::sync; }
};

struct Record {
  Image start;  // all of it durable. Holds the nodes made later too, to which no name leads yet
  std::vector<Op> ops;
  std::uint64_t acked = 0;  // before the first mark
  std::uint64_t applied = 0;
};

/// The 512-byte units of the file that a write touches, counted from the first.
std::size_t units_of(const Op& op);
/// Does it to the image. Of a write only the units for which `keep` says so; none given: all.
void apply(Image& image, const Op& op, const std::function<bool(std::size_t unit)>& keep = {});

/// The image after all of it.
Image end_of(const Record& record);
/// One line an op, for people.
std::string describe(const Record& record, const Op& op);

}  // namespace dormouse::crash
