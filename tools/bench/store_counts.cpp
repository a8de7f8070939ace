// SPDX-License-Identifier: Apache-2.0
// Our own counters held against the kernel's. The kernel also sees what the file system writes for itself (the
// inode of a file whose time changed), which is why the bare append stands beside.
#include "tools/bench/figures.hpp"
#include "tools/bench/job_work.hpp"
#include "tools/bench/kernel_writes.hpp"
#include "tools/bench/store_bed.hpp"

namespace dormouse::bench {

namespace {

struct Counted {
  std::string name;
  unsigned times;  // the work is done
  std::function<Status()> work;
  std::function<std::uint64_t()> bytes;  // what its owner counts
};

Status compare(const KernelWrites& kernel, const Counted& one, unsigned tries) {
  const std::uint64_t before = one.bytes();
  const auto written = kernel.least(tries, [&]() -> Status {
    for (unsigned i = 0; i < one.times; ++i)
      if (auto worked = one.work(); !worked) return worked;
    return done();
  });
  if (!written) return written.error();
  const double own = static_cast<double>(one.bytes() - before) / (tries * one.times);
  if (!*written) {
    figure("bytes of " + one.name + ", our count / the kernel's", number(own) + " / not known");
    return done();
  }
  const double kernels = static_cast<double>(**written) / one.times;
  figure("bytes of " + one.name + ", our count / the kernel's",
         number(own) + " / " + number(kernels) + ", the kernel's is " + number(kernels / own, 2) + " times ours");
  return done();
}

}  // namespace

Status measure_store_counts(const Options& options) {
  const KernelWrites kernel(options.folder);
  figure("the kernel's count of bytes written", kernel.source());
  const unsigned times = options.quick ? 60 : 1'500;

  auto bare = BareLoop::make(options.folder, put_record_bytes());
  if (!bare) return std::move(bare).error();
  auto tree = TreePutter::make(options.folder);
  if (!tree) return std::move(tree).error();
  auto bed = StoreBed::make(options.folder, {.half_bytes = 64 * 1024, .limits = small_map()});
  if (!bed) return std::move(bed).error();
  auto putter = Putter::make(**bed);
  if (!putter) return std::move(putter).error();
  auto jobs = jobs_on_store(options.folder, 64 * 1024);
  if (!jobs) return std::move(jobs).error();
  auto sqlite = jobs_on_sqlite(options.folder);
  if (!sqlite) return std::move(sqlite).error();

  // Small halves, and groups, so that every try holds whole generations or many of them.
  const Counted all[] = {
      {"a bare append", times, [&] { return (*bare)->append(); }, [&] { return (*bare)->block_bytes(); }},
      {"a put on LMDB alone", times / 3, [&] { return (*tree)->put(); }, [&] { return (*tree)->traffic().bytes; }},
      {"ten puts, journal of 64 KiB", times, [&] { return (*putter)->put(10); },
       [&] { return (*bed)->store().stats().traffic.bytes; }},
      {"a job from enqueue to end, journal of 64 KiB", times, [&] { return (*jobs)->live(1, Claims::lazy); },
       [&] { return (*jobs)->traffic().bytes; }},
      {"a job from enqueue to end, SQLite", times, [&] { return (*sqlite)->live(1, Claims::lazy); },
       [&] { return (*sqlite)->traffic().bytes; }},
  };
  for (const Counted& one : all)
    if (auto compared = compare(kernel, one, options.quick ? 2 : 5); !compared) return compared;
  return done();
}

}  // namespace dormouse::bench
