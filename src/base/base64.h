// Bytes as text, as RFC 4648 has it: four characters for three bytes, padded.
#pragma once

#include <cstddef>
#include <span>

namespace actogram {

// What write_base64() needs for `n_bytes`: their text, and a byte behind it.
constexpr size_t base64_room(size_t n_bytes) { return (n_bytes + 2) / 3 * 4 + 1; }

// Returns the end of the text; what is behind it is not kept. Requires: room for all at `to`.
char* write_base64(std::span<const std::byte> bytes, char* to);

}  // namespace actogram
