// SPDX-License-Identifier: Apache-2.0
// Encodes straight into the line's buffer, without a copy of the body; decodes in place.
#include "runtime/wire/frame.h"

#include "runtime/wire/crc32c.h"

static void put_16(uint8_t* to, uint16_t value) {
  to[0] = (uint8_t)value;
  to[1] = (uint8_t)(value >> 8);
}

static uint16_t get_16(const uint8_t* from) {
  return (uint16_t)(from[0] | from[1] << 8);
}

static uint32_t get_32(const uint8_t* from) {
  return (uint32_t)get_16(from) | (uint32_t)get_16(from + 2) << 16;
}

size_t dm_frame_encode(const DmFrame* frame, uint8_t* out, size_t capacity) {
  uint8_t header[DM_FRAME_HEADER] = {DM_FRAME_VERSION, frame->type, frame->flags, frame->channel};
  put_16(header + 4, frame->epoch);
  put_16(header + 6, frame->seq);
  put_16(header + 8, frame->ack);
  const uint32_t crc = dm_crc32c(dm_crc32c(0, header, sizeof header), frame->body, frame->body_size);
  uint8_t tail[DM_FRAME_CRC];
  put_16(tail, (uint16_t)crc);
  put_16(tail + 2, (uint16_t)(crc >> 16));

  DmCobsEncoder encoder;
  dm_cobs_begin(&encoder, out, capacity);
  dm_cobs_put(&encoder, header, sizeof header);
  dm_cobs_put(&encoder, frame->body, frame->body_size);
  dm_cobs_put(&encoder, tail, sizeof tail);
  const size_t size = dm_cobs_end(&encoder);
  if (size == 0 || size == capacity) return 0;
  out[size] = 0;
  return size + 1;
}

DmFrameError dm_frame_decode(uint8_t* bytes, size_t size, size_t max_frame, DmFrame* frame) {
  if (size > DM_COBS_MAX(max_frame)) return DM_FRAME_TOO_LONG;
  size_t decoded = 0;
  if (!dm_cobs_decode(bytes, size, bytes, &decoded)) return DM_FRAME_BAD_COBS;
  // Many zeros encode to few bytes, so the size on the line alone does not bound the frame.
  if (decoded > max_frame) return DM_FRAME_TOO_LONG;
  if (decoded < DM_FRAME_MIN) return DM_FRAME_TOO_SHORT;
  const size_t end = decoded - DM_FRAME_CRC;
  if (dm_crc32c(0, bytes, end) != get_32(bytes + end)) return DM_FRAME_BAD_CRC;
  if (bytes[0] != DM_FRAME_VERSION) return DM_FRAME_BAD_VERSION;

  frame->type = bytes[1];
  frame->flags = bytes[2];
  frame->channel = bytes[3];
  frame->epoch = get_16(bytes + 4);
  frame->seq = get_16(bytes + 6);
  frame->ack = get_16(bytes + 8);
  frame->body = bytes + DM_FRAME_HEADER;
  frame->body_size = end - DM_FRAME_HEADER;
  const uint8_t known = DM_FRAME_RELIABLE | DM_FRAME_REPLY | DM_FRAME_REPEATED;
  if ((frame->flags & ~known) != 0) return DM_FRAME_BAD_FLAGS;
  if (((frame->flags & DM_FRAME_RELIABLE) != 0) != (frame->seq != 0)) return DM_FRAME_BAD_FLAGS;
  return DM_FRAME_OK;
}
