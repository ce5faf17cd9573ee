#include "codec/padding.h"

#include <algorithm>

#include "actogram/error.h"

namespace actogram {

void drop_padding(std::vector<int32_t>& ids, std::span<const int32_t> mask,
                  const std::string& where) {
  if (mask.size() != ids.size()) {
    fail(Code::corrupt, "{}: \"{}\" has {} entries for {} token ids", where, kMaskColumn,
         mask.size(), ids.size());
  }
  const auto filler = std::ranges::find_if(mask, [](int32_t entry) { return entry != 1; });
  const auto n = static_cast<size_t>(filler - mask.begin());
  for (size_t i = n; i < mask.size(); ++i) {
    if (mask[i] == 0) continue;
    if (mask[i] == 1) {
      fail(Code::unsupported,
           "{}: \"{}\": a filler at {}, before the token at {}; only padding on the right is left "
           "out: tokenize with padding_side=\"right\", or without padding",
           where, kMaskColumn, n, i);
    }
    fail(Code::corrupt, "{}: \"{}\": entry {}: expected 0 or 1, found {}", where, kMaskColumn, i,
         mask[i]);
  }
  ids.resize(n);
}

}  // namespace actogram
