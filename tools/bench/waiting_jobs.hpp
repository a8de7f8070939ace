// SPDX-License-Identifier: Apache-2.0
// Many jobs over the socket that wait for tomorrow.
#pragma once

#include <cstddef>

#include "tools/client/client.hpp"

namespace dormouse::bench {

/// For the handler "noop", in batches of 64, as many batches outstanding as the session takes.
Status enqueue_for_tomorrow(client::Client& client, std::size_t jobs);

}  // namespace dormouse::bench
