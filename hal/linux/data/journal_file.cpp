// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/data/journal_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include "hal/linux/files/directory_lock.hpp"
#include "hal/linux/files/file_medium.hpp"
#include "runtime/store/journal_note.hpp"

namespace dormouse::hal_linux {

namespace {

namespace fs = std::filesystem;

constexpr mode_t file_mode = 0640;
constexpr unsigned copies_max = 3;

fs::path numbered(const fs::path& stem, unsigned n) {
  return stem.string() + "-" + std::to_string(n);
}

/// Counts from 1 until a name is free.
unsigned free_number(const fs::path& stem) {
  std::error_code ignored;
  unsigned n = 1;
  while (fs::exists(numbered(stem, n), ignored)) ++n;
  return n;
}

Status fill(const FileHandle& file, const fs::path& path, const store::JournalFacts& facts) {
  const Bytes header = store::encode_journal_header(facts);
  if (auto written = write_at(file.get(), path, 0, header); !written) return written;
  if (auto zeroed = write_zeros(file.get(), path, header.size(), facts.file_bytes()); !zeroed) return zeroed;
  if (::fsync(file.get()) != 0) return file_error("sync", path, errno);
  return done();
}

}  // namespace

Result<FileHandle> make_journal_file(const fs::path& path, const store::JournalFacts& facts) {
  const auto unfinished = unfinished_name(path);
  FileHandle file(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
  if (!file) return file_error("create", unfinished, errno);
  auto made = lock_new_file(file, unfinished);
  if (made) made = fill(file, unfinished, facts);
  if (!made) {
    ::unlink(unfinished.c_str());  // a full disk gets its space back
    return std::move(made).error();
  }
  if (auto renamed = rename_durably(unfinished, path); !renamed) return std::move(renamed).error();
  return file;
}

Result<JournalLook> look_at_journal(const FileHandle& file, const fs::path& path, store::Tree& tree,
                                    const store::JournalFacts& wanted) {
  JournalLook look;
  auto size = size_of(file, path);
  if (!size) return std::move(size).error();
  look.file_bytes = *size;
  auto block = make_file_medium(file.twin(), path, *size)->read(0, store::journal_header_bytes);
  if (!block) return std::move(block).error();
  auto header = store::decode_journal_header(*block);
  if (!header) return std::move(header).error();
  look.header = std::move(header).value();
  auto noted = store::noted_journal(tree);
  if (!noted) return std::move(noted).error();
  look.noted = std::move(noted).value();
  look.facts = look.header ? *look.header : look.noted ? *look.noted : wanted;
  return look;
}

Result<fs::path> move_journal_aside(const fs::path& journal, const fs::path& data) {
  const auto stem = data / "journal.mixed";
  auto aside = numbered(stem, free_number(stem));
  if (auto moved = rename_durably(journal, aside); !moved) return std::move(moved).error();
  return aside;
}

Result<std::optional<fs::path>> copy_journal_aside(const fs::path& journal, const fs::path& data) {
  const auto stem = data / "journal.broken";
  const unsigned n = free_number(stem);
  if (n > copies_max) return std::optional<fs::path>();
  if (auto copied = copy_durably(journal, numbered(stem, n)); !copied) return std::move(copied).error();
  return std::optional<fs::path>(numbered(stem, n));
}

}  // namespace dormouse::hal_linux
