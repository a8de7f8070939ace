// SPDX-License-Identifier: Apache-2.0
// What opening costs: replay of a full half, a clean open with few and many jobs, and the look at every record
// after a power cut.
#include <fcntl.h>
#include <unistd.h>

#include "runtime/store/lmdb_tree.hpp"
#include "runtime/store/verify.hpp"
#include "tools/bench/embedded.hpp"
#include "tools/bench/figures.hpp"
#include "tools/bench/in_turns.hpp"
#include "tools/bench/life.hpp"

namespace dormouse::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// Fills one half by groups of 100, then either makes the checkpoint that a full half brings or opens again as
/// after a power cut, where the replay and the same checkpoint follow: how long each took.
struct Replay {
  double applied = 0;
  double ended = 0;  // by the checkpoint, or by opening
  std::uint64_t batches = 0;
};
enum class End { checkpoint, power_cut };
Result<Replay> fill_half(StoreBed& bed, Putter& putter, End end) {
  if (auto kept = bed.store().checkpoint(store::Checkpoint::command); !kept) return std::move(kept).error();
  constexpr unsigned group = 100;
  const auto generation = bed.store().stats().generation;
  const auto start = Clock::now();
  while (bed.store().stats().half_used + group * put_record_bytes() <= bed.store().stats().half_bytes)
    if (auto put = putter.put(group); !put) return std::move(put).error();
  Replay half{.applied = seconds_since(start)};
  if (bed.store().stats().generation != generation)
    return Error{.code = "bench.replay", .message = "the half was not filled in one generation"};
  if (end == End::power_cut) bed.close();
  const auto ending = Clock::now();
  auto ended = end == End::power_cut ? bed.open() : bed.store().checkpoint(store::Checkpoint::command);
  if (!ended) return std::move(ended).error();
  half.ended = seconds_since(ending);
  half.batches = bed.store().recovery().replayed;
  return half;
}

Status show_replay(const Options& options) {
  for (const std::uint64_t kib : {64, 256, 1'024}) {
    auto bed = StoreBed::make(options.folder, {.half_bytes = kib * 1024, .limits = small_map()});
    if (!bed) return std::move(bed).error();
    auto putter = Putter::make(**bed);
    if (!putter) return std::move(putter).error();
    std::vector<double> applied;
    std::vector<double> committed;
    std::vector<double> opened;
    std::uint64_t batches = 0;
    for (int i = 0; i < (options.quick ? 3 : 15); ++i) {
      auto whole = fill_half(**bed, **putter, End::checkpoint);
      if (!whole) return std::move(whole).error();
      auto cut = fill_half(**bed, **putter, End::power_cut);
      if (!cut) return std::move(cut).error();
      applied.push_back(whole->applied);
      committed.push_back(whole->applied + whole->ended);
      opened.push_back(cut->ended);
      batches = cut->batches;
    }
    const auto ms = [](const std::vector<double>& seconds) { return number(median(seconds) * 1'000, 1); };
    const std::string half =
        "half of " + std::to_string(kib) + " KiB, " + number(static_cast<double>(batches)) + " batches";
    figure("applying a " + half + ", by 100 / with its checkpoint / opening: replay and its checkpoint",
           ms(applied) + " / " + ms(committed) + " / " + ms(opened) + " ms");
    goal("... opening against applying, each with its checkpoint", median(opened) / median(committed),
         Bound::at_most, 1.5);
    figure("... opening against applying alone", number(median(opened) / median(applied), 2));
  }
  return done();
}

Result<std::unique_ptr<StoreBed>> bed_with_jobs(const Options& options, std::uint64_t jobs) {
  Limits limits = roomy_limits();
  limits.map_bytes = 256ULL * 1024 * 1024;
  auto bed = StoreBed::make(options.folder, {.limits = limits, .full_size = false});
  if (!bed) return std::move(bed).error();
  auto life = Life::begin(**bed, "kernel", first_boot);
  if (!life) return std::move(life).error();
  if (auto enqueued = enqueue_waiting(**life, jobs, jobs::Misfire::catch_up()); !enqueued)
    return std::move(enqueued).error();
  if (auto kept = (*bed)->store().checkpoint(store::Checkpoint::stop); !kept) return std::move(kept).error();
  return bed;
}

/// From the closed folder to a recorded boot, and a checkpoint that makes the next stop clean again.
Result<double> open_once(StoreBed& bed, int n) {
  bed.close();
  const auto start = Clock::now();
  if (auto opened = bed.open(); !opened) return std::move(opened).error();
  auto life = Life::begin(bed, "kernel-" + std::to_string(n), first_boot);
  if (!life) return std::move(life).error();
  const double took = seconds_since(start);
  if (auto kept = bed.store().checkpoint(store::Checkpoint::stop); !kept) return std::move(kept).error();
  return took;
}

Status show_open(const Options& options, StoreBed& many, std::uint64_t many_jobs) {
  constexpr std::uint64_t few_jobs = 100;
  auto few = bed_with_jobs(options, few_jobs);
  if (!few) return std::move(few).error();
  std::vector<double> few_took;
  std::vector<double> many_took;
  for (int i = 0; i < (options.quick ? 5 : 15); ++i) {
    auto one = open_once(**few, i);
    if (!one) return std::move(one).error();
    few_took.push_back(*one);
    auto other = open_once(many, i);
    if (!other) return std::move(other).error();
    many_took.push_back(*other);
  }
  figure("clean open until the boot is recorded, " + number(few_jobs) + " / " +
             number(static_cast<double>(many_jobs)) + " jobs waiting",
         number(median(few_took) * 1'000, 1) + " / " + number(median(many_took) * 1'000, 1) + " ms");
  goal("... many against few", median(many_took) / median(few_took), Bound::at_most, 2);
  return done();
}

/// Reads the file's first bytes, in large pieces.
Result<double> read_once(const std::filesystem::path& file, std::uint64_t bytes) {
  const hal_linux::FileHandle in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  Bytes piece(1024 * 1024, '\0');
  const auto start = Clock::now();
  for (std::uint64_t at = 0; at < bytes;) {
    const auto got = ::pread(in.get(), piece.data(), piece.size(), static_cast<off_t>(at));
    if (got <= 0) return hal_linux::file_error("read", file, errno);
    at += static_cast<std::uint64_t>(got);
  }
  return seconds_since(start);
}

/// The kernel is asked to forget what it holds of the file, which is clean and mapped by nobody.
void drop_from_memory(const std::filesystem::path& file) {
  const hal_linux::FileHandle in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  ::fsync(in.get());
  ::posix_fadvise(in.get(), 0, 0, POSIX_FADV_DONTNEED);
}

Status show_verification(StoreBed& bed) {
  bed.close();
  const auto file = bed.tree_folder() / "data.mdb";
  const std::uint64_t bytes = std::filesystem::file_size(file);  // it has grown as it needed
  for (const bool cold : {true, false}) {
    std::vector<double> reading;
    std::vector<double> verifying;
    store::CheckReport report;
    for (int i = 0; i < 3; ++i) {
      if (cold) drop_from_memory(file);
      auto read = read_once(file, bytes);
      if (!read) return std::move(read).error();
      reading.push_back(*read);
      if (cold) drop_from_memory(file);
      const auto start = Clock::now();
      auto tree =
          store::open_lmdb_tree(bed.tree_folder(), {.map_bytes = bed.limits().map_bytes, .read_only = true});
      if (!tree) return std::move(tree).error();
      auto verified = store::verify(**tree);
      if (!verified) return std::move(verified).error();
      verifying.push_back(seconds_since(start));
      report = std::move(*verified);
    }
    figure(std::string("reading the store's ") + mebibytes(bytes) + " once / verifying its " +
               number(static_cast<double>(report.total)) + " records, " + (cold ? "from the disk" : "from memory"),
           number(median(reading) * 1'000, 1) + " / " + number(median(verifying) * 1'000, 1) + " ms");
    const std::string what = "... verifying against reading";
    if (cold)
      goal(what, median(verifying) / median(reading), Bound::at_most, 3);
    else
      figure(what, number(median(verifying) / median(reading), 1));
  }
  return done();
}

}  // namespace

Status measure_store_recovery(const Options& options) {
  if (auto shown = show_replay(options); !shown) return shown;
  const std::uint64_t jobs = options.quick ? 10'000 : 100'000;
  auto many = bed_with_jobs(options, jobs);
  if (!many) return std::move(many).error();
  if (auto shown = show_open(options, **many, jobs); !shown) return shown;
  return show_verification(**many);
}

}  // namespace dormouse::bench
