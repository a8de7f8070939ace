// SPDX-License-Identifier: Apache-2.0
// Many jobs over the socket that wait for tomorrow.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tools/client/client.hpp"

namespace dormouse::bench {

/// For the handler "noop", in batches of 64, so many of them unanswered at a time; the session's window if that is
/// less.
Status enqueue_for_tomorrow(client::Client& client, std::size_t jobs, std::size_t in_flight = SIZE_MAX);

}  // namespace dormouse::bench
