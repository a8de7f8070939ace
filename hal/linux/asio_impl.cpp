// SPDX-License-Identifier: Apache-2.0
// asio's own sources, compiled once here instead of in every file that includes it.
#include <asio/impl/src.hpp>
