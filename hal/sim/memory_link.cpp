// SPDX-License-Identifier: Apache-2.0
// Two queues per peer. Whatever goes from one side to the other passes through `through`, where the faults are.
#include "hal/sim/memory_link.hpp"

#include <algorithm>
#include <utility>

#include "runtime/base/check.hpp"

namespace dormouse::hal_sim {
namespace {

struct Peer {
  std::optional<Identity> who;
  Bytes inbound;            // written by the far side, not read by us yet
  Bytes outbound;           // sent to the far side, not taken yet
  Bytes held_in, held_out;  // in a stall
  bool open = true;         // until closed() was told
  bool closing = false;     // close() was called: ends when outbound is taken
  bool paused = false;      // past the output bound
  bool leaving = false;     // the far side has hung up: ends when inbound is read
  bool delivering = false;  // a job that reads inbound is posted
};

}  // namespace

struct MemoryLink::State : std::enable_shared_from_this<MemoryLink::State> {
  State(hal::EventLoop& event_loop, MemoryLinkOptions link_options)
      : loop(event_loop), options(std::move(link_options)), noise(options.seed) {}

  hal::EventLoop& loop;
  MemoryLinkOptions options;
  hal::LinkEvents events;
  bool open = false;
  bool is_cut = false;
  LinkFault fault = LinkFault::none;
  std::size_t piece_bytes = 0;
  std::uint64_t lost = 0;
  std::uint64_t noise;
  hal::ClientId last_id = 0;
  std::map<hal::ClientId, Peer> peers;

  template <class Job>
  void later(Job job) {
    loop.post([self = shared_from_this(), job = std::move(job)] { job(*self); });
  }
  Peer* find(hal::ClientId id) {
    const auto found = peers.find(id);
    return found == peers.end() ? nullptr : &found->second;
  }
  std::uint64_t places_taken() const {
    return static_cast<std::uint64_t>(
        std::count_if(peers.begin(), peers.end(), [](const auto& peer) { return peer.second.open; }));
  }

  std::uint64_t draw() {  // splitmix64
    std::uint64_t z = noise += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  void through(Bytes piece, Bytes& held, Bytes& arrives);
  void deliver_later(hal::ClientId id);
  void deliver(hal::ClientId id);
  void send(hal::ClientId id, Bytes bytes);
  void taken(hal::ClientId id);
  void end(hal::ClientId id);
  void end_all();
};

void MemoryLink::State::through(Bytes piece, Bytes& held, Bytes& arrives) {
  if (piece.empty()) return;
  switch (fault) {
    case LinkFault::loss:
      ++lost;
      return;
    case LinkFault::stall:
      held += piece;
      return;
    case LinkFault::noise: {
      const auto bit = draw() % (piece.size() * 8);
      piece[bit / 8] = static_cast<char>(static_cast<unsigned char>(piece[bit / 8]) ^ (1U << (bit % 8)));
      break;
    }
    case LinkFault::none:
      break;
  }
  arrives += piece;
}

void MemoryLink::State::deliver_later(hal::ClientId id) {
  auto* peer = find(id);
  if (peer == nullptr || peer->delivering || peer->inbound.empty()) return;
  peer->delivering = true;
  later([id](State& self) { self.deliver(id); });
}

void MemoryLink::State::deliver(hal::ClientId id) {
  auto* peer = find(id);
  if (peer == nullptr) return;
  peer->delivering = false;
  // Like the real one: no word of an unauthorised peer is read, nor of one that does not read.
  if (!peer->open || peer->closing || peer->paused || !peer->who || peer->inbound.empty()) {
    if (peer->leaving) end(id);
    return;
  }
  const auto bytes = piece_bytes == 0 ? peer->inbound.size() : std::min(piece_bytes, peer->inbound.size());
  auto piece = peer->inbound.substr(0, bytes);
  peer->inbound.erase(0, bytes);
  deliver_later(id);
  if (peer->leaving && peer->inbound.empty()) end(id);
  if (events.received) events.received(id, std::move(piece));
}

void MemoryLink::State::send(hal::ClientId id, Bytes bytes) {
  auto* peer = find(id);
  if (peer == nullptr || !peer->open || peer->closing) return;
  through(std::move(bytes), peer->held_out, peer->outbound);
  if (peer->outbound.size() + peer->held_out.size() > options.output_bytes) peer->paused = true;
}

void MemoryLink::State::taken(hal::ClientId id) {
  auto* peer = find(id);
  if (peer == nullptr || !peer->open || !peer->held_out.empty()) return;
  if (peer->closing) return end(id);
  peer->paused = false;
  deliver_later(id);
  later([id](State& self) {
    if (const auto* there = self.find(id); there != nullptr && there->open && self.events.drained)
      self.events.drained(id);
  });
}

void MemoryLink::State::end(hal::ClientId id) {
  auto* peer = find(id);
  if (peer == nullptr || !peer->open) return;
  peer->open = false;
  later([id](State& self) {
    if (self.events.closed) self.events.closed(id);
  });
}

void MemoryLink::State::end_all() {
  for (const auto& [id, peer] : peers) end(id);
}

MemoryLink::MemoryLink(hal::EventLoop& loop, MemoryLinkOptions options)
    : state_(std::make_shared<State>(loop, std::move(options))) {}

MemoryLink::~MemoryLink() {
  state_->events = {};
  state_->peers.clear();
}

std::string MemoryLink::name() const {
  return state_->options.name;
}

std::uint64_t MemoryLink::max_frame() const {
  return state_->options.max_frame;
}

Status MemoryLink::open(hal::LinkEvents events) {
  check(!state_->open, "memory_link:opened_twice");
  state_->events = std::move(events);
  state_->open = true;
  return done();
}

void MemoryLink::send(hal::ClientId client, Bytes bytes) {
  state_->later([client, bytes = std::move(bytes)](State& self) { self.send(client, bytes); });
}

void MemoryLink::close(hal::ClientId client) {
  state_->later([client](State& self) {
    auto* peer = self.find(client);
    if (peer == nullptr) return;
    peer->closing = true;
    if (peer->outbound.empty() && peer->held_out.empty()) self.end(client);
  });
}

void MemoryLink::shut() {
  state_->later([](State& self) {
    self.open = false;
    self.end_all();
  });
}

std::optional<hal::ClientId> MemoryLink::connect(std::optional<Identity> who) {
  auto& self = *state_;
  if (!self.open || self.is_cut || self.places_taken() >= self.options.max_clients) return std::nullopt;
  std::erase_if(self.peers, [](const auto& peer) { return !peer.second.open && peer.second.outbound.empty(); });
  const auto id = ++self.last_id;
  self.peers[id].who = who;
  self.later([id, who = std::move(who)](State& state) {
    if (state.events.opened) state.events.opened(id, who);
  });
  return id;
}

bool MemoryLink::connected(hal::ClientId client) const {
  const auto* peer = state_->find(client);
  return peer != nullptr && peer->open;
}

void MemoryLink::write(hal::ClientId client, BytesView bytes) {
  auto* peer = state_->find(client);
  if (peer == nullptr || !peer->open || peer->leaving) return;
  state_->through(Bytes(bytes), peer->held_in, peer->inbound);
  state_->deliver_later(client);
}

Bytes MemoryLink::take(hal::ClientId client) {
  auto* peer = state_->find(client);
  if (peer == nullptr || peer->outbound.empty()) return {};
  auto bytes = std::exchange(peer->outbound, {});
  state_->taken(client);
  return bytes;
}

void MemoryLink::hang_up(hal::ClientId client) {
  auto* peer = state_->find(client);
  if (peer == nullptr) return;
  peer->leaving = true;
  if (!peer->delivering) state_->end(client);
}

void MemoryLink::set_fault(LinkFault fault) {
  state_->fault = fault;
  if (fault == LinkFault::stall) return;
  for (auto& [id, peer] : state_->peers) {
    state_->through(std::exchange(peer.held_in, {}), peer.held_in, peer.inbound);
    state_->through(std::exchange(peer.held_out, {}), peer.held_out, peer.outbound);
    state_->deliver_later(id);
  }
}

void MemoryLink::set_piece_bytes(std::size_t bytes) {
  state_->piece_bytes = bytes;
}

void MemoryLink::cut() {
  state_->is_cut = true;
  state_->end_all();
}

void MemoryLink::mend() {
  state_->is_cut = false;
}

void MemoryLink::close_slow() {
  for (const auto& [id, peer] : state_->peers)
    if (peer.paused || peer.closing) state_->end(id);
}

std::uint64_t MemoryLink::lost_pieces() const {
  return state_->lost;
}

}  // namespace dormouse::hal_sim
