// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/spans.hpp"

#include <algorithm>

#include "runtime/base/check.hpp"
#include "runtime/wire/record.hpp"

// The stored form: {kernel_boot: the present one, data: rows}. A row is fixed in width and big-endian, since a
// device may remember more kernel boots than an array of the codec holds:
//   number u32, flags u8 (1 last wall known, 2 offset known), span, last instant, last wall, offset (each i64)

namespace dormouse {
namespace {

constexpr std::size_t kRowBytes = 4 + 1 + 4 * 8;
constexpr char kHasWall = 1;
constexpr char kHasOffset = 2;

void append(Bytes& out, std::uint64_t value, int width) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xFF));
}

std::uint64_t take(BytesView& in, int width) {
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(in[i]);
  in.remove_prefix(width);
  return value;
}

Error corrupt() {
  return Error{"store.corrupt_record", "The record of the kernel boots' spans is damaged."};
}

}  // namespace

void Spans::begin_kernel_boot(std::uint32_t number, Duration proven_since_last_boots_zero) {
  check(boots_.empty() || number > present_, "spans:number");
  check(proven_since_last_boots_zero >= Duration::zero(), "spans:proven");
  for (auto& [_, boot] : boots_) boot.span += proven_since_last_boots_zero;
  boots_[number] = KernelBoot{};
  present_ = number;
  if (boots_.size() > kMaxKernelBoots) boots_.erase(boots_.begin());
}

void Spans::note_stamp(const Now& now) {
  const auto found = boots_.find(now.kernel_boot);
  if (found == boots_.end() || now.kernel_boot != present_) return;
  KernelBoot& boot = found->second;
  boot.last_instant = now.instant;
  boot.last_wall.reset();
  if (now.trust == Trust::untrusted) return;
  boot.last_wall = now.wall;
  boot.offset_ms = now.wall.ms - now.instant.ms;
}

void Spans::gain_trust(const Now& now) {
  const auto present = boots_.find(present_);
  if (present == boots_.end() || now.trust == Trust::untrusted) return;
  present->second.offset_ms = now.wall.ms - now.instant.ms;

  auto q = present;
  do {
    if (q == boots_.begin()) return;  // no earlier stamp to measure from
    --q;
  } while (!q->second.last_wall);
  const Duration since_stamp = now.wall - *q->second.last_wall;
  const Duration since_zero_of_q{q->second.last_instant.ms + since_stamp.count()};
  const Duration growth = since_zero_of_q - Duration{now.instant.ms} - q->second.span;
  if (growth <= Duration::zero()) return;
  for (auto boot = boots_.begin(); boot != std::next(q); ++boot) boot->second.span += growth;
}

bool Spans::has_offset() const {
  const auto present = boots_.find(present_);
  return present != boots_.end() && present->second.offset_ms.has_value();
}

void Spans::lose_readings() {
  for (auto& [_, boot] : boots_) boot.last_wall.reset();
}

void Spans::forget_before(std::uint32_t oldest_used) {
  boots_.erase(boots_.begin(), boots_.lower_bound(std::min(oldest_used, present_)));
}

std::optional<Duration> Spans::lateness(const Due& due, const Now& now) const {
  if (due.lane == Due::Lane::wall) {
    if (now.trust == Trust::untrusted) return std::nullopt;
    return now.wall - WallTime{due.ms};
  }
  return now.instant - instant_of(due);
}

Instant Spans::instant_of(const Due& due) const {
  check(due.lane == Due::Lane::elapsed, "spans:lane");
  return Instant{due.ms} - span_of(due.kernel_boot);
}

std::optional<WallTime> Spans::wall_of(const Due& due) const {
  if (due.lane == Due::Lane::wall) return WallTime{due.ms};
  const auto boot = boots_.find(due.kernel_boot);
  if (boot == boots_.end() || !boot->second.offset_ms) return std::nullopt;
  return WallTime{due.ms + *boot->second.offset_ms};
}

Duration Spans::span_of(std::uint32_t kernel_boot) const {
  const auto found = boots_.lower_bound(kernel_boot);
  return found == boots_.end() ? Duration::zero() : found->second.span;
}

Bytes Spans::encode() const {
  Bytes rows;
  rows.reserve(boots_.size() * kRowBytes);
  for (const auto& [number, boot] : boots_) {
    append(rows, number, 4);
    rows.push_back(static_cast<char>((boot.last_wall ? kHasWall : 0) | (boot.offset_ms ? kHasOffset : 0)));
    append(rows, boot.span.count(), 8);
    append(rows, boot.last_instant.ms, 8);
    append(rows, boot.last_wall.value_or(WallTime{}).ms, 8);
    append(rows, boot.offset_ms.value_or(0), 8);
  }
  wire::Record record;
  record.put_uint(wire::Key::kernel_boot, present_).put_bytes(wire::Key::data, std::move(rows));
  return record.encode();
}

Result<Spans> Spans::decode(BytesView bytes) {
  const Result<wire::Record> record = wire::Record::decode(bytes);
  if (!record) return corrupt();
  const auto present = record->get_uint(wire::Key::kernel_boot);
  const auto rows = record->get_bytes(wire::Key::data);
  if (!present || !rows || *present > UINT32_MAX || rows->size() % kRowBytes != 0) return corrupt();

  Spans spans;
  spans.present_ = static_cast<std::uint32_t>(*present);
  for (BytesView rest = *rows; !rest.empty();) {
    const auto number = static_cast<std::uint32_t>(take(rest, 4));
    const auto flags = static_cast<char>(take(rest, 1));
    KernelBoot boot;
    boot.span = Duration{static_cast<std::int64_t>(take(rest, 8))};
    boot.last_instant = Instant{static_cast<std::int64_t>(take(rest, 8))};
    const WallTime wall{static_cast<std::int64_t>(take(rest, 8))};
    const auto offset = static_cast<std::int64_t>(take(rest, 8));
    if (flags & kHasWall) boot.last_wall = wall;
    if (flags & kHasOffset) boot.offset_ms = offset;
    const bool rising = spans.boots_.empty() || number > spans.boots_.rbegin()->first;
    if (!rising || number > spans.present_) return corrupt();
    spans.boots_.emplace_hint(spans.boots_.end(), number, boot);
  }
  if (!spans.boots_.empty() && spans.boots_.rbegin()->first != spans.present_) return corrupt();
  return spans;
}

}  // namespace dormouse
