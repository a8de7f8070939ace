// SPDX-License-Identifier: Apache-2.0
#include "actors/link/link.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/link/link_bodies.hpp"
#include "actors/link/link_state.hpp"

namespace dormouse::actors {

using wire::Message;
using wire::Record;

void LinkState::opened(const PeerOpened& opened) {
  if (stopping || !opened.who) {
    const Error refusal = opened.who ? stopping_error() : unauthorised_error();
    wire::Frame frame;
    frame.type = Message::error;
    frame.reply = true;
    frame.body = wire::to_record(wire::ErrorBody{0, refusal}).encode();
    opened.link->send(opened.client, wire::encode_frame(frame));
    opened.link->close(opened.client);
    return;
  }
  next_epoch = wire::next_seq(next_epoch);
  SessionFacts facts{setup.device, setup.boot, opened.link->max_frame(), setup.limits.socket_window};
  peers.emplace(opened.client, Peer{opened.link, Session(*opened.who, std::move(facts), next_epoch)});
}

void LinkState::received(const PeerSent& sent) {
  setup.time->count_wake(WakeCause::link_input);
  const auto peer = peers.find(sent.client);
  if (peer == peers.end()) return;
  Session::Step step = peer->second.session.feed(sent.bytes, setup.time->now());
  if (!step.output.empty()) peer->second.transport->send(sent.client, std::move(step.output));
  for (const auto& word : step.supply) hear_of_supply(sent.client, word);
  for (const auto& request : step.requests) carry_out(sent.client, request);
  if (step.close) peer->second.transport->close(sent.client);
}

void LinkState::carry_out(hal::ClientId client, const Session::Request& request) {
  const Reply to{client, request.epoch, request.seq};
  if (stopping) return answer(to, stopping_error());
  const auto handler = handlers().find(request.type);
  if (handler == handlers().end()) return answer(to, unknown_type_error(request.type));
  const Identity who = peers.at(client).session.who();
  (this->*handler->second)(to, who, request.body);
}

void LinkState::answer(const Reply& to, const Result<Record>& result) {
  const auto peer = peers.find(to.client);
  if (peer == peers.end()) return;
  Bytes bytes = peer->second.session.answer(to.epoch, to.seq, result);
  if (!bytes.empty()) peer->second.transport->send(to.client, std::move(bytes));
}

/// Also while the device is stopping or has saved all: who repeats it waits for its answer.
void LinkState::hear_of_supply(hal::ClientId client, const Session::SupplyWord& word) {
  if (!word.failing) return self->send(setup.power, PowerRestored{});
  self->request(setup.power, caf::infinite, PowerFailing{word.hold_up, true})
      .then(
          [this, client, epoch = word.epoch](const Answer<PowerSaved>& saved) {
            const auto peer = peers.find(client);
            if (!saved.result.ok() || peer == peers.end()) return;
            Bytes bytes = peer->second.session.power_saved(epoch, saved.result->clean);
            if (!bytes.empty()) peer->second.transport->send(client, std::move(bytes));
          },
          [](caf::error&) {});
}

/// A boot like any other, but that the transports stayed open: every session is of the boot before.
void LinkState::begin_life(const NextLife& life) {
  setup.storage = life.storage;
  setup.scheduler = life.scheduler;
  setup.cron = life.cron;
  setup.timekeeper = life.timekeeper;
  setup.boot = life.boot;
  stopping = false;
  for (auto& [client, peer] : peers) {
    Bytes bytes = peer.session.begin_anew(life.boot);
    if (!bytes.empty()) peer.transport->send(client, std::move(bytes));
  }
}

void LinkState::say_bye() {
  constexpr std::uint8_t stopping_reason = 3;
  for (auto& [client, peer] : peers) {
    Bytes bye = peer.session.bye(stopping_reason);
    if (!bye.empty()) peer.transport->send(client, std::move(bye));
    peer.transport->close(client);
  }
}

namespace {

LinkActor::behavior_type link(LinkActor::stateful_pointer<LinkState> self, LinkSetup setup) {
  LinkState& state = self->state;
  state.self = self;
  state.setup = std::move(setup);
  // Epochs of former boots must not come again soon: each boot starts somewhere else.
  state.next_epoch = static_cast<std::uint16_t>(1 + (state.setup.boot * 40'503ULL) % 0xFFFE);
  return {
      [&state](const PeerOpened& opened) { state.opened(opened); },
      [&state](const PeerSent& sent) { state.received(sent); },
      [&state](const PeerClosed& closed) { state.peers.erase(closed.client); },
      [&state](const NextLife& life) { state.begin_life(life); },
      [&state](const StopWork& stop) {
        state.stopping = true;
        if (stop.at_once) state.say_bye();
        return Answer<Done>{Done{}};
      },
      [](const AreYouThere&) { return Answer<Done>{Done{}}; },
  };
}

}  // namespace

LinkActor spawn_link(caf::actor_system& system, LinkSetup setup) {
  return system.spawn(link, std::move(setup));
}

hal::LinkEvents link_events(LinkActor actor, hal::Link& link) {
  hal::LinkEvents events;
  events.opened = [actor, &link](hal::ClientId client, std::optional<Identity> who) {
    caf::anon_send(actor, PeerOpened{&link, client, std::move(who)});
  };
  events.received = [actor](hal::ClientId client, Bytes bytes) {
    caf::anon_send(actor, PeerSent{client, std::move(bytes)});
  };
  events.closed = [actor](hal::ClientId client) { caf::anon_send(actor, PeerClosed{client}); };
  return events;
}

}  // namespace dormouse::actors
