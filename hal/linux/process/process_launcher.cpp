// SPDX-License-Identifier: Apache-2.0
// One Child per running process: feeds its input, keeps some of its output, notices its end through a pidfd.
#include "hal/linux/process/process_launcher.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>

#include "hal/linux/process/spawn.hpp"

namespace dormouse::hal_linux {
namespace {

using Descriptor = asio::posix::stream_descriptor;
using Ended = std::function<void(hal::ProcessEnd)>;

constexpr std::size_t piece_bytes = 16 * 1024;
// After the end, only what already stood in a pipe counts; somebody who escaped the group may write for ever.
constexpr std::size_t last_bytes = 1024 * 1024;

void close_quietly(Descriptor& descriptor) {
  asio::error_code ignored;
  descriptor.close(ignored);
}

class Child : public std::enable_shared_from_this<Child> {
 public:
  Child(asio::io_context& context, hal::Command command, Ended ended)
      : command_(std::move(command)),
        pidfd_(context),
        input_(context),
        output_(context),
        errors_(context),
        complaint_(context),
        ended_(std::move(ended)) {}

  bool adopt(const Spawned& spawned);  // false: the loop cannot watch it; it is dead then
  void watch();
  void signal_group(int signal);
  int reap();
  void forget();

 private:
  using Keep = void (Child::*)(BytesView);

  void write_input();
  void read_when_ready(Descriptor& from, Keep keep);
  std::size_t read_piece(Descriptor& from, Keep keep);
  void drain(Descriptor& from, Keep keep);
  void keep_output(BytesView piece);
  void keep_error(BytesView piece);
  void finish();

  hal::Command command_;
  pid_t pid_ = -1;
  Descriptor pidfd_, input_, output_, errors_, complaint_;
  Ended ended_;
  hal::ProcessEnd end_;
  std::size_t input_sent_ = 0;
  bool reaped_ = false;
};

bool Child::adopt(const Spawned& spawned) {
  pid_ = spawned.pid;
  const std::array<std::pair<Descriptor*, int>, 5> descriptors{{{&pidfd_, spawned.pidfd},
                                                                {&input_, spawned.input},
                                                                {&output_, spawned.output},
                                                                {&errors_, spawned.errors},
                                                                {&complaint_, spawned.complaint}}};
  bool watched = true;
  for (const auto& [descriptor, fd] : descriptors) {
    asio::error_code error;
    descriptor->assign(fd, error);
    if (!error) continue;
    ::close(fd);
    watched = false;
  }
  if (watched) return true;
  signal_group(SIGKILL);
  reap();
  forget();
  return false;
}

void Child::watch() {
  write_input();
  read_when_ready(output_, &Child::keep_output);
  read_when_ready(errors_, &Child::keep_error);
  pidfd_.async_wait(Descriptor::wait_read, [self = shared_from_this()](asio::error_code error) {
    if (!error) self->finish();
  });
}

// While the first process is not reaped nobody else can have its number. Just after the fork it may have no group
// of its own yet.
void Child::signal_group(int signal) {
  if (!reaped_ && ::kill(-pid_, signal) != 0) ::kill(pid_, signal);
}

void Child::write_input() {
  while (input_sent_ < command_.input.size()) {
    const auto written =
        ::write(input_.native_handle(), command_.input.data() + input_sent_, command_.input.size() - input_sent_);
    if (written >= 0) {
      input_sent_ += static_cast<std::size_t>(written);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) break;  // it closed its input: its right
    input_.async_wait(Descriptor::wait_write, [self = shared_from_this()](asio::error_code error) {
      if (!error && self->input_.is_open()) self->write_input();
    });
    return;
  }
  close_quietly(input_);
}

void Child::read_when_ready(Descriptor& from, Keep keep) {
  from.async_wait(Descriptor::wait_read, [self = shared_from_this(), &from, keep](asio::error_code error) {
    if (error || !from.is_open()) return;
    self->read_piece(from, keep);
    if (from.is_open()) self->read_when_ready(from, keep);
  });
}

// How much there was; closes at the end of the stream.
std::size_t Child::read_piece(Descriptor& from, Keep keep) {
  std::array<char, piece_bytes> piece;
  const auto bytes = ::read(from.native_handle(), piece.data(), piece.size());
  if (bytes > 0) {
    (this->*keep)({piece.data(), static_cast<std::size_t>(bytes)});
    return static_cast<std::size_t>(bytes);
  }
  if (bytes == 0 || (errno != EAGAIN && errno != EINTR)) close_quietly(from);
  return 0;
}

void Child::drain(Descriptor& from, Keep keep) {
  std::size_t total = 0;
  while (from.is_open() && total < last_bytes) {
    const auto bytes = read_piece(from, keep);
    if (bytes == 0) break;
    total += bytes;
  }
  close_quietly(from);
}

void Child::keep_output(BytesView piece) {
  const auto room = kept_output_bytes - end_.output.size();
  if (piece.size() > room) end_.truncated = true;
  end_.output += piece.substr(0, room);
}

void Child::keep_error(BytesView piece) {
  end_.error_tail += piece;
  if (end_.error_tail.size() > kept_error_bytes)
    end_.error_tail.erase(0, end_.error_tail.size() - kept_error_bytes);
}

// The group is killed while its first process is a zombie: its number cannot be anybody else's yet.
int Child::reap() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) continue;
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  reaped_ = true;
  return status;
}

void Child::finish() {
  const int status = reap();
  drain(output_, &Child::keep_output);
  drain(errors_, &Child::keep_error);
  auto complaint = read_complaint(complaint_.native_handle(), command_);
  end_.spawned = complaint.empty();
  if (!end_.spawned) end_.error_tail = std::move(complaint);
  if (WIFSIGNALED(status))
    end_.signal = WTERMSIG(status);
  else
    end_.exit_code = WEXITSTATUS(status);
  const auto ended = std::move(ended_);
  forget();
  ended(std::move(end_));
}

void Child::forget() {
  for (auto* descriptor : {&pidfd_, &input_, &output_, &errors_, &complaint_}) close_quietly(*descriptor);
}

// Lives on the loop's thread; what callers hold only posts to it.
class Nursery : public std::enable_shared_from_this<Nursery> {
 public:
  explicit Nursery(AsioLoop& loop) : context_(loop.context()) {}

  asio::io_context& context() { return context_; }

  void start(hal::ProcessId id, hal::Command command, Ended ended) {
    if (closed_) return;
    const auto spawned = spawn(command);
    if (!spawned) return ended({.spawned = false, .exit_code = 127, .error_tail = spawned.error().message});
    auto forget_and_tell = [weak = weak_from_this(), id, ended = std::move(ended)](hal::ProcessEnd end) {
      if (const auto self = weak.lock()) self->children_.erase(id);
      ended(std::move(end));
    };
    auto child = std::make_shared<Child>(context_, std::move(command), forget_and_tell);
    if (!child->adopt(*spawned))
      return forget_and_tell({.spawned = false, .exit_code = 127, .error_tail = "the event loop is full"});
    children_[id] = child;
    child->watch();
  }
  void signal(hal::ProcessId id, int signal) {
    if (const auto found = children_.find(id); found != children_.end()) found->second->signal_group(signal);
  }
  void close() {
    closed_ = true;
    for (const auto& [id, child] : children_) {
      child->signal_group(SIGKILL);
      child->reap();
      child->forget();
    }
    children_.clear();
  }

 private:
  asio::io_context& context_;
  std::map<hal::ProcessId, std::shared_ptr<Child>> children_;
  bool closed_ = false;
};

class LinuxProcessLauncher : public hal::ProcessLauncher {
 public:
  explicit LinuxProcessLauncher(AsioLoop& loop) : nursery_(std::make_shared<Nursery>(loop)) {
    ::signal(SIGPIPE, SIG_IGN);
  }
  ~LinuxProcessLauncher() override { nursery_->close(); }

  hal::ProcessId start(hal::Command command, Ended ended) override {
    const hal::ProcessId id = ++last_id_;
    asio::post(nursery_->context(),
               [nursery = nursery_, id, command = std::move(command), ended = std::move(ended)]() mutable {
                 nursery->start(id, std::move(command), std::move(ended));
               });
    return id;
  }
  void terminate(hal::ProcessId id) override { signal(id, SIGTERM); }
  void kill(hal::ProcessId id) override { signal(id, SIGKILL); }

 private:
  void signal(hal::ProcessId id, int number) {
    asio::post(nursery_->context(), [nursery = nursery_, id, number] { nursery->signal(id, number); });
  }

  std::shared_ptr<Nursery> nursery_;
  std::atomic<hal::ProcessId> last_id_ = 0;
};

}  // namespace

std::unique_ptr<hal::ProcessLauncher> make_process_launcher(AsioLoop& loop) {
  return std::make_unique<LinuxProcessLauncher>(loop);
}

}  // namespace dormouse::hal_linux
