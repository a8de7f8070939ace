// SPDX-License-Identifier: Apache-2.0
// fork and exec in a process with threads: between the two, another thread's lock may be held for ever, so the
// child makes system calls only, on memory that was laid out before.
#include "hal/linux/process/spawn.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace dormouse::hal_linux {
namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int first_free_fd = 3;

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd reader, writer;
};

enum class Step : int { new_session, privileges, user, parent, directory, streams, exec };

struct Complaint {
  Step step;
  int error;
};

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// What the child needs, as the kernel wants it.
struct Prepared {
  std::vector<std::string> strings;  // backs the pointers; never grows after they are taken
  std::vector<char*> argv, environment;
  std::vector<std::string> programs;  // where argv[0] may lie, in order
  std::vector<const char*> program_pointers;
  std::optional<User> user;  // none: stay who we are
  const char* directory = "/";
  int input = -1, output = -1, errors = -1, complaint = -1;
  pid_t parent = -1;
  rlim_t descriptors = 0;
};

Error cannot_start(const std::string& what, int error) {
  return {.code = "exec.not_found", .message = what + ": " + std::strerror(error)};
}

// Never one of the three standard ones, which are replaced in the child one after the other.
Result<Fd> moved_up(Fd fd) {
  if (fd.get() >= first_free_fd) return Result<Fd>(std::move(fd));
  Fd higher(::fcntl(fd.get(), F_DUPFD_CLOEXEC, first_free_fd));
  if (higher.get() < 0) return cannot_start("descriptor", errno);
  return Result<Fd>(std::move(higher));
}

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return cannot_start("pipe", errno);
  Fd first(fds[0]), second(fds[1]);
  auto reader = moved_up(std::move(first));
  auto writer = moved_up(std::move(second));
  if (!reader) return reader.error();
  if (!writer) return writer.error();
  return Result<Pipe>(Pipe{std::move(reader).value(), std::move(writer).value()});
}

Result<User> look_up(const std::string& name) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return cannot_start("user \"" + name + "\"", error != 0 ? error : ENOENT);
  User user{entry.pw_uid, entry.pw_gid, {}};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));  // now it says how many there are
    ::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count);
  }
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

std::vector<std::string> places_of(const hal::Command& command) {
  const auto& name = command.argv.front();
  if (name.find('/') != std::string::npos) return {name};
  std::string path = default_path;
  for (const auto& [variable, value] : command.environment)
    if (variable == "PATH") path = value;
  std::vector<std::string> places;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find(':', begin), path.size());
    // An empty entry would mean the working directory: never looked into.
    if (end > begin) places.push_back(path.substr(begin, end - begin) + "/" + name);
    begin = end + 1;
  }
  return places;
}

Result<Prepared> prepare(const hal::Command& command) {
  if (command.argv.empty() || command.argv.front().empty()) return cannot_start("command without a name", EINVAL);
  Prepared prepared;
  if (!command.user.empty()) {
    auto user = look_up(command.user);
    if (!user) return user.error();
    if (user->uid != ::geteuid() || user->gid != ::getegid()) prepared.user = std::move(user).value();
  }
  prepared.strings = command.argv;
  for (const auto& [name, value] : command.environment) prepared.strings.push_back(name + "=" + value);
  for (std::size_t i = 0; i < prepared.strings.size(); ++i) {
    auto& pointers = i < command.argv.size() ? prepared.argv : prepared.environment;
    pointers.push_back(prepared.strings[i].data());
  }
  prepared.argv.push_back(nullptr);
  prepared.environment.push_back(nullptr);
  prepared.programs = places_of(command);
  for (const auto& program : prepared.programs) prepared.program_pointers.push_back(program.c_str());
  if (!command.directory.empty()) prepared.directory = command.directory.c_str();
  prepared.parent = ::getpid();
  rlimit limit{};
  prepared.descriptors = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::min<rlim_t>(limit.rlim_cur, 65'536) : 1'024;
  return Result<Prepared>(std::move(prepared));
}

// ---- in the child: system calls only ----

[[noreturn]] void complain(const Prepared& child, Step step) {
  const Complaint complaint{step, errno};
  [[maybe_unused]] const auto written = ::write(child.complaint, &complaint, sizeof complaint);
  ::_exit(127);
}

// The library's setuid and friends lock and signal threads that do not exist here: ask the kernel itself.
bool become(const User& user) {
#ifdef SYS_setgroups32  // where the plain numbers take 16-bit ids
  return ::syscall(SYS_setgroups32, user.groups.size(), user.groups.data()) == 0 &&
         ::syscall(SYS_setresgid32, user.gid, user.gid, user.gid) == 0 &&
         ::syscall(SYS_setresuid32, user.uid, user.uid, user.uid) == 0;
#else
  return ::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
#endif
}

// Marked, not closed: the complaint must be writable until exec.
void let_nothing_through(const Prepared& child) {
  if (::syscall(SYS_close_range, first_free_fd, ~0U, /* CLOSE_RANGE_CLOEXEC */ 4U) == 0) return;
  for (rlim_t fd = first_free_fd; fd < child.descriptors; ++fd) ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
}

// The parent's handlers must not run here: they write into descriptors that both share.
void default_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_command(const Prepared& child) {
  if (::setsid() < 0) complain(child, Step::new_session);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) complain(child, Step::privileges);
  if (child.user && !become(*child.user)) complain(child, Step::user);
  // After the change of user, which clears it. A parent that died before this line would be missed: look.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != child.parent)
    complain(child, Step::parent);
  ::umask(077);
  if (::chdir(child.directory) != 0) complain(child, Step::directory);
  if (::dup2(child.input, STDIN_FILENO) < 0 || ::dup2(child.output, STDOUT_FILENO) < 0 ||
      ::dup2(child.errors, STDERR_FILENO) < 0)
    complain(child, Step::streams);
  let_nothing_through(child);
  default_signals();
  int reason = ENOENT;
  for (const char* program : child.program_pointers) {
    ::execve(program, child.argv.data(), child.environment.data());
    // As a shell does: a file that may not be run is worth more words than the places that lack one.
    if (errno == ENOENT || errno == ENOTDIR) continue;
    reason = errno;
    if (errno != EACCES) break;
  }
  errno = reason;
  complain(child, Step::exec);
}

// ---- in the parent again ----

pid_t fork_into(const Prepared& child) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) become_command(child);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

bool make_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

const char* words_for(Step step) {
  switch (step) {
    case Step::new_session:
      return "new session";
    case Step::privileges:
      return "no new privileges";
    case Step::user:
      return "change of user";
    case Step::parent:
      return "watch over the parent";
    case Step::directory:
      return "working directory";
    case Step::streams:
      return "standard streams";
    case Step::exec:
      break;
  }
  return "start";
}

}  // namespace

Result<Spawned> spawn(const hal::Command& command) {
  auto prepared = prepare(command);
  if (!prepared) return prepared.error();
  auto input = make_pipe();
  if (!input) return input.error();
  auto output = make_pipe();
  if (!output) return output.error();
  auto errors = make_pipe();
  if (!errors) return errors.error();
  auto complaint = make_pipe();
  if (!complaint) return complaint.error();
  for (const int fd : {input->writer.get(), output->reader.get(), errors->reader.get(), complaint->reader.get()})
    if (!make_non_blocking(fd)) return cannot_start("pipe", errno);

  prepared->input = input->reader.get();
  prepared->output = output->writer.get();
  prepared->errors = errors->writer.get();
  prepared->complaint = complaint->writer.get();
  const pid_t pid = fork_into(*prepared);
  if (pid < 0) return cannot_start("fork", errno);
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd.get() < 0) {  // nobody would notice its end
    const int error = errno;
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    return cannot_start("watching the process", error);
  }
  return Spawned{.pid = pid,
                 .pidfd = pidfd.release(),
                 .input = input->writer.release(),
                 .output = output->reader.release(),
                 .errors = errors->reader.release(),
                 .complaint = complaint->reader.release()};
}

std::string read_complaint(int fd, const hal::Command& command) {
  Complaint complaint{};
  if (::read(fd, &complaint, sizeof complaint) != sizeof complaint) return {};
  return command.argv.front() + ": " + words_for(complaint.step) + ": " + std::strerror(complaint.error);
}

}  // namespace dormouse::hal_linux
