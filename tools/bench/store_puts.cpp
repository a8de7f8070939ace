// SPDX-License-Identifier: Apache-2.0
// Small durable puts on 10,000 resident records: a bare append and sync, LMDB committed at each, and the store with
// its journal, alone and in groups. Bytes and syncs are those that store and tree count; store-counts says how they
// compare with the kernel's.
#include <array>
#include <optional>

#include "runtime/store/envelope.hpp"
#include "tools/bench/figures.hpp"
#include "tools/bench/in_turns.hpp"
#include "tools/bench/store_bed.hpp"

namespace dormouse::bench {

namespace {

constexpr std::array<unsigned, 4> groups = {1, 10, 32, 100};
struct Half {
  std::uint64_t kib;
  double bytes_bound;  // of what LMDB alone writes
};
constexpr std::array<Half, 3> halves = {{{64, 0.42}, {256, 0.30}, {1'024, 0.24}}};

struct Cost {
  double bytes = 0;
  double syncs = 0;
};
using Costs = std::array<Cost, groups.size()>;

std::string listed(const std::array<double, groups.size()>& values, int decimals) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : " / ") + number(value, decimals);
  return text;
}

std::string listed(const Costs& costs, double Cost::*part, int decimals) {
  std::array<double, groups.size()> values{};
  for (std::size_t i = 0; i < groups.size(); ++i) values[i] = costs[i].*part;
  return listed(values, decimals);
}

/// Over whole generations, so that each put bears its share of the checkpoints.
Result<Cost> count_generations(StoreBed& bed, Putter& putter, unsigned group, unsigned generations) {
  const auto to_next = [&]() -> Result<std::uint64_t> {
    const auto generation = bed.store().stats().generation;
    std::uint64_t puts = 0;
    for (; bed.store().stats().generation == generation; puts += group)
      if (auto put = putter.put(group); !put) return std::move(put).error();
    return puts;
  };
  if (auto warm = to_next(); !warm) return std::move(warm).error();
  const auto before = bed.store().stats().traffic;
  double puts = 0;
  for (unsigned i = 0; i < generations; ++i) {
    auto more = to_next();
    if (!more) return std::move(more).error();
    puts += static_cast<double>(*more);
  }
  const auto after = bed.store().stats().traffic;
  return Cost{static_cast<double>(after.bytes - before.bytes) / puts,
              static_cast<double>(after.syncs - before.syncs) / puts};
}

Result<Costs> count_half(const Options& options, std::uint64_t kib) {
  auto bed = StoreBed::make(options.folder, {.half_bytes = kib * 1024, .limits = small_map()});
  if (!bed) return std::move(bed).error();
  auto putter = Putter::make(**bed);
  if (!putter) return std::move(putter).error();
  (*bed)->wait_for_syncs(false);
  Costs costs;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto cost = count_generations(**bed, **putter, groups[i], options.quick ? 2 : 6);
    if (!cost) return std::move(cost).error();
    costs[i] = *cost;
  }
  return costs;
}

Result<Cost> count_tree(const Options& options) {
  auto tree = TreePutter::make(options.folder);
  if (!tree) return std::move(tree).error();
  const unsigned puts = options.quick ? 40 : 1'000;
  const auto before = (*tree)->traffic();
  for (unsigned i = 0; i < puts; ++i)
    if (auto put = (*tree)->put(); !put) return std::move(put).error();
  const auto after = (*tree)->traffic();
  return Cost{static_cast<double>(after.bytes - before.bytes) / puts,
              static_cast<double>(after.syncs - before.syncs) / puts};
}

Status show_costs(const Options& options) {
  auto tree = count_tree(options);
  if (!tree) return std::move(tree).error();
  figure("bytes to the device, and syncs, of one put of 128 bytes: LMDB alone",
         number(tree->bytes) + ", " + number(tree->syncs, 1));
  for (const Half& half : halves) {
    auto costs = count_half(options, half.kib);
    if (!costs) return std::move(costs).error();
    const std::string kib = "journal of " + std::to_string(half.kib) + " KiB";
    figure("... " + kib + ", bytes, single / by 10 / 32 / 100", listed(*costs, &Cost::bytes, 0));
    figure("... " + kib + ", syncs", listed(*costs, &Cost::syncs, 3));
    goal("... " + kib + ", bytes single against LMDB alone", (*costs)[0].bytes / tree->bytes, Bound::at_most,
         half.bytes_bound);
    goal("... " + kib + ", syncs single", (*costs)[0].syncs, Bound::at_most, 1.1);
  }
  return done();
}

struct Timed {
  std::unique_ptr<StoreBed> bed;
  std::unique_ptr<Putter> putter;
};
Result<Timed> make_timed(const Options& options, std::uint64_t half_bytes) {
  auto bed = StoreBed::make(options.folder, {.half_bytes = half_bytes, .limits = small_map()});
  if (!bed) return std::move(bed).error();
  auto putter = Putter::make(**bed);
  if (!putter) return std::move(putter).error();
  return Timed{std::move(*bed), std::move(*putter)};
}

Status show_rates(const Options& options) {
  auto bare = BareLoop::make(options.folder, put_record_bytes());
  if (!bare) return std::move(bare).error();
  auto tree = TreePutter::make(options.folder);
  if (!tree) return std::move(tree).error();
  auto unjournaled = make_timed(options, 0);
  if (!unjournaled) return std::move(unjournaled).error();
  std::vector<Contender> contenders = {{[&] { return (*bare)->append(); }}, {[&] { return (*tree)->put(); }}, {[&] {
                                         return unjournaled->putter->put(1);
                                       }}};
  std::vector<Timed> stores;
  for (const Half& half : halves) {
    auto timed = make_timed(options, half.kib * 1024);
    if (!timed) return std::move(timed).error();
    stores.push_back(std::move(*timed));
    for (const unsigned group : groups)
      contenders.push_back({[putter = stores.back().putter.get(), group] { return putter->put(group); }, group});
  }
  const auto rates =
      in_turns(contenders, options.quick ? 2 : 6, std::chrono::milliseconds(options.quick ? 60 : 400));
  if (!rates) return rates.error();

  const double bare_rate = (*rates)[0];
  const double tree_rate = (*rates)[1];
  figure("bare append of " + std::to_string(put_record_bytes()) + " bytes and fdatasync",
         number(bare_rate) + " /s");
  figure("durable puts, LMDB alone / the store without a journal",
         number(tree_rate) + " / " + number((*rates)[2]) + " /s");
  for (std::size_t h = 0; h < halves.size(); ++h) {
    std::array<double, groups.size()> of_half{};
    for (std::size_t i = 0; i < groups.size(); ++i) of_half[i] = (*rates)[3 + h * groups.size() + i];
    const std::string kib = "journal of " + std::to_string(halves[h].kib) + " KiB";
    figure("durable puts, " + kib + ", single / by 10 / 32 / 100", listed(of_half, 0) + " /s");
    goal("... single against the bare append", of_half[0] / bare_rate, Bound::at_least, 0.8);
    goal("... single against LMDB alone", of_half[0] / tree_rate, Bound::at_least, 2, 1);
    goal("... by 10 against single", of_half[1] / of_half[0], Bound::at_least, 5, 1);
    goal("... by 100 against single", of_half[3] / of_half[0], Bound::at_least, 10, 1);
  }
  return done();
}

}  // namespace

Status measure_store_puts(const Options& options) {
  if (auto shown = show_costs(options); !shown) return shown;
  return show_rates(options);
}

}  // namespace dormouse::bench
