// SPDX-License-Identifier: Apache-2.0
// An ext4 file system of its own, in a file, that the kernel can be made to turn read-only while files on it are
// open, as it does after an error of its medium. Needs root, loop devices and mkfs.ext4.
#pragma once

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include "hal/linux/files/durable_file.hpp"
#include "tests/hal/store_linux/places.hpp"

namespace dormouse::hal_linux {

class Ext4 {
 public:
  Ext4() {
    const auto image = folder_.path() / "image";
    write_file(image, "");
    std::filesystem::resize_file(image, 16 * 1024 * 1024);
    mounted_ = format(image) && attach(image) &&
               ::mount(device_.c_str(), point_.path().c_str(), "ext4", 0, "errors=remount-ro") == 0;
    loop_ = FileHandle();  // without a mount the device goes with its last descriptor
  }
  Ext4(const Ext4&) = delete;
  Ext4& operator=(const Ext4&) = delete;
  ~Ext4() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  explicit operator bool() const { return mounted_; }
  const std::filesystem::path& path() const { return point_.path(); }

  /// From now on the kernel writes nothing more there; what it holds can be read.
  bool turn_read_only() const {
    const std::string name = std::filesystem::path(device_).filename();
    const FileHandle trigger(::open(("/sys/fs/ext4/" + name + "/trigger_fs_error").c_str(), O_WRONLY | O_CLOEXEC));
    return trigger && ::write(trigger.get(), "test", 4) == 4;
  }

 private:
  static bool format(const std::filesystem::path& image) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execlp("mkfs.ext4", "mkfs.ext4", "-q", "-F", image.c_str(), nullptr);
      ::_exit(127);
    }
    int status = -1;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
  }
  bool attach(const std::filesystem::path& image) {
    const FileHandle control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    const FileHandle file(::open(image.c_str(), O_RDWR | O_CLOEXEC));
    for (int tries = 0; control && file && tries < 10; ++tries) {  // somebody else may take the free one
      const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
      if (number < 0) return false;
      device_ = "/dev/loop" + std::to_string(number);
      loop_ = FileHandle(::open(device_.c_str(), O_RDWR | O_CLOEXEC));
      loop_config config{};
      config.fd = static_cast<__u32>(file.get());
      config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
      if (loop_ && ::ioctl(loop_.get(), LOOP_CONFIGURE, &config) == 0) return true;
    }
    return false;
  }

  TempFolder folder_;
  TempFolder point_;
  std::string device_;
  FileHandle loop_;
  bool mounted_ = false;
};

}  // namespace dormouse::hal_linux
