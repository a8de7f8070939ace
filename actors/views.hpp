// SPDX-License-Identifier: Apache-2.0
// What people and programs are shown of a device: answers to questions that only the store can tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/clock.hpp"
#include "runtime/jobs/job_codec.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "runtime/time/trust.hpp"
#include "runtime/time/wake_counts.hpp"

namespace dormouse::actors {

/// A job as it is shown: with what only the store can tell.
struct JobView {
  jobs::Job job;
  jobs::Shown shown;
};

struct JobViews {
  std::vector<JobView> jobs;  // in order of id
  std::optional<std::uint64_t> next_after_id;
};

struct ScheduleViews {
  struct View {
    schedules::Schedule schedule;
    std::string component;
    std::optional<Duration> late;  // of the next slot; negative: in so many ms
  };
  std::vector<View> schedules;  // ascending id
  std::optional<std::uint64_t> next_after_id;
};

struct DeviceStatus {
  Boot boot;
  Now now;
  jobs::Counts counts;
  std::uint64_t schedules = 0;
  store::Store::Stats store;
  std::vector<std::string> handlers;
  std::optional<WallTime> next_due;
};

/// How much of what was recorded is asked for, newest first.
struct HistoryAsked {
  std::uint64_t limit = 10;
  std::uint32_t below = UINT32_MAX;     // numbers below this alone
  std::optional<std::uint32_t> report;  // this report alone, and nothing else
};

/// What became of a failing supply's word.
struct PowerSaved {
  bool clean = false;  // all is durable and the clean mark written, in time
};

struct BootsView {
  std::vector<Boot> boots;
  std::vector<Gap> gaps;
  std::vector<reconcile::Report> reports;
  reconcile::Lifetime lifetime;
};

/// What the timekeeper knows of time.
struct TimeView {
  Sample sample;
  TrustState trust;
  SyncState sync;
  RtcState rtc;
  WakeCounts wakes;
  hal::ClockCounts counts;
  std::uint64_t short_suspends = 0;  // of 0.5 s to 2 s, in this life: too short for a gap
  std::uint64_t short_steps = 0;     // below 2 s, in this life: followed, and no reason to reconcile
  std::optional<Instant> next_heartbeat;
};
struct TimeSet {
  WallTime wall;  // now
  Trust trust = Trust::untrusted;
};

}  // namespace dormouse::actors
