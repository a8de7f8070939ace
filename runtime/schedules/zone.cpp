// SPDX-License-Identifier: Apache-2.0
// Zones over CCTZ, the only file that includes it.
#include "runtime/schedules/zone.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

namespace dormouse::schedules {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t max_zone_bytes = 64;
const cctz::civil_second epoch(1970, 1, 1, 0, 0, 0);

cctz::time_point<cctz::seconds> point(std::int64_t instant_s) {
  return cctz::time_point<cctz::seconds>(cctz::seconds(instant_s));
}

std::int64_t count(cctz::time_point<cctz::seconds> point) {
  return point.time_since_epoch().count();
}

Error refusal(const char* code, const char* message, std::string hint) {
  return Error{
      .code = "invalid_input", .message = message, .hint = std::move(hint), .fields = {{"zone", code, message}}};
}

/// CCTZ reads from the same folder.
fs::path database() {
  const char* chosen = std::getenv("TZDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/usr/share/zoneinfo";
}

bool has_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

/// What a database may spell: words of letters, digits, `_`, `+` and `-`, parted by single slashes. This keeps out
/// paths, POSIX rules, and the names that CCTZ or a distribution gives a meaning of its own.
bool is_plain_name(std::string_view text) {
  if (text == "localtime" || text == "Factory" || text == "posixrules") return false;
  if (has_prefix(text, "posix/") || has_prefix(text, "right/") || has_prefix(text, "Fixed/")) return false;
  char before = '/';
  for (char c : text) {
    if (c == '/' && before == '/') return false;
    if (c != '/' && c != '_' && c != '+' && c != '-' && std::isalnum(static_cast<unsigned char>(c)) == 0)
      return false;
    before = c;
  }
  return before != '/';
}

bool is_zone_file(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "TZif";
}

bool database_is_there(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder, ignored) && !fs::is_empty(folder, ignored);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The name that differs from `text` in case alone, or empty. Walks the database: only for a refusal.
std::string right_case(const fs::path& folder, std::string_view text) {
  const std::string wanted = lower(std::string(text));
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    const std::string name = entry->path().lexically_relative(folder).generic_string();
    if (lower(name) == wanted && is_plain_name(name) && is_zone_file(entry->path())) return name;
  }
  return {};
}

/// "+HH:MM" as seconds, at most 14 hours either way.
std::optional<int> parse_offset(std::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  for (std::size_t at : {1, 2, 4, 5})
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
  const int hours = (text[1] - '0') * 10 + (text[2] - '0');
  const int minutes = (text[4] - '0') * 10 + (text[5] - '0');
  if (minutes > 59 || hours * 60 + minutes > 14 * 60) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes) * 60;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

struct Zone::Rules {
  cctz::time_zone zone;

  Transition spell(const cctz::time_zone::civil_transition& change) const {
    return {count(zone.lookup(change.to).trans), change.from - epoch, change.to - epoch};
  }
};

Zone Zone::fixed(std::string name, int offset_s) {
  Zone zone;
  zone.name_ = std::move(name);
  zone.offset_s_ = offset_s;
  return zone;
}

std::int64_t Zone::offset_at(std::int64_t instant_s) const {
  return rules_ ? rules_->zone.lookup(point(instant_s)).offset : offset_s_;
}

Zone::Meaning Zone::meaning_of(std::int64_t local_s) const {
  if (!rules_) return {Comes::once, local_s - offset_s_, 0};
  using Lookup = cctz::time_zone::civil_lookup;
  const Lookup found = rules_->zone.lookup(epoch + local_s);
  if (found.kind == Lookup::SKIPPED) return {Comes::never, count(found.trans), count(found.trans)};
  if (found.kind == Lookup::REPEATED) return {Comes::twice, count(found.pre), count(found.trans)};
  return {Comes::once, count(found.pre), 0};
}

std::optional<Zone::Transition> Zone::transition_after(std::int64_t instant_s) const {
  cctz::time_zone::civil_transition change;
  if (!rules_ || !rules_->zone.next_transition(point(instant_s), &change)) return std::nullopt;
  return rules_->spell(change);
}

std::optional<Zone::Transition> Zone::transition_until(std::int64_t instant_s) const {
  cctz::time_zone::civil_transition change;
  // CCTZ answers what lies strictly before.
  if (!rules_ || !rules_->zone.prev_transition(point(instant_s + 1), &change)) return std::nullopt;
  return rules_->spell(change);
}

Result<Zone> find_zone(std::string_view text) {
  text = trimmed(text);
  if (text.size() > max_zone_bytes) return refusal("zone_too_long", "Timezone too long", "at most 64 bytes");
  if (text.empty() || text == "UTC") return Zone::utc();
  if (const auto offset = parse_offset(text)) return Zone::fixed(std::string(text), *offset);

  constexpr const char* allowed = "UTC, +HH:MM up to 14:00, or a name such as Europe/Berlin";
  if (!is_plain_name(text)) return refusal("zone_unknown", "Invalid timezone", allowed);
  const fs::path folder = database();
  if (!database_is_there(folder))
    return refusal("tzdata_missing", "Time zone data is not installed", "UTC and +HH:MM work without it");
  const std::string name(text);
  Zone zone;
  zone.name_ = name;
  auto rules = std::make_shared<Zone::Rules>();
  // CCTZ answers UTC for what it cannot load, so its verdict counts, not its zone.
  if (!is_zone_file(folder / name) || !cctz::load_time_zone(name, &rules->zone)) {
    const std::string meant = right_case(folder, text);
    return refusal("zone_unknown", "Invalid timezone", meant.empty() ? allowed : meant);
  }
  zone.rules_ = std::move(rules);
  return zone;
}

std::string tz_release() {
  std::ifstream list(database() / "tzdata.zi");
  std::string line;
  std::getline(list, line);
  constexpr std::string_view prefix = "# version ";
  return has_prefix(line, prefix) ? line.substr(prefix.size()) : std::string{};
}

}  // namespace dormouse::schedules
