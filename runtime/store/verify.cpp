// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/verify.hpp"

#include <utility>

#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::store {

namespace {

constexpr std::uint64_t scan_page = 128;
constexpr std::size_t listed_max = 100;

/// The key that an index record leads to; none for a record that is no index.
std::optional<Bytes> target_of(BytesView key, BytesView body) {
  if (key[0] == 'i') return Bytes(body);
  if (key[0] == 'd') {
    const auto parsed = keys::parse_schedule_due(key);
    return parsed ? keys::schedule(parsed->component, parsed->id) : Bytes();
  }
  return std::nullopt;
}

void list(std::vector<BadRecord>& records, const Bytes& key, Error error) {
  if (records.size() < listed_max) records.push_back({key, std::move(error)});
}

Status look_at(Tree& tree, const Entry& entry, CheckReport& report) {
  ++report.records[entry.key[0]];
  ++report.total;
  report.bytes += entry.key.size() + entry.value.size();
  auto opened = unseal(entry.key, entry.value);
  if (!opened) {
    ++report.bad_count;
    list(report.bad, entry.key, std::move(opened).error());
    return done();
  }
  const auto target = target_of(entry.key, opened->body);
  if (!target) return done();
  if (!target->empty()) {
    auto found = tree.get(*target);
    if (!found) return std::move(found).error();
    if (*found) return done();
  }
  ++report.dangling_count;
  list(report.dangling, entry.key,
       {.code = "store.broken",
        .message = printable(entry.key) + " leads to " + printable(*target) + ", which is not there"});
  return done();
}

Error broken(std::string what) {
  return {.code = "store.broken", .message = std::move(what)};
}

Error miscounted(const CheckReport& report, const char* what) {
  return broken(std::string(what) + ": " + std::to_string(report.total) + " records were met, the tree counts " +
                std::to_string(report.expected));
}

}  // namespace

Result<CheckReport> verify(Tree& tree, const VerifyBound& bound) {
  CheckReport report;
  report.expected = tree.shape().entries;
  auto range = keys::starting_with("");
  Bytes last;
  bool ordered = true;
  while (true) {
    if (bound.stop && bound.stop()) return report;
    auto page = tree.scan(range.from, range.to, scan_page, Direction::forward);
    if (!page) return std::move(page).error();
    for (Entry& entry : *page) {
      // A page that is reached twice makes the walk go round for ever; the count is what ends it.
      if (report.total == report.expected) return miscounted(report, "count overrun");
      if (auto looked = look_at(tree, entry, report); !looked) return std::move(looked).error();
      ordered = ordered && last < entry.key;
      last = std::move(entry.key);
    }
    if (page->size() < scan_page) break;
    range.from = keys::after(last);
  }
  if (report.total != report.expected) return miscounted(report, "count short");
  if (!ordered) return broken("the records of the tree are out of order");
  report.complete = true;
  return report;
}

}  // namespace dormouse::store
