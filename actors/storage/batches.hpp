// SPDX-License-Identifier: Apache-2.0
// How much of what waits goes into one batch of the store. A batch writes the counters once, however many jobs it
// changes, so several enqueues or ends share one; but not so many that a batch no longer fits its group. And what a
// group of enqueues came to, for the scheduler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "runtime/base/limits.hpp"

namespace dormouse::actors {

/// Bytes that several may bring to one batch together: half of what a group of the journal takes.
std::uint64_t shared_batch_bytes(const Limits& limits);

/// About what it writes.
std::uint64_t bytes_of(const EnqueueJobs& command);
std::uint64_t bytes_of(const jobs::Finish& end);

/// Where the batch that begins with items[from] ends: past that item at least, and past those behind it that fit.
template <class Item>
std::size_t end_of_batch(const std::vector<Item>& items, std::size_t from, std::uint64_t most_bytes) {
  std::uint64_t bytes = bytes_of(items[from]);
  std::size_t to = from + 1;
  for (; to < items.size(); ++to) {
    bytes += bytes_of(items[to]);
    if (bytes > most_bytes) break;
  }
  return to;
}

/// The handlers of each command's jobs.
using HandlersOf = std::vector<std::vector<std::string>>;
HandlersOf handlers_of(const std::vector<EnqueueJobs>& commands);
/// The jobs that were made; `answers` are those to the commands of `handlers`.
JobsEnqueued created(const HandlersOf& handlers, const EnqueueGroup::Value& answers);

}  // namespace dormouse::actors
