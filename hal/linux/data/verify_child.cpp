// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/verify_child.hpp"

#include <csignal>
#include <utility>

#include "hal/linux/data/data_file.hpp"
#include "runtime/store/lmdb_tree.hpp"
#include "runtime/store/verify.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::hal_linux {

using wire::Key;

namespace {

namespace fs = std::filesystem;

// What the child tells, by kind of message.
constexpr char told_facts = 'f';
constexpr char told_bad_record = 'b';
constexpr char told_end = 'd';         // all that was to be looked at was
constexpr char told_broken = 'x';      // the tree is
constexpr char told_unreadable = 'u';  // the file gave no bytes
constexpr char told_refusal = 'e';     // says nothing about the tree

// A child that counts its own time ends at the bound; one that hangs is ended a little later.
constexpr std::chrono::milliseconds late_by{2'000};
constexpr std::chrono::milliseconds facts_bound{10'000};

Bytes in_words(const Error& error) {
  wire::Record record;
  record.put_text(Key::code, error.code).put_text(Key::message, error.message);
  return record.encode();
}

Error broken(std::string what) {
  return {.code = "store.broken", .message = std::move(what)};
}

Error from_words(const wire::Record& record) {
  return {.code = record.get_text(Key::code).value_or("store.io"),
          .message = record.get_text(Key::message).value_or("")};
}

// -- in the child --

/// False if it was told what keeps the file from being looked into.
bool may_be_whole(const fs::path& path, const Teller& teller) {
  const auto checked = check_data_file(path);
  if (checked) return true;
  const std::string& code = checked.error().code;
  const char kind = code == "store.broken" ? told_broken : code == "store.io" ? told_unreadable : told_refusal;
  teller.tell(kind, in_words(checked.error()));
  return false;
}

/// Opens the tree and tells what it is; none if something else was told.
std::unique_ptr<store::Tree> open_and_tell_facts(const fs::path& folder, const Teller& teller,
                                                 std::uint64_t newest_format) {
  if (!may_be_whole(folder / "data.mdb", teller)) return nullptr;
  auto tree = store::open_lmdb_tree(folder, {.read_only = true});
  if (!tree) {
    teller.tell(tree.error().code == "store.broken" ? told_broken : told_refusal, in_words(tree.error()));
    return nullptr;
  }
  const auto format = store::read_format(**tree, newest_format);
  if (!format || !*format) {
    const Error error = format ? broken(folder.string() + " holds an empty tree") : format.error();
    teller.tell(error.code == "store.newer" ? told_refusal : told_broken, in_words(error));
    return nullptr;
  }
  const auto numbers = store::last_numbers(**tree);
  if (!numbers) {
    teller.tell(told_broken, in_words(numbers.error()));
    return nullptr;
  }
  wire::Record facts;
  facts.put_text(Key::id, (*format)->store_id)
      .put_bytes(Key::data, numbers->encode())
      .put_uint(Key::total, (*tree)->shape().entries);
  teller.tell(told_facts, facts.encode());
  return std::move(tree).value();
}

void tell_report(const store::CheckReport& report, const Teller& teller) {
  for (const auto& bad : report.bad) {
    wire::Record record;
    record.put_bytes(Key::name, bad.key)
        .put_text(Key::code, bad.error.code)
        .put_text(Key::message, bad.error.message);
    teller.tell(told_bad_record, record.encode());
  }
  if (!report.dangling.empty()) teller.tell(told_broken, in_words(report.dangling.front().error));
  wire::Record end;
  end.put_uint(Key::count, report.total).put_bool(Key::done, report.complete);
  teller.tell(told_end, end.encode());
}

// -- in the parent --

/// What one child told.
struct Heard {
  Verification found;
  std::optional<Error> broken;
  std::optional<Error> unreadable;
  std::optional<Error> refusal;
  bool ended = false;
  bool complete = false;

  void hear(char kind, BytesView body) {
    const auto record = wire::Record::decode(body);
    if (!record) return;
    switch (kind) {
      case told_facts:
        found.store_id = record->get_text(Key::id).value_or("");
        found.numbers = store::LastNumbers::decode(record->get_bytes(Key::data).value_or(""));
        found.expected = record->get_uint(Key::total).value_or(0);
        break;
      case told_bad_record:
        found.bad.push_back({record->get_bytes(Key::name).value_or(""), from_words(*record)});
        break;
      case told_end:
        ended = true;
        found.verified = record->get_uint(Key::count).value_or(0);
        complete = record->get_bool(Key::done).value_or(false);
        break;
      case told_broken:
        broken = from_words(*record);
        break;
      case told_unreadable:
        unreadable = from_words(*record);
        break;
      case told_refusal:
        refusal = from_words(*record);
        break;
      default:
        break;
    }
  }
};

Verification judged(Heard heard, Verification::Verdict verdict, std::string why = {}) {
  heard.found.verdict = verdict;
  heard.found.why = std::move(why);
  return std::move(heard.found);
}

/// One child's story as a verdict.
Verification judge(Heard heard, const LookEnd& end) {
  using Verdict = Verification::Verdict;
  if (heard.broken) {
    const std::string why = heard.broken->message;
    return judged(std::move(heard), Verdict::broken, why);
  }
  if (heard.unreadable) {
    const std::string why = heard.unreadable->message;
    return judged(std::move(heard), Verdict::unreadable, why);
  }
  switch (end.how) {
    case LookEnd::How::late:
      return judged(std::move(heard), Verdict::unfinished, "past its bound");
    case LookEnd::How::silent:
      return judged(std::move(heard), Verdict::unfinished, "it never said a word");
    case LookEnd::How::killed:
      return judged(std::move(heard), Verdict::unfinished, "killed by signal " + std::to_string(end.signal));
    case LookEnd::How::crashed:
      // The tree is mapped, so a page that the medium does not give is a SIGBUS.
      if (end.signal == SIGBUS) return judged(std::move(heard), Verdict::unreadable, "a page cannot be read");
      return judged(std::move(heard), Verdict::broken,
                    "following its pages ends in signal " + std::to_string(end.signal));
    case LookEnd::How::finished:
      break;
  }
  if (!heard.ended) return judged(std::move(heard), Verdict::broken, "the look at it ended without a word");
  if (!heard.complete) return judged(std::move(heard), Verdict::unfinished, "past its bound");
  const bool sound = heard.found.bad.empty();
  return judged(std::move(heard), sound ? Verdict::sound : Verdict::bad_records);
}

/// What may be otherwise the next time.
bool worth_another_try(const Verification& found, const LookEnd& end) {
  return found.verdict == Verification::Verdict::unreadable || end.how == LookEnd::How::killed ||
         end.how == LookEnd::How::silent;
}

}  // namespace

std::string Verification::words() const {
  std::string text = "verified " + std::to_string(verified) + " of " + std::to_string(expected) + " records";
  if (!bad.empty()) text += ", " + std::to_string(bad.size()) + " bad";
  if (!why.empty()) text += ": " + why;
  if (tries_failed > 0)
    text += ", after " + std::to_string(tries_failed) + (tries_failed == 1 ? " failed try" : " failed tries");
  return text;
}

void look_at_tree(const fs::path& folder, const Teller& teller, Deadline deadline, std::uint64_t newest_format) {
  const auto tree = open_and_tell_facts(folder, teller, newest_format);
  if (!tree) return;
  const auto late = [deadline] { return std::chrono::steady_clock::now() >= deadline; };
  const auto report = store::verify(*tree, {.stop = late});
  if (report)
    tell_report(*report, teller);
  else
    teller.tell(told_broken, in_words(report.error()));
}

Result<Verification> verify_in_child(const TreeLook& look, std::chrono::milliseconds bound,
                                     const std::function<void()>& progress) {
  const Deadline deadline = std::chrono::steady_clock::now() + bound;
  for (unsigned tries = 1;; ++tries) {
    Heard heard;
    const auto end =
        look_in_child([&](const Teller& teller) { look(teller, deadline); },
                      [&](char kind, BytesView body) { heard.hear(kind, body); }, deadline + late_by, progress);
    if (!end) return end.error();
    if (heard.refusal) return *heard.refusal;
    auto found = judge(std::move(heard), *end);
    found.tries_failed = tries - 1;
    if (tries == verify_tries || !worth_another_try(found, *end)) return found;
  }
}

Result<Verification> verify_in_child(const fs::path& folder, std::chrono::milliseconds bound,
                                     std::uint64_t newest_format, const std::function<void()>& progress) {
  const auto look = [&](const Teller& teller, Deadline deadline) {
    look_at_tree(folder, teller, deadline, newest_format);
  };
  return verify_in_child(look, bound, progress);
}

std::optional<TreeFacts> facts_in_child(const fs::path& folder) {
  Heard heard;
  const auto end = look_in_child(
      [&](const Teller& teller) { (void)open_and_tell_facts(folder, teller, UINT64_MAX); },
      [&](char kind, BytesView body) { heard.hear(kind, body); }, std::chrono::steady_clock::now() + facts_bound);
  if (!end || !heard.found.numbers) return std::nullopt;
  return TreeFacts{std::move(heard.found.store_id), *std::move(heard.found.numbers)};
}

}  // namespace dormouse::hal_linux
