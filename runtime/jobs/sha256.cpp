// SPDX-License-Identifier: Apache-2.0
#include "runtime/jobs/sha256.hpp"

#include <nettle/sha2.h>

namespace dormouse::jobs {

Bytes sha256(BytesView data) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, data.size(), reinterpret_cast<const std::uint8_t*>(data.data()));
  Bytes digest(SHA256_DIGEST_SIZE, '\0');
  sha256_digest(&context, digest.size(), reinterpret_cast<std::uint8_t*>(digest.data()));
  return digest;
}

}  // namespace dormouse::jobs
