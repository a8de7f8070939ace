// SPDX-License-Identifier: Apache-2.0
// How much freed memory the C library keeps for later. It raises its own bounds whenever a large block is freed,
// and keeps megabytes after a burst then.
#pragma once

namespace dormouse::hal_linux {

/// From now on what is freed at the end of a heap goes back to the kernel above 64 KiB, blocks of 128 KiB and more
/// at once. For a program's main: the heap of an embedding program is not ours. Once, before threads.
void keep_heap_small();

}  // namespace dormouse::hal_linux
