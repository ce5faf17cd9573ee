// Windows that are taken as they are, against the same windows packed piece by piece.
#include "query/packed_excerpt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <random>

#include "base/file.h"
#include "base/temporary_folder_test.h"
#include "query/recording_excerpt.h"
#include "store/manifest.h"
#include "store/recording.h"

namespace actogram {
namespace {

using Random = std::mt19937;

// Characters of one to four bytes; `broken` adds bytes that are no text.
std::string random_text(Random& random, bool broken) {
  constexpr const char* kParts[] = {"a", "b ", "\n", "\"", "é", "字", "漢字", "🎉", "\u0301"};
  constexpr const char* kBytes[] = {"\xff", "\x80", "\xe6\x97", "\xf0\x9f"};
  std::string text;
  for (size_t n = 1 + random() % 60; n > 0; --n) {
    const bool bytes = broken && random() % 8 == 0;
    text += bytes ? kBytes[random() % std::size(kBytes)] : kParts[random() % std::size(kParts)];
  }
  return text;
}

// Of no bytes to five each, with no heed to characters; `apart` leaves some bytes out and takes
// some twice.
std::vector<Token> random_tokens(Random& random, size_t n_bytes, bool apart) {
  std::vector<Token> tokens;
  uint64_t at = random() % 4 == 0 ? std::min<uint64_t>(2, n_bytes) : 0;
  while (at < n_bytes) {
    const uint64_t end = std::min<uint64_t>(n_bytes, at + random() % 6);
    tokens.push_back({static_cast<int32_t>(random()), at, end});
    at = end;
    if (apart && random() % 6 == 0) at = random() % 2 == 0 ? at + 1 : std::max(at, uint64_t{1}) - 1;
  }
  return tokens;
}

// A recording that is a corpus and nothing else. [sequence] how many tokens each has
std::vector<uint32_t> write_corpus(const std::string& folder, Random& random, size_t n_sequences) {
  std::vector<uint32_t> n_tokens;
  CorpusWriter writer(folder);
  for (uint64_t s = 0; s < n_sequences; ++s) {
    const std::string text = random_text(random, random() % 4 == 0);
    const std::vector<Token> tokens = random_tokens(random, text.size(), random() % 4 == 0);
    writer.add_document({s, 0, s, "a \"name\"", text, 0});
    writer.add_sequence(0, s, tokens);
    n_tokens.push_back(static_cast<uint32_t>(tokens.size()));
  }
  Manifest manifest;
  manifest.holds = Holds::samples;
  manifest.sites = {{"blocks.0.mlp.hook_post", 0, 1}};
  manifest.corpus["sources"] = Json::array({{{"name", "source"}}});
  manifest.files = writer.finish();
  write_file_atomically(folder + "/" + kManifestFile, to_text(manifest));
  return n_tokens;
}

class PackedExcerptsTest : public ::testing::Test {
 protected:
  PackedExcerptsTest() : n_tokens_(write_corpus(temporary_.path(), random_, 400)) {
    recording_.emplace(temporary_.path());
  }

  // A window somewhere in a sequence, its values in `values`.
  KeptPeak random_peak(std::vector<float>& values) {
    KeptPeak peak;
    peak.at.sequence = static_cast<uint32_t>(random_() % n_tokens_.size());
    const uint32_t n = n_tokens_[peak.at.sequence];
    peak.window_begin = static_cast<uint32_t>(random_() % (n + 1));
    values.resize(random_() % (n - peak.window_begin + 1));
    for (float& value : values) value = static_cast<float>(random_()) / 7;
    peak.window = values;
    peak.at.position = peak.window_begin;
    peak.value = values.empty() ? 0 : values[0];
    return peak;
  }

  testing::TemporaryFolder temporary_;
  Random random_{5};
  std::vector<uint32_t> n_tokens_;
  std::optional<Recording> recording_;
};

// Each after others, in the memory that they leave behind; the pieces of each with new memory.
TEST_F(PackedExcerptsTest, AWindowTakenAsItIsSaysWhatItsPiecesSay) {
  size_t n_shared = 0, n_invalid = 0, n_neither = 0;
  JsonText written;
  PackedExcerpts packed(*recording_, written);
  for (int i = 0; i < 5000; ++i) {
    std::vector<float> values;
    const KeptPeak peak = random_peak(values);
    const ExcerptPairs pairs{.key = 3, .n = 1, .pattern = {0.5F}, .key_norms = {2}};
    const bool of_pairs = random_() % 3 == 0;
    packed.write(peak, of_pairs ? &pairs : nullptr);
    Excerpt excerpt = excerpt_of(*recording_, peak);
    if (of_pairs) excerpt.pairs = pairs;
    JsonText alone;
    PackedExcerpts(*recording_, alone).write(excerpt);
    const std::string expected = alone.take();
    ASSERT_EQ(written.take(), expected) << "seed 5, window " << i;
    const bool shared = expected.find("\"shared\"") != expected.npos;
    const bool invalid = expected.find("\"invalid\"") != expected.npos;
    n_shared += shared ? 1 : 0, n_invalid += invalid ? 1 : 0;
    n_neither += shared || invalid ? 0 : 1;
  }
  EXPECT_GT(std::min({n_shared, n_invalid, n_neither}), 200u);
}

}  // namespace
}  // namespace actogram
