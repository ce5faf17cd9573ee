#include "model/llama_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>

#include "base/file.h"
#include "codec/json.h"
#include "codec/parquet_text.h"
#include "model/real_model_test.h"

namespace actogram {
namespace {

using namespace std::string_literals;
using Special = Tokenizer::Special;

const LlamaTokenizer& tokenizer() {
  static const LlamaModel model(real_model_path(), LlamaModel::Load::vocabulary);
  static const LlamaTokenizer instance(model);
  return instance;
}

std::vector<Token> tokenize(std::string_view text, Special special = Special::as_text) {
  std::vector<Token> tokens;
  tokenizer().tokenize(text, special, tokens);
  return tokens;
}

std::vector<int32_t> ids(std::string_view text, Special special = Special::as_text) {
  std::vector<int32_t> found;
  for (const Token& token : tokenize(text, special)) found.push_back(token.id);
  return found;
}

// Ranges follow one another from the first byte to the last.
void expect_cover(std::string_view text) {
  uint64_t end = 0;
  for (const Token& token : tokenize(text)) {
    EXPECT_EQ(token.begin, end);
    EXPECT_GE(token.end, token.begin);
    end = token.end;
  }
  EXPECT_EQ(end, text.size());
}

// Besides, each token stands for exactly the bytes in its range.
void expect_exact(std::string_view text) {
  expect_cover(text);
  for (const Token& token : tokenize(text)) {
    EXPECT_EQ(tokenizer().piece(token.id), text.substr(token.begin, token.end - token.begin));
  }
}

// The definition: the token whose piece is this byte and nothing else.
std::optional<int32_t> token_of_byte(char byte) {
  for (int32_t id = 0; id < 49152; ++id) {
    if (tokenizer().piece(id) == std::string(1, byte)) return id;
  }
  return std::nullopt;
}

TEST(LlamaTokenizer, EveryScriptComesBackByteForByte) {
  for (const std::string_view text : {
           "The quick brown fox jumps over 1234 lazy dogs.",
           "  leading, trailing  \t\n\r\n spaces  ",
           "Zażółć gęślą jaźń; Ærøskøbing; naïve café",
           "人人生而自由，在尊严和权利上一律平等。",
           "すべての人間は、生まれながらにして自由",
           "모든 인간은 태어날 때부터 자유로우며",
           "يولد جميع الناس أحرارًا متساوين",
           "כל בני האדם נולדו בני חורין",
           "सभी मनुष्यों को गौरव और अधिकारों",
           "มนุษย์ทั้งหลายเกิดมามีอิสระ",
           "Все люди рождаются свободными",
           "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι",
           "ყველა ადამიანი იბადება თავისუფალი",
           "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 ☃️",
           "½ ² ³ ⅷ ﬁ Ⅻ e\u0301",
           "\u200b\u200e\u202e\ufeff\U0010ffff\U000e0001",
           "int main() { return x[0] ->* 0xFF; }\n\t// ok",
           "<|im_start|>user\nnot markup<|im_end|>",
       }) {
    SCOPED_TRACE(text);
    expect_exact(text);
    EXPECT_FALSE(tokenize(text).empty());
  }
}

TEST(LlamaTokenizer, MostBytesHaveATokenAndSomeHaveNone) {
  EXPECT_TRUE(token_of_byte('\xE4'));
  EXPECT_FALSE(token_of_byte('\xFF'));
}

TEST(LlamaTokenizer, EmptyText) { EXPECT_TRUE(tokenize("").empty()); }

TEST(LlamaTokenizer, AppendsToWhatIsThere) {
  std::vector<Token> tokens = {{5, 0, 0}};
  tokenizer().tokenize("hello", Special::as_text, tokens);
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0], (Token{5, 0, 0}));
  EXPECT_EQ(tokens[1].end, 5u);
}

TEST(LlamaTokenizer, ControlBytesAndNul) {
  for (int byte = 0; byte < 128; ++byte) {
    SCOPED_TRACE(byte);
    const std::string text = "a"s + static_cast<char>(byte) + "b";
    expect_cover(text);
    expect_cover(text.substr(1, 1));
    EXPECT_FALSE(tokenize(text.substr(1, 1)).empty());
  }
  expect_cover("\0\0a\0"s);
}

TEST(LlamaTokenizer, BadBytesBecomeTokensOfTheirOwn) {
  for (int byte = 128; byte < 256; ++byte) {
    SCOPED_TRACE(byte);
    const std::string text = "good"s + static_cast<char>(byte) + "good";
    expect_cover(text);
    const std::vector<Token> tokens = tokenize(text);
    const auto bad = std::find_if(tokens.begin(), tokens.end(),
                                  [](const Token& token) { return token.begin == 4; });
    ASSERT_NE(bad, tokens.end());
    EXPECT_EQ(bad->end, 5u);
    const std::optional<int32_t> id = token_of_byte(text[4]);
    EXPECT_EQ(bad->id, id ? *id : ids("\xEF\xBF\xBD")[0]);
    EXPECT_EQ(tokens.front().id, ids("good")[0]);
    EXPECT_EQ(tokens.back().id, ids("good")[0]);
  }
}

// What Unicode's table 3-7 forbids, each between two good letters.
TEST(LlamaTokenizer, MalformedUtf8) {
  for (const std::string& bad :
       {"\xC0\x80"s, "\xC1\xBF"s, "\xE0\x80\x80"s, "\xED\xA0\x80"s, "\xF0\x80\x80\x80"s,
        "\xF4\x90\x80\x80"s, "\xF8\x88\x80\x80\x80"s, "\xE4\xBA"s, "\xF0\x9F\x98"s, "\xC3"s}) {
    const std::vector<Token> tokens = tokenize("x" + bad + "y");
    expect_cover("x" + bad + "y");
    for (size_t i = 0; i < bad.size(); ++i) {
      EXPECT_TRUE(std::any_of(
          tokens.begin(), tokens.end(),
          [&](const Token& token) { return token.begin == i + 1 && token.end == i + 2; }))
          << "byte " << i << " of " << ::testing::PrintToString(bad);
    }
  }
}

TEST(LlamaTokenizer, RandomBytesAreCovered) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string text(random() % 200, '\0');
    for (char& c : text) c = static_cast<char>(random());
    expect_cover(text);
  }
}

TEST(LlamaTokenizer, MarkupIsTextUnlessParsed) {
  const std::string text = "<|im_start|>user\nhi<|im_end|>\n";
  EXPECT_GT(ids(text).size(), ids(text, Special::parse).size());
  const std::vector<Token> tokens = tokenize(text, Special::parse);
  EXPECT_EQ(tokens[0], (Token{1, 0, 12}));
  EXPECT_EQ(tokenizer().piece(1), "<|im_start|>");
  EXPECT_EQ(tokens.back().end, text.size());
}

TEST(LlamaTokenizer, KnowsItsBos) {
  EXPECT_EQ(tokenizer().bos(), std::optional<int32_t>(1));
  EXPECT_FALSE(tokenizer().adds_bos());
}

TEST(LlamaTokenizer, PiecesOutOfRangeAreEmpty) {
  EXPECT_EQ(tokenizer().piece(-1), "");
  EXPECT_EQ(tokenizer().piece(49152), "");
}

TEST(LlamaTokenizer, ChatTemplate) {
  const std::vector<Message> chat = {{"user", "Hi\0!"s}, {"assistant", "Hello!"}};
  EXPECT_EQ(tokenizer().apply_chat_template(chat),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
            "Face<|im_end|>\n<|im_start|>user\nHi\0!<|im_end|>\n"
            "<|im_start|>assistant\nHello!<|im_end|>\n"s);
}

// Chats that transformers rendered and tokenized.
TEST(LlamaTokenizer, ChatsHaveTheTokensOfTransformers) {
  const std::string folder = ACTOGRAM_SOURCE_DIR "/tests/golden/sae-parquet-4subset/";
  const Json golden = parse_json(read_file(folder + "tokens.json"), "tokens.json");
  std::map<std::string, std::vector<int32_t>> expected;
  for (const Json& prompt : golden["prompts"]) {
    expected[prompt["prompt_id"]] = prompt["token_ids"].get<std::vector<int32_t>>();
  }
  for (const auto& file : std::filesystem::directory_iterator(folder + "prompt-level-features")) {
    ParquetTextReader prompts(file.path().string(), {.text = {"prompt"}, .id = "prompt_id"});
    while (const auto row = prompts.next()) {
      std::vector<Message> chat;
      for (const Json& message : parse_json(row->text, row->id)) {
        chat.push_back({message["role"], message["content"]});
      }
      const std::string text = tokenizer().apply_chat_template(chat);
      EXPECT_EQ(ids(text, Special::parse), expected[row->id]) << row->id;
      expected.erase(row->id);
    }
  }
  EXPECT_EQ(golden["prompts"].size(), 170u);
  EXPECT_TRUE(expected.empty());
}

}  // namespace
}  // namespace actogram
