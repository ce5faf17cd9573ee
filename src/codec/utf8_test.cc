#include "codec/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace actogram {
namespace {

// The definition, the slow way: decode, and refuse what encodes to other bytes.
size_t character_bytes_slowly(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  const auto byte = [&](size_t i) { return uint32_t(uint8_t(text[at + i])); };
  if (byte(0) < 0x80) return 1;
  const uint32_t first_codes[] = {0, 0, 0x80, 0x800, 0x10000};
  for (size_t bytes = 2; bytes <= 4; ++bytes) {
    const uint32_t mark = (0xf00u >> bytes) & 0xff;
    const uint32_t mask = (0xf80u >> bytes) & 0xff;
    if ((byte(0) & mask) != mark || text.size() - at < bytes) continue;
    uint32_t code = byte(0) & ~mask & 0xff;
    bool follows = true;
    for (size_t i = 1; i < bytes; ++i) {
      follows = follows && byte(i) >> 6 == 2;
      code = code << 6 | (byte(i) & 0x3f);
    }
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    if (follows && code >= first_codes[bytes] && code <= 0x10ffff && !surrogate) return bytes;
  }
  return 0;
}

// Bytes that make characters, near misses and junk about equally likely.
std::string random_text(std::mt19937& rng, size_t max_bytes) {
  const char* const parts[] = {
      "a",    "\n",           "\xc3\xa9", "\xe2\x82\xac",    "\xf0\x9f\x98\x80",
      "\xe2", "\xf0\x9f\x98", "\x80",     "\xed\xa0\x80",    "\xf4\x90\x80\x80",
      "\xff", "\xc0\xaf",     "\xe0\x80", "\xf4\x8f\xbf\xbf"};
  std::string text;
  const size_t bytes = rng() % (max_bytes + 1);
  while (text.size() < bytes) text += parts[rng() % std::size(parts)];
  return text;
}

TEST(Utf8, CharactersAreThoseThatDecodeAndEncodeBack) {
  for (uint32_t bytes = 0; bytes < 1 << 24; bytes += 1 + bytes % 7) {
    std::string text{char(bytes >> 16), char(bytes >> 8), char(bytes), char(0x80 + bytes % 64)};
    ASSERT_EQ(character_bytes(text, 0), character_bytes_slowly(text, 0)) << bytes;
  }
}

TEST(Utf8, RunsCoverTheTextInTurn) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const std::string text = random_text(rng, seed % 100 == 0 ? 20000 : 30);

    std::vector<Utf8Run> expected;
    std::vector<size_t> starts(text.size() + 1);  // of the character that holds a byte
    size_t n_invalid = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t bytes = character_bytes_slowly(text, at);
      if (bytes == 0) ++n_invalid;
      if (expected.empty() || expected.back().valid != (bytes > 0)) {
        expected.push_back({at, at, bytes > 0});
      }
      for (size_t i = 0; i < std::max<size_t>(bytes, 1); ++i) starts[at + i] = at;
      at += std::max<size_t>(bytes, 1);
      expected.back().end = at;
    }
    starts[text.size()] = text.size();

    std::vector<Utf8Run> runs;
    for (auto run = next_run(text, 0); run.begin < run.end; run = next_run(text, run.end)) {
      runs.push_back(run);
    }
    EXPECT_EQ(runs, expected);
    EXPECT_EQ(count_invalid_bytes(text), n_invalid);
    EXPECT_EQ(is_utf8(text), n_invalid == 0);
    const size_t first = expected.empty() || !expected[0].valid ? 0 : expected[0].end;
    EXPECT_EQ(first_invalid_byte(text), first);
    for (size_t at = 0; at <= text.size(); ++at) EXPECT_EQ(character_start(text, at), starts[at]);
  }
}

TEST(Utf8, PrintableShowsInvalidBytesInHexadecimal) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("na\xc3\xafve \\"), "na\xc3\xafve \\");
  EXPECT_EQ(printable("\xff"
                      "a\xe2\x82"),
            "\\xffa\\xe2\\x82");
  EXPECT_EQ(printable(std::string_view("\0\xed\xa0\x80", 4)), std::string("\0\\xed\\xa0\\x80", 13));
}

// The numbers of characters are what Python's decode(errors="replace") gives.
TEST(Utf8, ReplacesWhatIsNoCharacterAsPythonDoes) {
  const std::string bad = "\xef\xbf\xbd";
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"na\xc3\xafve", "na\xc3\xafve"},
      {" \xe2\x80", " " + bad},
      {"\xf0\x9f\x98", bad},
      {"\x98\x80", bad + bad},
      {"\xe2\x28\xa1", bad + "(" + bad},
      {"\xed\xa0\x80", bad + bad + bad},
      {"\xf4\x90\x80\x80", bad + bad + bad + bad},
      {"\xc0\xaf", bad + bad},
      {"\xf0\x90\xf0\x9f\x98\x80", bad + "\xf0\x9f\x98\x80"},
      {"\xe4\xba\xe4\xba\xba", bad + "\xe4\xba\xba"},
  };
  for (const auto& [bytes, text] : cases)
    EXPECT_EQ(replace_invalid(bytes), text) << printable(bytes);
}

TEST(Utf8, BadBytesNeitherRareNorDenseMakeALongTextSlow) {
  std::string rare(50'000'000, 'x');
  rare.front() = '\xff';
  rare.back() = '\xff';
  EXPECT_EQ(count_invalid_bytes(rare), 2u);

  std::string dense(10'000'000, 'x');
  for (size_t i = 0; i < dense.size(); i += 2) dense[i] = '\xff';
  EXPECT_EQ(count_invalid_bytes(dense), dense.size() / 2);
}

}  // namespace
}  // namespace actogram
