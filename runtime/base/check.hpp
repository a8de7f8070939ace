// SPDX-License-Identifier: Apache-2.0
// Broken invariants end the process, in release builds too, with a name that survives edits.
#pragma once

namespace dormouse {

/// Writes "dormouse: broken invariant MODULE:ID" to standard error and aborts.
[[noreturn]] void fail_check(const char* module_id) noexcept;

/// Aborts unless `holds`. `module_id` is a stable name such as "store:sequence".
inline void check(bool holds, const char* module_id) noexcept {
  if (!holds) [[unlikely]]
    fail_check(module_id);
}

}  // namespace dormouse
