// SPDX-License-Identifier: Apache-2.0
// Where a unix socket lies: its address, and the file that a listener makes. Used by both ends.
#pragma once

#include <string>
#include <sys/un.h>

#include "runtime/base/result.hpp"

namespace dormouse::hal_linux {

/// link.path_too_long, naming the limit, if the kernel's address cannot hold the path.
Result<sockaddr_un> socket_address(const std::string& path);

/// A listening, non-blocking descriptor, owned by the caller. Makes the directory (0750) if it is missing and
/// the socket with mode 0660. A socket file that nobody listens on is replaced: the caller holds the lock of the
/// data directory. link.path_taken: something else lies there, or somebody listens. link.cannot_open: the rest.
Result<int> listen_at(const std::string& path);

}  // namespace dormouse::hal_linux
