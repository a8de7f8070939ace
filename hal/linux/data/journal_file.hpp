// SPDX-License-Identifier: Apache-2.0
// The file under a store's journal: made whole under a name of its own, locked as long as it is open, and moved or
// copied aside when somebody has to look at it. Errors everywhere: store.no_space, store.read_only, store.io,
// each naming the file. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::hal_linux {

/// Puts a new file there, in place of one that may be there: header and zeros, written and not only reserved.
/// At any cut the path leads to the old file or to the whole new one. The new one is locked and open.
Result<FileHandle> make_journal_file(const std::filesystem::path& path, const store::JournalFacts& facts);

/// What is true of a journal: what its own header says, else what the tree has noted, else what is wanted.
struct JournalLook {
  std::optional<store::JournalFacts> header;  // none: unreadable
  std::optional<store::JournalFacts> noted;
  store::JournalFacts facts;
  std::uint64_t file_bytes = 0;
  bool is_short() const { return file_bytes < facts.file_bytes(); }
};
/// store.newer: the header is of a later format.
Result<JournalLook> look_at_journal(const FileHandle& file, const std::filesystem::path& path, store::Tree& tree,
                                    const store::JournalFacts& wanted);

/// Moves the journal to the first free "journal.mixed-<n>" in the data folder, which it answers.
Result<std::filesystem::path> move_journal_aside(const std::filesystem::path& journal,
                                                 const std::filesystem::path& data);

/// Copies the journal to the first free "journal.broken-<n>" in the data folder, which it answers; none if three
/// are there already, so that flash does not fill up with them.
Result<std::optional<std::filesystem::path>> copy_journal_aside(const std::filesystem::path& journal,
                                                                const std::filesystem::path& data);

}  // namespace dormouse::hal_linux
