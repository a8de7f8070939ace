// SPDX-License-Identifier: Apache-2.0
// Randomness of a simulation: each purpose draws from its own stream, so that one more fault of a kind does not
// shift the others. Nothing else is random.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace dormouse::sim {

inline std::mt19937_64 stream(std::uint64_t seed, const std::string& purpose) {
  // FNV-1a 64 of the purpose, mixed with the seed: fixed by this program, unlike a library's hash.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return std::mt19937_64(hash ^ (seed * 0x9e3779b97f4a7c15));
}

/// Evenly in [0, 1); the same on every machine, unlike the library's distributions.
inline double share(std::mt19937_64& from) {
  return static_cast<double>(from() >> 11) / 9007199254740992.0;
}

}  // namespace dormouse::sim
