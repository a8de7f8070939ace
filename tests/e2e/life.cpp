// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/life.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace dormouse::e2e {

namespace {

/// Between fork and exec: system calls only.
[[noreturn]] void become(char* const* argv, int output, int errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execv(argv[0], argv);
  ::_exit(127);
}

}  // namespace

Life::Life(const std::vector<std::string>& args, const std::filesystem::path& errors,
           std::optional<std::size_t> kill_at_event) {
  std::vector<char*> argv = {const_cast<char*>(DORMOUSE_PROGRAM)};
  for (const auto& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const int said = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  EXPECT_GE(said, 0);
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), ends[1], said);
  EXPECT_GT(pid_, 0);
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  EXPECT_GE(pidfd_, 0);
  ::close(ends[1]);
  ::close(said);
  output_ = ends[0];
  listener_ = std::thread([this, kill_at_event] { listen(kill_at_event); });
}

Life::~Life() {
  if (!ended_) {
    signal(SIGKILL);
    wait();
  }
  listener_.join();
  ::close(output_);
  ::close(pidfd_);
}

void Life::signal(int number) const {
  ::syscall(SYS_pidfd_send_signal, pidfd_, number, nullptr, 0);
}

bool Life::ends_within(Duration time) const {
  pollfd end = {pidfd_, POLLIN, 0};
  return ::poll(&end, 1, static_cast<int>(time.count())) == 1;
}

int Life::wait() {
  if (ended_) return *ended_;
  if (!ends_within(patience)) return -1'000;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return *ended_;
}

void Life::listen(std::optional<std::size_t> kill_at_event) {
  std::string held;
  std::array<char, 4096> piece;
  for (ssize_t size = 0; (size = ::read(output_, piece.data(), piece.size())) > 0;) {
    held.append(piece.data(), static_cast<std::size_t>(size));
    for (std::size_t end = 0; (end = held.find('\n')) != std::string::npos; held.erase(0, end + 1)) {
      take_line(held.substr(0, end), kill_at_event);
    }
  }
  const std::lock_guard lock(mutex_);
  silent_ = true;
  changed_.notify_all();
}

void Life::take_line(const std::string& line, std::optional<std::size_t> kill_at_event) {
  Json event = Json::parse(line, nullptr, false);
  const std::lock_guard lock(mutex_);
  events_.push_back(event.is_object() ? std::move(event) : Json{{"event", "not JSON"}, {"text", line}});
  if (events_.size() == kill_at_event) signal(SIGKILL);
  changed_.notify_all();
}

std::optional<Json> Life::wait_for(const Matches& matches) {
  std::unique_lock lock(mutex_);
  std::size_t seen = 0;
  std::optional<Json> found;
  changed_.wait_for(lock, patience, [&] {
    for (; !found && seen < events_.size(); ++seen) {
      if (matches(events_[seen])) found = events_[seen];
    }
    return found.has_value() || silent_;
  });
  return found;
}

std::optional<Json> Life::wait_for(const std::string& event, std::optional<std::uint64_t> id) {
  return wait_for([&](const Json& candidate) {
    return candidate.value("event", "") == event && (!id || candidate.value("id", std::uint64_t{0}) == *id);
  });
}

bool Life::wait_for_more_than(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return events_.size() > count || silent_; });
  return events_.size() > count;
}

std::vector<Json> Life::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

}  // namespace dormouse::e2e
