// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli), which guards frames on links and records in the store. Freestanding C99.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The checksum of the bytes already behind `crc` followed by `size` bytes at `data`; start with 0. So
/// dm_crc32c(dm_crc32c(0, a, n), b, m) is the checksum of a and b in a row. "123456789" gives 0xE3069283.
/// `data` may be null if `size` is 0. Any thread.
uint32_t dm_crc32c(uint32_t crc, const void* data, size_t size);

/// The same, never by an instruction of the processor: what it is held against.
uint32_t dm_crc32c_by_table(uint32_t crc, const void* data, size_t size);

#ifdef __cplusplus
}
#endif
