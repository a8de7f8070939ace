// SPDX-License-Identifier: Apache-2.0
// Single actors on a bench: one thread, run until quiet, a clock that stands until moved. Whoever asks here
// remembers every answer and when it came.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "actors/events.hpp"
#include "actors/messages.hpp"
#include "actors/storage/storage.hpp"
#include "actors/time/device_time.hpp"
#include "hal/sim/clock.hpp"
#include "hal/sim/memory_medium.hpp"
#include "runtime/store/memory_tree.hpp"

namespace dormouse::actors {

inline hal_sim::SimClockSetup noon() {
  hal_sim::SimClockSetup setup;
  setup.start = WallTime{1'800'000'000'000};
  return setup;
}

class Bench {
 public:
  /// Without a journal every group commits the tree, so that a commit that fails refuses it.
  explicit Bench(Limits limits = {}, bool with_journal = true) : limits_(limits), with_journal_(with_journal) {}
  ~Bench() {
    if (storage_) caf::anon_send_exit(storage_, caf::exit_reason::kill);
    settle();
  }

  void settle() { dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler()).run(); }
  caf::actor_system& system() { return system_; }
  hal_sim::SimClock& clock() { return clock_; }
  std::shared_ptr<DeviceTime> time() { return time_; }
  store::MemoryDisk& disk() { return disk_; }
  hal_sim::MemoryFile& journal() { return journal_; }
  const store::JournalFacts& facts() const { return facts_; }
  const std::vector<Event>& events() const { return events_; }
  Observer observer() {
    return [this](const Event& event) { events_.push_back(event); };
  }
  /// Groups that were made durable so far.
  std::uint64_t syncs() const { return with_journal_ ? journal_.syncs() : disk_.traffic().syncs / 2; }

  StorageSetup setup() {
    return {.open_store = [this] { return open_store(); },
            .time = time_,
            .limits = limits_,
            .observe = observer(),
            .own_thread = false};
  }
  Result<store::OpenedStore> open_store() {
    store::StoreParts parts{.tree = store::open_memory_tree(disk_), .facts = facts_};
    if (with_journal_) parts.journal = hal_sim::open_memory_medium(journal_);
    auto store = store::Store::open(std::move(parts), limits_);
    if (!store.ok()) return std::move(store).error();
    return store::opened(std::move(*store));
  }

  /// The storage actor, its store open and the handler `h` known.
  const StorageActor& storage() {
    if (storage_) return storage_;
    storage_ = spawn_storage(system_, setup());
    check(ask(storage_, open_now()).ok(), "bench:open");
    caf::anon_send(storage_, HandlersChanged{{{"h", 1}}});
    settle();
    return storage_;
  }
  OpenStore open_now() const {
    OpenStore open;
    open.facts.sample = clock_.read();
    open.facts.kernel_boot_id = clock_.kernel_boot_id();
    open.facts.version = "test";
    return open;
  }
  /// The power goes: of what was not synced the files keep what is said. storage() is then the next boot's.
  void power_cut(const hal_sim::MemoryFile::KeepsNew& keeps_new = [](std::uint64_t) { return false; }) {
    disk_.cut_power();
    journal_.cut_power(keeps_new);
    caf::anon_send_exit(storage_, caf::exit_reason::kill);
    settle();
    storage_ = nullptr;
    clock_.power_cut(Duration{60'000});
    disk_.restore();
    journal_.restore();
  }

  template <class T>
  struct Told {
    std::optional<Result<T>> result;  // none: not answered yet
    std::uint64_t place = 0;          // among all answers of this bench
    std::uint64_t syncs = 0;          // that had been done by then
    std::uint64_t tree_syncs = 0;     // of the tree alone
    unsigned times = 0;
  };
  template <class T>
  using Pending = std::shared_ptr<Told<T>>;

  /// Sends an operation; nothing is done before settle().
  template <class Actor, class Op>
  Pending<typename Op::Value> send(const Actor& actor, Op op) {
    using Value = typename Op::Value;
    auto told = std::make_shared<Told<Value>>();
    const auto asker = [this, told, op = std::move(op)](caf::event_based_actor* self, const Actor& asked) {
      self->request(asked, caf::infinite, op).then([this, told](Answer<Value>& answer) {
        told->result = std::move(answer.result);
        told->place = ++answers_;
        told->syncs = syncs();
        told->tree_syncs = disk_.traffic().syncs;
        ++told->times;
      });
    };
    system_.spawn(asker, actor);
    return told;
  }
  template <class Actor, class Op>
  Result<typename Op::Value> ask(const Actor& actor, Op op) {
    auto told = send(actor, std::move(op));
    settle();
    check(told->result.has_value(), "bench:unanswered");
    return *std::move(told->result);
  }

 private:
  static caf::actor_system_config config() {
    caf::actor_system_config config;
    config.set("scheduler.policy", caf::atom("testing"));
    return config;
  }

  Limits limits_;
  caf::actor_system_config config_ = config();
  caf::actor_system system_{config_};
  bool with_journal_;
  store::MemoryDisk disk_;
  store::JournalFacts facts_{.half_bytes = limits_.journal_half_bytes, .store_id = "0123456789abcdef"};
  hal_sim::MemoryFile journal_{facts_.file_bytes()};
  hal_sim::SimClock clock_{noon()};
  std::shared_ptr<DeviceTime> time_ = std::make_shared<DeviceTime>(clock_);
  std::vector<Event> events_;
  std::uint64_t answers_ = 0;
  StorageActor storage_;
};

inline EnqueueJobs enqueue(const std::string& handler, std::size_t args = 0) {
  jobs::JobSpec spec;
  spec.handler = handler;
  spec.args = Bytes(args, 'x');
  spec.due = jobs::DueAfter{Duration{3'600'000}};
  return {Identity{}, jobs::Trigger::call, {spec}};
}

}  // namespace dormouse::actors
