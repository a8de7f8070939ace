// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/history.hpp"

namespace dormouse::crash {

void History::add(const Batch& batch) {
  Model model = models_.back();
  for (const auto& [key, value] : batch) {
    if (value)
      model[key] = *value;
    else
      model.erase(key);
  }
  batches_.push_back(batch);
  models_.push_back(std::move(model));
}

void History::cut_after(std::uint64_t sequence) {
  batches_.resize(sequence);
  models_.resize(sequence + 1);
}

Batch look_alike(const Batch& batch, char filler) {
  Batch other;
  for (const auto& [key, value] : batch)
    other[key] = value ? std::optional(std::string(value->size(), filler)) : std::nullopt;
  return other;
}

}  // namespace dormouse::crash
