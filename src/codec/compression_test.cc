#include "codec/compression.h"

#include <gtest/gtest.h>

#include "actogram/error.h"
#include "base/file.h"

namespace actogram {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string error_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::corrupt) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

// What Python's zlib and gzip and pyarrow made of the same text.
std::string packed(const std::string& name) {
  return read_file(ACTOGRAM_SOURCE_DIR "/tests/fuzz/compression_fuzz/" + name);
}

TEST(Compression, IsToldByTheFirstBytes) {
  const std::string text = packed("json");
  for (const Compression compression : kCompressions) {
    SCOPED_TRACE(name_of(compression));
    const bool raw = compression == Compression::raw, block = compression == Compression::lz4_block;
    const std::string bytes = raw ? text : packed(std::string(name_of(compression)));
    EXPECT_EQ(compression_of(bytes_of(bytes)), block ? Compression::raw : compression);
    if (block) {
      EXPECT_EQ(lz4_block_size(bytes_of(bytes)), text.size());
    }
    EXPECT_EQ(decompress(bytes_of(bytes), compression, text.size(), "x"), text);
  }
  EXPECT_EQ(compression_of({}), Compression::raw);
  EXPECT_EQ(compression_of(bytes_of("x")), Compression::raw);
  EXPECT_EQ(compression_of(bytes_of("\x78\x9d")), Compression::raw);  // a wrong check
}

TEST(Compression, ABlockClaimsNoMoreThanItsLengthAllows) {
  using namespace std::string_literals;
  EXPECT_EQ(lz4_block_size(bytes_of("\x02\0\0\0"s)), std::nullopt);  // not even a token
  EXPECT_EQ(lz4_block_size(bytes_of("\xfe\0\0\0x"s)), 254);
  EXPECT_EQ(lz4_block_size(bytes_of("\0\1\0\0x"s)), std::nullopt);
  EXPECT_EQ(lz4_block_size(bytes_of("[[17, 1.61]]")), std::nullopt);
  error_of([] { decompress(bytes_of("\xfe\0\0\0x"s), Compression::lz4_block, 1000, "x"); });
  error_of([] { decompress(bytes_of("\0\1\0\0x"s), Compression::lz4_block, 1000, "x"); });
}

TEST(Compression, NothingIsDecodedBeyondTheBound) {
  const std::string zeros(10'000'000, '\0');
  for (const Compression compression : kCompressions) {
    SCOPED_TRACE(name_of(compression));
    const std::string bytes = compress(bytes_of(zeros), compression, "x");
    EXPECT_EQ(decompress(bytes_of(bytes), compression, zeros.size(), "x"), zeros);
    EXPECT_EQ(error_of([&] { decompress(bytes_of(bytes), compression, 9'999'999, "x"); }),
              "x: " + std::string(name_of(compression)) +
                  " that stands for more than the 9999999 bytes there can be");
  }
}

TEST(Compression, WhatIsCutShortIsAnError) {
  const std::string text = packed("json");
  for (const char* name : {"zlib", "gzip", "zstd", "lz4", "lz4-block"}) {
    const std::string bytes = packed(name);
    Compression compression = compression_of(bytes_of(bytes));
    if (compression == Compression::raw) compression = Compression::lz4_block;
    for (size_t n = 0; n < bytes.size(); ++n) {
      SCOPED_TRACE(std::string(name) + " " + std::to_string(n));
      error_of([&] { decompress(bytes_of(bytes.substr(0, n)), compression, text.size(), "x"); });
    }
  }
}

TEST(Compression, StreamsInARowAreOne) {
  const std::string text = packed("json"), bytes = packed("gzip");
  EXPECT_EQ(decompress(bytes_of(bytes + bytes), Compression::gzip, 1000, "x"), text + text);
  error_of([&] { decompress(bytes_of(bytes + "more"), Compression::gzip, 1000, "x"); });
}

TEST(Compression, NothingIsSomethingToo) {
  for (const Compression compression : kCompressions) {
    EXPECT_EQ(decompress(bytes_of(compress({}, compression, "x")), compression, 0, "x"), "");
  }
}

}  // namespace
}  // namespace actogram
