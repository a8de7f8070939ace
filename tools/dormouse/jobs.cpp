// SPDX-License-Identifier: Apache-2.0
// enqueue, cancel, jobs, job.
#include <memory>

#include "runtime/jobs/job_codec.hpp"
#include "runtime/time/duration_text.hpp"
#include "tools/dormouse/commands.hpp"
#include "tools/dormouse/device_talk.hpp"
#include "tools/dormouse/json.hpp"
#include "tools/dormouse/output.hpp"

namespace dormouse::cli {

using wire::Key;
using wire::Message;
using wire::Record;

namespace {

// -- enqueue --

struct EnqueueOptions {
  std::optional<std::string> handler;
  std::optional<std::string> args;
  std::optional<Duration> after;
  std::optional<WallTime> at;
  std::optional<jobs::Misfire::Policy> misfire;
  std::optional<Duration> window;
  std::optional<Duration> grace;
  std::optional<std::string> key;
  std::optional<jobs::ConflictPolicy> on_conflict;
  std::optional<std::string> idempotency_key;
  std::optional<int> priority;
  std::optional<Trust> needs_time;
  bool wake_system = false;
  std::optional<Duration> timeout;
  std::optional<jobs::Retry> retry;
};

Result<jobs::JobSpec> spec_of(const EnqueueOptions& options) {
  if (options.after && options.at) {
    return Error{.code = "usage", .message = "--after and --at exclude each other."};
  }
  const auto misfire = misfire_of(options.misfire, options.window, jobs::Misfire::catch_up());
  if (!misfire) return misfire.error();
  jobs::JobSpec spec;
  spec.handler = options.handler.value_or("");
  spec.args = options.args.value_or("");
  if (options.after) spec.due = jobs::DueAfter{*options.after};
  if (options.at) spec.due = jobs::DueAt{*options.at};
  spec.misfire = *misfire;
  spec.grace = options.grace.value_or(spec.grace);
  spec.conflict_key = options.key;
  spec.conflict_policy = options.on_conflict.value_or(spec.conflict_policy);
  spec.idempotency_key = options.idempotency_key;
  spec.priority = options.priority.value_or(spec.priority);
  spec.needs_time = options.needs_time.value_or(spec.needs_time);
  spec.wake_system = options.wake_system;
  spec.timeout = options.timeout.value_or(spec.timeout);
  spec.retry = options.retry;
  return spec;
}

void show_enqueued(const Record& reply) {
  const bool created = reply.get_bool(Key::created).value_or(true);
  const std::string due = shown(reply, Key::due);
  print_text("job " + shown(reply, Key::id) + (created ? " enqueued: " : " stands for this one: ") +
             shown(reply, Key::state) + (due.empty() ? "" : ", due " + due) + ", misfire " +
             shown(reply, Key::misfire) + "\n");
}

void add_enqueue(CommandLine& line) {
  const auto options = std::make_shared<EnqueueOptions>();
  Command command = line.root().sub("enqueue", "Ask for one job");
  command.argument("HANDLER", "What executes it", into(options->handler, read_text));
  command.option("--args", "JSON", "What the handler is given", into(options->args, read_json));
  command.option("--after", "DURATION", "Due so much elapsed time from now", into(options->after, read_duration));
  command.option("--at", "TIME", "Due at this wall time (RFC 3339)", into(options->at, read_instant));
  command.option("--misfire", "POLICY",
                 "When it was missed: catch_up (default), skip, run_once_if_missed or windowed",
                 into(options->misfire, read_misfire));
  command.option("--window", "DURATION", "How late windowed still runs", into(options->window, read_duration));
  command.option("--grace", "DURATION", "How late is not missed; default 60s", into(options->grace, read_duration));
  command.option("--key", "KEY", "Conflict key: one unfinished job for each", into(options->key, read_text));
  command.option("--on-conflict", "WHAT", "dedupe (default): the other job answers; fail",
                 into(options->on_conflict, read_conflict_policy));
  command.option("--idempotency-key", "KEY", "Asking again with it gives the same job",
                 into(options->idempotency_key, read_text));
  command.option("--priority", "N", "0..9, higher first; default 5", into(options->priority, read_priority));
  command.option("--needs-time", "TRUST", "Held until the clock is trusted so far: any (default), rtc or synced",
                 into(options->needs_time, read_needed_trust));
  command.flag("--wake-system", "Its due wakes the whole device", options->wake_system);
  command.option("--timeout", "DURATION", "Of each attempt; default 5min", into(options->timeout, read_duration));
  command.option("--retry", "PRESET", "none, fast, standard (default), rate_limit, dns, verification",
                 into(options->retry, read_retry));
  command.does([options, &globals = line.globals()] {
    const auto spec = spec_of(*options);
    if (!spec) return fail(spec.error(), globals.json);
    return ask(globals, Message::job_enqueue, jobs::enqueue_body(*spec), show_enqueued);
  });
}

// -- cancel --

struct CancelOptions {
  std::optional<std::uint64_t> id;
  std::optional<std::string> key;
  std::optional<std::string> reason;
};

void add_cancel(CommandLine& line) {
  const auto options = std::make_shared<CancelOptions>();
  Command command = line.root().sub("cancel", "End a job before it runs, or ask a running one to end");
  command.argument("ID", "The job's number", into(options->id, read_number), false);
  command.option("--key", "KEY", "The job with this conflict key instead", into(options->key, read_text));
  command.option("--reason", "TEXT", "Kept with the job", into(options->reason, read_text));
  command.does([options, &globals = line.globals()] {
    if (options->id.has_value() == options->key.has_value()) {
      return fail(Error{.code = "usage", .message = "Either ID or --key is required."}, globals.json);
    }
    Record body;
    if (options->id) body.put_uint(Key::id, *options->id);
    if (options->key) body.put_text(Key::conflict_key, *options->key);
    if (options->reason) body.put_text(Key::text, *options->reason);
    return ask(globals, Message::job_cancel, body, [](const Record& reply) {
      const bool running = reply.get_uint(Key::state) == static_cast<std::uint64_t>(jobs::State::running);
      print_text("job " + shown(reply, Key::id) +
                 (running ? " is running and was asked to end\n" : " is cancelled\n"));
    });
  });
}

// -- jobs, job --

/// "2h late", "in 30s"; empty within a second of its time.
std::string lateness_text(const Record& job) {
  const auto ms = job.get_int(Key::lateness);
  if (!ms) return "";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Duration{*ms});
  if (seconds.count() == 0) return "";
  return seconds.count() > 0 ? format_duration(seconds) + " late" : "in " + format_duration(-seconds);
}

std::string schedule_text(const Record& job) {
  const std::string schedule = shown(job, Key::schedule);
  return schedule.find_first_not_of("0123456789") == std::string::npos && !schedule.empty() ? "s" + schedule
                                                                                            : schedule;
}

/// What a person looks for first: why it waits, or how it ended.
std::string note_of(const Record& job) {
  for (const Key key : {Key::cancel_reason, Key::text, Key::code, Key::because}) {
    if (auto text = shown(job, key); !text.empty()) return text;
  }
  return "";
}

bool unfinished(const Record& job) {
  return !jobs::has_ended(static_cast<jobs::State>(job.get_uint(Key::state).value_or(0)));
}

void show_jobs(const std::vector<Record>& items) {
  if (items.empty()) return print_text("no jobs\n");
  Table table({"ID", "STATE", "HANDLER", "DUE", "LATE", "ATTEMPT", "SCHEDULE", "NOTE"});
  for (const auto& job : items) {
    table.row({shown(job, Key::id), shown(job, Key::state), shown(job, Key::handler), shown(job, Key::due),
               unfinished(job) ? lateness_text(job) : "", shown(job, Key::attempt), schedule_text(job),
               note_of(job)});
  }
  print_text(table.text());
}

std::string misfire_text(const Record& job) {
  std::string text = shown(job, Key::misfire);
  if (const auto window = job.get_int(Key::window)) text += ", window " + format_duration(Duration{*window});
  if (const auto age = job.get_int(Key::max_age)) text += ", max age " + format_duration(Duration{*age});
  return text;
}

void show_attempts(const Record& job) {
  const auto attempts = job.get_records(Key::attempts);
  if (!attempts || attempts->empty()) return;
  Table table({"ATTEMPT", "OUTCOME", "CODE", "BOOT", "STARTED", "ENDED"});
  for (const auto& attempt : *attempts) {
    table.row({shown(attempt, Key::attempt), shown(attempt, Key::outcome), shown(attempt, Key::code),
               shown(attempt, Key::boot), shown(attempt, Key::started, Key::wall),
               shown(attempt, Key::ended, Key::wall)});
  }
  print_text("\n" + table.text());
}

/// Whether its due wakes the whole device.
std::string wake_text(const Record& job) {
  if (!job.get_bool(Key::wake_system).value_or(false)) return "";
  return job.has(Key::wake) ? shown(job, Key::wake) : "the whole device";
}

void show_job(const Record& job) {
  const std::string missed = shown(job, Key::missed_count);
  print_text(facts({{"job", shown(job, Key::id)},
                    {"handler", shown(job, Key::handler)},
                    {"component", shown(job, Key::component)},
                    {"state", shown(job, Key::state)},
                    {"because", shown(job, Key::because)},
                    {"due", shown(job, Key::due)},
                    {"lateness", unfinished(job) ? lateness_text(job) : ""},
                    {"misfire", misfire_text(job)},
                    {"priority", shown(job, Key::priority)},
                    {"wake", wake_text(job)},
                    {"conflict key", shown(job, Key::conflict_key)},
                    {"idempotency key", shown(job, Key::idempotency_key)},
                    {"schedule", schedule_text(job)},
                    {"slot", shown(job, Key::slot)},
                    {"missed slots", missed == "0" ? "" : missed},
                    {"first missed", shown(job, Key::first_missed)},
                    {"attempt", shown(job, Key::attempt)},
                    {"interrupted", shown(job, Key::interrupted)},
                    {"created", shown(job, Key::created, Key::wall)},
                    {"started", shown(job, Key::started, Key::wall)},
                    {"ended", shown(job, Key::ended, Key::wall)},
                    {"cancel asked", shown(job, Key::cancel_reason)},
                    {"reason", shown(job, Key::text)},
                    {"error", shown(job, Key::code)},
                    {"message", shown(job, Key::message)},
                    {"args", readable(job.get_bytes(Key::args).value_or(""))},
                    {"result", readable(job.get_bytes(Key::result).value_or(""))}}));
  show_attempts(job);
}

struct ListOptions {
  std::optional<jobs::State> state;
  std::optional<std::string> handler;
  std::optional<std::uint64_t> limit;
};

void add_list(CommandLine& line) {
  const auto options = std::make_shared<ListOptions>();
  Command command = line.root().sub("jobs", "List jobs, in the order of their numbers");
  command.option("--state", "STATE", "Only those that are scheduled, ready, running, waiting, succeeded ...",
                 into(options->state, read_state));
  command.option("--handler", "HANDLER", "Only those of one handler", into(options->handler, read_text));
  command.option("--limit", "N", "At most so many; default: all", into(options->limit, read_number));
  command.does([options, &globals = line.globals()] {
    Record body;
    if (options->state) body.put_uint(Key::state, static_cast<std::uint64_t>(*options->state));
    if (options->handler) body.put_text(Key::handler, *options->handler);
    return ask_list(globals, Message::job_list, body, options->limit, show_jobs);
  });
}

void add_job(CommandLine& line) {
  const auto id = std::make_shared<std::optional<std::uint64_t>>();
  Command command = line.root().sub("job", "Show one job with its args, its result and its attempts");
  command.argument("ID", "The job's number", into(*id, read_number));
  command.does([id, &globals = line.globals()] {
    Record body;
    body.put_uint(Key::id, **id).put_bool(Key::with_args, true);
    return ask(globals, Message::job_get, body, show_job);
  });
}

}  // namespace

void add_jobs(CommandLine& line) {
  add_enqueue(line);
  add_cancel(line);
  add_list(line);
  add_job(line);
}

}  // namespace dormouse::cli
