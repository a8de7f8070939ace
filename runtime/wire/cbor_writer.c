// SPDX-License-Identifier: Apache-2.0
// The bounded CBOR writer. A container's count is known only at its end: its head is reserved as one byte
// and the contents move up by one in the rare case of 24 entries or more.
#include <string.h>

#include "runtime/wire/cbor.h"
#include "runtime/wire/cbor_head.h"

void dm_cbor_init(DmCborWriter* writer, uint8_t* bytes, size_t capacity) {
  memset(writer, 0, sizeof *writer);
  writer->bytes = bytes;
  writer->capacity = bytes == NULL ? SIZE_MAX : capacity;
}

static void fail(DmCborWriter* writer, DmCborError error) {
  if (writer->error == DM_CBOR_OK) writer->error = error;
}

static void append(DmCborWriter* writer, const void* data, size_t size) {
  if (writer->error != DM_CBOR_OK) return;
  if (size > writer->capacity - writer->size) {
    fail(writer, DM_CBOR_NO_ROOM);
    return;
  }
  if (writer->bytes != NULL && size > 0) memcpy(writer->bytes + writer->size, data, size);
  writer->size += size;
}

static void append_head(DmCborWriter* writer, unsigned major, uint64_t value) {
  uint8_t head[9];
  size_t extra = 8;
  uint8_t info = 27;
  if (value < 24) {
    extra = 0;
    info = (uint8_t)value;
  } else if (value <= UINT8_MAX) {
    extra = 1;
    info = 24;
  } else if (value <= UINT16_MAX) {
    extra = 2;
    info = 25;
  } else if (value <= UINT32_MAX) {
    extra = 4;
    info = 26;
  }
  head[0] = (uint8_t)(major << 5 | info);
  for (size_t i = 0; i < extra; ++i) head[1 + i] = (uint8_t)(value >> (8 * (extra - 1 - i)));
  append(writer, head, 1 + extra);
}

/// Books one value in the open container; false (and an error) if none may stand here.
static bool take_place(DmCborWriter* writer, bool is_map) {
  if (writer->error != DM_CBOR_OK) return false;
  if (writer->depth == 0) {
    if (is_map && writer->size == 0) return true;
    fail(writer, DM_CBOR_MISUSE);
    return false;
  }
  DmCborWriterLevel* level = &writer->levels[writer->depth - 1];
  if (level->map) {
    if (!level->key_open) fail(writer, DM_CBOR_MISUSE);
    level->key_open = false;
  } else {
    if (level->count == DM_CBOR_MAX_ELEMENTS) fail(writer, DM_CBOR_ELEMENTS);
    ++level->count;
  }
  return writer->error == DM_CBOR_OK;
}

static void begin(DmCborWriter* writer, bool map) {
  if (!take_place(writer, map)) return;
  if (writer->depth == DM_CBOR_MAX_DEPTH) {
    fail(writer, DM_CBOR_DEPTH);
    return;
  }
  DmCborWriterLevel* level = &writer->levels[writer->depth++];
  memset(level, 0, sizeof *level);
  level->map = map;
  level->head = writer->size;
  append_head(writer, map ? MAJOR_MAP : MAJOR_ARRAY, 0);
}

void dm_cbor_begin_map(DmCborWriter* writer) {
  begin(writer, true);
}

void dm_cbor_begin_array(DmCborWriter* writer) {
  begin(writer, false);
}

void dm_cbor_end(DmCborWriter* writer) {
  if (writer->error != DM_CBOR_OK) return;
  if (writer->depth == 0 || writer->levels[writer->depth - 1].key_open) {
    fail(writer, DM_CBOR_MISUSE);
    return;
  }
  const DmCborWriterLevel* level = &writer->levels[--writer->depth];
  const unsigned major = level->map ? MAJOR_MAP : MAJOR_ARRAY;
  const uint8_t longer = 0;
  if (level->count >= 24) append(writer, &longer, 1);
  if (writer->error != DM_CBOR_OK || writer->bytes == NULL) return;
  uint8_t* head = writer->bytes + level->head;
  if (level->count < 24) {
    head[0] = (uint8_t)(major << 5 | level->count);
    return;
  }
  // Hand over hand rather than backwards: compilers make a call of memmove of that, which may not be there.
  uint8_t carried = level->count;
  for (uint8_t* at = head + 1; at < writer->bytes + writer->size; ++at) {
    const uint8_t next = *at;
    *at = carried;
    carried = next;
  }
  head[0] = (uint8_t)(major << 5 | 24);
}

void dm_cbor_key(DmCborWriter* writer, uint64_t key) {
  if (writer->error != DM_CBOR_OK) return;
  DmCborWriterLevel* level = writer->depth == 0 ? NULL : &writer->levels[writer->depth - 1];
  if (level == NULL || !level->map || level->key_open) {
    fail(writer, DM_CBOR_MISUSE);
  } else if (level->count == DM_CBOR_MAX_PAIRS) {
    fail(writer, DM_CBOR_PAIRS);
  } else if (level->count > 0 && key <= level->last_key) {
    fail(writer, DM_CBOR_KEY_ORDER);
  } else {
    ++level->count;
    level->last_key = key;
    level->key_open = true;
    append_head(writer, MAJOR_UINT, key);
  }
}

void dm_cbor_uint(DmCborWriter* writer, uint64_t value) {
  if (take_place(writer, false)) append_head(writer, MAJOR_UINT, value);
}

void dm_cbor_int(DmCborWriter* writer, int64_t value) {
  if (!take_place(writer, false)) return;
  if (value >= 0) {
    append_head(writer, MAJOR_UINT, (uint64_t)value);
  } else {
    append_head(writer, MAJOR_NEGATIVE, (uint64_t)(-1 - value));
  }
}

void dm_cbor_bool(DmCborWriter* writer, bool value) {
  if (take_place(writer, false)) append_head(writer, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void dm_cbor_null(DmCborWriter* writer) {
  if (take_place(writer, false)) append_head(writer, MAJOR_SIMPLE, SIMPLE_NULL);
}

void dm_cbor_bytes(DmCborWriter* writer, const void* data, size_t size) {
  if (!take_place(writer, false)) return;
  append_head(writer, MAJOR_BYTES, size);
  append(writer, data, size);
}

void dm_cbor_text(DmCborWriter* writer, const char* text, size_t size) {
  if (!take_place(writer, false)) return;
  if (!dm_utf8_valid(text, size)) fail(writer, DM_CBOR_UTF8);
  append_head(writer, MAJOR_TEXT, size);
  append(writer, text, size);
}

DmCborError dm_cbor_finish(const DmCborWriter* writer, size_t* size) {
  if (writer->error != DM_CBOR_OK) return writer->error;
  if (writer->depth != 0) return DM_CBOR_MISUSE;
  *size = writer->size;
  return DM_CBOR_OK;
}
