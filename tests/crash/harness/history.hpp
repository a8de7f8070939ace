// SPDX-License-Identifier: Apache-2.0
// What a store must hold: every batch in its order, and the content after each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dormouse::crash {

using Model = std::map<std::string, std::string>;
using Batch = std::map<std::string, std::optional<std::string>>;  // puts, and erases where there is no value

class History {
 public:
  /// Adds a batch at the end.
  void add(const Batch& batch);
  /// The batches so far; the last one has this sequence.
  std::uint64_t last() const { return batches_.size(); }
  const Batch& batch(std::uint64_t sequence) const { return batches_.at(sequence - 1); }
  /// The content after the batch of that sequence; of 0, before the first.
  const Model& after(std::uint64_t sequence) const { return models_.at(sequence); }
  /// Forgets the batches above it: they did not survive.
  void cut_after(std::uint64_t sequence);

  /// For the next process that takes the store: above that of any before, even one whose batches are gone.
  std::uint32_t next_epoch() { return ++epoch_; }
  std::string store_id = {};  // once the store was created

 private:
  std::vector<Batch> batches_;
  std::vector<Model> models_ = {{}};
  std::uint32_t epoch_ = 0;
};

/// The batch with other bytes of the same lengths, so that its record takes exactly the place of the old one's.
Batch look_alike(const Batch& batch, char filler);

}  // namespace dormouse::crash
