// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/flash_report.hpp"

#include <cmath>
#include <cstdio>

#include "runtime/time/duration_text.hpp"

namespace dormouse::store {

namespace {

using wire::Key;
using wire::Record;

constexpr double kPpmOfPercent = 10'000;
constexpr double kDaysOfYear = 365.25;
constexpr double kMostDays = 1'000'000'000;
constexpr std::size_t kSpendersTold = 3;

std::string decimal(double number) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f", number);
  return text;
}

/// A number that a record can hold, whatever the division gave.
std::uint64_t whole(double number, double most) {
  return static_cast<std::uint64_t>(std::llround(std::min(std::max(number, 0.0), most)));
}

std::string count_text(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string traffic_text(const Tree::Traffic& traffic) {
  return size_text(traffic.bytes) + " in " + count_text(traffic.syncs, "sync", "syncs");
}

Record traffic_item(const char* name, const Tree::Traffic& traffic) {
  Record item;
  item.put_text(Key::name, name).put_uint(Key::bytes, traffic.bytes).put_uint(Key::syncs, traffic.syncs);
  return item;
}

Record day_item(const FlashDay& day, std::uint64_t ago) {
  Record item = traffic_item(ago == 0 ? "today" : "day", day.total());
  std::string text = ago == 0 ? "today, " + format_duration(Duration{day.elapsed / Duration{60'000} * 60'000})
                              : count_text(ago, "day ago", "days ago");
  text += ": " + traffic_text(day.total());
  if (const auto per_job = day.bytes_per_job())
    text += ", " + count_text(day.ended_jobs, "job", "jobs") + " ended, " + size_text(*per_job) + " a job";
  if (day.device_bytes) text += "; the device counted " + size_text(*day.device_bytes);
  item.put_int(Key::length, day.elapsed.count()).put_uint(Key::ended, day.ended_jobs);
  if (day.device_bytes) item.put_uint(Key::device_bytes, *day.device_bytes);
  if (ago > 0) item.put_uint(Key::count, ago);
  item.put_text(Key::text, std::move(text));
  return item;
}

void add_parts(std::vector<Record>& items, const FlashDay& today, const ComponentNames& names) {
  for (std::size_t i = 0; i < flash_causes; ++i) {
    const auto cause = static_cast<FlashCause>(i);
    const auto& traffic = today.of(cause);
    if (traffic.bytes == 0 && traffic.syncs == 0) continue;
    items.push_back(traffic_item("cause", traffic));
    items.back().put_text(Key::cause, name_of(cause));
    items.back().put_text(Key::text, std::string("  ") + name_of(cause) + ": " + traffic_text(traffic));
  }
  for (const auto& [component, bytes] : today.journal_shares()) {
    Record item;
    const std::string who = component == FlashDay::other_components ? "others" : names(component);
    item.put_text(Key::name, "component").put_text(Key::component, who).put_uint(Key::bytes, bytes);
    item.put_text(Key::text, "  " + who + ": " + size_text(bytes) + " of the journal");
    items.push_back(std::move(item));
  }
}

Record budget_item(const FlashBudget& budget) {
  Record item;
  std::string text =
      "budget: " + size_text(budget.bytes_per_day()) + " a day, " + size_text(budget.level()) + " left";
  if (budget.saving())
    text += "; saving, what is lazy waits " + format_duration(budget.stretched(Duration{60'000}));
  item.put_text(Key::name, "budget").put_uint(Key::budget, budget.bytes_per_day());
  item.put_uint(Key::level, budget.level()).put_bool(Key::saving, budget.saving());
  item.put_text(Key::text, std::move(text));
  return item;
}

std::string life_text(const std::optional<FlashLife>& life) {
  if (!life) return "life used unknown";
  if (life->exceeded()) return "life used up";
  return std::to_string(life->from_percent()) + " to " + std::to_string(life->to_percent()) + " % of its life used";
}

std::string pace_text(const FlashWear& wear) {
  if (!wear.mean_day_bytes) return "no day is over yet";
  std::string text = size_text(*wear.mean_day_bytes) + " a day";
  if (!wear.percent_per_year) return text + ", what it bears unknown";
  text += ", " + decimal(*wear.percent_per_year) + " % of its life a year";
  return text + (wear.measured ? " as measured" : " as the board states it");
}

Record wear_item(const FlashWear& wear) {
  Record item;
  std::string text = "wear: " + life_text(wear.life) + ", reserve " +
                     (wear.pre_eol ? name_of(*wear.pre_eol) : "unknown") + "; " + pace_text(wear);
  if (wear.years_left) text += "; " + decimal(*wear.years_left) + " years left";
  item.put_text(Key::name, "wear");
  if (wear.life) item.put_ints(Key::life, {wear.life->from_percent(), wear.life->to_percent()});
  if (wear.pre_eol) item.put_text(Key::pre_eol, name_of(*wear.pre_eol));
  if (wear.mean_day_bytes) item.put_uint(Key::mean, *wear.mean_day_bytes);
  if (wear.endurance_bytes) item.put_uint(Key::endurance, *wear.endurance_bytes);
  if (wear.percent_per_year) item.put_uint(Key::wear_ppm, whole(*wear.percent_per_year * kPpmOfPercent, kMostDays));
  if (wear.years_left) item.put_uint(Key::left_days, whole(*wear.years_left * kDaysOfYear, kMostDays));
  item.put_text(Key::text, std::move(text));
  return item;
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1023.95 && unit + 1 < std::size(units); ++unit) size /= 1024;
  return decimal(size) + " " + units[unit];
}

std::vector<Record> flash_items(const FlashAccount& account, const ComponentNames& names) {
  std::vector<Record> items;
  items.push_back(day_item(account.use().today(), 0));
  add_parts(items, account.use().today(), names);
  std::uint64_t ago = 0;
  for (const auto& day : account.use().days()) items.push_back(day_item(day, ++ago));
  if (account.budget().bytes_per_day() > 0) items.push_back(budget_item(account.budget()));
  items.push_back(wear_item(account.wear()));
  return items;
}

Error flash_alarm(const FlashAccount& account, const ComponentNames& names) {
  std::string most;
  for (const auto& spender : account.use().spenders(kSpendersTold)) {
    const bool others = spender.component == FlashDay::other_components;
    const std::string who = !spender.component ? name_of(spender.cause)
                            : others           ? "others"
                                               : names(*spender.component);
    most += (most.empty() ? "" : ", ") + who + " " + size_text(spender.bytes);
  }
  return Error{
      .code = "store.flash_budget",
      .message = "The write budget of " + size_text(account.budget().bytes_per_day()) +
                 " a day is used up; most was written by " + (most.empty() ? "nobody" : most) + ".",
      .hint = "Lazy writes and heartbeats wait longer until half of it is there again; nothing is refused."};
}

}  // namespace dormouse::store
