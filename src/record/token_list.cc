#include "record/token_list.h"

#include "codec/utf8.h"
#include "model/llama_model.h"
#include "model/llama_tokenizer.h"

namespace actogram {

std::vector<ListedToken> list_tokens(const std::string& model, const std::string& text,
                                     const SequenceOptions& options) {
  const LlamaModel vocabulary(model, LlamaModel::Load::vocabulary);
  const LlamaTokenizer tokenizer(vocabulary);
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
