// SPDX-License-Identifier: Apache-2.0
// What the C library keeps of a burst that is over.
#include "hal/linux/process/heap.hpp"

#include <malloc.h>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dormouse::hal_linux {
namespace {

TEST(Heap, gives_a_burst_back_to_the_kernel) {
  keep_heap_small();
  { const std::vector<char> large(8 * 1024 * 1024); }  // glibc would allow itself twice as much from here on
  {
    std::vector<std::string> burst;
    for (int i = 0; i < 100; ++i) burst.emplace_back(100 * 1024, 'x');
  }
  EXPECT_LE(::mallinfo2().keepcost, 128U * 1024);
}

}  // namespace
}  // namespace dormouse::hal_linux
