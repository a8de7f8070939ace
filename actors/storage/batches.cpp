// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/batches.hpp"

#include <algorithm>

namespace dormouse::actors {

namespace {

constexpr std::uint64_t record_bytes = 512;  // of a job without args, with its places in the indexes

std::uint64_t bytes_of_jobs(const std::vector<jobs::JobSpec>& specs) {
  std::uint64_t bytes = 0;
  for (const auto& spec : specs) bytes += record_bytes + spec.args.size();
  return bytes;
}

}  // namespace

std::uint64_t shared_batch_bytes(const Limits& limits) {
  return std::min(limits.group_bytes, limits.journal_half_bytes / 4) / 2;
}

std::uint64_t bytes_of(const EnqueueJobs& command) {
  return bytes_of_jobs(command.specs);
}

std::uint64_t bytes_of(const jobs::Finish& end) {
  return record_bytes + end.outcome.result.size() + bytes_of_jobs(end.effects.enqueue) +
         record_bytes * end.effects.cancel.size();
}

HandlersOf handlers_of(const std::vector<EnqueueJobs>& commands) {
  HandlersOf handlers(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i)
    for (const auto& spec : commands[i].specs) handlers[i].push_back(spec.handler);
  return handlers;
}

JobsEnqueued created(const HandlersOf& handlers, const EnqueueGroup::Value& answers) {
  JobsEnqueued made;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].ok()) continue;
    for (std::size_t j = 0; j < answers[i]->size(); ++j)
      if (answers[i]->at(j).created) made.jobs.push_back({handlers[i][j], answers[i]->at(j)});
  }
  return made;
}

}  // namespace dormouse::actors
