// SPDX-License-Identifier: Apache-2.0
// What the link actor holds and does beside routing: its peers, and the requests they may send. Inside of
// link*.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "actors/link/link.hpp"
#include "actors/link/session.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::actors {

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
  void answer(const Reply& to, const Result<wire::Record>& result);
  void hear_of_supply(hal::ClientId client, const Session::SupplyWord& word);
  void begin_life(const NextLife& life);
  void say_bye();

  using Handler = void (LinkState::*)(const Reply&, const Identity&, const wire::Record&);
  static const std::map<wire::Message, Handler>& handlers();

  // -- requests, one function each --
  void enqueue(const Reply& to, const Identity& who, const wire::Record& body);
  void batch(const Reply& to, const Identity& who, const wire::Record& body);
  void cancel(const Reply& to, const Identity& who, const wire::Record& body);
  void get_job(const Reply& to, const Identity& who, const wire::Record& body);
  void list_jobs(const Reply& to, const Identity& who, const wire::Record& body);
  void put_schedule(const Reply& to, const Identity& who, const wire::Record& body);
  void delete_schedule(const Reply& to, const Identity& who, const wire::Record& body);
  void list_schedules(const Reply& to, const Identity& who, const wire::Record& body);
  void list_handlers(const Reply& to, const Identity& who, const wire::Record& body);
  void query_time(const Reply& to, const Identity& who, const wire::Record& body);
  void set_time(const Reply& to, const Identity& who, const wire::Record& body);
  void status(const Reply& to, const Identity& who, const wire::Record& body);
  void boots(const Reply& to, const Identity& who, const wire::Record& body);
  void gaps(const Reply& to, const Identity& who, const wire::Record& body);
  void reports(const Reply& to, const Identity& who, const wire::Record& body);
  void explain(const Reply& to, const Identity& who, const wire::Record& body);
  void flush(const Reply& to, const Identity& who, const wire::Record& body);
  void snapshot(const Reply& to, const Identity& who, const wire::Record& body);
  void stats(const Reply& to, const Identity& who, const wire::Record& body);

  /// None if `who` may enqueue for this handler, and have work that wakes the device; else the refusal.
  std::optional<Error> may_enqueue(const Identity& who, const std::string& handler, bool wakes) const;
  /// As a job is listed, with what only the clock can tell.
  wire::Record listing_of(const JobView& view) const;

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

}  // namespace dormouse::actors
