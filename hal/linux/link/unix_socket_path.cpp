// SPDX-License-Identifier: Apache-2.0
// Making a listening unix socket without a moment in which too many may open it.
#include "hal/linux/link/unix_socket_path.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace dormouse::hal_linux {
namespace {

constexpr mode_t directory_mode = 0750;
constexpr mode_t socket_mode = 0660;
constexpr int backlog = 16;

Error cannot_open(const std::string& path, int error) {
  return {.code = "link.cannot_open", .message = "socket " + path + ": " + std::strerror(error)};
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Status make_directory(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (directory.empty() || std::filesystem::exists(directory, error)) return done();
  std::filesystem::create_directories(directory.parent_path(), error);
  if (error) return cannot_open(path, error.value());
  if (::mkdir(directory.c_str(), directory_mode) != 0 && errno != EEXIST) return cannot_open(path, errno);
  if (::chmod(directory.c_str(), directory_mode) != 0) return cannot_open(path, errno);  // whatever the umask
  return done();
}

// A listener that is alive answers, or has its queue full (EAGAIN); only a refusal says that it is gone.
bool somebody_listens(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;
  const bool refused = ::connect(probe, generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return !refused;
}

Status remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) {
    if (errno == ENOENT) return done();
    return cannot_open(path, errno);
  }
  if (!S_ISSOCK(there.st_mode))
    return Error{.code = "link.path_taken", .message = "socket " + path + ": a file that is no socket lies there"};
  if (somebody_listens(address))
    return Error{.code = "link.path_taken",
                 .message = "socket " + path + ": another program listens on it",
                 .hint = "stop that program or configure another path"};
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return cannot_open(path, errno);
  return done();
}

}  // namespace

Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  constexpr std::size_t limit = sizeof(address.sun_path) - 1;
  if (path.empty() || path.find('\0') != std::string::npos)
    return Error{.code = "link.cannot_open", .message = "a socket needs a path without zero bytes"};
  if (path.size() > limit)
    return Error{.code = "link.path_too_long",
                 .message = "socket " + path + ": the path has " + std::to_string(path.size()) +
                            " bytes, at most " + std::to_string(limit) + " are allowed"};
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<int> listen_at(const std::string& path) {
  const auto address = socket_address(path);
  if (!address) return address.error();
  if (auto made = make_directory(path); !made) return made.error();
  if (auto removed = remove_stale(path, *address); !removed) return removed.error();
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return cannot_open(path, errno);
  // The mode of the descriptor is what bind gives the file (less the umask), so it is never wider than this;
  // the chmod afterwards only gives back what the umask took.
  if (::fchmod(fd, socket_mode) != 0 || ::bind(fd, generic(*address), sizeof *address) != 0 ||
      ::chmod(path.c_str(), socket_mode) != 0 || ::listen(fd, backlog) != 0) {
    const int error = errno;
    ::close(fd);
    return cannot_open(path, error);
  }
  return fd;
}

}  // namespace dormouse::hal_linux
