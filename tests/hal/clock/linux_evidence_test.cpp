// SPDX-License-Identifier: Apache-2.0
// Why a kernel started, read from what watchdogs, panics and boards leave.
#include <gtest/gtest.h>

#include "hal/linux/clock/clock_text.hpp"
#include "hal/linux/clock/reset_evidence.hpp"
#include "tests/hal/clock/clock_bed.hpp"
#include "tests/temp_folder.hpp"

namespace dormouse::hal_linux {
namespace {

Evidence evidence_on(const std::string& machine, const std::string& reset_register = "") {
  const std::string root = fixture(machine);
  const ClockBed bed({.reset_register = reset_register, .sys = root, .var = root + "/var"});
  return bed.clock->evidence();
}

/// The first word of the text, without the checksum.
std::string first_name(const std::string& text) {
  return text.substr(0, text.find(':'));
}

TEST(LinuxEvidence, is_what_each_machine_shows) {
  struct Row {
    const char* machine;
    bool watchdog = false;
    bool panic = false;
    const char* text = "";  // all of it where no record is named
  };
  const Row rows[] = {
      {.machine = "laptop"},
      {.machine = "raspberry-pi-4-ds3231"},
      {.machine = "container"},
      {.machine = "no such machine"},
      {.machine = "watchdog-reset", .watchdog = true, .text = "watchdog0: card reset"},
      {.machine = "watchdog-two", .watchdog = true, .text = "watchdog1: card reset, overheat"},
      {.machine = "watchdog-hot", .text = "watchdog0: overheat"},
      {.machine = "pstore-ramoops", .panic = true, .text = "dmesg-ramoops-0"},
      {.machine = "pstore-moved", .panic = true, .text = "dmesg-ramoops-0"},
      {.machine = "pstore-oops-panic", .panic = true, .text = "dmesg-ramoops-1"},
      {.machine = "pstore-packed", .panic = true, .text = "dmesg-erst-7231980123456789.enc.z"},
      {.machine = "pstore-efi", .panic = true, .text = "dmesg-efi_pstore-178031520001001"},
      {.machine = "pstore-oops"},
      {.machine = "pstore-shutdown"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.machine);
    const Evidence evidence = evidence_on(row.machine);
    EXPECT_EQ(evidence.watchdog, row.watchdog);
    EXPECT_EQ(evidence.panic, row.panic);
    EXPECT_EQ(row.panic ? first_name(evidence.text) : evidence.text, row.text);
  }
}

TEST(LinuxEvidence, a_record_has_one_word_wherever_it_lies_and_another_one_when_the_name_is_used_again) {
  const std::string word = evidence_on("pstore-ramoops").text;
  EXPECT_EQ(word.size(), std::string("dmesg-ramoops-0:01234567").size());
  EXPECT_EQ(evidence_on("pstore-moved").text, word);
  EXPECT_NE(evidence_on("pstore-ramoops-again").text, word);
  EXPECT_EQ(first_name(evidence_on("pstore-ramoops-again").text), first_name(word));

  const auto both = look_for_evidence(
      {.panics = {fixture("pstore-ramoops/fs/pstore"), fixture("pstore-moved/var/lib/systemd/pstore")}});
  EXPECT_EQ(both.text, word);
}

TEST(LinuxEvidence, records_watchdog_and_register_stand_side_by_side_as_words) {
  const auto all = look_for_evidence({.watchdogs = fixture("watchdog-reset/class/watchdog"),
                                      .panics = {fixture("pstore-efi/var/lib/systemd/pstore")},
                                      .reset_register = fixture("register/rsts-reset")});
  EXPECT_TRUE(all.watchdog);
  EXPECT_TRUE(all.panic);
  std::istringstream words(all.text);
  std::vector<std::string> rest;
  int records = 0;
  for (std::string word; words >> word;)
    if (word.starts_with("dmesg-"))
      ++records;
    else
      rest.push_back(word);
  EXPECT_EQ(records, 3);
  EXPECT_EQ(rest, (std::vector<std::string>{"/", "watchdog0:", "card", "reset", "/", "reset",
                                            "register:", "0x00000020"}));
}

TEST(LinuxEvidence, of_many_records_the_newest_sixteen_count) {
  const TempFolder folder;
  const auto then = std::filesystem::file_time_type::clock::now();
  for (int i = 0; i < 20; ++i) {
    const std::string path = folder.path().string() + "/dmesg-ramoops-" + std::to_string(100 + i);
    write_file(path, "Panic#1 Part1\n" + std::to_string(i));
    std::filesystem::last_write_time(path, then - std::chrono::seconds(i));
  }
  const auto evidence = look_for_evidence({.panics = {folder.path().string()}});
  EXPECT_NE(evidence.text.find("dmesg-ramoops-115:"), std::string::npos);
  EXPECT_EQ(evidence.text.find("dmesg-ramoops-116:"), std::string::npos);
}

TEST(LinuxEvidence, a_name_with_blanks_is_still_one_word) {
  const TempFolder folder;
  write_file(folder.path().string() + "/dmesg-a b\tc", "");
  EXPECT_EQ(look_for_evidence({.panics = {folder.path().string()}}).text, "dmesg-a_b_c");
}

TEST(LinuxEvidence, a_reset_register_is_shown_as_text_or_in_hex) {
  struct Row {
    const char* file;
    const char* text;
  };
  const Row rows[] = {
      {"rsts-power-on", "reset register: 0x00001000"},
      {"rsts-reset", "reset register: 0x00000020"},
      {"zero", "reset register: 0x00000000"},
      {"reset_reason", "reset register: POR"},
      {"two-lines", "reset register: cold boot by button"},
      {"empty", ""},
      {"not there", ""},
  };
  for (const Row& row : rows) EXPECT_EQ(evidence_on("container", fixture("register") / row.file).text, row.text);
  EXPECT_EQ(register_text(std::string(300, 'x')).size(), 80u);
  EXPECT_EQ(register_text("\n"), "");
}

TEST(LinuxEvidence, every_bit_of_a_watchdogs_status_has_its_words) {
  struct Row {
    const char* status;
    const char* words;
    bool reset = false;
  };
  const Row rows[] = {
      {"0\n", ""},
      {"1\n", "overheat"},
      {"2\n", "fan fault"},
      {"4\n", "external 1"},
      {"8\n", "external 2"},
      {"16\n", "power under"},
      {"32\n", "card reset", true},
      {"64\n", "power over"},
      {"33\n", "card reset, overheat", true},
      {"127\n", "card reset, overheat, fan fault, external 1, external 2, power under, power over", true},
      {"256\n", ""},  // a feature, not a cause
      {"", ""},
      {"0x20\n", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(watchdog_words(row.status), row.words) << row.status;
    EXPECT_EQ(was_watchdog_reset(row.status), row.reset) << row.status;
  }
}

}  // namespace
}  // namespace dormouse::hal_linux
