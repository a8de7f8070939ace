// SPDX-License-Identifier: Apache-2.0
// A block is a code byte and code - 1 bytes that are not zero; a zero follows each block that is not full
// (code 255) and not the last.
#include "runtime/wire/cobs.h"

enum { FULL_BLOCK = 255 };

/// A new block, whose code byte counts itself. False if there is no room for it.
static bool open_block(DmCobsEncoder* encoder) {
  if (encoder->size == encoder->capacity) {
    encoder->full = true;
    return false;
  }
  encoder->code_at = encoder->size++;
  encoder->out[encoder->code_at] = 1;
  return true;
}

void dm_cobs_begin(DmCobsEncoder* encoder, uint8_t* out, size_t capacity) {
  encoder->out = out;
  encoder->capacity = capacity;
  encoder->size = 0;
  encoder->full = false;
  open_block(encoder);
}

void dm_cobs_put(DmCobsEncoder* encoder, const uint8_t* data, size_t size) {
  for (size_t i = 0; i < size && !encoder->full; ++i) {
    // A full block is followed by another one only when there is something to put there.
    if (encoder->out[encoder->code_at] == FULL_BLOCK && !open_block(encoder)) return;
    if (data[i] == 0) {
      open_block(encoder);
    } else if (encoder->size == encoder->capacity) {
      encoder->full = true;
    } else {
      encoder->out[encoder->size++] = data[i];
      ++encoder->out[encoder->code_at];
    }
  }
}

size_t dm_cobs_end(DmCobsEncoder* encoder) {
  return encoder->full ? 0 : encoder->size;
}

bool dm_cobs_decode(const uint8_t* in, size_t size, uint8_t* out, size_t* out_size) {
  size_t read = 0;
  size_t written = 0;
  while (read < size) {
    const uint8_t code = in[read++];
    const size_t block = (size_t)code - 1;
    if (code == 0 || block > size - read) return false;
    for (size_t i = 0; i < block; ++i) {
      const uint8_t byte = in[read++];
      if (byte == 0) return false;
      out[written++] = byte;
    }
    if (code != FULL_BLOCK && read < size) out[written++] = 0;
  }
  *out_size = written;
  return size > 0;
}
