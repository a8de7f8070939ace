// SPDX-License-Identifier: Apache-2.0
#include "runtime/reconcile/restored.hpp"

#include "runtime/reconcile/sentences.hpp"
#include "runtime/store/keys.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::reconcile {

using wire::Key;

std::optional<RestoreNote> read_restore_note(store::Transaction& txn) {
  const auto body = txn.get(store::keys::meta("restored"));
  if (!body) return std::nullopt;
  const auto record = wire::Record::decode(*body);
  if (!record) return std::nullopt;
  return RestoreNote{.until = {record->get_int(Key::wall).value_or(0)},
                     .last_id = record->get_uint(Key::last_id).value_or(0)};
}

void erase_restore_note(store::Transaction& txn) {
  txn.erase(store::keys::meta("restored"));
}

bool may_have_run(const RestoreNote& note, const Spans& spans, const jobs::Job& job) {
  if (job.state != jobs::State::scheduled || job.spec.delivery != jobs::Delivery::at_most_once) return false;
  if (job.id > note.last_id) return false;
  const auto due = spans.wall_of(job.due);
  return !due || *due <= note.until;
}

Line restored_line(const jobs::Job& job) {
  Line line{
      .job = job.id,
      .text = named(job) +
              ": missed, because a snapshot was restored, it was due before that, and it may run at most once",
      .decided = Decided::missed};
  line.policy = job.spec.misfire.policy;
  line.reason = "restored";
  return line;
}

Line restore_warning() {
  Line line{.text = "a snapshot was restored: jobs and slots that ended after it was taken may run again"};
  line.reason = "restored";
  return line;
}

}  // namespace dormouse::reconcile
