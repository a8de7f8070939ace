// SPDX-License-Identifier: Apache-2.0
// What a device does to its store while it is recorded: small stories that pass every place where a cut may hurt.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/harness/device.hpp"
#include "tests/crash/harness/history.hpp"
#include "tests/crash/harness/record.hpp"

namespace dormouse::crash {

struct Workload {
  std::string name;
  std::function<void(Device&, std::mt19937_64&)> work;  // on an open device; it is open at the end, or not
  bool creates = false;                                 // recorded from an empty folder on, the opening included

  friend std::ostream& operator<<(std::ostream& out, const Workload& workload) { return out << workload.name; }
};

const std::vector<Workload>& workloads();
const Workload& workload(const std::string& name);

struct Recorded {
  Record record;
  History history;
};
/// Runs it on a real folder. The seed draws the sizes of its batches, how they are grouped, and whether the data
/// file is written with zeros first and each group of the journal begins a block.
Recorded record_of(const Workload& workload, std::uint64_t seed);

/// A batch of one to three records, of 10 to 1,500 bytes together, now and then with an erase.
Batch draw_batch(std::mt19937_64& random);

}  // namespace dormouse::crash
