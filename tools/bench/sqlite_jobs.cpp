// SPDX-License-Identifier: Apache-2.0
// Jobs on SQLite, as one would write it there: a table of active jobs with an index over their dues, a table of
// ended ones with an index over their numbers; a group is one transaction.
#include <sqlite3.h>
#include <string>
#include <utility>
#include <vector>

#include "tools/bench/job_work.hpp"
#include "tools/bench/life.hpp"
#include "tools/bench/sqlite_counting.hpp"

namespace dormouse::bench {

namespace {

constexpr char schema[] = R"(
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE jobs(id INTEGER PRIMARY KEY, component INTEGER, handler TEXT, args BLOB, due INTEGER, priority INTEGER,
  policy INTEGER, state INTEGER, attempt INTEGER, enqueued INTEGER, started INTEGER);
CREATE INDEX jobs_due ON jobs(due);
CREATE TABLE history(place INTEGER PRIMARY KEY, job INTEGER, component INTEGER, handler TEXT, args BLOB,
  due INTEGER, priority INTEGER, policy INTEGER, state INTEGER, attempt INTEGER, enqueued INTEGER, started INTEGER,
  ended INTEGER, outcome TEXT);
CREATE INDEX history_job ON history(job);
)";

class Statement {
 public:
  Statement(sqlite3* db, const char* text) : db_(db) { sqlite3_prepare_v2(db, text, -1, &statement_, nullptr); }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int place, std::int64_t number) { sqlite3_bind_int64(statement_, place, number); }
  void bind(int place, const std::string& bytes) {
    sqlite3_bind_blob(statement_, place, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  }
  /// Runs it to its end; the first column of what it answers.
  Result<std::vector<std::int64_t>> run() {
    std::vector<std::int64_t> rows;
    int rc = statement_ ? sqlite3_step(statement_) : SQLITE_ERROR;
    for (; rc == SQLITE_ROW; rc = sqlite3_step(statement_)) rows.push_back(sqlite3_column_int64(statement_, 0));
    if (statement_) sqlite3_reset(statement_);
    if (rc != SQLITE_DONE) return Error{.code = "bench.sqlite", .message = sqlite3_errmsg(db_)};
    return rows;
  }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

class SqliteJobs final : public JobWork {
 public:
  explicit SqliteJobs(const std::filesystem::path& parent) : folder_(parent) {}
  ~SqliteJobs() override {
    statements_.reset();
    sqlite3_close(db_);
  }

  Status begin() {
    const std::string path = (folder_.path() / "jobs.sqlite").string();
    const int rc = sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, counting_vfs());
    if (rc != SQLITE_OK) return Error{.code = "bench.sqlite", .message = "cannot open " + path};
    if (auto made = execute(schema); !made) return made;
    statements_ = std::make_unique<Statements>(db_);
    const auto an_hour = first_boot + std::chrono::hours(1);
    return together([&] { return insert(waiting, an_hour.ms); });
  }

  Status enqueue(unsigned count) override {
    return together([&] { return insert(count, first_boot.ms); });
  }

  Status claim(unsigned count, Claims claims) override {
    // Without a sync of its own, a commit lies in the log as a lazy batch lies in our journal.
    if (claims == Claims::lazy)
      if (auto set = execute("PRAGMA synchronous = NORMAL"); !set) return set;
    auto claimed = together([&] { return claim_due(count); });
    if (claimed && claims == Claims::lazy) claimed = execute("PRAGMA synchronous = FULL");
    return claimed;
  }

  Status end() override {
    return together([&]() -> Status {
      for (const std::int64_t id : running_)
        if (auto ended = end_one(id); !ended) return ended;
      return done();
    });
  }

  void wait_for_syncs(bool wait) override { sqlite_waits_for_syncs(wait); }
  store::Tree::Traffic traffic() const override { return sqlite_traffic(); }

 private:
  struct Statements {
    explicit Statements(sqlite3* owner) : db(owner) {}
    sqlite3* db;
    Statement insert{db,
                     "INSERT INTO jobs(component, handler, args, due, priority, policy, state, attempt, enqueued) "
                     "VALUES(1, 'work', ?1, ?2, 5, 0, 0, 0, ?3)"};
    Statement due{db, "SELECT id FROM jobs WHERE due <= ?1 AND state = 0 ORDER BY due LIMIT ?2"};
    Statement claim{db, "UPDATE jobs SET state = 2, attempt = attempt + 1, started = ?2 WHERE id = ?1"};
    Statement end{db,
                  "INSERT INTO history SELECT ?1, id, component, handler, args, due, priority, policy, 4, attempt, "
                  "enqueued, started, ?3, 'ok' FROM jobs WHERE id = ?2"};
    Statement remove{db, "DELETE FROM jobs WHERE id = ?1"};
    Statement trim{db, "DELETE FROM history WHERE place <= ?1"};
  };

  Status execute(const char* text) {
    if (sqlite3_exec(db_, text, nullptr, nullptr, nullptr) == SQLITE_OK) return done();
    return Error{.code = "bench.sqlite", .message = sqlite3_errmsg(db_)};
  }

  template <class Changes>
  Status together(const Changes& changes) {
    if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
    if (auto changed = changes(); !changed) return changed;
    return execute("COMMIT");
  }

  Status insert(unsigned count, std::int64_t due) {
    const std::string args(args_bytes, 'x');
    for (unsigned i = 0; i < count; ++i) {
      statements_->insert.bind(1, args);
      statements_->insert.bind(2, due + i);
      statements_->insert.bind(3, first_boot.ms);
      if (auto inserted = statements_->insert.run(); !inserted) return std::move(inserted).error();
    }
    return done();
  }

  Status claim_due(unsigned count) {
    statements_->due.bind(1, first_boot.ms + count);
    statements_->due.bind(2, count);
    auto due = statements_->due.run();
    if (!due) return std::move(due).error();
    running_ = std::move(*due);
    if (running_.size() != count) return Error{.code = "bench.claims", .message = "jobs are missing"};
    for (const std::int64_t id : running_) {
      statements_->claim.bind(1, id);
      statements_->claim.bind(2, first_boot.ms);
      if (auto claimed = statements_->claim.run(); !claimed) return std::move(claimed).error();
    }
    return done();
  }

  Status end_one(std::int64_t id) {
    ++place_;
    statements_->end.bind(1, place_);
    statements_->end.bind(2, id);
    statements_->end.bind(3, first_boot.ms);
    statements_->remove.bind(1, id);
    statements_->trim.bind(1, place_ - history);
    for (Statement* statement : {&statements_->end, &statements_->remove, &statements_->trim})
      if (auto run = statement->run(); !run) return std::move(run).error();
    return done();
  }

  Folder folder_;
  sqlite3* db_ = nullptr;
  std::unique_ptr<Statements> statements_;
  std::vector<std::int64_t> running_;
  std::int64_t place_ = 0;
};

}  // namespace

Result<std::unique_ptr<JobWork>> jobs_on_sqlite(const std::filesystem::path& parent) {
  auto jobs = std::make_unique<SqliteJobs>(parent);
  if (auto begun = jobs->begin(); !begun) return std::move(begun).error();
  for (unsigned i = 0; i < JobWork::history; i += 100)
    if (auto lived = jobs->live(100, Claims::lazy); !lived) return std::move(lived).error();
  return std::unique_ptr<JobWork>(std::move(jobs));
}

}  // namespace dormouse::bench
