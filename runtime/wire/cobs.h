// SPDX-License-Identifier: Apache-2.0
// Consistent overhead byte stuffing: bytes without a zero, so that a zero can end a frame. Freestanding C99.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The most bytes that `size` bytes can take encoded, with the code byte that is allowed after a full last
/// block and without the delimiter.
#define DM_COBS_MAX(size) ((size) + (size) / 254 + 1)

/// Encodes piece by piece into a buffer of the caller. Fields are private.
typedef struct DmCobsEncoder {
  uint8_t* out;
  size_t capacity;
  size_t size;     // written so far, open block included
  size_t code_at;  // where the open block's code byte stands
  bool full;       // something did not fit
} DmCobsEncoder;

void dm_cobs_begin(DmCobsEncoder* encoder, uint8_t* out, size_t capacity);
void dm_cobs_put(DmCobsEncoder* encoder, const uint8_t* data, size_t size);
/// The encoded size (at least 1), or 0 if it did not fit. No delimiter is written.
size_t dm_cobs_end(DmCobsEncoder* encoder);

/// Decodes `size` bytes without their delimiter into `out`, which has room for `size` bytes and may be `in`
/// itself. False if `in` is empty, holds a zero or ends inside a block.
bool dm_cobs_decode(const uint8_t* in, size_t size, uint8_t* out, size_t* out_size);

#ifdef __cplusplus
}
#endif
