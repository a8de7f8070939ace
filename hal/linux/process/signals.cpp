// SPDX-License-Identifier: Apache-2.0
// asio turns a signal into an event of the loop; here it gets its meaning.
#include "hal/linux/process/signals.hpp"

#include <signal.h>
#include <utility>
#include <vector>

#include <asio/post.hpp>
#include <asio/signal_set.hpp>

namespace dormouse::hal_linux {
namespace {

class Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  explicit Watcher(AsioLoop& loop) : signals_(loop.context()) {
    asio::error_code ignored;
    signals_.add(SIGTERM, ignored);
    signals_.add(SIGINT, ignored);
    signals_.add(SIGPWR, ignored);
  }

  void wait() {
    signals_.async_wait([self = shared_from_this()](asio::error_code error, int signal) {
      if (error || self->stopped_) return;
      self->tell(event_of(signal));
      self->wait();
    });
  }
  void listen(std::function<void(hal::PowerEvent)> listener) {
    listener_ = std::move(listener);
    if (!listener_) return;
    for (const auto event : std::exchange(early_, {})) listener_(event);
  }
  void stop() {
    stopped_ = true;
    asio::error_code ignored;
    signals_.clear(ignored);  // which alone would leave the wait, and so this object, behind
    signals_.cancel(ignored);
    listener_ = nullptr;
  }

 private:
  static hal::PowerEvent event_of(int signal) {
    if (signal == SIGPWR) return hal::PowerEvent::failing;
    return signal == SIGINT ? hal::PowerEvent::sigint : hal::PowerEvent::sigterm;
  }
  void tell(hal::PowerEvent event) {
    if (listener_)
      listener_(event);
    else
      early_.push_back(event);
  }

  asio::signal_set signals_;
  std::function<void(hal::PowerEvent)> listener_;
  std::vector<hal::PowerEvent> early_;
  bool stopped_ = false;
};

class SignalPower : public hal::Power {
 public:
  explicit SignalPower(AsioLoop& loop) : loop_(loop), watcher_(std::make_shared<Watcher>(loop)) {
    watcher_->wait();
  }
  ~SignalPower() override { watcher_->stop(); }

  void listen(std::function<void(hal::PowerEvent)> listener) override {
    loop_.post([watcher = watcher_, listener = std::move(listener)] { watcher->listen(listener); });
  }

 private:
  AsioLoop& loop_;
  std::shared_ptr<Watcher> watcher_;
};

}  // namespace

std::unique_ptr<hal::Power> make_signal_power(AsioLoop& loop) {
  return std::make_unique<SignalPower>(loop);
}

}  // namespace dormouse::hal_linux
