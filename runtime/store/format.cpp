// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/format.hpp"

#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/store/envelope.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

namespace {

Error broken(const std::string& why) {
  return {.code = "store.broken",
          .message = "the store's format record cannot be read: " + why,
          .hint = "move the store folder aside, or restore a copy"};
}

}  // namespace

Result<std::optional<Format>> read_format(Tree& tree, std::uint64_t newest) {
  const Bytes key = keys::meta("format");
  auto record = tree.get(key);
  if (!record) return std::move(record).error();
  if (!*record) {
    const auto everything = keys::starting_with("");
    auto first = tree.scan(everything.from, everything.to, 1, Direction::forward);
    if (!first) return std::move(first).error();
    if (!first->empty()) return broken("there is none");
    return std::optional<Format>();
  }
  auto opened = unseal(key, **record);
  if (!opened) return broken(opened.error().message);
  auto body = wire::Record::decode(opened->body);
  if (!body) return broken(body.error().message);
  Format format{body->get_uint(wire::Key::format).value_or(0), body->get_text(wire::Key::id).value_or("")};
  if (format.version == 0) return broken("it names no version");
  if (format.version > newest)
    return Error{.code = "store.newer",
                 .message = "the store has format " + std::to_string(format.version) +
                            ", this program knows up to " + std::to_string(newest),
                 .hint = "run the newer program; nothing was changed"};
  return std::optional<Format>(std::move(format));
}

Status migrate_format(Tree& tree, Format from, const Formats& formats) {
  for (; from.version < formats.newest; ++from.version) {
    const auto step = formats.to_next.find(from.version);
    check(step != formats.to_next.end(), "format:step");
    if (auto taken = step->second(tree); !taken) return taken;
  }
  return write_format(tree, from);
}

Status write_format(Tree& tree, const Format& format) {
  wire::Record body;
  body.put_uint(wire::Key::format, format.version).put_text(wire::Key::id, format.store_id);
  const Bytes key = keys::meta("format");
  return tree.put(key, seal(key, 0, body.encode()));
}

}  // namespace dormouse::store
