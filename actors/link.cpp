// SPDX-License-Identifier: Apache-2.0
#include "actors/link.hpp"

#include <caf/stateful_actor.hpp>

#include "actors/link_bodies.hpp"
#include "actors/session.hpp"
#include "actors/time_bodies.hpp"
#include "runtime/reconcile/shown.hpp"
#include "runtime/schedules/schedule_codec.hpp"

namespace dormouse::actors {

namespace {

using wire::Key;
using wire::Message;
using wire::Record;

struct LinkState {
  static inline const char* name = "link";

  struct Peer {
    hal::Link* transport = nullptr;
    Session session;
  };
  /// Which answer is meant: the peer, its session, the request's seq.
  struct Reply {
    hal::ClientId client = 0;
    std::uint16_t epoch = 0;
    std::uint16_t seq = 0;
  };

  LinkActor::pointer self = nullptr;
  LinkSetup setup;
  std::map<hal::ClientId, Peer> peers;
  std::uint16_t next_epoch = 1;
  bool stopping = false;

  void opened(const PeerOpened& opened);
  void received(const PeerSent& sent);
  void carry_out(hal::ClientId client, const Session::Request& request);
  void answer(const Reply& to, const Result<Record>& result);
  void hear_of_supply(hal::ClientId client, const Session::SupplyWord& word);
  void begin_life(const NextLife& life);
  void say_bye();

  using Handler = void (LinkState::*)(const Reply&, const Identity&, const Record&);
  static const std::map<Message, Handler>& handlers();

  // -- requests, one function each --
  void enqueue(const Reply& to, const Identity& who, const Record& body);
  void batch(const Reply& to, const Identity& who, const Record& body);
  void cancel(const Reply& to, const Identity& who, const Record& body);
  void get_job(const Reply& to, const Identity& who, const Record& body);
  void list_jobs(const Reply& to, const Identity& who, const Record& body);
  void put_schedule(const Reply& to, const Identity& who, const Record& body);
  void delete_schedule(const Reply& to, const Identity& who, const Record& body);
  void list_schedules(const Reply& to, const Identity& who, const Record& body);
  void list_handlers(const Reply& to, const Identity& who, const Record& body);
  void query_time(const Reply& to, const Identity& who, const Record& body);
  void set_time(const Reply& to, const Identity& who, const Record& body);
  void status(const Reply& to, const Identity& who, const Record& body);
  void boots(const Reply& to, const Identity& who, const Record& body);
  void gaps(const Reply& to, const Identity& who, const Record& body);
  void reports(const Reply& to, const Identity& who, const Record& body);
  void explain(const Reply& to, const Identity& who, const Record& body);
  void snapshot(const Reply& to, const Identity& who, const Record& body);
  void stats(const Reply& to, const Identity& who, const Record& body);

  /// None if `who` may enqueue for this handler, else the refusal.
  std::optional<Error> may_enqueue(const Identity& who, const std::string& handler) const;

  /// Asks an actor; its value, turned into a body, is the answer.
  template <class Actor, class Op, class ToBody>
  void ask(const Reply& to, const Actor& actor, Op op, ToBody to_body) {
    using Value = typename Op::Value;
    self->request(actor, caf::infinite, std::move(op))
        .then(
            [this, to, to_body](Answer<Value>& value) {
              if (!value.result.ok()) return answer(to, std::move(value.result).error());
              answer(to, to_body(*value.result));
            },
            [](caf::error&) {});  // the device is ending, and nobody can tell whether it was done
  }
};

const std::map<Message, LinkState::Handler>& LinkState::handlers() {
  static const std::map<Message, Handler> table = {
      {Message::job_enqueue, &LinkState::enqueue},
      {Message::job_batch, &LinkState::batch},
      {Message::job_cancel, &LinkState::cancel},
      {Message::job_get, &LinkState::get_job},
      {Message::job_list, &LinkState::list_jobs},
      {Message::schedule_put, &LinkState::put_schedule},
      {Message::schedule_delete, &LinkState::delete_schedule},
      {Message::schedule_list, &LinkState::list_schedules},
      {Message::handler_list, &LinkState::list_handlers},
      {Message::time_query, &LinkState::query_time},
      {Message::time_set, &LinkState::set_time},
      {Message::status, &LinkState::status},
      {Message::boots, &LinkState::boots},
      {Message::gaps, &LinkState::gaps},
      {Message::report, &LinkState::reports},
      {Message::explain, &LinkState::explain},
      {Message::store_snapshot, &LinkState::snapshot},
      {Message::store_stats, &LinkState::stats},
  };
  return table;
}

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

// -- requests --

std::optional<Error> LinkState::may_enqueue(const Identity& who, const std::string& handler) const {
  const auto callers = setup.callers.find(handler);
  if (who.role == Role::operator_ || callers == setup.callers.end())
    return std::nullopt;  // unknown: storage says so
  for (const auto& caller : callers->second) {
    if (caller == who.component || caller == "*") return std::nullopt;
  }
  return Error{"link.forbidden",
               "Component " + who.component + " may not enqueue jobs for handler " + handler + ".",
               "Name it in the handler's callers."};
}

void LinkState::enqueue(const Reply& to, const Identity& who, const Record& body) {
  auto spec = jobs::spec_from(body, setup.limits);
  if (!spec.ok()) return answer(to, std::move(spec).error());
  if (auto refused = may_enqueue(who, spec->handler)) return answer(to, *std::move(refused));
  ask(to, setup.scheduler, EnqueueJobs{who, jobs::Trigger::link, {std::move(*spec)}},
      [](const EnqueueJobs::Value& enqueued) { return jobs::enqueued_body(enqueued.front()); });
}

void LinkState::batch(const Reply& to, const Identity& who, const Record& body) {
  auto specs = specs_from(body, setup.limits);
  if (!specs.ok()) return answer(to, std::move(specs).error());
  for (const auto& spec : *specs) {
    if (auto refused = may_enqueue(who, spec.handler)) return answer(to, *std::move(refused));
  }
  ask(to, setup.scheduler, EnqueueJobs{who, jobs::Trigger::link, std::move(*specs)}, batch_body);
}

void LinkState::cancel(const Reply& to, const Identity& who, const Record& body) {
  const auto id = body.get_uint(Key::id);
  const auto key = body.get_text(Key::conflict_key);
  const auto reason = body.get_text(Key::text);
  if (auto refused = refuse_cancel(body, id.has_value(), key.has_value())) return answer(to, *std::move(refused));
  ask(to, setup.scheduler, CancelJob{who, id.value_or(0), key.value_or(""), reason.value_or("")}, cancelled_body);
}

void LinkState::get_job(const Reply& to, const Identity& who, const Record& body) {
  const auto id = body.get_uint(Key::id);
  const bool with_args = body.get_bool(Key::with_args).value_or(false);
  if (auto refused = refuse_missing(body, Key::id)) return answer(to, *std::move(refused));
  ask(to, setup.storage, GetJob{who, *id, with_args},
      [](const JobView& view) { return jobs::listing(view.job, view.shown); });
}

void LinkState::list_jobs(const Reply& to, const Identity& who, const Record& body) {
  auto query = query_from(body, setup.limits);
  if (!query.ok()) return answer(to, std::move(query).error());
  ask(to, setup.storage, ListJobs{who, std::move(*query)}, jobs_body);
}

void LinkState::put_schedule(const Reply& to, const Identity& who, const Record& body) {
  auto definition = schedules::definition_from(body, setup.limits);
  if (!definition.ok()) return answer(to, std::move(definition).error());
  if (auto refused = may_enqueue(who, definition->handler)) return answer(to, *std::move(refused));
  ask(to, setup.cron, PutSchedule{who, std::move(*definition)}, put_body);
}

void LinkState::delete_schedule(const Reply& to, const Identity& who, const Record& body) {
  const auto schedule = schedule_named(body);
  if (!schedule.ok()) return answer(to, schedule.error());
  ask(to, setup.cron, DeleteSchedule{who, *schedule}, [](const Done&) { return Record{}; });
}

void LinkState::list_schedules(const Reply& to, const Identity& who, const Record& body) {
  const auto limit = body.get_uint(Key::limit).value_or(setup.limits.list_page);
  const auto cursor = body.get_uint(Key::cursor).value_or(0);
  if (auto refused = refuse_bad_fields(body)) return answer(to, *std::move(refused));
  ask(to, setup.storage, ListSchedules{who, cursor, std::min<std::uint64_t>(limit, items_per_reply)},
      schedules_body);
}

void LinkState::list_handlers(const Reply& to, const Identity&, const Record&) {
  answer(to, handlers_body(setup.places, setup.callers));
}

void LinkState::query_time(const Reply& to, const Identity& who, const Record&) {
  ask(to, setup.timekeeper, GetTime{}, [who](const TimeView& view) { return time_view_body(view, who); });
}

void LinkState::set_time(const Reply& to, const Identity& who, const Record& body) {
  if (auto refused = refuse_unless_may(who, Capability::clock)) return answer(to, *std::move(refused));
  auto claim = claim_from(body, who);
  if (!claim.ok()) return answer(to, std::move(claim).error());
  ask(to, setup.timekeeper, SetTime{std::move(*claim)}, time_set_body);
}

void LinkState::status(const Reply& to, const Identity&, const Record&) {
  ask(to, setup.storage, GetStatus{},
      [device = setup.device](const DeviceStatus& status) { return status_body(status, device); });
}

void LinkState::boots(const Reply& to, const Identity& who, const Record& body) {
  if (auto refused = refuse_unless_reader(who)) return answer(to, *std::move(refused));
  ask(to, setup.storage, GetBoots{history_asked(body)},
      [](const BootsView& view) { return reconcile::boots_reply(view.boots, view.lifetime); });
}

void LinkState::gaps(const Reply& to, const Identity& who, const Record& body) {
  if (auto refused = refuse_unless_reader(who)) return answer(to, *std::move(refused));
  ask(to, setup.storage, GetBoots{history_asked(body)},
      [](const BootsView& view) { return reconcile::gaps_reply(view.gaps); });
}

void LinkState::reports(const Reply& to, const Identity& who, const Record& body) {
  if (auto refused = refuse_unless_reader(who)) return answer(to, *std::move(refused));
  const auto asked = history_asked(body);
  const auto from = body.get_uint(Key::cursor).value_or(0);
  ask(to, setup.storage, GetBoots{asked}, [one = asked.report.has_value(), from](const BootsView& view) {
    if (!one) return reconcile::reports_reply(view.reports);
    return reconcile::lines_reply(view.reports.empty() ? reconcile::Report{} : view.reports.front(), from);
  });
}

void LinkState::explain(const Reply& to, const Identity& who, const Record& body) {
  const auto id = body.get_uint(Key::id);
  std::string what = id ? std::to_string(*id) : "";
  if (!id) {
    auto schedule = schedule_named(body);
    if (!schedule.ok()) return answer(to, std::move(schedule).error());
    what = std::move(*schedule);
  }
  ask(to, setup.storage, Explain{who, std::move(what)}, [](const std::string& text) {
    Record reply;
    reply.put_text(Key::text, text);
    return reply;
  });
}

void LinkState::stats(const Reply& to, const Identity& who, const Record&) {
  if (auto refused = refuse_unless_reader(who)) return answer(to, *std::move(refused));
  ask(to, setup.storage, GetFlash{}, [](const std::vector<Record>& items) {
    Record reply;
    reply.put_records(Key::items, items);
    return reply;
  });
}

void LinkState::snapshot(const Reply& to, const Identity& who, const Record&) {
  if (auto refused = refuse_unless_operator(who)) return answer(to, *std::move(refused));
  ask(to, setup.storage, TakeSnapshot{}, [](const std::string& copy) {
    Record reply;
    reply.put_text(Key::name, copy);
    return reply;
  });
}

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
