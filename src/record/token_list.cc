#include "record/token_list.h"

#include <memory>

#include "codec/utf8.h"
#include "model/fake_model.h"
#include "model/llama_model.h"
#include "model/llama_tokenizer.h"

namespace actogram {
namespace {

struct NamedTokenizer {
  std::unique_ptr<LlamaModel> vocabulary;  // none for the fake model
  std::unique_ptr<Tokenizer> tokenizer;
};

NamedTokenizer open_tokenizer(const std::string& model) {
  if (is_fake(model)) return {nullptr, std::make_unique<FakeTokenizer>()};
  auto vocabulary = std::make_unique<LlamaModel>(model, LlamaModel::Load::vocabulary);
  auto tokenizer = std::make_unique<LlamaTokenizer>(*vocabulary);
  return {std::move(vocabulary), std::move(tokenizer)};
}

}  // namespace

std::vector<ListedToken> list_tokens(const std::string& model, const std::string& text,
                                     const SequenceOptions& options) {
  const NamedTokenizer named = open_tokenizer(model);
  const Tokenizer& tokenizer = *named.tokenizer;
  Sequencer sequencer(tokenizer, options);
  Document document;
  document.text = text;
  sequencer.start(std::move(document));
  std::vector<ListedToken> list;
  while (const auto sequence = sequencer.next()) {
    for (uint32_t position = 0; position < sequence->tokens.size(); ++position) {
      const Token& token = sequence->tokens[position];
      list.push_back({sequence->chunk, position, token.id, token.begin, token.end,
                      printable(tokenizer.piece(token.id))});
    }
  }
  return list;
}

std::string to_json_text(const std::vector<ListedToken>& tokens) {
  Json list = Json::array();
  for (const ListedToken& token : tokens) {
    list.push_back({{"sequence", token.sequence},
                    {"position", token.position},
                    {"id", token.id},
                    {"begin", token.begin},
                    {"end", token.end},
                    {"piece", token.piece}});
  }
  return to_text(Json{{"tokens", std::move(list)}});
}

}  // namespace actogram
