// SPDX-License-Identifier: Apache-2.0
// The bounded CBOR reader: one check of the whole body with a stack of four levels, then iteration.
#include "runtime/wire/cbor.h"
#include "runtime/wire/cbor_head.h"

typedef struct Head {
  unsigned major;
  uint64_t value;
} Head;

typedef struct Level {
  uint64_t left;  // pairs or elements still to come
  uint64_t last_key;
  bool map;
  bool first;
} Level;

typedef struct Checker {
  const uint8_t* at;
  const uint8_t* end;
  unsigned depth;
  Level levels[DM_CBOR_MAX_DEPTH];
} Checker;

static DmCborError read_head(const uint8_t** at, const uint8_t* end, Head* head) {
  if (*at == end) return DM_CBOR_TRUNCATED;
  const uint8_t first = *(*at)++;
  const unsigned info = first & 0x1FU;
  head->major = first >> 5;
  head->value = info;
  if (info == 31) return head->major == MAJOR_SIMPLE ? DM_CBOR_TYPE : DM_CBOR_INDEFINITE;
  if (head->major == MAJOR_SIMPLE) return info < 24 ? DM_CBOR_OK : DM_CBOR_TYPE;
  if (info < 24) return DM_CBOR_OK;
  if (info > 27) return DM_CBOR_LONG_HEAD;

  const size_t extra = (size_t)1 << (info - 24);
  if ((size_t)(end - *at) < extra) return DM_CBOR_TRUNCATED;
  uint64_t value = 0;
  for (size_t i = 0; i < extra; ++i) value = value << 8 | *(*at)++;
  head->value = value;
  // The least value that needs this many bytes: 24, 2^8, 2^16, 2^32.
  const uint64_t least = extra == 1 ? 24 : (uint64_t)1 << (4 * extra);
  return value < least ? DM_CBOR_LONG_HEAD : DM_CBOR_OK;
}

static DmCborError check_key(Checker* checker, Level* level) {
  Head head;
  const DmCborError error = read_head(&checker->at, checker->end, &head);
  if (error != DM_CBOR_OK) return error;
  if (head.major != MAJOR_UINT) return DM_CBOR_KEY_TYPE;
  if (!level->first && head.value <= level->last_key) return DM_CBOR_KEY_ORDER;
  level->first = false;
  level->last_key = head.value;
  return DM_CBOR_OK;
}

static DmCborError open_level(Checker* checker, const Head* head) {
  const bool map = head->major == MAJOR_MAP;
  if (checker->depth == DM_CBOR_MAX_DEPTH) return DM_CBOR_DEPTH;
  if (map && head->value > DM_CBOR_MAX_PAIRS) return DM_CBOR_PAIRS;
  if (!map && head->value > DM_CBOR_MAX_ELEMENTS) return DM_CBOR_ELEMENTS;
  Level* level = &checker->levels[checker->depth++];
  level->left = head->value;
  level->last_key = 0;
  level->map = map;
  level->first = true;
  return DM_CBOR_OK;
}

static DmCborError check_string(Checker* checker, const Head* head) {
  if (head->value > (uint64_t)(checker->end - checker->at)) return DM_CBOR_TRUNCATED;
  const size_t size = (size_t)head->value;
  if (head->major == MAJOR_TEXT && !dm_utf8_valid((const char*)checker->at, size)) return DM_CBOR_UTF8;
  checker->at += size;
  return DM_CBOR_OK;
}

/// One value; a container only opens its level, its entries are the main loop's.
static DmCborError check_value(Checker* checker) {
  Head head;
  const DmCborError error = read_head(&checker->at, checker->end, &head);
  if (error != DM_CBOR_OK) return error;
  switch (head.major) {
    case MAJOR_UINT:
      return DM_CBOR_OK;
    case MAJOR_NEGATIVE:
      return head.value > INT64_MAX ? DM_CBOR_RANGE : DM_CBOR_OK;
    case MAJOR_BYTES:
    case MAJOR_TEXT:
      return check_string(checker, &head);
    case MAJOR_ARRAY:
    case MAJOR_MAP:
      return open_level(checker, &head);
    case MAJOR_SIMPLE:
      return head.value >= SIMPLE_FALSE && head.value <= SIMPLE_NULL ? DM_CBOR_OK : DM_CBOR_TYPE;
    default:
      return DM_CBOR_TYPE;
  }
}

DmCborError dm_cbor_check(const uint8_t* body, size_t size) {
  if (size == 0) return DM_CBOR_OK;
  if (body[0] >> 5 != MAJOR_MAP) return DM_CBOR_NOT_A_MAP;
  Checker checker;
  checker.at = body;
  checker.end = body + size;
  checker.depth = 0;
  DmCborError error = check_value(&checker);
  while (error == DM_CBOR_OK) {
    while (checker.depth > 0 && checker.levels[checker.depth - 1].left == 0) --checker.depth;
    if (checker.depth == 0) return checker.at == checker.end ? DM_CBOR_OK : DM_CBOR_TRAILING;
    Level* level = &checker.levels[checker.depth - 1];
    --level->left;
    if (level->map) error = check_key(&checker, level);
    if (error == DM_CBOR_OK) error = check_value(&checker);
  }
  return error;
}

/// Past the `entries` values at `at`, whatever they hold: a checked body nests at most four deep, and the
/// count of values still to pass stands in for a stack.
static const uint8_t* skip(const uint8_t* at, const uint8_t* end, uint64_t entries) {
  while (entries > 0) {
    Head head;
    if (read_head(&at, end, &head) != DM_CBOR_OK) return end;
    --entries;
    if (head.major == MAJOR_ARRAY) {
      entries += head.value;
    } else if (head.major == MAJOR_MAP) {
      entries += 2 * head.value;
    } else if (head.major == MAJOR_BYTES || head.major == MAJOR_TEXT) {
      if (head.value > (uint64_t)(end - at)) return end;
      at += head.value;
    }
  }
  return at;
}

static bool take_value(DmCborReader* reader, DmCborValue* value) {
  Head head;
  if (read_head(&reader->at, reader->end, &head) != DM_CBOR_OK) return false;
  const uint8_t* data = reader->at;
  value->number = head.value;
  value->negative = 0;
  switch (head.major) {
    case MAJOR_UINT:
      value->kind = DM_CBOR_UINT;
      break;
    case MAJOR_NEGATIVE:
      value->kind = DM_CBOR_NEGATIVE;
      value->negative = -1 - (int64_t)head.value;
      break;
    case MAJOR_BYTES:
    case MAJOR_TEXT:
      value->kind = head.major == MAJOR_TEXT ? DM_CBOR_TEXT : DM_CBOR_BYTES;
      if (head.value > (uint64_t)(reader->end - data)) return false;
      reader->at = data + head.value;
      break;
    case MAJOR_ARRAY:
    case MAJOR_MAP:
      value->kind = head.major == MAJOR_MAP ? DM_CBOR_MAP : DM_CBOR_ARRAY;
      reader->at = skip(data, reader->end, head.major == MAJOR_MAP ? 2 * head.value : head.value);
      break;
    default:
      value->kind = head.value == SIMPLE_NULL ? DM_CBOR_NULL : DM_CBOR_BOOL;
      value->number = head.value == SIMPLE_TRUE;
      break;
  }
  value->data = data;
  value->size = (size_t)(reader->at - data);
  return true;
}

DmCborError dm_cbor_open(DmCborReader* reader, const uint8_t* body, size_t size) {
  const DmCborError error = dm_cbor_check(body, size);
  reader->at = body;
  reader->end = body;
  reader->left = 0;
  reader->map = true;
  if (error != DM_CBOR_OK || size == 0) return error;
  Head head;
  reader->end = body + size;
  read_head(&reader->at, reader->end, &head);
  reader->left = head.value;
  return DM_CBOR_OK;
}

bool dm_cbor_enter(DmCborReader* reader, const DmCborValue* value) {
  if (value->kind != DM_CBOR_MAP && value->kind != DM_CBOR_ARRAY) return false;
  reader->at = value->data;
  reader->end = value->data + value->size;
  reader->left = value->number;
  reader->map = value->kind == DM_CBOR_MAP;
  return true;
}

bool dm_cbor_next(DmCborReader* reader, uint64_t* key, DmCborValue* value) {
  if (!reader->map || reader->left == 0) return false;
  --reader->left;
  Head head;
  if (read_head(&reader->at, reader->end, &head) != DM_CBOR_OK) return false;
  *key = head.value;
  return take_value(reader, value);
}

bool dm_cbor_next_element(DmCborReader* reader, DmCborValue* value) {
  if (reader->map || reader->left == 0) return false;
  --reader->left;
  return take_value(reader, value);
}
