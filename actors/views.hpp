// SPDX-License-Identifier: Apache-2.0
// What people and programs are shown of a device: answers to questions that only the store can tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/jobs/job_codec.hpp"
#include "runtime/reconcile/reconcile.hpp"

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

struct BootsView {
  std::vector<Boot> boots;
  std::vector<Gap> gaps;
  std::vector<reconcile::Report> reports;
};

}  // namespace dormouse::actors
