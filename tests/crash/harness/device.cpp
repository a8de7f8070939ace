// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/device.hpp"

#include <iostream>
#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::crash {

namespace {

constexpr std::int64_t step_ms = 100;
constexpr std::uint64_t counter_start = 1'000'000;  // all counts are of one length
constexpr std::uint64_t everything = 1'000'000;

/// What this file does on a sound medium succeeds.
template <class T>
T must(Result<T> result, const char* what) {
  if (!result) std::cerr << what << ": " << result.error().code << ": " << result.error().message << "\n";
  check(result.ok(), "device:must");
  return std::move(result).value();
}

}  // namespace

Limits small_limits() {
  Limits limits = Limits::tiny();
  limits.journal_half_bytes = 8 * 1024;
  limits.group_bytes = 2 * 1024;
  limits.map_bytes = 256 * 1024;
  return limits;
}

Device::Device(std::filesystem::path folder, History& history, Witness& witness,
               const hal_linux::StoreOptions& options)
    : folder_(std::move(folder)), history_(history), witness_(witness), options_(options) {}

Now Device::now() {
  ms_ += step_ms;
  return {.instant = {ms_}, .wall = {ms_}, .trust = Trust::synced, .boot = 1, .kernel_boot = 1};
}

Status Device::open() {
  auto place = open_place(folder_, options_);
  if (!place) return std::move(place).error();
  place_ = std::move(place).value();
  store().own(history_.next_epoch());
  return done();
}

Model Device::content() {
  const auto all = store::keys::starting_with("");
  Model model;
  for (auto& entry : store().begin().scan(all.from, all.to, everything))
    if (entry.key.front() != 'm') model.emplace(std::move(entry.key), std::move(entry.value));
  return model;
}

Batch Device::counted(Batch batch, std::uint64_t sequence) {
  batch["vcount"] = std::to_string(counter_start + sequence);
  return batch;
}

void Device::apply(Batch batch, store::Durability durability) {
  batch = counted(std::move(batch), history_.last() + 1);
  history_.add(batch);
  witness_.applied(history_.last());
  auto txn = store().begin(now());
  for (const auto& [key, value] : batch) {
    if (value)
      txn.put(key, *value);
    else
      txn.erase(key);
  }
  const auto sequence = must(txn.apply(durability), "apply");
  check(sequence == history_.last(), "device:sequence");
}

void Device::settle() {
  const auto durable = must(store().settle(now()), "settle");
  witness_.answered(history_.last());
  witness_.acked(durable);
}

void Device::put(const Batch& batch) {
  apply(batch, store::Durability::durable);
  settle();
}

void Device::checkpoint(store::Checkpoint reason) {
  must(store().checkpoint(reason), "checkpoint");
  witness_.acked(history_.last());
}

void Device::stop(bool with_checkpoint) {
  must(store().sync(), "sync");
  witness_.acked(history_.last());
  if (with_checkpoint) checkpoint(store::Checkpoint::stop);
  place_.reset();
}

void Device::open_again() {
  place_.reset();
  must(open(), "open");
  check(found() == history_.last() && content() == history_.after(found()), "device:open_again");
  witness_.acked(found());
}

}  // namespace dormouse::crash
