// SPDX-License-Identifier: Apache-2.0
// A program with a durable device inside: one handler in C++, one schedule, one job, until Ctrl-C.
// Kill it with SIGKILL at any moment and start it again: what was accepted still runs.
#include <cstdio>

#include "boards/board.hpp"
#include "tools/device/linux_device.hpp"

using namespace dormouse;
using namespace std::chrono_literals;

namespace {

int fail(const Error& error) {
  std::fprintf(stderr, "%s: %s\n", error.code.c_str(), error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  LinuxOptions options;
  auto board = boards::find_board("generic-linux");
  if (!board.ok()) return fail(board.error());
  options.board = *board;
  options.config.limits = options.board.limits;
  options.data_dir = argc > 1 ? argv[1] : "/tmp/dormouse-embed";
  options.socket_path = "-";  // nobody else talks to this device

  schedules::Definition minutely;
  minutely.name = "minutely";
  minutely.timing.text = "* * * * *";
  minutely.handler = "measure";
  minutely.misfire = jobs::Misfire::run_once_if_missed();
  options.config.schedules = {minutely};

  actors::Handlers handlers;
  handlers.add("measure", [](actors::Context& job) {
    std::printf("job %llu: measuring; %llu missed before\n", static_cast<unsigned long long>(job.id()),
                static_cast<unsigned long long>(job.missed_count()));
    return jobs::Outcome::ok("21.5");
  });

  auto device = LinuxDevice::open(std::move(options), std::move(handlers));
  if (!device.ok()) return fail(device.error());
  const Status ended = (*device)->run([&device] {
    jobs::JobSpec later;
    later.handler = "measure";
    later.due = jobs::DueAfter{5s};
    later.misfire = jobs::Misfire::catch_up();
    const auto accepted = (*device)->device().enqueue(later).get();
    if (accepted.ok()) std::printf("job %llu is durable\n", static_cast<unsigned long long>(accepted->id));
  });
  if (!ended.ok()) return fail(ended.error());
}
