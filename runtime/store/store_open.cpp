// SPDX-License-Identifier: Apache-2.0
// Opening: the tree is at its last checkpoint, with the generation of the half that followed it; the batches of
// that half, and of the next if the medium lost a checkpoint, are replayed over it. Until the checkpoint that
// follows, nothing is changed but the open transaction, so a cut in between changes nothing.
#include <algorithm>
#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/format.hpp"
#include "runtime/store/journal_note.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/store/store.hpp"
#include "runtime/time/boot.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

using wire::Key;

namespace {

constexpr std::uint64_t scan_page = 128;
constexpr std::uint32_t first_generation = 1;  // zeros in the file are no generation

/// The highest sequence in any envelope, for a store whose own note of it is lost.
Result<std::uint64_t> highest_sequence(Tree& tree) {
  auto range = keys::starting_with("");
  std::uint64_t highest = 0;
  while (true) {
    auto page = tree.scan(range.from, range.to, scan_page, Direction::forward);
    if (!page) return std::move(page).error();
    for (const Entry& entry : *page)
      if (const auto opened = unseal(entry.key, entry.value)) highest = std::max(highest, opened->sequence);
    if (page->size() < scan_page) return highest;
    range.from = keys::after(page->back().key);
  }
}

/// Whether the tree's last checkpoint was the last write of a clean stop.
bool stopped_clean(Tree& tree) {
  const Bytes key = keys::meta("stamp");
  const auto record = tree.get(key);
  if (!record || !*record) return false;
  const auto opened = unseal(key, **record);
  if (!opened) return false;
  const auto stamp = decode_stamp(opened->body);
  return stamp && stamp->clean.has_value();
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<Tree> tree, const Limits& limits) {
  return open(StoreParts{.tree = std::move(tree)}, limits);
}

Result<std::unique_ptr<Store>> Store::open(StoreParts parts, const Limits& limits) {
  auto format = read_format(*parts.tree, parts.formats.newest);
  if (!format) return std::move(format).error();
  const bool is_new = !*format;
  const std::string store_id = is_new ? parts.facts.store_id : (*format)->store_id;
  std::unique_ptr<Store> store(new Store(std::move(parts.tree), limits));
  store->formats_ = std::move(parts.formats);
  store->format_ = is_new ? Format{store->formats_.newest, store_id} : **format;
  if (parts.journal)
    if (auto opened = store->open_journal(parts, store_id); !opened) return std::move(opened).error();
  if (is_new)
    if (auto created = store->create(); !created) return std::move(created).error();
  if (auto known = store->read_position(); !known) return std::move(known).error();
  if (auto recovered = store->recover(parts.journal_made_anew); !recovered) return std::move(recovered).error();
  return store;
}

Status Store::create() {
  auto written = write_format(*tree_, format_);
  if (written && journal_) written = note_journal(*tree_, journal_->facts());
  if (written) written = write_position(0, first_generation);
  if (written) written = tree_->commit();
  return written;
}

Status Store::open_journal(StoreParts& parts, const std::string& store_id) {
  auto block = parts.journal->read(0, journal_header_bytes);
  if (!block) return std::move(block).error();
  auto header = decode_journal_header(*block);
  if (!header) return std::move(header).error();
  auto noted = noted_journal(*tree_);
  if (!noted) return std::move(noted).error();

  JournalFacts facts = parts.facts;
  facts.store_id = store_id;
  if (*header) {
    facts = **header;
  } else if (*noted) {
    facts = **noted;
  }
  if (facts.store_id != store_id)
    return Error{.code = "store.mixed",
                 .message = "the journal belongs to store " + facts.store_id + ", the tree to " + store_id,
                 .hint = "put the journal that belongs to this store back, or move the other one aside"};
  if (parts.journal->size() < facts.file_bytes())
    return Error{.code = "store.io",
                 .message = "the journal has " + std::to_string(parts.journal->size()) + " bytes, not the " +
                            std::to_string(facts.file_bytes()) + " that its header says"};
  journal_ = std::make_unique<Journal>(std::move(parts.journal), std::move(facts));
  if (*header) return done();
  journal_garbled_ = *noted && !parts.journal_made_anew;
  if (journal_garbled_) recovery_.notes.emplace_back("the journal's header was written again");
  return journal_->write_header();
}

Status Store::read_position() {
  const Bytes key = keys::meta("position");
  auto record = tree_->get(key);
  if (!record) return std::move(record).error();
  generation_ = first_generation;
  if (*record) {
    auto opened = unseal(key, **record);
    auto body = opened ? wire::Record::decode(opened->body) : Result<wire::Record>(opened.error());
    if (body) {
      applied_ = body->get_uint(Key::sequence).value_or(opened->sequence);
      generation_ = static_cast<std::uint32_t>(body->get_uint(Key::generation).value_or(first_generation));
      epoch_ = static_cast<std::uint32_t>(body->get_uint(Key::epoch).value_or(0));
      last_batch_ = {epoch_,
                     {body->get_int(Key::instant).value_or(0)},
                     {body->get_int(Key::wall).value_or(0)},
                     static_cast<Trust>(body->get_uint(Key::trust).value_or(0))};
      if (applied_ > 0) recovery_.last_batch = last_batch_;
    } else {
      note_bad(key, std::move(body).error());
      auto highest = highest_sequence(*tree_);
      if (!highest) return std::move(highest).error();
      applied_ = *highest;
      // Without the note the journal itself is the best witness of where the halves stand.
      if (journal_) {
        auto newest = journal_->newest_generation();
        if (!newest) return std::move(newest).error();
        generation_ = std::max(*newest, first_generation);
      }
      position_lost_ = true;
    }
  }
  committed_ = durable_ = durable_wanted_ = applied_;
  return done();
}

Status Store::recover(bool journal_made_anew) {
  if (!journal_) return done();
  auto newest = journal_->newest_generation();
  if (!newest) return std::move(newest).error();
  const std::uint32_t tree_generation = generation_;
  if (*newest > tree_generation + 1)
    return Error{.code = "store.behind_journal",
                 .message = "the tree stands at generation " + std::to_string(tree_generation) +
                            ", the journal at " + std::to_string(*newest),
                 .hint = "restore a snapshot; the journal's batches do not fit this tree"};
  if (auto replayed = replay_half(tree_generation); !replayed) return replayed;
  if (*newest == tree_generation + 1) {
    recovery_.checkpoint_lost = true;
    if (auto replayed = replay_half(*newest); !replayed) return replayed;
    generation_ = *newest;
  }
  // Behind a damaged place stand records of this generation: its half is not written again.
  const bool damaged = recovery_.alarm.has_value();
  if (journal_made_anew) recovery_.notes.emplace_back("the journal was made anew");
  const bool nothing_left = journal_made_anew || (journal_garbled_ && recovery_.replayed == 0);
  if (nothing_left && !stopped_clean(*tree_))
    recovery_.alarm =
        Error{.code = "store.journal_lost",
              .message = "the journal is gone; work after batch " + std::to_string(applied_) + " may be missing"};
  journal_->begin(generation_);
  if (recovery_.replayed == 0 && !position_lost_ && !damaged) return done();
  if (recovery_.replayed > 0) recovery_.last_batch = last_batch_;
  // A killed process may have left batches in the kernel's memory alone, and the tree is never ahead of the journal
  // on the medium. Should it fail, the commit makes it good.
  (void)journal_->sync();
  return commit_tree(Checkpoint::replay, applied_);
}

Status Store::replay_half(std::uint32_t generation) {
  auto half = journal_->read(generation, applied_);
  if (!half) return std::move(half).error();
  if (half->end == HalfContent::End::gap)
    return Error{.code = "store.behind_journal",
                 .message = "batches are missing between " + std::to_string(applied_) + " and the journal's next",
                 .hint = "restore a snapshot; the journal's batches do not fit this tree"};
  const std::uint64_t before = applied_;
  if (auto replayed = replay(*half); !replayed) return replayed;
  if (recovery_.replayed == 0) recovery_.first_replayed = before + 1;
  recovery_.replayed += applied_ - before;
  if (half->end == HalfContent::End::torn)
    recovery_.torn = Recovery::Torn{.offset = half->end_offset, .after = applied_};
  if (half->end == HalfContent::End::corrupt)
    recovery_.alarm = Error{.code = "store.journal_corrupt",
                            .message = "the journal is damaged at " + std::to_string(half->end_offset) +
                                       "; the batches " + std::to_string(applied_ + 1) + " to " +
                                       std::to_string(half->durable_beyond) + " are lost"};
  return done();
}

Status Store::replay(const HalfContent& half) {
  for (const auto& place : half.records) {
    if (place.head.sequence <= applied_) continue;  // the tree has it
    auto effects = decode_effects(half.record(place), place.head);
    if (!effects) return std::move(effects).error();
    if (auto written = write(*effects); !written) return written;
    applied_ = place.head.sequence;
    epoch_ = std::max(epoch_, place.head.epoch);
    last_batch_ = {place.head.epoch, place.head.instant, place.head.wall, place.head.trust};
  }
  return done();
}

Status Store::migrate() {
  check(applied_ == durable_, "store:migrate");
  auto migrated = migrate_format(*tree_, format_, formats_);
  if (!migrated) {
    auto rebuilt = rebuild();
    return rebuilt ? migrated : rebuilt;
  }
  if (migrated = commit_tree(Checkpoint::command, applied_); migrated) format_.version = formats_.newest;
  return migrated;
}

}  // namespace dormouse::store
