// SPDX-License-Identifier: Apache-2.0
// The program: runs a device, asks one, explains its decisions, simulates it.
#include "tools/device/linux_device.hpp"
#include "tools/dormouse/commands.hpp"

int main(int argc, char** argv) {
  using namespace dormouse;
  cli::CommandLine line("dormouse", "A runtime for jobs and schedules on devices that lose power", version());
  cli::add_run(line);
  cli::add_device(line);
  cli::add_boots(line);
  cli::add_jobs(line);
  cli::add_schedules(line);
  cli::add_cron(line);
  cli::add_sim(line);
  cli::add_store(line);
  cli::add_flash(line);
  cli::add_time(line);
  return line.run(argc, argv);
}
