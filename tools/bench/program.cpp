// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/program.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "runtime/base/check.hpp"

namespace dormouse::bench {

namespace {

constexpr char config_name[] = "config.toml";

/// The number after "name:" in a file of /proc, 0 if it is not there.
std::uint64_t field_of(const std::filesystem::path& file, std::string_view name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
  }
  return 0;
}

std::filesystem::path proc(pid_t pid) {
  return std::filesystem::path("/proc") / std::to_string(pid);
}

/// Resident KiB of the mappings whose file ends so.
std::uint64_t mapped_kib(pid_t pid, std::string_view file_end) {
  std::ifstream in(proc(pid) / "smaps");
  bool ours = false;
  std::uint64_t kib = 0;
  for (std::string line; std::getline(in, line);) {
    // A mapping begins with its addresses in hexadecimal; its facts begin with a capital letter.
    if (line.empty()) continue;
    if (line[0] < 'A' || line[0] > 'Z') ours = line.ends_with(file_end);
    if (ours && line.starts_with("Rss:")) kib += std::strtoull(line.c_str() + 4, nullptr, 10);
  }
  return kib;
}

}  // namespace

Folder::Folder(const std::filesystem::path& parent) {
  std::string name = (parent / "dormouse-bench-XXXXXX").string();
  check(::mkdtemp(name.data()) != nullptr, "bench:mkdtemp");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Program::socket() const {
  return (folder_.path() / "socket").string();
}

Status Program::spawn() {
  const std::string config_file = (folder_.path() / config_name).string();
  const std::string data = (folder_.path() / "data").string();
  const std::string log = (folder_.path() / "log").string();
  const std::string where = socket();
  pid_ = ::fork();
  if (pid_ < 0) return Error{.code = "bench.fork", .message = "cannot start another process"};
  if (pid_ > 0) return wait_until_it_answers();
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execl(DORMOUSE_PROGRAM, "dormouse", "run", "--config", config_file.c_str(), "--data", data.c_str(), "--socket",
          where.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

Status Program::wait_until_it_answers() const {
  for (int tries = 0; tries < 1'000; ++tries) {
    if (connect()) return done();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::ostringstream log;
  log << std::ifstream(folder_.path() / "log").rdbuf();
  return Error{.code = "bench.no_device", .message = "the program does not answer; it said: " + log.str()};
}

Result<std::unique_ptr<Program>> Program::start(const std::filesystem::path& parent, const std::string& config) {
  std::unique_ptr<Program> program(new Program(parent));
  std::ofstream(program->folder_.path() / config_name) << config;
  if (auto spawned = program->spawn(); !spawned) return std::move(spawned).error();
  return program;
}

void Program::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

Program::~Program() {
  stop();
}

Status Program::restart() {
  stop();
  return spawn();
}

Switches switches_of(pid_t pid) {
  Switches sum;
  for (const auto& task : std::filesystem::directory_iterator(proc(pid) / "task")) {
    ++sum.threads;
    sum.voluntary += field_of(task.path() / "status", "voluntary_ctxt_switches");
    sum.involuntary += field_of(task.path() / "status", "nonvoluntary_ctxt_switches");
  }
  return sum;
}

Memory memory_of(pid_t pid) {
  const auto status = proc(pid) / "status";
  return {.resident = field_of(status, "VmRSS") * 1024,
          .share = field_of(proc(pid) / "smaps_rollup", "Pss") * 1024,
          .anonymous = field_of(status, "RssAnon") * 1024,
          .file = field_of(status, "RssFile") * 1024,
          .store = mapped_kib(pid, "/data.mdb") * 1024};
}

std::uint64_t written_by(pid_t pid) {
  return field_of(proc(pid) / "io", "wchar");
}

}  // namespace dormouse::bench
