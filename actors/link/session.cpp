// SPDX-License-Identifier: Apache-2.0
#include "actors/link/session.hpp"

#include <algorithm>

namespace dormouse::actors {

using wire::Frame;
using wire::Key;
using wire::Message;
using wire::Record;

namespace {

constexpr std::size_t rebirths_a_second = 5;
constexpr std::uint64_t bad_frames_allowed = 100;
constexpr Duration bad_frames_counted{10'000};
constexpr std::uint64_t smallest_frame = 128;

}  // namespace

Session::Step Session::feed(BytesView bytes, const Now& now) {
  Step step;
  if (now.instant - counting_since_ > bad_frames_counted) {
    counting_since_ = now.instant;
    bad_before_ = decoder_.counters().bad();
  }
  for (const Frame& frame : decoder_.feed(bytes)) take(frame, now, step);
  if (decoder_.counters().bad() - bad_before_ >= bad_frames_allowed) {
    step.close = Error{"link.too_many_errors", "100 bad frames within 10 s; the connection is closed."};
  }
  return step;
}

void Session::take(const Frame& frame, const Now& now, Step& step) {
  if (frame.type == Message::birth) return open(frame, now, step);
  if (!window_ || frame.epoch != epoch_) return rebirth(now, step);
  if (frame.type == Message::bye) {
    window_.reset();
    return;
  }
  if (frame.type == Message::ping) {
    Record body;
    body.put_int(Key::instant, now.instant.ms);
    step.output += wire::encode_frame(this->frame(Message::pong, body));
    return;
  }
  if (frame.type == Message::power_failing || frame.type == Message::power_restored)
    return hear_of_supply(frame, step);
  request(frame, step);
}

/// Never reliable: it goes ahead of all else, and is repeated until it is answered.
void Session::hear_of_supply(const Frame& frame, Step& step) {
  constexpr std::uint64_t longest_ms = 3'600'000;
  if (!who_.may(Capability::power)) {
    ++forbidden_;
    return;
  }
  SupplyWord word{frame.type == Message::power_failing, {}, epoch_};
  if (const auto body = Record::decode(frame.body); body.ok()) {
    if (const auto hold_up = body->get_uint(Key::hold_up))
      word.hold_up = Duration{static_cast<std::int64_t>(std::min(*hold_up, longest_ms))};
  }
  step.supply.push_back(word);
}

Bytes Session::power_saved(std::uint16_t epoch, bool clean) {
  if (!window_ || epoch != epoch_) return {};
  Record body;
  body.put_bool(Key::clean, clean);
  return wire::encode_frame(frame(Message::power_saved, body));
}

void Session::open(const Frame& frame, const Now& now, Step& step) {
  const auto body = Record::decode(frame.body);
  const auto birth = body.ok() ? wire::birth_from(*body) : Result<wire::Birth>(body.error());
  if (!birth.ok() || birth->version < 1) return rebirth(now, step);
  if (!window_ || birth->nonce != nonce_) {  // the same nonce again is the same birth
    epoch_ = epoch_ == 0xFFFF ? 1 : static_cast<std::uint16_t>(epoch_ + 1);
    nonce_ = birth->nonce;
    max_frame_ = std::clamp<std::uint64_t>(birth->max_frame, smallest_frame, facts_.max_frame);
    window_.emplace(std::min(birth->frames, facts_.window));
  }
  wire::Welcome welcome;
  welcome.nonce = nonce_;
  welcome.device = facts_.device;
  welcome.boot = facts_.boot;
  welcome.instant_ms = now.instant.ms;
  welcome.trust = static_cast<std::uint8_t>(now.trust);
  if (now.trust != Trust::untrusted) welcome.wall_ms = now.wall.ms;
  welcome.frames = std::min(birth->frames, facts_.window);
  welcome.max_frame = max_frame_;
  welcome.component = who_.component;
  welcome.role = who_.role;
  for (const Capability capability : who_.capabilities) welcome.capabilities.emplace_back(name_of(capability));
  step.output += wire::encode_frame(this->frame(Message::welcome, wire::to_record(welcome)));
}

void Session::rebirth(const Now& now, Step& step) {
  std::erase_if(rebirths_, [&](Instant at) { return now.instant - at >= Duration{1'000}; });
  if (rebirths_.size() >= rebirths_a_second) return;
  rebirths_.push_back(now.instant);
  Record body;
  body.put_uint(Key::reason, 2);  // wrong epoch
  step.output += wire::encode_frame(frame(Message::rebirth, body));
}

void Session::request(const Frame& frame, Step& step) {
  if (!frame.reliable) return;  // it could come twice and would be done twice
  switch (window_->arrive(frame.seq)) {
    case wire::ReceiveWindow::Verdict::take:
      break;
    case wire::ReceiveWindow::Verdict::repeat_reply:
      step.output += wire::encode_frame(*window_->reply_to(frame.seq));
      return;
    case wire::ReceiveWindow::Verdict::wait: {
      Record body;
      body.put_uint(Key::re, frame.seq);
      step.output += wire::encode_frame(this->frame(Message::wait, body));
      return;
    }
    case wire::ReceiveWindow::Verdict::ignore:
    case wire::ReceiveWindow::Verdict::out_of_order:
      return;
  }
  auto body = Record::decode(frame.body);
  if (!body.ok()) {
    step.output += answer(epoch_, frame.seq, std::move(body).error());
    return;
  }
  step.requests.push_back({frame.type, frame.seq, epoch_, std::move(*body)});
}

Bytes Session::answer(std::uint16_t epoch, std::uint16_t seq, const Result<Record>& result) {
  if (!window_ || epoch != epoch_) return {};
  const std::uint64_t room = max_frame_ - wire::kFrameOverhead;
  Frame reply;
  if (result.ok()) {
    Record body = *result;
    body.put_uint(Key::re, seq);
    reply = frame(Message::reply, body);
  }
  if (!result.ok() || reply.body.size() > room) {
    const Error error = result.ok() ? Error{"link.too_large", "The answer is larger than the link's frame.",
                                            "Ask without with_args, or with a smaller limit."}
                                    : result.error();
    reply = frame(Message::error, wire::to_record_within({seq, error}, room));
  }
  reply.reply = true;
  if (!window_->settle(seq, reply)) return {};
  return wire::encode_frame(reply);
}

Bytes Session::bye(std::uint8_t reason) {
  if (!window_) return {};
  Record body;
  body.put_uint(Key::reason, reason);
  Bytes bytes = wire::encode_frame(frame(Message::bye, body));
  window_.reset();
  return bytes;
}

Bytes Session::begin_anew(std::uint32_t boot) {
  constexpr std::uint8_t start = 1;
  facts_.boot = boot;
  if (!window_) return {};
  window_.reset();
  Record body;
  body.put_uint(Key::reason, start);
  return wire::encode_frame(frame(Message::rebirth, body));
}

Frame Session::frame(Message type, const Record& body) const {
  Frame frame;
  frame.type = type;
  frame.epoch = window_ ? epoch_ : 0;
  frame.ack = window_ ? window_->ack() : 0;
  frame.body = body.encode();
  return frame;
}

}  // namespace dormouse::actors
