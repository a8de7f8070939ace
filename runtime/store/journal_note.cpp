// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/journal_note.hpp"

#include <utility>

#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

using wire::Key;

Result<std::optional<JournalFacts>> noted_journal(Tree& tree) {
  const Bytes key = keys::meta("journal");
  auto record = tree.get(key);
  if (!record) return std::move(record).error();
  if (!*record) return std::optional<JournalFacts>();
  const auto opened = unseal(key, **record);
  if (!opened) return std::optional<JournalFacts>();
  const auto body = wire::Record::decode(opened->body);
  if (!body) return std::optional<JournalFacts>();
  JournalFacts facts;
  facts.half_bytes = body->get_uint(Key::half).value_or(0);
  facts.align = static_cast<JournalFacts::Align>(body->get_uint(Key::align).value_or(0));
  facts.store_id = body->get_text(Key::id).value_or("");
  if (facts.half_bytes == 0) return std::optional<JournalFacts>();
  return std::optional<JournalFacts>(std::move(facts));
}

Status note_journal(Tree& tree, const JournalFacts& facts) {
  wire::Record body;
  body.put_uint(Key::half, facts.half_bytes)
      .put_uint(Key::align, static_cast<std::uint64_t>(facts.align))
      .put_text(Key::id, facts.store_id);
  const Bytes key = keys::meta("journal");
  return tree.put(key, seal(key, 0, body.encode()));
}

}  // namespace dormouse::store
