// SPDX-License-Identifier: Apache-2.0
// Jobs from enqueue to end by our operations over the store, over LMDB alone, and on SQLite: in turns, on one disk.
#include <string>

#include "tools/bench/figures.hpp"
#include "tools/bench/in_turns.hpp"
#include "tools/bench/job_work.hpp"

namespace dormouse::bench {

namespace {

struct Case {
  unsigned group;
  Claims claims;
  double bytes_bound;  // against LMDB alone; 0: none is set
  double syncs_bound;
};
constexpr Case cases[] = {{1, Claims::lazy, 0.4, 2.2},
                          {8, Claims::lazy, 0.6, 0.35},
                          {32, Claims::lazy, 0, 0},
                          {1, Claims::durable, 0, 3.2},
                          {8, Claims::durable, 0, 0.45}};

struct Cost {
  double bytes = 0;
  double syncs = 0;
};
struct Stores {
  std::unique_ptr<JobWork> journal;
  std::unique_ptr<JobWork> lmdb;
  std::unique_ptr<JobWork> sqlite;
};

Result<Stores> make_stores(const Options& options) {
  auto journal = jobs_on_store(options.folder, 256 * 1024);
  if (!journal) return std::move(journal).error();
  auto lmdb = jobs_on_store(options.folder, 0);
  if (!lmdb) return std::move(lmdb).error();
  auto sqlite = jobs_on_sqlite(options.folder);
  if (!sqlite) return std::move(sqlite).error();
  return Stores{std::move(*journal), std::move(*lmdb), std::move(*sqlite)};
}

/// Long enough for several checkpoints.
Result<Cost> cost_of(JobWork& work, const Case& one, unsigned groups) {
  const auto before = work.traffic();
  work.wait_for_syncs(false);
  for (unsigned i = 0; i < groups; ++i)
    if (auto lived = work.live(one.group, one.claims); !lived) return std::move(lived).error();
  work.wait_for_syncs(true);
  const auto after = work.traffic();
  const double jobs = static_cast<double>(groups) * one.group;
  return Cost{static_cast<double>(after.bytes - before.bytes) / jobs,
              static_cast<double>(after.syncs - before.syncs) / jobs};
}

Status measure_case(Stores& stores, const Case& one, const Options& options) {
  const unsigned groups = (options.quick ? 800 : 8'000) / (one.group == 1 ? 1 : 4);
  const auto journal = cost_of(*stores.journal, one, groups);
  if (!journal) return journal.error();
  const auto lmdb = cost_of(*stores.lmdb, one, options.quick ? 10 : 500);
  if (!lmdb) return lmdb.error();
  const auto sqlite = cost_of(*stores.sqlite, one, groups);
  if (!sqlite) return sqlite.error();
  const auto live = [&one](JobWork& work) {
    return Contender{[&one, &work] { return work.live(one.group, one.claims); }, one.group};
  };
  const auto rates = in_turns({live(*stores.journal), live(*stores.lmdb), live(*stores.sqlite)},
                              options.quick ? 2 : 6, std::chrono::milliseconds(options.quick ? 60 : 400));
  if (!rates) return rates.error();

  const std::string of = std::string("jobs ") +
                         (one.group == 1 ? "one by one" : "by " + std::to_string(one.group)) +
                         (one.claims == Claims::lazy ? ", claims lazy" : ", claims durable");
  figure(of + ": bytes to the device a job, store / LMDB alone / SQLite",
         number(journal->bytes) + " / " + number(lmdb->bytes) + " / " + number(sqlite->bytes));
  figure("... syncs a job",
         number(journal->syncs, 3) + " / " + number(lmdb->syncs, 3) + " / " + number(sqlite->syncs, 3));
  figure("... jobs a second", number((*rates)[0]) + " / " + number((*rates)[1]) + " / " + number((*rates)[2]));
  figure("... store against SQLite: bytes, syncs, jobs a second", number(journal->bytes / sqlite->bytes, 2) + ", " +
                                                                      number(journal->syncs / sqlite->syncs, 2) +
                                                                      ", " + number((*rates)[0] / (*rates)[2], 2));
  if (one.bytes_bound > 0)
    goal("... bytes against LMDB alone", journal->bytes / lmdb->bytes, Bound::at_most, one.bytes_bound);
  if (one.syncs_bound > 0) goal("... syncs a job", journal->syncs, Bound::at_most, one.syncs_bound);
  return done();
}

}  // namespace

Status measure_store_jobs(const Options& options) {
  auto stores = make_stores(options);
  if (!stores) return std::move(stores).error();
  for (const Case& one : cases)
    if (auto measured = measure_case(*stores, one, options); !measured) return measured;
  return done();
}

}  // namespace dormouse::bench
