// SPDX-License-Identifier: Apache-2.0
// What several tests of the wire share: bytes from hex, and the random records of one seed.
#pragma once

#include <random>
#include <string>

#include "runtime/wire/record.hpp"

namespace dormouse::wire::testing {

/// "01 ff" as two bytes; everything that is no hex digit is a separator.
Bytes from_hex(const std::string& hex);
std::string to_hex(BytesView bytes);

Bytes random_bytes(std::mt19937_64& random, std::size_t size);
/// Any record that the rules allow: every type, up to four levels.
Record random_record(std::mt19937_64& random, int depth = 1);

}  // namespace dormouse::wire::testing
