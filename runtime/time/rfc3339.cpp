// SPDX-License-Identifier: Apache-2.0
#include "runtime/time/rfc3339.hpp"

#include <chrono>
#include <cstdio>
#include <optional>

namespace dormouse {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes text from the front, piece by piece; the first piece that does not fit spoils the rest.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  int digits(std::size_t count) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || !is_digit(rest_.front())) return spoil();
      number = number * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return number;
  }
  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == allowed.npos) return static_cast<char>(spoil());
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }
  /// ".25" as 250 ms; nothing as 0.
  int fraction_ms() {
    if (rest_.empty() || rest_.front() != '.') return 0;
    rest_.remove_prefix(1);
    if (rest_.empty() || !is_digit(rest_.front())) return spoil();
    int ms = 0;
    for (int weight = 100; !rest_.empty() && is_digit(rest_.front()); weight /= 10) {
      ms += (rest_.front() - '0') * weight;
      rest_.remove_prefix(1);
    }
    return ms;
  }
  bool whole() const { return good_ && rest_.empty(); }

 private:
  int spoil() {
    good_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

Error bad_text(std::string_view text) {
  return Error{"invalid_input", "\"" + std::string(text.substr(0, 64)) +
                                    "\" is not an instant such as 2026-06-01T12:00:00Z or "
                                    "2026-06-01T14:00:00+02:00."};
}

}  // namespace

std::string format_utc(WallTime wall) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{wall.ms}};
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char text[64];
  int length = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                             static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                             static_cast<int>(clock.seconds().count()));
  const int ms = static_cast<int>(clock.subseconds().count());
  if (ms != 0) length += std::snprintf(text + length, sizeof text - length, ".%03d", ms);
  return std::string(text, length) + "Z";
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Cursor cursor(text);
  const int year_number = cursor.digits(4);
  cursor.one_of("-");
  const int month_number = cursor.digits(2);
  cursor.one_of("-");
  const int day_number = cursor.digits(2);
  cursor.one_of("Tt ");
  const int hour = cursor.digits(2);
  cursor.one_of(":");
  const int minute = cursor.digits(2);
  cursor.one_of(":");
  const int second = cursor.digits(2);
  const int ms = cursor.fraction_ms();
  const char zone = cursor.one_of("Zz+-");
  int offset_hour = 0;
  int offset_minute = 0;
  if (zone == '+' || zone == '-') {
    offset_hour = cursor.digits(2);
    cursor.one_of(":");
    offset_minute = cursor.digits(2);
  }
  if (!cursor.whole()) return bad_text(text);

  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59 || offset_hour > 23 || offset_minute > 59)
    return Error{"invalid_input", "\"" + std::string(text) + "\" names a day or a time that does not exist."};

  const minutes offset = hours{offset_hour} + minutes{offset_minute};
  const sys_time<milliseconds> local =
      sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{ms};
  const auto utc = zone == '-' ? local + offset : local - offset;
  const WallTime wall{utc.time_since_epoch().count()};
  if (wall < kFirstWall || wall >= kEndOfWall)
    return Error{"time.bad_instant", "\"" + std::string(text) + "\" lies outside the years 1970 to 2199."};
  return wall;
}

}  // namespace dormouse
