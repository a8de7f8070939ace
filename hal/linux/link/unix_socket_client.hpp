// SPDX-License-Identifier: Apache-2.0
// The other end of the unix socket, blocking, for programs that ask and wait: the command line. One thread.
#pragma once

#include <string>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"
#include "runtime/time/types.hpp"

namespace dormouse::hal_linux {

class UnixSocketClient {
 public:
  /// link.path_too_long; link.no_runtime: nothing listens there; link.denied: the file may not be opened;
  /// link.no_answer: 5 s without being accepted; link.cannot_open: the rest.
  static Result<UnixSocketClient> connect(const std::string& path);

  UnixSocketClient(UnixSocketClient&& other) noexcept;
  UnixSocketClient& operator=(UnixSocketClient&& other) noexcept;
  ~UnixSocketClient();

  /// link.no_answer if the peer does not take all within `wait`; link.down if it is gone.
  Status write_all(BytesView bytes, Duration wait);
  /// At least one byte, as it arrives; nothing: the peer has ended the stream. link.no_answer after `wait`
  /// without a byte; link.down if the connection broke.
  Result<Bytes> read_some(Duration wait);

 private:
  explicit UnixSocketClient(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace dormouse::hal_linux
