// SPDX-License-Identifier: Apache-2.0
// Raw bytes: keys, values, args, frames. std::string because it compares, hashes and stores small
// values without a heap block; its contents are bytes, never assumed to be text.
#pragma once

#include <string>
#include <string_view>

namespace dormouse {

using Bytes = std::string;
using BytesView = std::string_view;

}  // namespace dormouse
