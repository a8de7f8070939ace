// SPDX-License-Identifier: Apache-2.0
// A frame: COBS(header, body, CRC-32C) and one zero byte. Freestanding C99; both ends of a link use it.
//
//   offset  size  field     all numbers little endian
//   0       1     version   1
//   1       1     type      the message number
//   2       1     flags     bit 0 reliable, bit 1 reply, bit 2 repeated, the rest 0
//   3       1     channel   0..7 picks the component on a UART, 0 on a socket
//   4       2     epoch     of the session, 0: none
//   6       2     seq       1..65535 if reliable, else 0
//   8       2     ack       highest seq of the other side settled in order, 0: none
//   10      n     body
//   10+n    4     CRC-32C of all before it
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/wire/cobs.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  DM_FRAME_VERSION = 1,
  DM_FRAME_HEADER = 10,
  DM_FRAME_CRC = 4,
  DM_FRAME_MIN = DM_FRAME_HEADER + DM_FRAME_CRC,
  DM_FRAME_RELIABLE = 1,
  DM_FRAME_REPLY = 2,
  DM_FRAME_REPEATED = 4,
};

/// Bytes on the line, delimiter included, that a frame of at most `size` bytes takes at most; `size` counts
/// header, body and CRC.
#define DM_FRAME_LINE_MAX(size) (DM_COBS_MAX(size) + 1)

typedef struct DmFrame {
  uint8_t type;
  uint8_t flags;
  uint8_t channel;
  uint16_t epoch;
  uint16_t seq;
  uint16_t ack;
  const uint8_t* body;  // of the caller, or in the decoded bytes
  size_t body_size;
} DmFrame;

/// In the order in which they are checked: the first that applies is told.
typedef enum DmFrameError {
  DM_FRAME_OK = 0,
  DM_FRAME_TOO_LONG,
  DM_FRAME_BAD_COBS,
  DM_FRAME_TOO_SHORT,
  DM_FRAME_BAD_CRC,
  DM_FRAME_BAD_VERSION,
  DM_FRAME_BAD_FLAGS,  // a reserved bit, or a seq that contradicts the reliable bit
} DmFrameError;

/// The size on the line including the delimiter, or 0 if that is more than `capacity`.
size_t dm_frame_encode(const DmFrame* frame, uint8_t* out, size_t capacity);

/// Decodes `size` bytes without their delimiter, in place: `bytes` is overwritten and `frame->body` points
/// into it. `max_frame` is the largest size of header, body and CRC that is taken.
DmFrameError dm_frame_decode(uint8_t* bytes, size_t size, size_t max_frame, DmFrame* frame);

#ifdef __cplusplus
}
#endif
