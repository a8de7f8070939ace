// SPDX-License-Identifier: Apache-2.0
// The requests of peers, one function each: a body becomes a command, its answer a body.
#include <algorithm>

#include "actors/link/link_bodies.hpp"
#include "actors/link/link_state.hpp"
#include "actors/link/time_bodies.hpp"
#include "runtime/reconcile/shown.hpp"
#include "runtime/schedules/schedule_codec.hpp"

namespace dormouse::actors {

using wire::Key;
using wire::Message;
using wire::Record;

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
      {Message::store_flush, &LinkState::flush},
      {Message::store_snapshot, &LinkState::snapshot},
      {Message::store_stats, &LinkState::stats},
  };
  return table;
}

std::optional<Error> LinkState::may_enqueue(const Identity& who, const std::string& handler, bool wakes) const {
  if (wakes) {
    if (auto refused = refuse_unless_may(who, Capability::wake)) return refused;
  }
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
  if (auto refused = may_enqueue(who, spec->handler, spec->wake_system)) return answer(to, *std::move(refused));
  ask(to, setup.scheduler, EnqueueJobs{who, jobs::Trigger::link, {std::move(*spec)}},
      [](const EnqueueJobs::Value& enqueued) { return jobs::enqueued_body(enqueued.front()); });
}

void LinkState::batch(const Reply& to, const Identity& who, const Record& body) {
  auto specs = specs_from(body, setup.limits);
  if (!specs.ok()) return answer(to, std::move(specs).error());
  for (const auto& spec : *specs) {
    if (auto refused = may_enqueue(who, spec.handler, spec.wake_system)) return answer(to, *std::move(refused));
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
  ask(to, setup.storage, GetJob{who, *id, with_args}, [this](const JobView& view) { return listing_of(view); });
}

Record LinkState::listing_of(const JobView& view) const {
  Record body = jobs::listing(view.job, view.shown);
  const bool unavailable = view.job.spec.wake_system && !jobs::has_ended(view.job.state) &&
                           setup.time->wake_alarm() != hal::AlarmSet::armed;
  if (unavailable) body.put_text(Key::wake, "unavailable");
  return body;
}

void LinkState::list_jobs(const Reply& to, const Identity& who, const Record& body) {
  auto query = query_from(body, setup.limits);
  if (!query.ok()) return answer(to, std::move(query).error());
  ask(to, setup.storage, ListJobs{who, std::move(*query)}, jobs_body);
}

void LinkState::put_schedule(const Reply& to, const Identity& who, const Record& body) {
  auto definition = schedules::definition_from(body, setup.limits);
  if (!definition.ok()) return answer(to, std::move(definition).error());
  if (auto refused = may_enqueue(who, definition->handler, definition->wake_system))
    return answer(to, *std::move(refused));
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

void LinkState::flush(const Reply& to, const Identity& who, const Record& body) {
  if (auto refused = refuse_unless_operator(who)) return answer(to, *std::move(refused));
  const bool checkpoint = body.get_bool(Key::checkpoint).value_or(false);
  if (auto refused = refuse_bad_fields(body)) return answer(to, *std::move(refused));
  ask(to, setup.storage, FlushStore{checkpoint}, [](const Done&) { return Record{}; });
}

void LinkState::snapshot(const Reply& to, const Identity& who, const Record&) {
  if (auto refused = refuse_unless_operator(who)) return answer(to, *std::move(refused));
  ask(to, setup.storage, TakeSnapshot{}, [](const std::string& copy) {
    Record reply;
    reply.put_text(Key::name, copy);
    return reply;
  });
}

}  // namespace dormouse::actors
