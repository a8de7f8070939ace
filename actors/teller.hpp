// SPDX-License-Identifier: Apache-2.0
// The side of a future that is told, by whoever answers.
#pragma once

#include <future>
#include <utility>

#include "runtime/base/result.hpp"

namespace dormouse::actors {

/// Tells a future once; at the latest when nobody can answer any more.
template <class T>
class Teller {
 public:
  Teller() = default;
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;
  ~Teller() {
    tell(Error{"device.unanswered", "The device ended before it answered.",
               "Whether it was done, the next start tells: ask then."});
  }
  std::future<Result<T>> future() { return promise_.get_future(); }  // once
  void tell(Result<T> result) {
    if (!std::exchange(told_, true)) promise_.set_value(std::move(result));
  }

 private:
  std::promise<Result<T>> promise_;
  bool told_ = false;
};

/// To who asks a device that is not there: it has not started yet, or has ended.
inline Error not_started() {
  return Error{"store.closed", "The device is not running.", "Start it and wait until it is ready."};
}

}  // namespace dormouse::actors
