// Bytes as text, as RFC 4648 has it: four characters for three bytes, padded.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace actogram {

void append_base64(std::span<const std::byte> bytes, std::string& to);

}  // namespace actogram
