// Windows of tokens, in one record batch or two, against the whole sequence's.
#include "store/corpus_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"

namespace actogram {
namespace {

class CorpusTablesTest : public ::testing::Test {
 protected:
  CorpusTablesTest() {
    CorpusWriter writer(folder_);
    std::mt19937 random(3);
    // More than a record batch holds, and no sequence ends with one.
    for (uint64_t s = 0; s < kSequences; ++s) {
      writer.add_document({s, 0, s, "name", "text", 0});
      std::vector<Token> tokens(999);
      for (Token& token : tokens) {
        token = {static_cast<int32_t>(random()), random() % 100, 100 + random() % 100};
      }
      writer.add_sequence(0, s, tokens);
    }
    writer.finish();
  }

  static constexpr uint64_t kSequences = 150;
  testing::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(CorpusTablesTest, AWindowIsASliceOfItsSequence) {
  const CorpusTables corpus(folder_);
  std::mt19937 random(4);
  TokenRoom room;
  size_t n_in_room = 0;
  for (uint64_t s = 0; s < kSequences; ++s) {
    const SequenceRow sequence = corpus.sequence(s);
    const std::vector<Token> all = corpus.tokens(sequence);
    for (int i = 0; i < 20; ++i) {
      const auto begin = static_cast<uint32_t>(random() % (all.size() + 1));
      const size_t n = random() % (all.size() - begin + 1);
      const TokenColumns window = corpus.tokens(sequence, begin, n, room);
      n_in_room += n > 0 && window.ids.data() == room.ids.data();
      EXPECT_TRUE(std::ranges::equal(window.rows(), std::span(all).subspan(begin, n)))
          << "seed 4, sequence " << s << ", " << n << " from " << begin;
    }
  }
  EXPECT_GT(n_in_room, 0u);  // some lay in two batches
}

TEST_F(CorpusTablesTest, WhatIsNotThereIsAnErrorThatNamesTheRecording) {
  const CorpusTables corpus(folder_);
  const auto what = [&](const auto& ask) -> std::string {
    try {
      ask();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::corrupt);
      return error.what();
    }
    return "no error";
  };
  TokenRoom room;
  const SequenceRow sequence = corpus.sequence(0);
  SequenceRow longer = corpus.sequence(kSequences - 1);
  longer.n_tokens += 1;
  SequenceRow wrapping = sequence;
  wrapping.first_token = UINT64_MAX;
  for (const std::string& message :
       {what([&] { corpus.tokens(sequence, 990, 10, room); }),
        what([&] { corpus.tokens(sequence, UINT32_MAX, 0, room); }),
        what([&] { corpus.tokens(longer); }), what([&] { corpus.tokens(wrapping, 0, 1, room); }),
        what([&] { corpus.sequence(kSequences); }), what([&] { corpus.document(kSequences); })}) {
    EXPECT_THAT(message, ::testing::StartsWith(folder_ + ": "));
  }
}

}  // namespace
}  // namespace actogram
