// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace dormouse {

void fail_check(const char* module_id) noexcept {
  std::fprintf(stderr, "dormouse: broken invariant %s\n", module_id);
  std::abort();
}

}  // namespace dormouse
