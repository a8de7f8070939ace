// SPDX-License-Identifier: Apache-2.0
// Which changes a power cut may still forget when they are answered.
#include "actors/storage/operations.hpp"

#include <gtest/gtest.h>

namespace dormouse::actors {
namespace {

using store::Durability;

jobs::ClaimResult claims_of(std::vector<jobs::JobSpec> specs) {
  jobs::ClaimResult result;
  for (auto& spec : specs) {
    result.claimed.emplace_back();
    result.claimed.back().job.spec = std::move(spec);
  }
  return result;
}

jobs::JobSpec ordinary() {
  return {.handler = "h"};
}
jobs::JobSpec at_most_once() {
  return {.handler = "h", .delivery = jobs::Delivery::at_most_once};
}
jobs::JobSpec once_if_missed() {
  return {.handler = "h", .misfire = jobs::Misfire::run_once_if_missed()};
}

TEST(Durability, AClaimMayBeForgottenUnlessItsJobMayStartOnlyOnce) {
  EXPECT_EQ(durability_of(claims_of({}), false), Durability::lazy);
  EXPECT_EQ(durability_of(claims_of({ordinary(), ordinary()}), false), Durability::lazy);
  EXPECT_EQ(durability_of(claims_of({at_most_once()}), false), Durability::durable);
  EXPECT_EQ(durability_of(claims_of({once_if_missed()}), false), Durability::durable);
  EXPECT_EQ(durability_of(claims_of({ordinary(), at_most_once(), ordinary()}), false), Durability::durable);
}

TEST(Durability, OnProbationNoClaimMayBeForgotten) {
  EXPECT_EQ(durability_of(claims_of({ordinary()}), true), Durability::durable);
}

TEST(Durability, WhateverElseIsChangedMustBeDurable) {
  EXPECT_EQ(durability_of(EnqueueJobs::Value{}, false), Durability::durable);
  EXPECT_EQ(durability_of(FinishAttempts::Value{}, false), Durability::durable);
  EXPECT_EQ(durability_of(CancelJob::Value{}, false), Durability::durable);
  EXPECT_EQ(durability_of(ReconcileStep::Value{}, false), Durability::durable);
  EXPECT_EQ(durability_of(PutSchedule::Value{}, false), Durability::durable);
}

TEST(Durability, ProbationFollowsEveryStartThatWasNotClean) {
  const auto probation = [](BootCause cause) {
    Boot boot;
    boot.cause = cause;
    boot.started = Instant{5'000};
    return on_probation(boot, Instant{6'000}, Duration{600'000});
  };
  for (const auto cause : {BootCause::crash_restart, BootCause::power_loss, BootCause::kernel_panic,
                           BootCause::watchdog_reset, BootCause::unclear})
    EXPECT_TRUE(probation(cause)) << name_of(cause);
  for (const auto cause : {BootCause::first_boot, BootCause::clean_restart, BootCause::clean_reboot})
    EXPECT_FALSE(probation(cause)) << name_of(cause);
}

TEST(Durability, ProbationEndsAfterItsTimeInThisBoot) {
  Boot boot;
  boot.cause = BootCause::power_loss;
  boot.started = Instant{5'000};
  EXPECT_TRUE(on_probation(boot, Instant{5'000}, Duration{600'000}));
  EXPECT_TRUE(on_probation(boot, Instant{604'999}, Duration{600'000}));
  EXPECT_FALSE(on_probation(boot, Instant{605'000}, Duration{600'000}));
  EXPECT_FALSE(on_probation(boot, Instant{5'000}, Duration{0}));
}

}  // namespace
}  // namespace dormouse::actors
