// SPDX-License-Identifier: Apache-2.0
// The flash account as people and programs are shown it: items, each with one line of `text` and the same as
// numbers. `name` says what an item is about:
//
//   today, day      length, bytes, syncs; ended, device_bytes if known; `day` counts back in count, 1..7
//   cause           cause, bytes, syncs: of today
//   component       component (its name), bytes: its share of today's journal
//   budget          budget, level, saving; none without a budget
//   wear            life (from and to, in percent), pre_eol, mean, endurance, wear_ppm (of the whole life, a year),
//                   left_days: each only if it is known
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/store/flash_account.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::store {

using ComponentNames = std::function<std::string(std::uint16_t)>;

std::vector<wire::Record> flash_items(const FlashAccount& account, const ComponentNames& names);

/// For the alarm when the budget runs empty: store.flash_budget, with the top three spenders of today.
Error flash_alarm(const FlashAccount& account, const ComponentNames& names);

/// "1.3 MiB"
std::string size_text(std::uint64_t bytes);

}  // namespace dormouse::store
