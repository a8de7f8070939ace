// SPDX-License-Identifier: Apache-2.0
// Records what this process does below one folder (record.hpp), from its making until stop(). One at a time.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "tests/crash/harness/observer.hpp"
#include "tests/crash/harness/record.hpp"
#include "tests/crash/harness/witness.hpp"

namespace dormouse::crash {

class Recorder final : public Observer, public Witness {
 public:
  /// The folder exists. What lies in it counts as durable.
  explicit Recorder(std::filesystem::path folder);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() override { observe(nullptr); }

  void applied(std::uint64_t sequence) override { mark(Op::Kind::applied, sequence); }
  void acked(std::uint64_t sequence) override { mark(Op::Kind::acked, sequence); }

  /// Ends it. Dies if the folder is not what the record says: then a call went past the recorder.
  Record stop();

  void made(Inode folder, const std::string& name, Inode child, bool is_folder) override;
  void removed(Inode folder, const std::string& name) override;
  void renamed(Inode from, const std::string& name, Inode to, const std::string& new_name, Inode child) override;
  void gone(Inode file) override { inodes_.erase(file); }
  void written(Inode file, std::uint64_t offset, std::string_view bytes, bool synced) override;
  void resized(Inode file, std::uint64_t size) override;
  void synced(Inode file_or_folder) override;

 private:
  void mark(Op::Kind kind, std::uint64_t sequence);
  const int* known(Inode inode) const;

  std::filesystem::path folder_;
  std::map<Inode, int> inodes_;
  std::set<int> unreliable_;  // files whose content no program relies on after a cut
  Record record_;
};

}  // namespace dormouse::crash
