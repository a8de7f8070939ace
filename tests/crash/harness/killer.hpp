// SPDX-License-Identifier: Apache-2.0
// A process that dies at a chosen call, however it comes there: a child that runs some work, and a parent that
// learns from memory which both share how far it had come. Nothing is told over a pipe: a killed child writes no
// more.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "tests/crash/harness/observer.hpp"
#include "tests/crash/harness/witness.hpp"

namespace dormouse::crash {

/// What a life left behind.
struct Life {
  static constexpr std::uint64_t none = UINT64_MAX;
  std::atomic<std::uint64_t> found = none;  // batches it found, once it had opened the store
  std::atomic<std::uint64_t> applied = 0;
  std::atomic<std::uint64_t> answered = 0;
  std::atomic<std::uint64_t> acked = 0;
  std::atomic<std::uint64_t> calls = 0;  // changes of files and syncs
  std::atomic<bool> wrong = false;       // what it found was not what it should have been
  std::atomic<bool> killed = false;
};

/// Counts this process's changes of files and ends it by SIGKILL: in the middle of the chosen one if that is a
/// write, else before it.
class Killer final : public Observer, public Witness {
 public:
  Killer(Life& life, std::uint64_t at_call) : life_(life), at_call_(at_call) {}
  /// Instead, or earlier: at the next call that is no write.
  void kill_before_next_sync() { before_sync_ = true; }

  std::size_t before(std::size_t bytes) override;
  void after() override;
  void made(Inode, const std::string&, Inode, bool) override {}
  void removed(Inode, const std::string&) override {}
  void renamed(Inode, const std::string&, Inode, const std::string&, Inode) override {}
  void gone(Inode) override {}
  void written(Inode, std::uint64_t, std::string_view, bool) override {}
  void resized(Inode, std::uint64_t) override {}
  void synced(Inode) override {}

  void applied(std::uint64_t sequence) override { life_.applied = sequence; }
  void answered(std::uint64_t sequence) override { life_.answered = sequence; }
  void acked(std::uint64_t sequence) override { life_.acked = sequence; }

 private:
  Life& life_;
  std::uint64_t at_call_;
  bool before_sync_ = false;
  bool dying_ = false;
};

/// Forks, and runs the work in the child under a Killer; returns when the child is dead. Dies itself if the child
/// ended in any other way than by a kill or by the end of its work.
void live(Life& life, std::uint64_t at_call, const std::function<void(Killer&)>& work);

/// A Life that the children of this process share with it.
class SharedLife {
 public:
  SharedLife();
  SharedLife(const SharedLife&) = delete;
  SharedLife& operator=(const SharedLife&) = delete;
  ~SharedLife();
  Life& operator*() const { return *life_; }
  Life* operator->() const { return life_; }

 private:
  Life* life_;
};

}  // namespace dormouse::crash
