#include "store/provenance.h"

#include <fmt/chrono.h>

#include <ctime>

namespace actogram {

std::string simd_class() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return "avx512";
  if (__builtin_cpu_supports("avx2")) return "avx2";
  return "sse2";
#elif defined(__aarch64__)
  return "neon";
#else
  return "scalar";
#endif
}

Json provenance(const std::vector<std::string>& command) {
  const std::time_t now = std::time(nullptr);
  return {{"program", kProgram},
          {"command", command},
          {"simd", simd_class()},
          {"written", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now))},
          {"shards", Json::array()}};
}

}  // namespace actogram
