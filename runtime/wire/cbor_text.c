// SPDX-License-Identifier: Apache-2.0
// Whether bytes are UTF-8, and the sentences of the codec's errors.
#include "runtime/wire/cbor.h"

/// Bytes of the well-formed sequence that starts at `at`, or 0. The second byte's range excludes overlong
/// forms, surrogates and what lies above U+10FFFF.
static size_t sequence_size(const uint8_t* at, size_t left) {
  const uint8_t first = at[0];
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (left < size) return 0;
  const uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < size; ++i) {
    if ((at[i] & 0xC0) != 0x80) return 0;
  }
  return size;
}

size_t dm_utf8_prefix(const char* text, size_t size) {
  const uint8_t* bytes = (const uint8_t*)text;
  size_t at = 0;
  while (at < size) {
    const size_t step = sequence_size(bytes + at, size - at);
    if (step == 0) break;
    at += step;
  }
  return at;
}

bool dm_utf8_valid(const char* text, size_t size) {
  return dm_utf8_prefix(text, size) == size;
}

const char* dm_cbor_error_text(DmCborError error) {
  switch (error) {
    case DM_CBOR_OK:
      return "no error";
    case DM_CBOR_NOT_A_MAP:
      return "the body is not a map";
    case DM_CBOR_TRUNCATED:
      return "the body ends inside a value";
    case DM_CBOR_TRAILING:
      return "there are bytes after the map";
    case DM_CBOR_DEPTH:
      return "the depth is more than 4";
    case DM_CBOR_PAIRS:
      return "a map has more than 64 pairs";
    case DM_CBOR_ELEMENTS:
      return "an array has more than 64 elements";
    case DM_CBOR_LONG_HEAD:
      return "a number or length is not in its shortest form";
    case DM_CBOR_INDEFINITE:
      return "a length is indefinite";
    case DM_CBOR_KEY_TYPE:
      return "a key is not an unsigned integer";
    case DM_CBOR_KEY_ORDER:
      return "keys must rise, each given once";
    case DM_CBOR_TYPE:
      return "a value is a float, a tag or of another type that is not allowed";
    case DM_CBOR_RANGE:
      return "a negative number is below -2^63";
    case DM_CBOR_UTF8:
      return "a text is not UTF-8";
    case DM_CBOR_NO_ROOM:
      return "the body does not fit the buffer";
    case DM_CBOR_MISUSE:
      return "keys, values and ends do not match";
  }
  return "unknown error";
}
