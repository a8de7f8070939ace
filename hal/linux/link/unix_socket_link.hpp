// SPDX-License-Identifier: Apache-2.0
// The unix socket that programs and people talk to: a stream of frames per client, its identity taken from the
// credentials at connect.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/link.hpp"
#include "hal/linux/event_loop.hpp"
#include "runtime/base/identity.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal_linux {

/// One line of the configuration's list: who a uid or a gid is. Exactly one of the two is given.
struct AllowRule {
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  Identity who;
};

struct SocketOptions {
  std::string path;
  std::vector<AllowRule> allow;
  std::uint64_t max_clients = 16;
  std::uint64_t max_frame = 131'072;              // decoded bytes; only told on, never checked here
  std::uint64_t output_bytes = 256 * 1024;        // beyond this the client is not read, until half of it is gone
  std::uint64_t output_limit = 16 * 1024 * 1024;  // beyond this it is closed at once
  Duration slow_after{30'000};
  /// What a client that is refused for want of a place reads before it is closed. None: nothing.
  std::function<Bytes(const Error&)> farewell;
  /// On the loop's thread, for the log and the counters: link.too_many_clients, link.slow.
  std::function<void(const Error&)> trouble;
};

/// Root and the runtime's own uid are operators of "device"; then the first rule with this uid, then the first
/// with this gid; none: unauthorised.
std::optional<Identity> identify(std::uint32_t uid, std::uint32_t gid, std::uint32_t own_uid,
                                 const std::vector<AllowRule>& rules);

/// open() listens (errors as listen_at in unix_socket_path.hpp) and accepts once the loop runs; shut() removes the
/// file. An unauthorised client is not read; who listens sends it a word and closes it, else it is closed after
/// slow_after. close() too waits at most slow_after for a client that does not read. The loop outlives the link;
/// destroy the link on the loop's thread or when the loop has stopped: nothing is called afterwards.
std::unique_ptr<hal::Link> make_unix_socket_link(AsioLoop& loop, SocketOptions options);

}  // namespace dormouse::hal_linux
