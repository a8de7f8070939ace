// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/workloads.hpp"

#include <utility>

#include "runtime/base/check.hpp"
#include "tests/crash/harness/cuts.hpp"
#include "tests/crash/harness/recorder.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::crash {

namespace {

using store::Durability;
using Random = std::mt19937_64;

constexpr std::uint64_t kept_keys = 16;
constexpr std::uint64_t ring_places = 5;

std::string draw_bytes(std::uint64_t size, Random& random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>('a' + random() % 26);
  return bytes;
}

std::string place_of(std::uint64_t n) {
  return "y" + std::to_string(1'000 + n);
}

Batch big_batch(Random& random) {
  Batch batch;
  for (const char* key : {"j1", "j2", "j3", "j4"}) batch[key] = draw_bytes(900 + random() % 900, random);
  return batch;
}

void put_batches(Device& device, std::uint64_t count, Random& random) {
  for (std::uint64_t i = 0; i < count; ++i) device.put(draw_batch(random));
}

/// A group of any form: one batch or a few, each lazy or durable.
void put_group(Device& device, Random& random) {
  const std::uint64_t batches = random() % 3 == 0 ? 1 + random() % 4 : 1;
  for (std::uint64_t i = 0; i < batches; ++i)
    device.apply(draw_batch(random), random() % 3 == 0 ? Durability::lazy : Durability::durable);
  device.settle();
}

void create(Device& device, Random& random) {
  device.put(draw_batch(random));
  device.stop();
}

void three_checkpoints(Device& device, Random& random) {
  while (device.store().stats().checkpoints < 3) put_group(device, random);
  put_batches(device, 2, random);
}

void big(Device& device, Random& random) {
  put_batches(device, random() % 4, random);
  for (int i = 0; i < 3; ++i) {
    if (random() % 2 == 0) device.apply(draw_batch(random), Durability::lazy);
    device.put(big_batch(random));
    put_batches(device, random() % 3, random);
  }
}

void ring(Device& device, Random& random) {
  for (std::uint64_t n = 1; device.store().stats().checkpoints < 2; ++n) {
    Batch batch{{place_of(n), draw_bytes(100 + random() % 500, random)}};
    if (n > ring_places) batch[place_of(n - ring_places)] = std::nullopt;
    device.apply(batch, random() % 2 == 0 ? Durability::durable : Durability::lazy);
    if (random() % 4 != 0) device.settle();
  }
}

/// Halves that begin with batches nobody synced.
void lazy(Device& device, Random& random) {
  for (int half = 0; half < 4; ++half) {
    const std::uint64_t batches = 3 + random() % 3;
    for (std::uint64_t i = 0; i < batches; ++i) {
      device.apply({{"vlazy" + std::to_string(i), draw_bytes(10 + random() % 20, random)}}, Durability::lazy);
      device.settle();
    }
    device.checkpoint();
  }
}

void clean_stop(Device& device, Random& random) {
  for (int life = 0; life < 3; ++life) {
    put_batches(device, random() % 4, random);
    device.stop();
    device.open_again();
  }
}

void short_stop(Device& device, Random& random) {
  for (int life = 0; life < 3; ++life) {
    put_batches(device, random() % 3, random);
    if (random() % 2 == 0) device.apply(draw_batch(random), Durability::lazy);
    device.stop(false);
    device.open_again();
  }
}

/// Processes that die young: with nothing done, with batches answered, with one that only the kernel has.
void openings(Device& device, Random& random) {
  device.checkpoint();
  for (int life = 0; life < 9; ++life) {
    device.open_again();
    if (random() % 2 == 0) put_batches(device, random() % 3, random);
    if (random() % 2 == 0) {
      device.apply(draw_batch(random), Durability::lazy);
      device.settle();
    }
  }
}

}  // namespace

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = {
      {"create", create, true},
      {"three_checkpoints", three_checkpoints},
      {"big", big},
      {"ring", ring},
      {"lazy", lazy},
      {"clean_stop", clean_stop},
      {"short_stop", short_stop},
      {"openings", openings},
  };
  return all;
}

const Workload& workload(const std::string& name) {
  for (const Workload& known : workloads())
    if (known.name == name) return known;
  check(false, "workload:name");
  return workloads().front();
}

Recorded record_of(const Workload& workload, std::uint64_t seed) {
  Random random(seed);
  const hal_linux::StoreOptions options{
      .limits = small_limits(),
      .prezero = random() % 4 == 0,
      .align = random() % 3 == 0 ? store::JournalFacts::Align::block : store::JournalFacts::Align::packed};
  const TempFolder room;
  const auto folder = room.path() / "data";
  std::filesystem::create_directory(folder);
  Recorded result;
  if (!workload.creates) {
    Deaf deaf;
    Device made(folder, result.history, deaf, options);
    check(made.open().ok(), "workload:create");
    made.stop();
  }
  Recorder recorder(folder);
  Device device(folder, result.history, recorder, options);
  check(device.open().ok(), "workload:open");
  result.history.store_id = device.opened().store_id;
  workload.work(device, random);
  device.kill();
  result.record = recorder.stop();
  return result;
}

Batch draw_batch(Random& random) {
  constexpr std::uint64_t sizes[] = {10, 40, 120, 80, 300, 1'500, 60, 700, 25, 150, 500};
  const auto draw_key = [&random] { return "v" + std::to_string(100 + random() % kept_keys); };
  Batch batch{{draw_key(), draw_bytes(sizes[random() % std::size(sizes)], random)}};
  if (random() % 4 == 0) batch[draw_key()] = draw_bytes(sizes[random() % 4], random);
  if (random() % 6 == 0) batch[draw_key()] = std::nullopt;
  return batch;
}

}  // namespace dormouse::crash
