// SPDX-License-Identifier: Apache-2.0
// The kernel's texts about a flash device, as captured and as broken.
#include "hal/linux/files/flash_registers.hpp"

#include <gtest/gtest.h>

#include "tests/hal/store_linux/places.hpp"

namespace dormouse::hal_linux {
namespace {

namespace fs = std::filesystem;

// A Raspberry Pi's eMMC, whole disk.
constexpr const char* captured_stat =
    "   40157     9934  2345678    45123   812345   123456  98765432   654321        0   234567   699444     0     "
    " "
    "  0        0        0     1234      567\n";

class SysBlock {
 public:
  SysBlock& has(const std::string& file, const std::string& text) {
    const auto path = folder_.path() / "mmcblk0" / file;
    fs::create_directories(path.parent_path());
    write_file(path, text);
    return *this;
  }
  store::FlashReading read(const std::string& device = "mmcblk0") const {
    return read_flash_registers(device, folder_.path());
  }
  store::FlashWear wear() const {
    store::FlashWearHistory history;
    history.note(read(), 0);
    return history.project({}, {});
  }

 private:
  TempFolder folder_;
};

TEST(FlashRegisters, D083_shows_the_worse_life_time_and_unknown_where_nothing_is_stated) {
  SysBlock stated;
  stated.has("device/life_time", "0x02 0x05\n");
  ASSERT_TRUE(stated.wear().life);
  EXPECT_EQ(stated.wear().life->from_percent(), 40U);
  EXPECT_EQ(stated.wear().life->to_percent(), 50U);

  SysBlock not_stated;
  not_stated.has("device/life_time", "0x00 0x00\n");
  EXPECT_FALSE(not_stated.wear().life);

  const SysBlock no_file;
  EXPECT_FALSE(no_file.wear().life);
  EXPECT_FALSE(no_file.wear().pre_eol || no_file.wear().percent_per_year || no_file.wear().years_left);
}

TEST(FlashRegisters, reads_all_that_a_device_says) {
  SysBlock emmc;
  emmc.has("device/life_time", "0x01 0x02\n").has("device/pre_eol_info", "0x01\n").has("stat", captured_stat);
  const auto reading = emmc.read();
  EXPECT_EQ(reading.life_time, (std::array<std::uint8_t, 2>{1, 2}));
  EXPECT_EQ(reading.pre_eol, 1);
  EXPECT_EQ(reading.device_bytes, 98'765'432ULL * 512);
  EXPECT_FALSE(emmc.read("sda").device_bytes);
}

TEST(FlashRegisters, a_text_that_is_none_says_nothing) {
  for (const auto* text : {"", "\n", "0x02", "0x02 \n", "0x02 0x05 0x06\n", "0x02 0x\n", "2 5\n", "0x102 0x05\n",
                           "0x02 0xzz\n", "-0x2 0x05\n", "0x-2 0x05\n", "unknown\n"})
    EXPECT_FALSE(parse_life_time(text)) << text;
  EXPECT_EQ(parse_life_time("0x0b\t0x0B"), (std::array<std::uint8_t, 2>{11, 11}));
  for (const auto* text : {"", "0x", "1\n", "0x01 0x02\n", "0xfff\n"}) EXPECT_FALSE(parse_pre_eol(text)) << text;
  for (const auto* text : {"", "1 2 3 4 5 6", "1 2 3 4 5 6 x", "1 2 3 4 5 6 -7", "1 2 3 4 5 6 18446744073709551615",
                           "1 2 3 4 5 6 99999999999999999999999"})
    EXPECT_FALSE(parse_written_bytes(text)) << text;
  EXPECT_EQ(parse_written_bytes("1 2 3 4 5 6 7"), 7U * 512);
}

TEST(FlashRegisters, this_machines_own_devices_can_be_asked) {
  std::error_code failed;
  for (const auto& device : fs::directory_iterator("/sys/block", failed)) {
    const auto reading = read_flash_registers(device.path().filename());
    EXPECT_TRUE(reading.device_bytes) << device.path();
  }
}

}  // namespace
}  // namespace dormouse::hal_linux
