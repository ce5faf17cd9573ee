#include "corpus/sequencer.h"

#include <gtest/gtest.h>

#include <random>

#include "actogram/error.h"
#include "codec/utf8.h"
#include "corpus/pieces.h"

namespace actogram {
namespace {

constexpr int32_t kEos = 3;
constexpr int32_t kBos = 2;  // also what a text that starts with byte 2 begins with

// Words with the space before them, as byte-level BPE splits text: " ?[^ \n]+" or one byte.
class WordTokenizer : public Tokenizer {
 public:
  bool has_bos = true;
  bool has_eos = false;
  bool asks_for_bos = true;
  bool template_writes_bos = false;
  mutable size_t tokenized_bytes = 0;
  mutable size_t longest_text = 0;

  void tokenize(std::string_view text, Special special, std::vector<Token>& out) const override {
    tokenized_bytes += text.size();
    longest_text = std::max(longest_text, text.size());
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      if (special == Special::parse && text.substr(at).starts_with("<bos>")) {
        out.push_back({kBos, at, at + 5});
        at += 5;
        continue;
      }
      const bool joins = text[at] == ' ' && at + 1 < text.size() && !is_space(text[at + 1]);
      if (is_space(text[at])) ++at;
      while ((joins || !is_space(text[begin])) && at < text.size() && !is_space(text[at])) ++at;
      out.push_back({int32_t(uint8_t(text[begin])), begin, at});
    }
  }

  std::optional<int32_t> bos() const override {
    return has_bos ? std::optional(kBos) : std::nullopt;
  }
  bool adds_bos() const override { return asks_for_bos; }
  std::optional<int32_t> eos() const override {
    return has_eos ? std::optional(kEos) : std::nullopt;
  }
  size_t n_vocab() const override { return 256; }
  std::string piece(int32_t id) const override {
    return id == kBos ? "" : std::string(1 + id % 3, static_cast<char>('a' + id % 26));
  }
  std::string apply_chat_template(std::span<const Message> messages) const override {
    std::string text = template_writes_bos ? "<bos>" : "";
    for (const Message& message : messages) text += message.role + ": " + message.content + "\n";
    return text;
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\n'; }
};

std::vector<Sequence> all(Sequencer& sequencer, Document document) {
  std::vector<Sequence> sequences;
  sequencer.start(std::move(document));
  while (auto sequence = sequencer.next()) sequences.push_back(std::move(*sequence));
  EXPECT_FALSE(sequencer.next());
  return sequences;
}

Document document_of(std::string text) {
  return {.source = 2, .ordinal = 9, .name = "d", .text = std::move(text), .messages = {}};
}

std::string random_text(std::mt19937& rng, size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    text.append(1 + rng() % 9, char('a' + rng() % 26));
    if (rng() % 7 == 0) text += "\u20ac";
    text += rng() % 12 == 0 ? "\n" : " ";
  }
  return text;
}

// The definition: all tokens at once, cut at every `room`, BOS in front.
std::vector<Sequence> sequences_slowly(const WordTokenizer& tokenizer, const std::string& text,
                                       const SequenceOptions& options) {
  std::vector<Token> tokens;
  tokenizer.tokenize(text, Tokenizer::Special::as_text, tokens);
  const bool bos = options.bos != SequenceOptions::Bos::never;
  const size_t room = options.context - (bos ? 1 : 0);
  std::vector<Sequence> sequences;
  for (size_t at = 0; at < tokens.size(); at += room) {
    if (at > 0 && options.long_documents == SequenceOptions::LongDocuments::truncate) break;
    Sequence& sequence = sequences.emplace_back(Sequence{{}, 2, 9, uint32_t(sequences.size())});
    if (bos) sequence.tokens.push_back({kBos, tokens[at].begin, tokens[at].begin});
    for (size_t i = at; i < std::min(at + room, tokens.size()); ++i) {
      sequence.tokens.push_back(tokens[i]);
    }
  }
  return sequences;
}

// As they are, without a BOS of ours; the text is made of what they stand for.
TEST(Sequencer, FeedsPreparedTokens) {
  const WordTokenizer tokenizer;
  Sequencer sequencer(tokenizer, {.context = 3});
  Document document = document_of("this text is not looked at");
  document.ids = {kBos, 30, 31, 32, 33};
  const auto sequences = all(sequencer, document);
  ASSERT_EQ(sequences.size(), 2u);
  EXPECT_EQ(sequences[0].tokens, (std::vector<Token>{{kBos, 0, 0}, {30, 0, 1}, {31, 1, 3}}));
  EXPECT_EQ(sequences[1].tokens, (std::vector<Token>{{32, 3, 6}, {33, 6, 7}}));
  EXPECT_EQ(sequencer.document().text, "effgggh");
  EXPECT_EQ(tokenizer.tokenized_bytes, 0u);
}

TEST(Sequencer, CutsAllTokensIntoChunks) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const WordTokenizer tokenizer;
    const bool is_long = seed % 20 == 0;
    const std::string text = random_text(rng, is_long ? rng() % (3 * kPieceBytes) : rng() % 500);
    SequenceOptions options{.context = uint32_t(2 + rng() % (is_long ? 500 : 20))};
    if (rng() % 3 == 0) options.long_documents = SequenceOptions::LongDocuments::truncate;
    if (rng() % 3 == 0) options.bos = SequenceOptions::Bos::never;
    Sequencer sequencer(tokenizer, options);
    const auto sequences = all(sequencer, document_of(text));
    EXPECT_EQ(sequences, sequences_slowly(tokenizer, text, options));
    EXPECT_EQ(sequencer.document().text, text);
  }
}

TEST(Sequencer, ADocumentWithoutTokensGivesNoSequence) {
  const WordTokenizer tokenizer;
  Sequencer sequencer(tokenizer, {.bos = SequenceOptions::Bos::always});
  EXPECT_FALSE(sequencer.next());
  EXPECT_TRUE(all(sequencer, document_of("")).empty());
  EXPECT_EQ(all(sequencer, document_of("a")).size(), 1u);
  EXPECT_TRUE(all(sequencer, document_of("")).empty());
  EXPECT_EQ(sequencer.n_empty_documents(), 2u);
}

TEST(Sequencer, CountsTruncatedDocuments) {
  const WordTokenizer tokenizer;
  Sequencer sequencer(tokenizer,
                      {.context = 3, .long_documents = SequenceOptions::LongDocuments::truncate});
  EXPECT_EQ(all(sequencer, document_of("a b")).size(), 1u);
  EXPECT_EQ(sequencer.n_truncated_documents(), 0u);
  EXPECT_EQ(all(sequencer, document_of("a b c")).size(), 1u);
  EXPECT_EQ(sequencer.n_truncated_documents(), 1u);
}

TEST(Sequencer, FollowsTheModelOrTheOptionAboutBos) {
  WordTokenizer tokenizer;
  const auto uses = [&](SequenceOptions::Bos bos) {
    return Sequencer(tokenizer, {.bos = bos}).uses_bos();
  };
  using Bos = SequenceOptions::Bos;
  EXPECT_TRUE(uses(Bos::automatic));
  EXPECT_FALSE(uses(Bos::never));
  tokenizer.asks_for_bos = false;
  EXPECT_FALSE(uses(Bos::automatic));
  EXPECT_TRUE(uses(Bos::always));
  tokenizer.has_bos = false;
  tokenizer.asks_for_bos = true;
  EXPECT_FALSE(uses(Bos::automatic));
  EXPECT_THROW(uses(Bos::always), Error);
  EXPECT_THROW(uses(Bos::eos), Error);
}

// As TransformerLens does where there is no BOS.
TEST(Sequencer, PutsTheEndOfTextInFrontWhereThatIsAskedFor) {
  WordTokenizer tokenizer;
  tokenizer.has_bos = tokenizer.asks_for_bos = false;
  tokenizer.has_eos = true;
  Sequencer sequencer(tokenizer, {.context = 2, .bos = SequenceOptions::Bos::eos});
  EXPECT_TRUE(sequencer.uses_bos());
  const auto sequences = all(sequencer, document_of("a b"));
  ASSERT_EQ(sequences.size(), 2u);
  EXPECT_EQ(sequences[0].tokens[0], (Token{kEos, 0, 0}));
  EXPECT_EQ(sequences[1].tokens[0], (Token{kEos, 1, 1}));
  EXPECT_EQ(bos_of(tokenizer, SequenceOptions::Bos::eos), kEos);
  EXPECT_EQ(bos_of(tokenizer, SequenceOptions::Bos::always), std::nullopt);
}

TEST(Sequencer, RefusesPreparedTokensThatTheModelDoesNotHave) {
  const WordTokenizer tokenizer;
  for (const int32_t bad : {-1, 256}) {
    Sequencer sequencer(tokenizer, {});
    Document document = document_of("");
    document.ids = {1, bad};
    try {
      sequencer.start(document);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()),
                "d: token " + std::to_string(bad) + "; the model's vocabulary has 256");
    }
  }
}

TEST(Sequencer, WantsRoomForText) {
  const WordTokenizer tokenizer;
  EXPECT_THROW(Sequencer(tokenizer, {.context = 0, .bos = SequenceOptions::Bos::never}), Error);
  EXPECT_NO_THROW(Sequencer(tokenizer, {.context = 1, .bos = SequenceOptions::Bos::never}));
  EXPECT_THROW(Sequencer(tokenizer, {.context = 1}), Error);
  EXPECT_NO_THROW(Sequencer(tokenizer, {.context = 2}));
}

TEST(Sequencer, ChatsGoThroughTheTemplate) {
  WordTokenizer tokenizer;
  Document chat = document_of("");
  chat.messages = {{"user", "a b"}, {"model", "<bos>"}};
  Sequencer sequencer(tokenizer, {});
  auto sequences = all(sequencer, chat);
  EXPECT_EQ(sequencer.document().text, "user: a b\nmodel: <bos>\n");
  ASSERT_EQ(sequences.size(), 1u);
  EXPECT_EQ(sequences[0].tokens[0], (Token{kBos, 0, 0}));

  tokenizer.template_writes_bos = true;
  sequences = all(sequencer, chat);
  ASSERT_EQ(sequences.size(), 1u);
  EXPECT_EQ(sequences[0].tokens[0], (Token{kBos, 0, 5}));
  EXPECT_NE(sequences[0].tokens[1].id, kBos);
}

TEST(Sequencer, OnlyABosOfTheTemplateReplacesItsOwn) {
  const WordTokenizer tokenizer;
  Sequencer sequencer(tokenizer, {.context = 2});
  EXPECT_EQ(all(sequencer, document_of("<bos>"))[0].tokens[1].id, '<');
  EXPECT_EQ(all(sequencer, document_of("\2"))[0].tokens,
            (std::vector<Token>{{kBos, 0, 0}, {kBos, 0, 1}}));

  Document chat = document_of("");
  chat.messages = {{"user", "\n<bos>"}};  // one chunk starts with it, but not the first
  for (const Sequence& sequence : all(sequencer, chat)) {
    ASSERT_EQ(sequence.tokens.size(), 2u);
    EXPECT_EQ(sequence.tokens[0].id, kBos);
    EXPECT_EQ(sequence.tokens[0].begin, sequence.tokens[0].end);
  }
}

// Work that grows with the square of the line would never end within ctest's limit.
TEST(Sequencer, AHundredMegabytesInOneLineCostAPieceAtATime) {
  const WordTokenizer tokenizer;
  Sequencer sequencer(tokenizer, {.context = 1024});
  std::string text;
  while (text.size() < 100'000'000) text += "some words ";
  sequencer.start(document_of(text));
  ASSERT_TRUE(sequencer.next());
  EXPECT_LE(tokenizer.tokenized_bytes, kPieceBytes);  // stopping early pays for no more
  uint64_t end = 0;
  while (const auto sequence = sequencer.next()) end = sequence->tokens.back().end;
  EXPECT_EQ(end, text.size());
  EXPECT_LE(tokenizer.longest_text, kPieceBytes);
}

TEST(Pieces, EndWhereTokenizersStartAnew) {
  const std::string words(kPieceBytes - 1000, 'x');
  const std::string rest(2 * kPieceBytes, 'y');
  EXPECT_EQ(piece_end(words + "\n" + rest, 0), words.size() + 1);
  EXPECT_EQ(piece_end(words + "\n\n" + rest, 0), words.size() + 2);
  EXPECT_EQ(piece_end(words + "\n z" + rest, 0), kPieceBytes - 1);  // neither a good place
  EXPECT_EQ(piece_end(words + "  " + rest, 0), kPieceBytes - 1);
  EXPECT_EQ(piece_end(words + " " + rest, 0), words.size());
  EXPECT_EQ(piece_end(words + " z\n" + rest, 0), words.size() + 3);  // the line end is better
  EXPECT_EQ(piece_end(words + "\n", 0), words.size() + 1);
}

TEST(Pieces, NeverTearACharacterAndAlwaysAdvance) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::string text(rng() % 5, 'x');
    while (text.size() < 3 * kPieceBytes) text += seed % 2 == 0 ? "\U0001f600" : "\x80\u20ac";
    for (size_t at = 0; at < text.size();) {
      const size_t end = piece_end(text, at);
      ASSERT_GT(end, at);
      ASSERT_LE(end - at, kPieceBytes);
      ASSERT_EQ(character_start(text, end), end);
      at = end;
    }
  }
}

}  // namespace
}  // namespace actogram
