// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/enqueue_plan.hpp"

#include <map>
#include <utility>

#include "runtime/jobs/conflict.hpp"
#include "runtime/jobs/counters.hpp"
#include "runtime/jobs/history.hpp"
#include "runtime/jobs/records.hpp"
#include "runtime/jobs/sha256.hpp"
#include "runtime/jobs/validate.hpp"

namespace dormouse::jobs {
namespace {

constexpr std::uint64_t kBatchArgsBytes = 1'048'576;

Due due_of(const Now& now, const DueSpec& asked) {
  if (const auto* at = std::get_if<DueAt>(&asked)) return Due::at(at->at);
  const auto* after = std::get_if<DueAfter>(&asked);
  return Due::elapsed(now.kernel_boot, now.instant + (after ? after->delay : Duration{}));
}

/// Goes through the entries of one enqueue; what earlier entries will have done counts for later ones.
class Planner {
 public:
  Planner(Work& work, std::uint16_t component, const std::string& name, const Tally& tally, const Job* ending)
      : work_(work), component_(component), name_(name), ending_(ending) {
    active_component_ = active_jobs(tally, component);
    active_device_ = active_jobs(tally);
    if (ending && active_component_ > 0) {
      --active_component_;
      --active_device_;
    }
    next_id_ = tally.begun.last_id + 1;
  }

  std::optional<Error> add(JobSpec spec) {
    spec = understood(std::move(spec));
    if (spec.idempotency_key) {
      Result<bool> answered = by_idempotency_key(spec);
      if (!answered) return answered.error();
      if (*answered) return std::nullopt;
    }
    std::uint64_t after_job = 0;
    if (spec.conflict_key) {
      Result<bool> answered = by_conflict_key(spec, after_job);
      if (!answered) return answered.error();
      if (*answered) return std::nullopt;
    }
    if (auto error = over_quota()) return error;
    create(std::move(spec), after_job);
    return std::nullopt;
  }

  std::vector<PlannedJob> take() { return std::move(plan_); }

 private:
  static Enqueued answer_of(const Work& work, std::uint64_t id, const JobSpec& spec, const Due& due) {
    return {.id = id,
            .created = true,
            .state = State::scheduled,
            .due = due,
            .due_wall = due_wall(work, due),
            .misfire = spec.misfire,
            .delivery = spec.delivery};
  }
  Enqueued answer_of(const Job& job) {
    Enqueued answer = answer_of(work_, job.id, job.spec, job.due);
    answer.created = false;
    answer.state = tell(work_, job).state;
    return answer;
  }
  bool same_as(const PlannedJob& earlier) {
    plan_.push_back({earlier.spec, earlier.answer});
    plan_.back().answer.created = false;
    return true;
  }

  Result<bool> by_idempotency_key(const JobSpec& spec) {
    const auto mismatch = [&](std::uint64_t id) {
      return Error{
          .code = "job.idempotency_mismatch",
          .message = "job " + std::to_string(id) + " has this idempotency key with another handler or args",
          .hint = "use a new key for a new request",
          .id = id};
    };
    if (const auto planned = planned_requests_.find(*spec.idempotency_key); planned != planned_requests_.end()) {
      const PlannedJob earlier = plan_[planned->second];
      if (earlier.spec.handler != spec.handler || earlier.spec.args != spec.args)
        return mismatch(earlier.answer.id);
      return same_as(earlier);
    }
    const std::optional<Remembered> known = find_remembered(work_, component_, *spec.idempotency_key);
    if (!known) return false;
    const std::optional<Job> job = load(work_, known->job);
    if (!job && is_forgotten(work_, *known)) return false;
    if (job && (job->spec.handler != spec.handler || job->args_hash != sha256(spec.args))) return mismatch(job->id);
    Enqueued answer;
    if (job) {
      answer = answer_of(*job);
    } else {
      // The record is gone, so the job has ended; how is no longer known.
      answer = {.id = known->job, .created = false, .state = State::succeeded, .misfire = spec.misfire};
      answer.delivery = spec.delivery;
    }
    plan_.push_back({spec, answer});
    return true;
  }

  Result<bool> by_conflict_key(const JobSpec& spec, std::uint64_t& after_job) {
    const auto conflict = [&](std::uint64_t id) {
      return Error{.code = "job.conflict",
                   .message = "job " + std::to_string(id) + " holds the conflict key '" + *spec.conflict_key + "'",
                   .id = id};
    };
    const bool fails = spec.conflict_policy == ConflictPolicy::fail;
    if (const auto planned = planned_keys_.find(*spec.conflict_key); planned != planned_keys_.end()) {
      const PlannedJob earlier = plan_[planned->second];
      if (fails) return conflict(earlier.answer.id);
      return same_as(earlier);
    }
    const std::optional<Holder> holder = find_holder(work_, component_, *spec.conflict_key);
    if (!holder || (ending_ && holder->job == ending_->id)) return false;
    if (holder->released) {
      after_job = holder->job;
      return false;
    }
    if (fails) return conflict(holder->job);
    const std::optional<Job> job = load(work_, holder->job);
    check(job.has_value(), "jobs:holder");
    plan_.push_back({spec, answer_of(*job)});
    return true;
  }

  std::optional<Error> over_quota() const {
    const auto exceeded = [](const std::string& scope, std::uint64_t limit) {
      return Error{.code = "job.quota_exceeded",
                   .message = scope + " has its " + std::to_string(limit) + " active jobs",
                   .hint = "let some end, or cancel some"};
    };
    if (active_component_ + 1 > work_.limits.active_jobs_component) {
      return exceeded("component " + name_, work_.limits.active_jobs_component);
    }
    if (active_device_ + 1 > work_.limits.active_jobs_device) {
      return exceeded("the device", work_.limits.active_jobs_device);
    }
    return std::nullopt;
  }

  void create(JobSpec spec, std::uint64_t after_job) {
    const Enqueued answer = answer_of(work_, next_id_++, spec, due_of(work_.now, spec.due));
    if (spec.conflict_key) planned_keys_[*spec.conflict_key] = plan_.size();
    if (spec.idempotency_key) planned_requests_[*spec.idempotency_key] = plan_.size();
    plan_.push_back({std::move(spec), answer, after_job});
    ++active_component_;
    ++active_device_;
  }

  Work& work_;
  std::uint16_t component_;
  const std::string& name_;
  const Job* ending_;
  std::uint64_t active_component_ = 0;
  std::uint64_t active_device_ = 0;
  std::uint64_t next_id_ = 1;
  std::map<std::string, std::size_t> planned_keys_;      // conflict key -> entry that creates its holder
  std::map<std::string, std::size_t> planned_requests_;  // idempotency key -> entry
  std::vector<PlannedJob> plan_;
};

std::string prefix_of(const std::vector<JobSpec>& specs, std::size_t index) {
  return specs.size() > 1 ? "items." + std::to_string(index) + "." : "";
}

std::optional<Error> check_size(const Work& work, const std::vector<JobSpec>& specs) {
  const auto too_large = [](const std::string& what) {
    return Error{.code = "job.too_large", .message = "a batch has at most " + what};
  };
  if (specs.size() > work.limits.enqueue_batch)
    return too_large(std::to_string(work.limits.enqueue_batch) + " jobs");
  std::uint64_t bytes = 0;
  for (const JobSpec& spec : specs) bytes += spec.args.size();
  if (specs.size() > 1 && bytes > kBatchArgsBytes)
    return too_large(std::to_string(kBatchArgsBytes) + " bytes of args");
  return std::nullopt;
}

}  // namespace

Result<std::vector<PlannedJob>> plan_enqueue(Work& work, std::uint16_t component, const std::string& component_name,
                                             const std::vector<JobSpec>& specs, const Tally& tally,
                                             const Job* ending) {
  if (auto error = check_size(work, specs)) return std::move(*error);
  std::vector<FieldError> fields;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    for (FieldError& field : check_spec(specs[i], work.limits, &work.handlers, prefix_of(specs, i))) {
      fields.push_back(std::move(field));
    }
  }
  if (!fields.empty()) return invalid_input(std::move(fields));

  Planner planner(work, component, component_name, tally, ending);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (auto error = planner.add(specs[i])) {
      if (specs.size() > 1) error->fields.push_back({"items." + std::to_string(i), error->code, error->message});
      return std::move(*error);
    }
  }
  return planner.take();
}

}  // namespace dormouse::jobs
