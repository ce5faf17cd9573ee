// Bytes that someone compressed, and did not say how: told by how they begin.
//
//   zlib   CMF FLG with CM 8 and a check of both   RFC 1950
//   gzip   1f 8b 08                                RFC 1952
//   zstd   28 b5 2f fd                             RFC 8878
//   lz4    04 22 4d 18                             LZ4 frame format
//   raw    anything else, and what only looks so: numbers may begin with any bytes
//
// An LZ4 block has no such mark. As Python's lz4.block writes it, it begins with the size of what
// it stands for, which only a caller who knows that can take for one: lz4_block_size().
//
// The compressed bytes are a claim: the caller says how much they can stand for at most, and no
// more is decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace actogram {

// Do not change these values: they are written in recordings.
enum class Compression : uint8_t { raw = 1, zlib = 2, gzip = 3, zstd = 4, lz4 = 5, lz4_block = 6 };
inline constexpr Compression kCompressions[] = {Compression::raw,  Compression::zlib,
                                                Compression::gzip, Compression::zstd,
                                                Compression::lz4,  Compression::lz4_block};

std::string_view name_of(Compression compression);

// By the first bytes alone; never lz4_block.
Compression compression_of(std::span<const std::byte> bytes);

// How many bytes they stand for if they are an lz4_block, which is not known; nothing where no
// block of this length could.
std::optional<size_t> lz4_block_size(std::span<const std::byte> bytes);

// What the bytes stand for; several streams in a row are one. Error{corrupt} where they are
// damaged, cut short, or stand for more than `most` bytes; `what` names them there.
std::string decompress(std::span<const std::byte> bytes, Compression compression, size_t most,
                       const std::string& what);

// At the library's default level. `what` as above.
std::string compress(std::span<const std::byte> bytes, Compression compression,
                     const std::string& what);

}  // namespace actogram
