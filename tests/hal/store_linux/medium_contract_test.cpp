// SPDX-License-Identifier: Apache-2.0
// What every medium promises; and the faults that the simulated one can be told to have.
#include <fcntl.h>

#include <gtest/gtest.h>

#include "hal/linux/files/file_medium.hpp"
#include "hal/sim/memory_medium.hpp"
#include "tests/hal/store_linux/places.hpp"

namespace dormouse::hal_linux {
namespace {

enum class Kind { file, memory };

class Medium : public testing::TestWithParam<Kind> {
 protected:
  static constexpr std::uint64_t size = 8192;
  std::unique_ptr<store::StorageMedium> open() {
    if (GetParam() == Kind::memory) return hal_sim::open_memory_medium(memory_);
    auto opened = open_file_medium(folder_.path() / "file", size);
    EXPECT_EQ(errors_of(opened), "ok");
    return std::move(opened).value();
  }

 private:
  TempFolder folder_;
  hal_sim::MemoryFile memory_{size};
};
INSTANTIATE_TEST_SUITE_P(Media, Medium, testing::Values(Kind::file, Kind::memory),
                         [](const auto& param) { return param.param == Kind::file ? "file" : "memory"; });

TEST_P(Medium, IsZeroedWhenNew) {
  auto medium = open();
  EXPECT_EQ(medium->size(), size);
  EXPECT_EQ(medium->read(0, size).value(), Bytes(size, '\0'));
}

TEST_P(Medium, KeepsWhatWasWrittenWhereItWasWritten) {
  {
    auto medium = open();
    ASSERT_TRUE(medium->write(1'000, "one").ok());
    ASSERT_TRUE(medium->write(size - 3, "end").ok());
    ASSERT_TRUE(medium->write(1'001, "X").ok());
    EXPECT_EQ(medium->read(999, 5).value(), Bytes("\0oXe\0", 5));
    ASSERT_TRUE(medium->sync().ok());
  }
  auto medium = open();
  EXPECT_EQ(medium->read(1'000, 3).value(), "oXe");
  EXPECT_EQ(medium->read(size - 3, 3).value(), "end");
}

TEST_P(Medium, ReadsLessOnlyAtTheEnd) {
  auto medium = open();
  EXPECT_EQ(medium->read(size - 3, 10).value().size(), 3u);
  EXPECT_EQ(medium->read(size, 10).value(), "");
  EXPECT_EQ(medium->read(size + 5, 10).value(), "");
}

TEST(FileMedium, AShorterFileIsExtendedAndKeepsItsBytes) {
  TempFolder folder;
  write_file(folder.path() / "file", "short");
  auto medium = open_file_medium(folder.path() / "file", 4096);
  ASSERT_EQ(errors_of(medium), "ok");
  EXPECT_EQ((*medium)->read(0, 6).value(), Bytes("short\0", 6));
  EXPECT_EQ(std::filesystem::file_size(folder.path() / "file"), 4096u);
}

TEST(FileMedium, OneForReadingHasTheSizeOfItsFileAndTakesNothing) {
  TempFolder folder;
  write_file(folder.path() / "file", "content");
  FileHandle file(::open((folder.path() / "file").c_str(), O_RDONLY | O_CLOEXEC));
  auto medium = make_file_medium_for_reading(std::move(file), folder.path() / "file");
  ASSERT_EQ(errors_of(medium), "ok");
  EXPECT_EQ((*medium)->size(), 7u);
  EXPECT_EQ((*medium)->read(3, 100).value(), "tent");
  EXPECT_EQ(errors_of((*medium)->write(0, "C")), "store.read_only");
  EXPECT_EQ(content_of(folder.path() / "file"), "content");
}

TEST(FileMedium, AnImpossiblePlaceIsNamed) {
  TempFolder folder;
  const auto medium = open_file_medium(folder.path() / "absent" / "file", 4096);
  ASSERT_EQ(errors_of(medium), "store.io");
  EXPECT_NE(medium.error().message.find("absent/file"), std::string::npos);
}

TEST(MemoryMedium, ACutTearsUnsyncedWritesIntoUnits) {
  hal_sim::MemoryFile file(4096);
  auto medium = hal_sim::open_memory_medium(file);
  ASSERT_TRUE(medium->write(0, Bytes(2048, 'a')).ok());
  ASSERT_TRUE(medium->sync().ok());
  ASSERT_TRUE(medium->write(0, Bytes(1536, 'b')).ok());
  file.cut_power([](std::uint64_t unit) { return unit == 1; });
  EXPECT_EQ(errors_of(medium->write(0, "x")), "store.io");
  EXPECT_EQ(errors_of(medium->read(0, 1)), "store.io");
  EXPECT_EQ(errors_of(medium->sync()), "store.io");
  file.restore();
  EXPECT_EQ(hal_sim::open_memory_medium(file)->read(0, 2048).value(),
            Bytes(512, 'a') + Bytes(512, 'b') + Bytes(1024, 'a'));
}

TEST(MemoryMedium, AfterAFailedSyncALaterOneProvesNothingAboutWhatItCovered) {
  hal_sim::MemoryFile file(4096);
  auto medium = hal_sim::open_memory_medium(file);
  ASSERT_TRUE(medium->write(0, "lost").ok());
  ASSERT_TRUE(medium->write(512, "again").ok());
  file.fail_syncs();
  EXPECT_EQ(errors_of(medium->sync()), "store.io");
  EXPECT_EQ(medium->read(0, 4).value(), "lost");
  ASSERT_TRUE(medium->write(512, "again").ok());
  ASSERT_TRUE(medium->sync().ok());
  file.cut_power();
  file.restore();
  EXPECT_EQ(medium->read(0, 4).value(), Bytes(4, '\0'));
  EXPECT_EQ(medium->read(512, 5).value(), "again");
}

TEST(MemoryMedium, WritesFailAsOftenAsTold) {
  hal_sim::MemoryFile file(512);
  auto medium = hal_sim::open_memory_medium(file);
  file.fail_writes(2);
  EXPECT_EQ(errors_of(medium->write(0, "a")), "store.io");
  EXPECT_EQ(errors_of(medium->write(0, "a")), "store.io");
  EXPECT_EQ(errors_of(medium->write(0, "a")), "ok");
}

}  // namespace
}  // namespace dormouse::hal_linux
