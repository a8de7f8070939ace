// SPDX-License-Identifier: Apache-2.0
// The only file that knows LMDB.
#include "runtime/store/lmdb_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <lmdb.h>

#include "runtime/store/dirty_pages.hpp"

namespace dormouse::store {

namespace {

constexpr MDB_dbi free_dbi = 0;  // LMDB's own list of pages that are free, readable as a database
constexpr std::uint64_t meta_pages = 2;
constexpr std::uint64_t block_bytes = 4096;
constexpr std::uint16_t leaf_page_flag = 2;
constexpr std::uint64_t map_bytes_max_32 = 256 * 1024 * 1024;
constexpr unsigned readers_max = 4;  // our own look at the free list, and tools
constexpr mdb_mode_t file_mode = 0640;

MDB_val to_val(BytesView bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

BytesView to_view(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

/// How a page begins, in the processor's own byte order.
struct PageHead {
  std::size_t number = 0;
  std::uint16_t flags = 0;
};
PageHead head_of(const char* page) {
  PageHead head;
  std::memcpy(&head.number, page, sizeof head.number);
  std::memcpy(&head.flags, page + sizeof head.number + 2, sizeof head.flags);
  return head;
}

/// Of the open transaction, up to its next change.
class LmdbSpots final : public Spots {
 public:
  LmdbSpots(MDB_txn* txn, MDB_dbi dbi) {
    if (mdb_cursor_open(txn, dbi, &cursor_) != MDB_SUCCESS) cursor_ = nullptr;
  }
  LmdbSpots(const LmdbSpots&) = delete;
  LmdbSpots& operator=(const LmdbSpots&) = delete;
  ~LmdbSpots() override {
    if (cursor_) mdb_cursor_close(cursor_);
  }

  std::optional<Spot> seek(BytesView key) override {
    if (auto found = get(key, MDB_SET_KEY)) return found;
    // LMDB leaves the cursor on the leaf where it looked, at the record above the key or behind the last one.
    if (auto above = get(key, MDB_GET_CURRENT)) return above;
    return get(key, MDB_PREV);
  }
  std::optional<Spot> next() override { return get({}, MDB_NEXT); }
  std::optional<Spot> previous() override { return get({}, MDB_PREV); }

 private:
  std::optional<Spot> get(BytesView key, MDB_cursor_op operation) {
    MDB_val k = to_val(key);
    MDB_val v{};
    if (!cursor_ || mdb_cursor_get(cursor_, &k, &v, operation) != MDB_SUCCESS) return std::nullopt;
    return Spot{to_view(k), to_view(v)};
  }

  MDB_cursor* cursor_ = nullptr;
};

class LmdbTree final : public Tree {
 public:
  LmdbTree(std::filesystem::path dir, const LmdbOptions& options) : dir_(std::move(dir)), options_(options) {}

  ~LmdbTree() override {
    end_transaction();
    if (env_) mdb_env_close(env_);
  }

  Status open() {
    if (sizeof(void*) == 4 && options_.map_bytes > map_bytes_max_32)
      return Error{.code = "store.map_too_large", .message = "a map on a 32-bit system may have 256 MiB at most"};
    unsigned flags = 0;
    if (options_.read_only) flags |= MDB_RDONLY | MDB_NOLOCK;
    std::error_code error;
    if (!options_.create && !std::filesystem::exists(dir_ / "data.mdb", error))
      return failure(error ? error.value() : ENOENT, "open");
    int rc = mdb_env_create(&env_);
    if (rc == MDB_SUCCESS) rc = mdb_env_set_mapsize(env_, with_reserve(options_.map_bytes));
    if (rc == MDB_SUCCESS) rc = mdb_env_set_maxreaders(env_, readers_max);
    if (rc == MDB_SUCCESS) rc = mdb_env_open(env_, dir_.c_str(), flags, file_mode);
    if (rc == MDB_SUCCESS) rc = mdb_env_stat(env_, &stat_);
    if (rc != MDB_SUCCESS) return failure(rc, "open");
    return begin();
  }

  Result<std::optional<Bytes>> get(BytesView key) override {
    if (!txn_) return no_transaction();
    MDB_val k = to_val(key);
    MDB_val v{};
    const int rc = mdb_get(txn_, dbi_, &k, &v);
    if (rc == MDB_NOTFOUND) return std::optional<Bytes>();
    if (rc != MDB_SUCCESS) return failure(rc, "read");
    return std::optional<Bytes>(to_view(v));
  }

  Result<std::vector<Entry>> scan(BytesView from, BytesView to, std::uint64_t limit, Direction direction) override {
    if (!txn_) return no_transaction();
    std::vector<Entry> entries;
    if (limit == 0 || from >= to) return entries;
    MDB_cursor* cursor = nullptr;
    if (const int rc = mdb_cursor_open(txn_, dbi_, &cursor); rc != MDB_SUCCESS) return failure(rc, "scan");
    const int rc = direction == Direction::forward ? scan_up(cursor, from, to, limit, entries)
                                                   : scan_down(cursor, from, to, limit, entries);
    mdb_cursor_close(cursor);
    if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) return failure(rc, "scan");
    return entries;
  }

  Result<bool> has(BytesView key) override {
    if (!options_.read_only) return Tree::has(key);
    if (!txn_) return no_transaction();
    // One cursor for all: it first looks on the leaf where it stands, and targets often lie side by side.
    if (!finder_)
      if (const int rc = mdb_cursor_open(txn_, dbi_, &finder_); rc != MDB_SUCCESS) return failure(rc, "read");
    MDB_val k = to_val(key);
    MDB_val v{};
    const int rc = mdb_cursor_get(finder_, &k, &v, MDB_SET);
    if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) return failure(rc, "read");
    return rc == MDB_SUCCESS;
  }

  Status walk(BytesView from, BytesView to, const Visit& visit) override {
    if (!txn_) return no_transaction();
    MDB_cursor* cursor = nullptr;
    if (const int rc = mdb_cursor_open(txn_, dbi_, &cursor); rc != MDB_SUCCESS) return failure(rc, "scan");
    const int rc = walk_up(cursor, from, to, visit);
    mdb_cursor_close(cursor);
    if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) return failure(rc, "scan");
    return done();
  }

  Status put(BytesView key, BytesView value) override {
    if (!txn_) return no_transaction();
    if (options_.read_only) return failure(EROFS, "write");
    dirty_.before_put(LmdbSpots(txn_, dbi_), key);
    MDB_val k = to_val(key);
    MDB_val v = to_val(value);
    const int rc = mdb_put(txn_, dbi_, &k, &v, 0);
    if (rc != MDB_SUCCESS) return failure(rc, "write");
    changed_ = true;
    dirty_.after_put(key, value, counts_of(dbi_));
    return done();
  }

  Status erase(BytesView key) override {
    if (!txn_) return no_transaction();
    if (options_.read_only) return failure(EROFS, "write");
    dirty_.before_erase(LmdbSpots(txn_, dbi_), key);
    MDB_val k = to_val(key);
    const int rc = mdb_del(txn_, dbi_, &k, nullptr);
    if (rc == MDB_NOTFOUND) return done();
    if (rc != MDB_SUCCESS) return failure(rc, "erase");
    changed_ = true;
    dirty_.after_erase(LmdbSpots(txn_, dbi_), counts_of(dbi_));
    return done();
  }

  Status commit() override {
    if (!txn_) return no_transaction();
    if (!changed_) return done();  // nothing to write: keep the transaction open
    const std::uint64_t pages_before = pages_at_begin_;
    const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
    if (rc != MDB_SUCCESS) {
      auto failed = failure(rc, "commit");
      (void)begin();  // the error that matters is the commit's; without a transaction the next call tells
      return failed;
    }
    const std::uint64_t replaced = replaced_pages();
    auto begun = begin();
    count_commit(pages_before, replaced);
    return begun;
  }

  Status abort() override {
    end_transaction();
    return begin();
  }

  std::uint64_t dirty_bytes() const override { return dirty_.bytes(); }

  Traffic traffic() const override { return traffic_; }

  Shape shape() const override {
    Shape shape;
    MDB_stat stat{};
    if (!txn_ || mdb_stat(txn_, dbi_, &stat) != MDB_SUCCESS) return shape;
    shape.entries = stat.ms_entries;
    shape.page_bytes = stat.ms_psize;
    shape.depth = stat.ms_depth;
    shape.file_pages = info().me_last_pgno + 1;
    shape.free_pages = shape.file_pages - std::min<std::uint64_t>(pages_at_begin_, shape.file_pages);
    return shape;
  }

  Status copy_to(int descriptor) const override {
    // The compacting copy reads a snapshot; the plain one would wait for the open write transaction for ever.
    const int rc = mdb_env_copyfd2(env_, descriptor, MDB_CP_COMPACT);
    if (rc == MDB_SUCCESS) return done();
    Error error = failure(rc, "copy");
    error.code = "store.snapshot_failed";
    error.hint = rc == ENOSPC || rc == EDQUOT || rc == EFBIG ? "free some space where the copy goes" : "";
    return error;
  }

  unsigned used_percent() const override {
    if (!txn_) return 0;
    return static_cast<unsigned>(live_pages() * stat_.ms_psize * 100 / options_.map_bytes);
  }

  std::uint64_t room_bytes() const override {
    const std::uint64_t used = txn_ ? live_pages() * stat_.ms_psize : 0;
    return options_.map_bytes - std::min(used, options_.map_bytes);
  }

 private:
  Status begin() {
    int rc = mdb_txn_begin(env_, nullptr, options_.read_only ? MDB_RDONLY : 0, &txn_);
    if (rc == MDB_SUCCESS) rc = mdb_dbi_open(txn_, nullptr, 0, &dbi_);
    if (rc != MDB_SUCCESS) {
      end_transaction();
      return failure(rc, "begin a transaction");
    }
    changed_ = false;
    pages_at_begin_ = live_pages();
    if (!options_.read_only)
      dirty_.begin(stat_.ms_psize, {map_begin(), info().me_mapsize}, counts_of(dbi_), counts_of(free_dbi).total());
    return done();
  }

  /// Where LMDB has mapped the file, which it does not tell. But before the first change every record lies in the
  /// map, and a page begins with its own number. Null as long as there is no record.
  const char* map_begin() {
    if (map_begin_) return map_begin_;
    const auto first = LmdbSpots(txn_, dbi_).next();
    if (first) find_map(first->key);
    return map_begin_;
  }

  void find_map(BytesView key) {
    const auto behind = reinterpret_cast<std::uintptr_t>(key.data()) % block_bytes;
    const char* page = key.data() - behind;
    // A file from a system with larger pages may be mapped at any block, so the head is known by its looks.
    for (std::uint64_t tries = stat_.ms_psize / block_bytes; tries > 0; --tries, page -= block_bytes) {
      const PageHead head = head_of(page);
      if (head.flags != leaf_page_flag || head.number < meta_pages || head.number > info().me_last_pgno) continue;
      map_begin_ = page - head.number * stat_.ms_psize;
      break;
    }
  }

  MDB_envinfo info() const {
    MDB_envinfo info{};
    (void)mdb_env_info(env_, &info);  // fails for want of an environment alone
    return info;
  }

  void end_transaction() {
    if (finder_) mdb_cursor_close(std::exchange(finder_, nullptr));
    if (txn_) mdb_txn_abort(std::exchange(txn_, nullptr));
  }

  /// LMDB goes by the number that a page bears: one that is not its place would be taken for free at the page's
  /// next change. While a tree is only read, all of it lies in the map and can be looked at.
  bool is_on_a_leaf(const MDB_val& key) {
    if (!options_.read_only || stat_.ms_psize != block_bytes) return true;
    if (!map_begin_) find_map(to_view(key));
    if (!map_begin_) return false;
    const auto number = static_cast<std::uint64_t>(to_view(key).data() - map_begin_) / block_bytes;
    const PageHead head = head_of(map_begin_ + number * block_bytes);
    return head.number == number && head.flags == leaf_page_flag;
  }

  int walk_up(MDB_cursor* cursor, BytesView from, BytesView to, const Visit& visit) {
    MDB_val k = to_val(from);
    MDB_val v{};
    int rc = mdb_cursor_get(cursor, &k, &v, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (rc == MDB_SUCCESS && to_view(k) < to) {
      if (!is_on_a_leaf(k)) return MDB_CORRUPTED;
      if (!visit(to_view(k), to_view(v))) break;
      rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    }
    return rc;
  }

  static int scan_up(MDB_cursor* cursor, BytesView from, BytesView to, std::uint64_t limit,
                     std::vector<Entry>& entries) {
    MDB_val k = to_val(from);
    MDB_val v{};
    // LMDB refuses an empty key, which stands below all others.
    int rc = mdb_cursor_get(cursor, &k, &v, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (rc == MDB_SUCCESS && to_view(k) < to && entries.size() < limit) {
      entries.push_back({Bytes(to_view(k)), Bytes(to_view(v))});
      if (entries.size() < limit) rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    }
    return rc;
  }

  static int scan_down(MDB_cursor* cursor, BytesView from, BytesView to, std::uint64_t limit,
                       std::vector<Entry>& entries) {
    MDB_val k = to_val(to);
    MDB_val v{};
    // The first key at or above `to`, then one back; none there: the last of all.
    int rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    rc = mdb_cursor_get(cursor, &k, &v, rc == MDB_SUCCESS ? MDB_PREV : MDB_LAST);
    while (rc == MDB_SUCCESS && to_view(k) >= from && entries.size() < limit) {
      entries.push_back({Bytes(to_view(k)), Bytes(to_view(v))});
      if (entries.size() < limit) rc = mdb_cursor_get(cursor, &k, &v, MDB_PREV);
    }
    return rc;
  }

  /// Pages that hold data in the open transaction, its free list included.
  std::uint64_t live_pages() const { return meta_pages + counts_of(dbi_).total() + counts_of(free_dbi).total(); }

  PageCounts counts_of(MDB_dbi dbi) const {
    MDB_stat stat{};
    if (mdb_stat(txn_, dbi, &stat) != MDB_SUCCESS) return {};
    return {stat.ms_branch_pages, stat.ms_leaf_pages, stat.ms_overflow_pages, stat.ms_depth};
  }

  /// How many pages the last commit replaced: LMDB keeps their numbers under the number of the transaction,
  /// a count first. Its free list may be read in a read-only transaction alone.
  std::uint64_t replaced_pages() {
    MDB_txn* reader = nullptr;
    if (mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader) != MDB_SUCCESS) return 0;
    std::size_t count = 0;
    MDB_cursor* cursor = nullptr;
    if (mdb_cursor_open(reader, free_dbi, &cursor) == MDB_SUCCESS) {
      std::size_t id = info().me_last_txnid;
      MDB_val k{sizeof id, &id};
      MDB_val v{};
      if (mdb_cursor_get(cursor, &k, &v, MDB_SET) == MDB_SUCCESS && v.mv_size >= sizeof count)
        std::memcpy(&count, v.mv_data, sizeof count);
      mdb_cursor_close(cursor);
    }
    mdb_txn_abort(reader);
    return count;
  }

  /// Every page that changed was written to a new place: what was replaced, and what the tree grew by.
  void count_commit(std::uint64_t pages_before, std::uint64_t replaced) {
    const auto written =
        static_cast<std::int64_t>(replaced + pages_at_begin_) - static_cast<std::int64_t>(pages_before);
    traffic_.bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(written, 0)) * stat_.ms_psize + block_bytes;
    traffic_.syncs += 2;
  }

  Error full() const {
    return {
        .code = "store.full",
        .message = "the store in " + dir_.string() + " holds its " + std::to_string(options_.map_bytes) + " bytes",
        .hint = "raise the map size, or erase something"};
  }

  Error failure(int rc, const char* doing) const {
    const std::string file = (dir_ / "data.mdb").string();
    Error error{.code = "store.io",
                .message = std::string("cannot ") + doing + " " + file + ": " + mdb_strerror(rc)};
    switch (rc) {
      case MDB_MAP_FULL:
      case MDB_TXN_FULL:
        return full();
      case ENOSPC:
      case EDQUOT:
        error.code = "store.no_space";
        error.hint = "free some space on its file system";
        break;
      case EIO:
        // LMDB answers EIO for a short write, which is how a file system that has just become full looks.
        if (disk_is_full()) error.code = "store.no_space";
        break;
      case EROFS:
        error.code = "store.read_only";
        break;
      case EACCES:
      case EPERM:
        error.code = "store.not_permitted";
        error.hint = "run as the user that owns the data directory, or give it to this one";
        break;
      case MDB_INVALID:
      case MDB_CORRUPTED:
      case MDB_PAGE_NOTFOUND:
      case MDB_CURSOR_FULL:  // deeper than any tree: its pages lead back to themselves
      case MDB_VERSION_MISMATCH:
        error.code = "store.broken";
        break;
      default:
        break;
    }
    return error;
  }

  bool disk_is_full() const {
    std::error_code ignored;
    const auto space = std::filesystem::space(dir_, ignored);
    return !ignored && space.available < block_bytes;
  }

  Error no_transaction() const {
    return {.code = "store.io", .message = "no transaction is open on " + (dir_ / "data.mdb").string()};
  }

  std::filesystem::path dir_;
  LmdbOptions options_;
  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  MDB_cursor* finder_ = nullptr;  // of has(), in a tree that is only read
  MDB_dbi dbi_ = 0;
  MDB_stat stat_{};
  bool changed_ = false;
  std::uint64_t pages_at_begin_ = 0;
  const char* map_begin_ = nullptr;
  DirtyPages dirty_;
  Traffic traffic_;
};

}  // namespace

Result<std::unique_ptr<Tree>> open_lmdb_tree(const std::filesystem::path& dir, const LmdbOptions& options) {
  auto tree = std::make_unique<LmdbTree>(dir, options);
  if (auto opened = tree->open(); !opened) return std::move(opened).error();
  return std::unique_ptr<Tree>(std::move(tree));
}

}  // namespace dormouse::store
