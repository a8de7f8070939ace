// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/numbers.hpp"

#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::reconcile {
namespace {

wire::Record read(store::Transaction& txn) {
  const auto body = txn.get(store::keys::meta("ids"));
  if (!body) return {};
  auto record = wire::Record::decode(*body);
  return record.ok() ? *record : wire::Record{};
}

}  // namespace

std::uint32_t last_number(store::Transaction& txn, wire::Key kind) {
  return static_cast<std::uint32_t>(read(txn).get_uint(kind).value_or(0));
}

void set_number(store::Transaction& txn, wire::Key kind, std::uint32_t number) {
  auto record = read(txn);  // others keep their keys in it
  record.put_uint(kind, number);
  txn.put(store::keys::meta("ids"), record.encode());
}

std::uint32_t next_number(store::Transaction& txn, wire::Key kind) {
  const std::uint32_t number = last_number(txn, kind) + 1;
  set_number(txn, kind, number);
  return number;
}

bool any_number(store::Transaction& txn) {
  return txn.get(store::keys::meta("ids")).has_value();
}

}  // namespace dormouse::reconcile
