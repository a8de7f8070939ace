// SPDX-License-Identifier: Apache-2.0
// The simulated link: pipes in memory, its far side played by a test or a scripted peer.
// Faults, each until another is set, both ways:
//   loss    what is sent vanishes, piece by piece
//   noise   one bit of every piece is flipped, drawn from the link's own stream
//   stall   what is sent arrives only when the fault is over
// and at any moment: hang_up (the far side goes), cut (the transport goes: all peers, and nobody gets in until
// mended), pieces of at most n bytes, a peer that does not read (the far side just does not take; the simulator
// calls close_slow() when the time for that is over).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/event_loop.hpp"
#include "hal/link.hpp"

namespace dormouse::hal_sim {

enum class LinkFault { none, loss, noise, stall };

struct MemoryLinkOptions {
  std::string name = "socket";
  std::uint64_t max_frame = 131'072;
  std::uint64_t max_clients = 16;
  std::uint64_t output_bytes = 256 * 1024;
  std::uint64_t seed = 1;  // of the noise
};

/// Its callbacks run as jobs of the loop, never inside a call. The far side's functions below are for the loop's
/// thread; send(), close() and shut() keep the contract of hal::Link. The loop outlives it; destroyed on its
/// thread.
class MemoryLink : public hal::Link {
 public:
  MemoryLink(hal::EventLoop& loop, MemoryLinkOptions options = {});
  ~MemoryLink() override;

  std::string name() const override;
  std::uint64_t max_frame() const override;
  Status open(hal::LinkEvents events) override;
  void send(hal::ClientId client, Bytes bytes) override;
  void close(hal::ClientId client) override;
  void shut() override;

  // ---- the far side ----
  /// Nothing: not open, shut, cut, or all places taken.
  std::optional<hal::ClientId> connect(std::optional<Identity> who = Identity{});
  bool connected(hal::ClientId client) const;
  void write(hal::ClientId client, BytesView bytes);
  Bytes take(hal::ClientId client);  // all that has arrived, also after the end; the bytes leave the queue
  void hang_up(hal::ClientId client);

  // ---- faults ----
  void set_fault(LinkFault fault);
  void set_piece_bytes(std::size_t bytes);  // 0: as written
  void cut();
  void mend();
  void close_slow();  // all peers that are past the output bound now
  std::uint64_t lost_pieces() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dormouse::hal_sim
