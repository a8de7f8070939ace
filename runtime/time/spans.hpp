// SPDX-License-Identifier: Apache-2.0
// Proven time across kernel boots. For each kernel boot that still has an elapsed due, its span is the
// time proven to have passed from its instant 0 to instant 0 of the present kernel boot (0 for the
// present one). Position in kernel boot k = span(k) + present instant; an elapsed due is reached when
// position >= due, and its lateness is position - due. Unproven time never counts, so nothing fires early.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse {

class Spans {
 public:
  /// Kernel boots remembered at most; beyond, the oldest is forgotten.
  static constexpr std::size_t kMaxKernelBoots = 1'024;

  /// What is remembered of one kernel boot.
  struct KernelBoot {
    Duration span{};                        // to instant 0 of the present kernel boot
    Instant last_instant;                   // of its last stamp
    std::optional<WallTime> last_wall;      // wall of that stamp if it was believable
    std::optional<std::int64_t> offset_ms;  // its last wall - instant, once believable
    bool operator==(const KernelBoot&) const = default;
  };

  std::uint32_t present() const { return present_; }
  /// Whether the wall was believed at any time of the present kernel boot.
  bool has_offset() const;
  const std::map<std::uint32_t, KernelBoot>& boots() const { return boots_; }

  /// The first kernel boot of a store, or the next one: every span grows by the time proven to have passed from
  /// instant 0 of the kernel boot before to instant 0 of this one: the instant of its last stamp plus the outage
  /// (zero while unknown, see classify_boot). Note that stamp first. Numbers rise.
  void begin_kernel_boot(std::uint32_t number, Duration proven_since_last_boots_zero);

  /// Notes the newest stamp of the present kernel boot (wall only while believable). One of another kernel boot
  /// is ignored.
  void note_stamp(const Now& now);

  /// Trust was gained at `now`: for the newest earlier kernel boot whose last stamp was believable, and all
  /// before it, the time since that stamp becomes the wall's difference. Spans never shrink. Also to be called
  /// where a process starts believable: the kernel boot before may not have been.
  void gain_trust(const Now& now);

  /// The last readings are lost: nothing is measured from the walls of those that are noted, so spans grow no
  /// further than what later readings prove.
  void lose_readings();

  /// Forgets kernel boots for which `still_used` is false.
  void forget_before(std::uint32_t oldest_used);

  /// A kernel boot that is not remembered counts from the next one that is, which may only be too late, never
  /// too early.
  /// Lateness of `due` at `now`: negative = not reached. None: not judgeable (a wall due while untrusted).
  std::optional<Duration> lateness(const Due& due, const Now& now) const;

  /// The instant of the present kernel boot at which an elapsed due is reached. A wall due has none: a broken
  /// invariant.
  Instant instant_of(const Due& due) const;

  /// The wall time of an instant of a kernel boot, by the last offset at which its wall was believable: what was
  /// recorded while untrusted is told so once that kernel boot was trusted. A wall due is its own. None: never
  /// known.
  std::optional<WallTime> wall_of(const Due& due) const;

  Bytes encode() const;  // as a record body
  /// store.corrupt_record if the body is none of ours.
  static Result<Spans> decode(BytesView bytes);
  bool operator==(const Spans&) const = default;

 private:
  Duration span_of(std::uint32_t kernel_boot) const;
  std::uint32_t present_ = 0;
  std::map<std::uint32_t, KernelBoot> boots_;
};

}  // namespace dormouse
