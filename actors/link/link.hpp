// SPDX-License-Identifier: Apache-2.0
// Talks with firmware, programs and people: decodes frames of every transport, holds their sessions, turns
// messages into commands and answers after the commit. Knows frames and bodies, not jobs.
#pragma once

#include <memory>
#include <vector>

#include "actors/messages.hpp"
#include "actors/time/device_time.hpp"

namespace dormouse::actors {

struct LinkSetup {
  StorageActor storage;
  SchedulerActor scheduler;
  CronActor cron;
  std::shared_ptr<DeviceTime> time;
  Limits limits;
  std::string device;
  std::map<std::string, std::uint64_t> places;              // handlers that run here, for handler.list
  std::map<std::string, std::vector<std::string>> callers;  // handler -> components that may enqueue for it
  std::uint32_t boot = 0;
  TimekeeperActor timekeeper;
  PowerKeeper power;  // who hears of a failing supply
};

LinkActor spawn_link(caf::actor_system& system, LinkSetup setup);

/// What a transport calls: posts to the actor, from any thread.
hal::LinkEvents link_events(LinkActor actor, hal::Link& link);

}  // namespace dormouse::actors
