// SPDX-License-Identifier: Apache-2.0
// The bounded, deterministic subset of CBOR that message bodies and stored records are written in: one map
// with unsigned keys; integers, byte strings, UTF-8 text, arrays, maps, true, false, null. Shortest heads,
// definite lengths, keys rising, each once. Freestanding C99: no heap, no recursion, no floating point.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  DM_CBOR_MAX_DEPTH = 4,  // the body itself is the first level
  DM_CBOR_MAX_PAIRS = 64,
  DM_CBOR_MAX_ELEMENTS = 64,
};

typedef enum DmCborError {
  DM_CBOR_OK = 0,
  DM_CBOR_NOT_A_MAP,   // the body is something else than a map
  DM_CBOR_TRUNCATED,   // the bytes end inside a value
  DM_CBOR_TRAILING,    // bytes after the map
  DM_CBOR_DEPTH,       // nested deeper than DM_CBOR_MAX_DEPTH
  DM_CBOR_PAIRS,       // a map of more than DM_CBOR_MAX_PAIRS
  DM_CBOR_ELEMENTS,    // an array of more than DM_CBOR_MAX_ELEMENTS
  DM_CBOR_LONG_HEAD,   // a number or length not in its shortest form, or a reserved head
  DM_CBOR_INDEFINITE,  // a length left open
  DM_CBOR_KEY_TYPE,    // a key that is no unsigned integer
  DM_CBOR_KEY_ORDER,   // a key given twice or lower than the one before
  DM_CBOR_TYPE,        // a float, a tag or another value outside the subset
  DM_CBOR_RANGE,       // a negative number below -2^63
  DM_CBOR_UTF8,        // text that is not UTF-8
  DM_CBOR_NO_ROOM,     // writer: the buffer is too small
  DM_CBOR_MISUSE,      // writer: a value without key, a key without value, an end without begin
} DmCborError;

/// A clause in English for a person, such as "an array has more than 64 elements". Never null.
const char* dm_cbor_error_text(DmCborError error);

/// Whether all of `size` bytes are well-formed UTF-8 (no surrogates, no overlong forms).
bool dm_utf8_valid(const char* text, size_t size);
/// Bytes of the longest well-formed beginning of `text`.
size_t dm_utf8_prefix(const char* text, size_t size);

// -- writing ----------------------------------------------------------------------------------------

typedef struct DmCborWriterLevel {
  size_t head;  // offset of the container's head
  uint64_t last_key;
  uint8_t count;  // pairs or elements so far
  bool map;
  bool key_open;  // a key was written, its value was not
} DmCborWriterLevel;

/// Writes into a buffer of the caller. The first error sticks and every later call does nothing, so
/// that only dm_cbor_finish has to be looked at. Fields are private.
typedef struct DmCborWriter {
  uint8_t* bytes;
  size_t capacity;
  size_t size;
  DmCborError error;
  uint8_t depth;
  DmCborWriterLevel levels[DM_CBOR_MAX_DEPTH];
} DmCborWriter;

/// With `bytes` null nothing is written and dm_cbor_finish tells the size that it would take.
void dm_cbor_init(DmCborWriter* writer, uint8_t* bytes, size_t capacity);
/// A body is begin_map, for each pair key and value (rising keys), end. Containers nest as values.
void dm_cbor_begin_map(DmCborWriter* writer);
void dm_cbor_begin_array(DmCborWriter* writer);
void dm_cbor_end(DmCborWriter* writer);
void dm_cbor_key(DmCborWriter* writer, uint64_t key);
void dm_cbor_uint(DmCborWriter* writer, uint64_t value);
void dm_cbor_int(DmCborWriter* writer, int64_t value);
void dm_cbor_bool(DmCborWriter* writer, bool value);
void dm_cbor_null(DmCborWriter* writer);
void dm_cbor_bytes(DmCborWriter* writer, const void* data, size_t size);
/// DM_CBOR_UTF8 if `text` is not UTF-8.
void dm_cbor_text(DmCborWriter* writer, const char* text, size_t size);
/// The error, or DM_CBOR_OK and the bytes of the body in `size`.
DmCborError dm_cbor_finish(const DmCborWriter* writer, size_t* size);

// -- reading ----------------------------------------------------------------------------------------

typedef enum DmCborKind {
  DM_CBOR_UINT,
  DM_CBOR_NEGATIVE,
  DM_CBOR_BYTES,
  DM_CBOR_TEXT,
  DM_CBOR_ARRAY,
  DM_CBOR_MAP,
  DM_CBOR_BOOL,
  DM_CBOR_NULL,
} DmCborKind;

/// One value; strings and containers point into the body, which must outlive it.
typedef struct DmCborValue {
  DmCborKind kind;
  uint64_t number;      // UINT: the value; BOOL: 0 or 1; ARRAY, MAP: elements or pairs
  int64_t negative;     // NEGATIVE: the value
  const uint8_t* data;  // BYTES, TEXT: the contents; ARRAY, MAP: the encoded elements
  size_t size;          // of data
} DmCborValue;

/// Stands in a map or an array and yields one entry at a time.
typedef struct DmCborReader {
  const uint8_t* at;
  const uint8_t* end;
  uint64_t left;
  bool map;
} DmCborReader;

/// Checks a whole body against every rule above. No bytes are the empty map. No length read from the
/// body leads further than `size`.
DmCborError dm_cbor_check(const uint8_t* body, size_t size);
/// dm_cbor_check; if that is well, `reader` stands before the first key.
DmCborError dm_cbor_open(DmCborReader* reader, const uint8_t* body, size_t size);
/// Into a value that is a MAP or an ARRAY; false if it is neither.
bool dm_cbor_enter(DmCborReader* reader, const DmCborValue* value);
/// The next pair of a map; false at its end.
bool dm_cbor_next(DmCborReader* reader, uint64_t* key, DmCborValue* value);
/// The next element of an array; false at its end.
bool dm_cbor_next_element(DmCborReader* reader, DmCborValue* value);

#ifdef __cplusplus
}
#endif
