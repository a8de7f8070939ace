// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/verify.hpp"

#include <utility>

#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"

namespace dormouse::store {

namespace {

constexpr std::uint64_t records_between_looks = 128;  // at the bound
constexpr std::size_t listed_max = 100;

/// The key that an index record leads to; none for a record that is no index.
std::optional<Bytes> target_of(BytesView key, BytesView body) {
  if (key[0] == 'z') return Bytes(body);
  if (key[0] == 'd') {
    const auto parsed = keys::parse_schedule_due(key);
    return parsed ? keys::schedule(parsed->component, parsed->id) : Bytes();
  }
  return std::nullopt;
}

void list(std::vector<BadRecord>& records, BytesView key, Error error) {
  if (records.size() < listed_max) records.push_back({Bytes(key), std::move(error)});
}

Status look_at(Tree& tree, BytesView key, BytesView value, CheckReport& report) {
  ++report.records[key[0]];
  ++report.total;
  report.bytes += key.size() + value.size();
  auto opened = unseal(key, value);
  if (!opened) {
    ++report.bad_count;
    list(report.bad, key, std::move(opened).error());
    return done();
  }
  const auto target = target_of(key, opened->body);
  if (!target) return done();
  if (!target->empty()) {
    auto found = tree.has(*target);
    if (!found) return std::move(found).error();
    if (*found) return done();
  }
  ++report.dangling_count;
  list(report.dangling, key,
       {.code = "store.broken",
        .message = printable(key) + " leads to " + printable(*target) + ", which is not there"});
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
  const auto range = keys::starting_with("");
  Bytes last;
  bool ordered = true;
  bool stopped = false;
  auto looked = done();
  const auto visit = [&](BytesView key, BytesView value) {
    stopped = report.total % records_between_looks == 0 && bound.stop && bound.stop();
    if (stopped) return false;
    // A page that is reached twice makes the walk go round for ever; the count is what ends it.
    if (report.total == report.expected) looked = miscounted(report, "count overrun");
    if (looked) looked = look_at(tree, key, value, report);
    ordered = ordered && last < key;
    last = key;
    return looked.ok();
  };
  if (auto walked = tree.walk(range.from, range.to, visit); !walked) return std::move(walked).error();
  if (!looked) return std::move(looked).error();
  if (stopped) return report;
  if (report.total != report.expected) return miscounted(report, "count short");
  if (!ordered) return broken("the records of the tree are out of order");
  report.complete = true;
  return report;
}

}  // namespace dormouse::store
