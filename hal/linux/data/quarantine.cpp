// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/quarantine.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "hal/linux/data/restore.hpp"
#include "hal/linux/data/snapshots.hpp"
#include "hal/linux/data/store_marker.hpp"
#include "hal/linux/files/durable_file.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/lmdb_tree.hpp"

namespace dormouse::hal_linux {

using wire::Key;

namespace {

namespace fs = std::filesystem;

constexpr const char* broken_stem = "store.broken";
constexpr const char* note_name = "rescue";

struct SourceWords {
  const char* name;  // in the note
  const char* text;
};
constexpr std::array source_words = {
    SourceWords{"tree", "the tree itself, one checkpoint back where it had to be, and the journal"},
    SourceWords{"snapshot_and_journal", "a snapshot and the journal"},
    SourceWords{"tree_alone", "the tree itself without the journal"},
    SourceWords{"snapshot", "a snapshot alone"},
    SourceWords{"nothing", "nothing: it is empty and has a new id"},
};

const SourceWords& words_of(Rescue::Source source) {
  return source_words[static_cast<std::size_t>(source)];
}

struct Candidate {
  Rescue::Source source = Rescue::Source::nothing;
  std::string snapshot = {};
  Remains remains = {};
};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string first_free(const fs::path& data, const std::string& wanted) {
  std::string name = wanted;
  for (unsigned n = 2; is_there(data / name); ++n) name = wanted + "-" + std::to_string(n);
  return name;
}

/// Of "store.broken-12": "12".
std::string number_of(const std::string& aside) {
  return aside.substr(std::min(aside.find('-'), aside.size() - 1) + 1);
}

unsigned broken_stores(const fs::path& data) {
  unsigned count = 0;
  std::error_code error;
  for (auto entry = fs::directory_iterator(data, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->path().filename().string().starts_with(std::string(broken_stem) + "-")) ++count;
  return count;
}

std::vector<Candidate> candidates_in(const fs::path& data, const fs::path& aside) {
  using Source = Rescue::Source;
  const fs::path journal = is_there(aside / "journal") ? aside / "journal" : fs::path();
  const bool tree = is_there(aside / "data.mdb");
  const auto listed = list_snapshots(data);
  const auto snapshots = listed ? *listed : std::vector<Snapshot>();

  std::vector<Candidate> all;
  if (tree && !journal.empty()) all.push_back({Source::tree, {}, {aside, journal}});
  if (!snapshots.empty() && !journal.empty())
    all.push_back({Source::snapshot_and_journal, snapshots[0].path.filename(), {snapshots[0].path, journal}});
  if (tree) all.push_back({Source::tree_alone, {}, {aside, {}}});
  for (const auto& snapshot : snapshots)
    all.push_back({Source::snapshot, snapshot.path.filename(), {snapshot.path, {}}});
  all.push_back({});
  return all;
}

/// Whether the place is at fault, not what was to be built there.
bool is_hopeless(const Error& error) {
  constexpr std::array codes = {"store.no_space", "store.read_only", "store.not_permitted", "store.io"};
  return std::find(codes.begin(), codes.end(), error.code) != codes.end();
}

wire::Record note_of(const Rescue& rescue) {
  wire::Record note;
  note.put_text(Key::name, rescue.aside)
      .put_text(Key::source, words_of(rescue.source).name)
      .put_text(Key::text, rescue.snapshot)
      .put_text(Key::message, rescue.why)
      .put_uint(Key::from, rescue.lost_from)
      .put_uint(Key::until, rescue.lost_to);
  return note;
}

Rescue rescue_of(const wire::Record& note) {
  Rescue rescue;
  const auto source = note.get_text(Key::source).value_or("");
  for (std::size_t i = 0; i < source_words.size(); ++i)
    if (source == source_words[i].name) rescue.source = static_cast<Rescue::Source>(i);
  rescue.aside = note.get_text(Key::name).value_or("");
  rescue.snapshot = note.get_text(Key::text).value_or("");
  rescue.why = note.get_text(Key::message).value_or("");
  rescue.lost_from = note.get_uint(Key::from).value_or(0);
  rescue.lost_to = note.get_uint(Key::until).value_or(0);
  return rescue;
}

/// What the replacement in `store/` says about itself.
Result<Rescue> read_note(const fs::path& data) {
  const auto folder = data / "store";
  auto tree = store::open_lmdb_tree(folder, {.read_only = true});
  if (!tree) return std::move(tree).error();
  const Bytes key = store::keys::meta(note_name);
  auto sealed = (*tree)->get(key);
  if (!sealed) return std::move(sealed).error();
  const auto opened = *sealed ? store::unseal(key, **sealed) : Result<store::Opened>(Error{});
  const auto note = opened ? wire::Record::decode(opened->body) : Result<wire::Record>(Error{});
  Rescue rescue = note ? rescue_of(*note) : Rescue{};
  auto id = StoreFolder(folder, {}).read_id();
  if (!id) return std::move(id).error();
  rescue.store_id = std::move(id).value();
  return rescue;
}

/// Tries one after the other; the first that verifies is finished in `folder`.
Result<Rescue> build(const fs::path& data, const fs::path& folder, Rescue rescue, const RescueOptions& options) {
  store::LastNumbers numbers = numbers_in(data);
  bool tree_told = facts_in_child(data / rescue.aside).has_value();
  for (const auto& candidate : candidates_in(data, data / rescue.aside)) {
    auto rebuilt = rebuild_store(folder, candidate.remains, options);
    if (!rebuilt && is_hopeless(rebuilt.error())) return std::move(rebuilt).error();
    if (!rebuilt) continue;
    tree_told = tree_told || candidate.remains.tree == data / rescue.aside;
    numbers.raise(rebuilt->numbers);
    if (!tree_told) numbers.add_margin();
    rescue.source = candidate.source;
    if (rescue.source == Rescue::Source::snapshot_and_journal && rebuilt->recovery.replayed == 0)
      rescue.source = Rescue::Source::snapshot;
    rescue.snapshot = candidate.snapshot;
    if (numbers.sequence > rebuilt->sequence) {
      rescue.lost_from = rebuilt->sequence + 1;
      rescue.lost_to = numbers.sequence;
    }
    const Finish finish{
        .numbers = numbers, .skip = rescue.lost_to > 0, .note_name = note_name, .note = note_of(rescue)};
    if (auto finished = finish_rebuilt(folder, *rebuilt, finish, options.store); !finished)
      return std::move(finished).error();
    return rescue;
  }
  return Error{.code = "store.io", .message = "not even an empty store could be made in " + data.string()};
}

Status put_replacement(const fs::path& data, const std::string& aside, const std::string& why,
                       const RescueOptions& options) {
  const auto folder = unfinished_name(data / "store");
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  Rescue rescue;
  rescue.aside = aside;
  rescue.why = why;
  auto built = build(data, folder, std::move(rescue), options);
  if (!built) {
    fs::remove_all(folder, ignored);  // a full disk gets its space back
    return std::move(built).error();
  }
  if (built->source == Rescue::Source::nothing)
    if (auto moved = set_blobs_aside(data, number_of(aside)); !moved) return moved;
  return rename_durably(folder, data / "store");
}

}  // namespace

Error Rescue::alarm() const {
  Error error{.code = "store.broken"};
  error.message = "the store was broken" + (why.empty() ? "" : " (" + why + ")") + " and is now " + aside +
                  "; the one in its place was made of " + words_of(source).text;
  if (!snapshot.empty()) error.message += " (" + snapshot + ")";
  error.message +=
      lost_to == 0 ? "; no batch is known to be lost"
                   : "; the batches " + std::to_string(lost_from) + " to " + std::to_string(lost_to) + " are lost";
  error.hint = "look into " + aside + " and remove it; with " + std::to_string(broken_stores_max) +
               " of them nothing is replaced any more";
  return error;
}

Status set_blobs_aside(const fs::path& data, const std::string& number) {
  if (!is_there(data / "blobs")) return done();
  return rename_durably(data / "blobs", data / first_free(data, "blobs.broken-" + number));
}

std::string free_name(const fs::path& data, const std::string& stem, std::uint64_t boot) {
  return first_free(data, stem + "-" + std::to_string(boot));
}

Result<Rescue> rebuild_in_place(const fs::path& data, const std::string& aside, const std::string& why,
                                const RescueOptions& options) {
  const auto store = data / "store";
  if (!is_there(data / aside) && is_there(store))
    if (auto moved = rename_durably(store, data / aside); !moved) return std::move(moved).error();
  if (!is_there(store))
    if (auto put = put_replacement(data, aside, why, options); !put) return std::move(put).error();
  auto rescue = read_note(data);
  if (!rescue) return rescue;
  if (auto marked = write_marker(data, {rescue->store_id}); !marked) return std::move(marked).error();
  return rescue;
}

Result<Rescue> quarantine_store(const fs::path& data, const std::string& why, const RescueOptions& options) {
  if (options.stop_when_broken)
    return Error{.code = "store.broken",
                 .message = "the store in " + data.string() + " is broken: " + why,
                 .hint = "nothing was changed, as store.on_broken says; restore a snapshot, or let it be replaced"};
  if (broken_stores(data) >= broken_stores_max)
    return Error{.code = "store.broken_limit",
                 .message = "the store in " + data.string() + " is broken (" + why + "), and " +
                            std::to_string(broken_stores_max) + " broken ones lie there already",
                 .hint = "look at the store.broken-* folders and remove them; nothing was changed"};
  const auto aside = free_name(data, broken_stem, std::max<std::uint64_t>(numbers_in(data).of(Key::boot), 1));
  auto marker = read_marker(data).value_or(StoreMarker{});
  marker.rebuilding = aside;
  if (auto marked = write_marker(data, marker); !marked) return std::move(marked).error();
  return rebuild_in_place(data, aside, why, options);
}

Result<std::optional<Rescue>> resume_rescue(const fs::path& data, const RescueOptions& options) {
  const auto marker = read_marker(data);
  if (!marker || marker->rebuilding.empty()) return std::optional<Rescue>();
  if (!marker->rebuilding.starts_with("store.") || marker->rebuilding.find('/') != std::string::npos)
    return Error{.code = "store.broken",
                 .message = "the file provisioned in " + data.string() + " names \"" + marker->rebuilding +
                            "\" as the store that is being rebuilt",
                 .hint = "remove that line if there is no such store"};
  if (marker->rebuilding.starts_with(std::string(broken_stem) + "-")) {
    auto rescue = rebuild_in_place(data, marker->rebuilding, "", options);
    if (!rescue) return std::move(rescue).error();
    return std::optional<Rescue>(std::move(rescue).value());
  }
  if (auto restored = finish_restore(data, marker->rebuilding, options); !restored)
    return std::move(restored).error();
  return std::optional<Rescue>();
}

}  // namespace dormouse::hal_linux
