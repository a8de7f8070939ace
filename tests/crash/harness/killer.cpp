// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/harness/killer.hpp"

#include <cstdlib>
#include <new>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/check.hpp"

namespace dormouse::crash {

namespace {

constexpr std::size_t page_bytes = 4096;

void die() {
  ::kill(::getpid(), SIGKILL);
  while (true) ::pause();
}

}  // namespace

std::size_t Killer::before(std::size_t bytes) {
  const std::uint64_t call = ++life_.calls;
  if (call != at_call_ && !(before_sync_ && bytes == 0)) return bytes;
  life_.killed = true;
  dying_ = true;
  // A kill comes between two pages, never inside one.
  const std::size_t part = bytes / 2 / page_bytes * page_bytes;
  if (part == 0) die();
  return part;
}

void Killer::after() {
  if (dying_) die();
}

void live(Life& life, std::uint64_t at_call, const std::function<void(Killer&)>& work) {
  const pid_t child = ::fork();
  check(child >= 0, "killer:fork");
  if (child == 0) {
    Killer killer(life, at_call);
    observe(&killer);
    work(killer);
    observe(nullptr);
    std::_Exit(0);
  }
  int ended = 0;
  check(::waitpid(child, &ended, 0) == child, "killer:wait");
  const bool killed = WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL;
  check(killed || (WIFEXITED(ended) && WEXITSTATUS(ended) == 0), "killer:ended");
}

SharedLife::SharedLife() {
  void* memory = ::mmap(nullptr, sizeof(Life), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "killer:memory");
  life_ = new (memory) Life;
}

SharedLife::~SharedLife() {
  ::munmap(life_, sizeof(Life));
}

}  // namespace dormouse::crash
