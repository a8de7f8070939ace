// SPDX-License-Identifier: Apache-2.0
// Session and refusal bodies: there and back, and what is said about wrong ones.
#include "runtime/wire/bodies.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/wire/cbor.h"

namespace dormouse::wire {
namespace {

Record through_bytes(const Record& record) {
  return Record::decode(record.encode()).value();
}

const Error kError = {.code = "invalid_input",
                      .message = "2 fields are wrong.",
                      .hint = "See the manual.",
                      .fields = {{"handler", "required", "A name."}, {"priority", "out_of_range", "0 to 9."}},
                      .id = 7,
                      .retry_after_ms = 2'000};

TEST(Bodies, ABirthComesBackAsItWas) {
  const Birth full = {.nonce = 0xFFFFFFFF,
                      .firmware = "pump",
                      .version = 2,
                      .frames = 4,
                      .max_frame = 1'024,
                      .schema = 9,
                      .boot_count = 17,
                      .reset_reason = ResetReason::watchdog,
                      .uptime_ms = 1'500,
                      .max_running = 2,
                      .running = {token_bytes({7, 41, 2}), token_bytes({7, 42, 1})}};
  const Birth least = {.nonce = 1, .firmware = "f"};
  EXPECT_EQ(birth_from(through_bytes(to_record(full))).value(), full);
  EXPECT_EQ(birth_from(through_bytes(to_record(least))).value(), least);
}

TEST(Bodies, AWelcomeComesBackAsItWas) {
  const Welcome full = {.nonce = 5,
                        .device = "shed",
                        .boot = 12,
                        .instant_ms = 4'000,
                        .trust = 2,
                        .wall_ms = 1'700'000'000'000,
                        .version = 1,
                        .frames = 32,
                        .max_frame = 131'072,
                        .component = "pump",
                        .role = Role::operator_,
                        .capabilities = {"jobs", "clock"},
                        .stop = {token_bytes({1, 2, 3})}};
  EXPECT_EQ(welcome_from(through_bytes(to_record(full))).value(), full);
  const Welcome untrusted = {.nonce = 5, .role = Role::reader};
  EXPECT_FALSE(to_record(untrusted).has(Key::wall));
  EXPECT_EQ(welcome_from(through_bytes(to_record(untrusted))).value(), untrusted);
}

TEST(Bodies, AnErrorComesBackAsItWas) {
  const ErrorBody body{.re = 8, .error = kError};
  EXPECT_EQ(error_from(through_bytes(to_record(body))).value(), body);
  const ErrorBody least{.re = 65'535, .error = {.code = "link.busy", .message = "Busy."}};
  EXPECT_EQ(error_from(through_bytes(to_record(least))).value(), least);
}

TEST(Bodies, ATokenIsSixteenBytes) {
  const AttemptToken token{.epoch = 0xFFFFFFFF, .job = 0xFEDCBA9876543210, .attempt = 3};
  EXPECT_EQ(token_bytes(token).size(), 16U);
  EXPECT_EQ(token_from(token_bytes(token)), token);
  EXPECT_EQ(token_from("short"), std::nullopt);
}

TEST(Bodies, WhatIsMissingAndWhatIsTooLargeIsToldAtOnce) {
  const auto birth = birth_from(Record().put_uint(Key::nonce, 1ULL << 32).put_null(Key::version));
  ASSERT_FALSE(birth.ok());
  EXPECT_EQ(birth.error().code, "invalid_input");
  std::vector<std::string> told;
  for (const FieldError& field : birth.error().fields) told.push_back(field.field + ": " + field.code);
  EXPECT_EQ(told, (std::vector<std::string>{"nonce: out_of_range", "firmware: required", "version: required",
                                            "frames: required", "max_frame: required"}));
}

TEST(Bodies, WrongTypesAreABadBody) {
  const auto birth = birth_from(Record().put_text(Key::nonce, "x").put_uint(Key::firmware, 1));
  ASSERT_FALSE(birth.ok());
  EXPECT_EQ(birth.error().code, "link.bad_body");
  ASSERT_EQ(birth.error().fields.size(), 2U);
  EXPECT_EQ(birth.error().fields[0].field, "nonce");
  EXPECT_EQ(birth.error().fields[1].field, "firmware");
  EXPECT_EQ(welcome_from(Record()).error().code, "invalid_input");
  EXPECT_EQ(error_from(Record().put_uint(Key::re, 65'536)).error().code, "invalid_input");
}

TEST(Bodies, AResetReasonUnknownHereIsUnknown) {
  Record record = to_record(Birth{.nonce = 1, .firmware = "f"});
  record.put_uint(Key::reset_reason, 99);
  EXPECT_EQ(birth_from(record).value().reset_reason, ResetReason::unknown);
}

TEST(Bodies, MoreThanAListHoldsIsLeftOut) {
  ErrorBody body{.re = 1, .error = kError};
  body.error.fields.assign(200, {"f", "required", ""});
  EXPECT_EQ(error_from(through_bytes(to_record(body))).value().error.fields.size(), 64U);
  Welcome welcome{.nonce = 1};
  welcome.stop.assign(100, token_bytes({}));
  EXPECT_EQ(welcome_from(through_bytes(to_record(welcome))).value().stop.size(), 64U);
}

TEST(Bodies, AnErrorIsCutToTheFrame) {
  ErrorBody body{.re = 300, .error = kError};
  for (int i = 0; i < 10; ++i) body.error.message += " h\xC3\xB6her";
  const std::size_t whole = to_record(body).encode().size();
  for (std::size_t max = 64; max <= whole; ++max) {
    const Bytes bytes = to_record_within(body, max).encode();
    ASSERT_LE(bytes.size(), max);
    const ErrorBody cut = error_from(Record::decode(bytes).value()).value();
    ASSERT_EQ(cut.error.code, kError.code);
    ASSERT_EQ(body.error.message.substr(0, cut.error.message.size()), cut.error.message) << max;
    if (!cut.error.fields.empty()) {
      ASSERT_EQ(cut.error.hint, kError.hint) << max;
    }
  }
  EXPECT_EQ(to_record_within(body, whole), to_record(body));
}

}  // namespace
}  // namespace dormouse::wire
