// SPDX-License-Identifier: Apache-2.0
// Why this kernel started, as far as files tell: what a watchdog says it did, records that a panicking kernel left,
// the text of a reset register. Reading changes nothing; a watchdog's device is not opened, since that starts it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/time/boot.hpp"

namespace dormouse::hal_linux {

struct EvidencePlaces {
  std::filesystem::path watchdogs;            // /sys/class/watchdog
  std::vector<std::filesystem::path> panics;  // /sys/fs/pstore, and where systemd moves its records
  std::filesystem::path reset_register;       // of the board; empty: it names none
};

/// The text holds, parted by " / ": the records, each as "dmesg-<name>:<checksum of its content>", parted by
/// spaces; "watchdogN: <what it says>"; "reset register: <text>". At most the 16 newest records; the checksum is
/// there because a medium gives the same name to its next record. Which of them are new is for others to say.
Evidence look_for_evidence(const EvidencePlaces& places);

/// A watchdog's bootstatus in words, "card reset, overheat"; empty for 0 and for what is no number.
std::string watchdog_words(std::string_view bootstatus);

/// False for a record that says that it is of something else: an oops that the kernel survived, a shutdown.
bool is_of_a_panic(std::string_view record);

/// One line of printable text: what the register says, or its bytes in hex where that is no text. At most 80
/// characters.
std::string register_text(std::string_view content);

}  // namespace dormouse::hal_linux
