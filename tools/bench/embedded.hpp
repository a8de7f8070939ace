// SPDX-License-Identifier: Apache-2.0
// A device inside this process with C++ handlers and a store on disk.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "tools/bench/program.hpp"
#include "tools/device/linux_device.hpp"

namespace dormouse::bench {

class Embedded {
 public:
  /// Starts it and waits until it takes jobs.
  static Result<std::unique_ptr<Embedded>> start(const std::filesystem::path& parent, actors::Handlers handlers,
                                                 Limits limits);
  ~Embedded();  // stops it and waits
  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

  actors::Device& device() { return device_->device(); }
  Result<client::Client> connect() const { return client::Client::connect(socket()); }

  /// Jobs that ended so far, their ends durable.
  std::uint64_t ended();
  /// Blocks until so many have; false after two minutes.
  bool wait_ended(std::uint64_t count);

  /// What the device itself counts as given to the disk.
  Result<store::Tree::Traffic> traffic() const;

 private:
  explicit Embedded(const std::filesystem::path& parent) : folder_(parent) {}
  std::string socket() const { return (folder_.path() / "socket").string(); }
  void observe(const actors::Event& event);

  Folder folder_;
  std::unique_ptr<LinuxDevice> device_;
  std::thread loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  bool over_ = false;
  std::uint64_t ended_ = 0;
};

/// A handler "noop" that does nothing, so many at a time.
actors::Handlers no_op(std::uint64_t at_once);
/// A job for it with 64 bytes of args.
jobs::JobSpec no_op_job(jobs::DueSpec due);

/// Limits under which ten thousands of jobs may wait.
Limits roomy_limits();

}  // namespace dormouse::bench
