// SPDX-License-Identifier: Apache-2.0
// Bodies of time.query and time.set, in and out. Pure.
#pragma once

#include "actors/views.hpp"
#include "runtime/base/identity.hpp"
#include "runtime/wire/record.hpp"

namespace dormouse::actors {

/// What a body tells the time to be. link.bad_body, invalid_input naming the field; link.forbidden for `force` of
/// one who is no operator.
Result<TimeClaim> claim_from(const wire::Record& body, const Identity& who);

/// trust, instant; while it is believed wall, max_error, source. since: the instant at which a source was last
/// there. Readers are told besides what people want to know: mode, offset (of the wall to the instant), suspended
/// (so far), floor, rtc_mark, ceiling, rtc (its state) with rtc_wall and battery, loose (samples), short_suspends
/// and short_steps (below 2 s), heartbeat (the next), wake_ups, and wakes: items of cause and count.
wire::Record time_view_body(const TimeView& view, const Identity& who);
wire::Record time_set_body(const TimeSet& set);

}  // namespace dormouse::actors
