// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/process/heap.hpp"

#include <malloc.h>

namespace dormouse::hal_linux {

// Threads keep heaps of their own: a shared one would save another tenth of a megabyte, but what goes on many at a
// time would be a tenth slower.
void keep_heap_small() {
  ::mallopt(M_TRIM_THRESHOLD, 64 * 1024);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);  // the default; to say it is what keeps it
  ::mallopt(M_TOP_PAD, 16 * 1024);
}

}  // namespace dormouse::hal_linux
