// SPDX-License-Identifier: Apache-2.0
// One life of a runtime over a store, at a time of our own: operations of the library alone, without actors.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <type_traits>

#include "runtime/jobs/operations.hpp"
#include "runtime/reconcile/reconcile.hpp"
#include "tools/bench/store_bed.hpp"

namespace dormouse::bench {

inline constexpr WallTime first_boot{1'767'225'600'000};  // 2026-01-01

class Life {
 public:
  /// Begins the boot, durably. The bed must outlive it.
  static Result<std::unique_ptr<Life>> begin(StoreBed& bed, const std::string& kernel, WallTime wall);

  /// `op(work)` as one batch. Its group ends with settle().
  template <class Op>
  auto apply(Op&& op, store::Durability durability = store::Durability::durable)
      -> Result<std::invoke_result_t<Op, jobs::Work&>> {
    auto txn = bed_.store().begin(now_);
    jobs::Work work{txn, now_, start_.spans, bed_.limits(), handlers_, start_.boot.epoch};
    auto answer = op(work);
    if (auto applied = txn.apply(durability); !applied) return std::move(applied).error();
    return answer;
  }
  Status settle();

  /// A batch that is a group of its own.
  template <class Op>
  auto run(Op&& op) -> Result<std::invoke_result_t<Op, jobs::Work&>> {
    auto answer = apply(std::forward<Op>(op));
    if (!answer) return answer;
    if (auto settled = settle(); !settled) return std::move(settled).error();
    return answer;
  }

  const Now& now() const { return now_; }

 private:
  explicit Life(StoreBed& bed) : bed_(bed) {}
  void trust_the_clock(const reconcile::BootFacts& facts);
  StoreBed& bed_;
  std::set<std::string> handlers_{"work"};
  reconcile::BootStart start_;
  Now now_;
};

/// That many jobs for "work", an instant apart from an hour after the first boot on, in batches of 200.
Status enqueue_waiting(Life& life, std::uint64_t count, const jobs::Misfire& misfire);

}  // namespace dormouse::bench
