// SPDX-License-Identifier: Apache-2.0
// SHA-256 of nettle, to tell whether two requests carry the same args after the args are gone.
#pragma once

#include "runtime/base/bytes.hpp"

namespace dormouse::jobs {

/// 32 bytes.
Bytes sha256(BytesView data);

}  // namespace dormouse::jobs
