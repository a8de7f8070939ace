// SPDX-License-Identifier: Apache-2.0
// The major types of CBOR heads, shared by the writer and the reader; not for others to include.
#pragma once

enum {
  MAJOR_UINT = 0,
  MAJOR_NEGATIVE = 1,
  MAJOR_BYTES = 2,
  MAJOR_TEXT = 3,
  MAJOR_ARRAY = 4,
  MAJOR_MAP = 5,
  MAJOR_TAG = 6,
  MAJOR_SIMPLE = 7,

  SIMPLE_FALSE = 20,
  SIMPLE_TRUE = 21,
  SIMPLE_NULL = 22,
};
