// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/child_look.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "hal/linux/files/durable_file.hpp"
#include "runtime/store/little_endian.hpp"

namespace dormouse::hal_linux {

namespace {

constexpr int teller_fd = 3;
constexpr std::size_t head_bytes = 5;  // length of the body u32, kind
constexpr std::size_t body_bytes_max = 64 * 1024;
constexpr int ended_badly = 70;
constexpr std::chrono::milliseconds progress_each{10'000};

// What a terminal or a service manager sends to the whole group is for the parent to act on: it may want the look
// to end in peace.
constexpr std::array for_the_parent = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr std::array own_faults = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};

void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  action.sa_handler = SIG_IGN;
  for (const int signal : for_the_parent) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_from(int first) {
  if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (rlim_t fd = static_cast<rlim_t>(first); fd < limit.rlim_cur; ++fd) ::close(static_cast<int>(fd));
}

[[noreturn]] void be_the_child(const std::function<void(const Teller&)>& look, int pipe_end, pid_t parent) {
  // A parent that died before the first line would be missed by it: look.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != parent) ::_exit(ended_badly);
  if (pipe_end != teller_fd && ::dup2(pipe_end, teller_fd) < 0) ::_exit(ended_badly);
  close_from(teller_fd + 1);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // a core of a broken tree would only fill the flash
  reset_signals();
  try {
    look(Teller(teller_fd));
  } catch (const std::exception&) {
    ::abort();
  }
  ::_exit(0);  // no destructor of the parent's statics runs here
}

/// Takes whole messages off the front.
void hear_whole(Bytes& heard, const std::function<void(char, BytesView)>& hear) {
  BytesView rest(heard);
  while (rest.size() >= head_bytes) {
    const auto length = store::read_le<std::uint32_t>(rest, 0);
    if (rest.size() - head_bytes < length) break;
    hear(rest[head_bytes - 1], rest.substr(head_bytes, length));
    rest.remove_prefix(head_bytes + length);
  }
  heard.erase(0, heard.size() - rest.size());
}

enum class Listened { to_the_end, to_the_deadline, to_silence };

/// Until the child closes its end, or has said nothing for too long.
Listened listen(int fd, const std::function<void(char, BytesView)>& hear, Deadline deadline,
                const std::function<void()>& progress, std::chrono::milliseconds silence) {
  Bytes heard;
  std::array<char, 4096> buffer{};
  auto next_progress = std::chrono::steady_clock::now();
  const Deadline first_word = next_progress + silence;
  bool spoke = false;
  while (true) {
    if (progress && std::chrono::steady_clock::now() >= next_progress) {
      progress();
      next_progress += progress_each;
    }
    const Deadline until = spoke ? deadline : std::min(deadline, first_word);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return until == deadline ? Listened::to_the_deadline : Listened::to_silence;
    const std::int64_t longest = progress ? progress_each.count() : INT32_MAX;
    pollfd wait{fd, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left, longest)));
    if (ready < 0 && errno != EINTR) return Listened::to_the_end;
    if (ready <= 0) continue;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Listened::to_the_end;
    spoke = true;
    heard.append(buffer.data(), static_cast<std::size_t>(got));
    hear_whole(heard, hear);
  }
}

LookEnd end_of(pid_t child, Listened listened) {
  const bool by_us = listened != Listened::to_the_end;
  if (by_us) ::kill(child, SIGKILL);
  LookEnd::How how = LookEnd::How::finished;
  if (listened == Listened::to_the_deadline) how = LookEnd::How::late;
  if (listened == Listened::to_silence) how = LookEnd::How::silent;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return {how};  // reaped by somebody else
  if (by_us) return {how};
  if (!WIFSIGNALED(status)) return {};
  const int signal = WTERMSIG(status);
  const bool own = std::find(own_faults.begin(), own_faults.end(), signal) != own_faults.end();
  return {own ? LookEnd::How::crashed : LookEnd::How::killed, signal};
}

}  // namespace

void Teller::tell(char kind, BytesView body) const {
  body = body.substr(0, body_bytes_max);
  Bytes message;
  store::append_le(message, static_cast<std::uint32_t>(body.size()));
  message.push_back(kind);
  message += body;
  for (BytesView rest = message; !rest.empty();) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) ::_exit(ended_badly);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

Result<LookEnd> look_in_child(const std::function<void(const Teller&)>& look,
                              const std::function<void(char kind, BytesView body)>& hear, Deadline deadline,
                              const std::function<void()>& progress, std::chrono::milliseconds silence) {
  const auto cannot = [](const char* what) {
    return Error{.code = "store.io", .message = std::string("cannot ") + what + ": " + std::strerror(errno)};
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot("make a pipe to a child");
  const FileHandle listener(ends[0]);
  FileHandle speaker(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return cannot("fork a child");
  if (child == 0) be_the_child(look, speaker.get(), parent);
  speaker = FileHandle();
  return end_of(child, listen(listener.get(), hear, deadline, progress, silence));
}

}  // namespace dormouse::hal_linux
