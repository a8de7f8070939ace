// SPDX-License-Identifier: Apache-2.0
// What the tree repeats of the journal's header, at the meta key "journal": with it the halves are found although
// the header is garbled.
#pragma once

#include <optional>

#include "runtime/base/result.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/tree.hpp"

namespace dormouse::store {

/// None if the tree never had a journal, or if the note cannot be read.
Result<std::optional<JournalFacts>> noted_journal(Tree& tree);

/// Puts the note; the caller commits.
Status note_journal(Tree& tree, const JournalFacts& facts);

}  // namespace dormouse::store
