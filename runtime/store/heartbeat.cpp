// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/heartbeat.hpp"

#include <algorithm>
#include <string>

#include "runtime/base/check.hpp"
#include "runtime/wire/crc32c.h"

// A page, numbers big-endian:
//   0  magic "DMHB"    4  format u16    6  body length u16    8  interval ms u32    12  CRC-32C u32
//   16 body: a stamp as a record; the rest of the 512-byte unit is zero, the rest of the page is unused
// The checksum covers bytes 0..11 and the body. A later format keeps these 16 bytes, so that it is recognised.
// All sixteen zero: a page that was never written.

namespace dormouse::store {
namespace {

constexpr char kMagic[] = "DMHB";
constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kHeadBytes = 16;
constexpr std::size_t kSummedHeadBytes = 12;
constexpr std::size_t kUnitBytes = 512;
constexpr unsigned kFailuresUntilAlarm = 3;
constexpr std::int64_t kDayMs = 86'400'000;

void append(Bytes& out, std::uint64_t value, int width) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xFF));
}

std::uint64_t number_at(BytesView page, std::size_t offset, int width) {
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(page[offset + i]);
  return value;
}

std::uint32_t checksum(BytesView head, BytesView body) {
  return dm_crc32c(dm_crc32c(0, head.data(), kSummedHeadBytes), body.data(), body.size());
}

struct Page {
  enum class Kind { blank, corrupt, newer, valid } kind = Kind::corrupt;
  Stamp stamp = {};
  Duration interval = {};
};

Page parse(BytesView bytes) {
  if (bytes.size() < kHeadBytes) return {Page::Kind::corrupt};
  const BytesView head = bytes.substr(0, kHeadBytes);
  if (head.find_first_not_of('\0') == head.npos) return {Page::Kind::blank};
  const std::uint64_t length = number_at(head, 6, 2);
  if (head.substr(0, 4) != kMagic || length > bytes.size() - kHeadBytes) return {Page::Kind::corrupt};
  const BytesView body = bytes.substr(kHeadBytes, length);
  if (number_at(head, 12, 4) != checksum(head, body)) return {Page::Kind::corrupt};
  if (number_at(head, 4, 2) > kFormat) return {Page::Kind::newer};
  Result<Stamp> stamp = decode_stamp(body);
  if (!stamp) return {Page::Kind::corrupt};
  return {Page::Kind::valid, std::move(*stamp), Duration{static_cast<std::int64_t>(number_at(head, 8, 4))}};
}

Bytes render(const Stamp& stamp, Duration interval) {
  const Bytes body = encode(stamp);
  Bytes page = kMagic;
  append(page, kFormat, 2);
  append(page, body.size(), 2);
  append(page, std::clamp<std::int64_t>(interval.count(), 0, UINT32_MAX), 4);
  append(page, checksum(page, body), 4);
  page += body;
  page.resize((page.size() + kUnitBytes - 1) / kUnitBytes * kUnitBytes);
  check(page.size() <= Heartbeat::kPageBytes, "heartbeat:size");
  return page;
}

}  // namespace

Result<std::optional<Stamp>> Heartbeat::newest() {
  std::optional<Stamp> newest;
  newest_page_.reset();
  corrupt_pages_ = 0;
  read_ = false;
  for (unsigned number = 0; number < 2; ++number) {
    const Result<Bytes> bytes = medium_->read(number * kPageBytes, kPageBytes);
    if (!bytes) return bytes.error();
    Page page = parse(*bytes);
    if (page.kind == Page::Kind::newer)
      return Error{"time.page_newer", "The heartbeat file was written by a later version of dormouse.",
                   "Run that version, or remove the file."};
    if (page.kind == Page::Kind::corrupt) ++corrupt_pages_;
    if (page.kind != Page::Kind::valid || (newest && !newer(page.stamp, *newest))) continue;
    newest = std::move(page.stamp);
    interval_ = page.interval;
    newest_page_ = number;
  }
  read_ = true;
  return newest;
}

Status Heartbeat::write(const Stamp& stamp, Duration interval) {
  if (!read_) {
    const auto before = newest();  // which page may be overwritten
    if (!before) return before.error();
  }
  const unsigned number = newest_page_ == 0u ? 1 : 0;
  if (Status written = medium_->write(number * kPageBytes, render(stamp, interval)); !written) return written;
  if (Status synced = medium_->sync(); !synced) return synced;
  newest_page_ = number;
  interval_ = interval;
  return done();
}

HeartbeatPace::HeartbeatPace(Duration interval, std::int64_t writes_per_day)
    : shortest_(std::max(interval, Duration{kDayMs / std::max<std::int64_t>(writes_per_day, 1)})),
      interval_(shortest_) {}

void HeartbeatPace::committed() {
  committed_since_beat_ = true;
  interval_ = shortest_;
}

void HeartbeatPace::beat(bool outage_computable) {
  if (!outage_computable)
    interval_ = shortest_;
  else if (!committed_since_beat_)
    interval_ = std::max(shortest_, std::min(2 * interval_, kLongest));
  committed_since_beat_ = false;
  failures_ = 0;
}

bool HeartbeatPace::failed() {
  return ++failures_ == kFailuresUntilAlarm;
}

}  // namespace dormouse::store
