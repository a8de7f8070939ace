// SPDX-License-Identifier: Apache-2.0
// A transport that carries frames, as byte pipes: a listening unix socket, a serial port, an in-memory pipe.
// All callbacks come on the event loop's thread; send() and close() may be called from any thread. A link knows
// nothing of frames: the link actor decodes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "runtime/base/bytes.hpp"
#include "runtime/base/identity.hpp"
#include "runtime/base/result.hpp"

namespace dormouse::hal {

using ClientId = std::uint64_t;  // never reused within a process

struct LinkEvents {
  /// A peer is there. `who`: what its credentials map to; none: unauthorised (it is told, then closed).
  std::function<void(ClientId, std::optional<Identity> who)> opened;
  std::function<void(ClientId, Bytes)> received;  // as it arrives, cut anywhere
  std::function<void(ClientId)> closed;           // exactly once per opened
  std::function<void(ClientId)> drained;          // all that was queued for the peer has left; may be empty
};

class Link {
 public:
  virtual ~Link() = default;
  virtual std::string name() const = 0;         // "socket", "uart0"
  virtual std::uint64_t max_frame() const = 0;  // decoded bytes
  virtual Status open(LinkEvents events) = 0;   // link.* or config.* if it cannot
  /// Queues the bytes. A peer whose queue passes the output bound is not read any more until it drains,
  /// and closed after 30 s of that.
  virtual void send(ClientId client, Bytes bytes) = 0;
  virtual void close(ClientId client) = 0;  // after what is queued has been sent
  virtual void shut() = 0;                  // no more peers; closes all
};

}  // namespace dormouse::hal
