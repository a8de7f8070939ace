// SPDX-License-Identifier: Apache-2.0
// The other end of a link in tests: opens a session with a device and asks it things, one frame at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/wire/bodies.hpp"
#include "runtime/wire/frame_decoder.hpp"
#include "tools/sim/simulated_device.hpp"

namespace dormouse::sim {

inline const Identity kOperator{"admin", Role::operator_};
inline const Identity kPump{"pump", Role::none};
inline const Identity kFan{"fan", Role::none};

class Peer {
 public:
  /// Connects; no session yet.
  explicit Peer(SimulatedDevice& device, std::optional<Identity> who = kOperator);

  // -- sessions --
  std::optional<wire::Welcome> birth(wire::Birth birth = {
                                         .nonce = 1, .firmware = "test", .frames = 32, .max_frame = 131'072});
  bool connected() const { return device_.link().connected(client_); }

  // -- frames --
  /// A reliable frame of the session with the next seq. Only written: settle() or take() lets the device read.
  std::uint16_t send(wire::Message type, const wire::Record& body);
  void write(BytesView bytes) { device_.link().write(client_, bytes); }
  /// What came back by now.
  std::vector<wire::Frame> take();
  /// Sends and waits: the reply's body, or the error it told. Other frames that came are dropped.
  Result<wire::Record> ask(wire::Message type, const wire::Record& body = {});

  std::uint16_t epoch() const { return epoch_; }
  std::uint16_t seq() const { return seq_; }

 private:
  SimulatedDevice& device_;
  hal::ClientId client_ = 0;
  std::uint16_t epoch_ = 0;
  std::uint16_t seq_ = 0;
  wire::FrameDecoder decoder_{131'072};
};

/// The result that a reply or error frame brings.
Result<wire::Record> result_of(const wire::Frame& frame);

/// "field: code, field: code" of a refusal.
std::string fields_of(const Error& error);

}  // namespace dormouse::sim
