// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/clock/reset_evidence.hpp"

#include <algorithm>
#include <cctype>
#include <linux/watchdog.h>
#include <set>
#include <utility>

#include "hal/linux/clock/clock_text.hpp"
#include "hal/linux/files/small_file.hpp"
#include "runtime/wire/crc32c.h"

namespace dormouse::hal_linux {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostRecords = 16;
constexpr std::size_t kMostOfRecord = 64 * 1'024;
constexpr int kDeepest = 2;  // folders below the archive: one a panic, one a part of it
constexpr std::size_t kLongestRegister = 80;
constexpr std::size_t kMostRegisterBytes = 32;
constexpr const char* kPart = " / ";

bool printable(char c) {
  return c >= ' ' && c <= '~';
}

std::string hex(std::string_view bytes) {
  static constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

/// As one word, so that words can be compared.
std::string record_word(const fs::path& path, std::string_view content) {
  std::string word = path.filename().string();
  std::replace_if(
      word.begin(), word.end(), [](char c) { return !printable(c) || c == ' '; }, '_');
  if (content.empty()) return word;  // not readable: the name alone
  const auto sum = dm_crc32c(0, content.data(), content.size());
  const char bytes[] = {static_cast<char>(sum >> 24), static_cast<char>(sum >> 16), static_cast<char>(sum >> 8),
                        static_cast<char>(sum)};
  return word + ":" + hex({bytes, sizeof bytes});
}

/// The paths of all records, newest first.
std::vector<fs::path> records_in(const std::vector<fs::path>& folders) {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code failed;
  for (const fs::path& folder : folders) {
    fs::recursive_directory_iterator entry(folder, failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
      if (entry.depth() >= kDeepest) entry.disable_recursion_pending();
      std::error_code gone;
      if (entry->path().filename().string().starts_with("dmesg-") && entry->is_regular_file(gone))
        found.emplace_back(entry->last_write_time(gone), entry->path());
    }
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> paths;
  for (auto& [ignored, path] : found) paths.push_back(std::move(path));
  return paths;
}

/// A record that was moved while we looked, or copied, counts once: the same name and content make the same word.
std::set<std::string> panic_words(const std::vector<fs::path>& folders) {
  std::set<std::string> words;
  for (const fs::path& path : records_in(folders)) {
    if (words.size() == kMostRecords) break;
    const std::string content = text_of(path, kMostOfRecord);
    if (is_of_a_panic(content)) words.insert(record_word(path, content));
  }
  return words;
}

void add_part(std::string& text, const std::string& part) {
  if (!text.empty()) text += kPart;
  text += part;
}

void look_at_watchdogs(const fs::path& folder, Evidence& evidence) {
  std::set<fs::path> watchdogs;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) watchdogs.insert(entry.path());
  for (const fs::path& watchdog : watchdogs) {
    const std::string status = text_of(watchdog / "bootstatus");
    const std::string words = watchdog_words(status);
    if (!words.empty()) add_part(evidence.text, watchdog.filename().string() + ": " + words);
    evidence.watchdog = evidence.watchdog || was_watchdog_reset(status);
  }
}

}  // namespace

std::string watchdog_words(std::string_view bootstatus) {
  static constexpr std::pair<std::int64_t, const char*> kBits[] = {
      {WDIOF_CARDRESET, "card reset"}, {WDIOF_OVERHEAT, "overheat"},  {WDIOF_FANFAULT, "fan fault"},
      {WDIOF_EXTERN1, "external 1"},   {WDIOF_EXTERN2, "external 2"}, {WDIOF_POWERUNDER, "power under"},
      {WDIOF_POWEROVER, "power over"},
  };
  const std::int64_t status = parse_number(bootstatus).value_or(0);
  std::string words;
  for (const auto& [bit, word] : kBits)
    if ((status & bit) != 0) words += (words.empty() ? "" : ", ") + std::string(word);
  return words;
}

bool is_of_a_panic(std::string_view record) {
  // The first line is "Panic#1 Part1"; what cannot be told (compressed, no content) counts.
  for (const auto* other : {"Oops#", "Emergency#", "Restart#", "Shutdown#", "Halt#", "Poweroff#"})
    if (record.starts_with(other)) return false;
  return true;
}

std::string register_text(std::string_view content) {
  std::string_view text = content;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.remove_suffix(1);
  const bool is_text = std::all_of(text.begin(), text.end(), [](char c) { return printable(c) || c == '\n'; });
  if (content.empty() || (is_text && text.empty() && content.front() == '\n')) return {};
  if (!is_text || text.empty()) return "0x" + hex(content.substr(0, kMostRegisterBytes));
  std::string line(text.substr(0, kLongestRegister));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

Evidence look_for_evidence(const EvidencePlaces& places) {
  Evidence evidence;
  for (const std::string& word : panic_words(places.panics))
    evidence.text += (evidence.text.empty() ? "" : " ") + word;
  evidence.panic = !evidence.text.empty();
  look_at_watchdogs(places.watchdogs, evidence);
  if (!places.reset_register.empty())
    if (const std::string text = register_text(text_of(places.reset_register, 256)); !text.empty())
      add_part(evidence.text, "reset register: " + text);
  return evidence;
}

}  // namespace dormouse::hal_linux
