// The tokenizer that a GGUF file describes, as llama.cpp runs it.
//
// Bytes that are not UTF-8. A byte-level vocabulary (GPT-2, Llama 3, SmolLM2) cannot be asked about
// them, because llama.cpp reads its text as code points; so the text is cut there, and each bad
// byte becomes the token of that byte, or where the vocabulary has none, the tokens of U+FFFD. A
// SentencePiece vocabulary (Llama 2, Gemma) has byte tokens and is given the whole text: cut, it
// would get a space at each cut. There a bad lead byte may take the bytes after it along, as bytes.
//
// Threads: may be used by several at once.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "actogram/tokenizer.h"
#include "model/chat_template.h"

struct llama_vocab;

namespace actogram {

class LlamaModel;

class LlamaTokenizer : public Tokenizer {
 public:
  // `model` must outlive the tokenizer; its vocabulary is enough.
  explicit LlamaTokenizer(const LlamaModel& model);

  void tokenize(std::string_view text, Special special, std::vector<Token>& out) const override;
  std::optional<int32_t> bos() const override;
  bool adds_bos() const override;
  std::optional<int32_t> eos() const override;
  size_t n_vocab() const override { return pieces_.size(); }

  // Control tokens give their markup, for example "<|im_start|>". "" for an id out of range.
  std::string piece(int32_t id) const override;

  // Runs the file's template, model/chat_template.h; Error{unsupported} where it has none. No turn
  // of the assistant is begun.
  std::string apply_chat_template(std::span<const Message> messages) const override;
  // The same, with the beginning of the assistant's turn.
  std::string open_chat(std::span<const Message> messages) const;

 private:
  std::vector<int32_t> ids_of(std::string_view text, Special special) const;
  void add_valid(std::string_view text, uint64_t offset, Special special,
                 std::vector<Token>& out) const;
  void add_bad_byte(uint8_t byte, uint64_t offset, std::vector<Token>& out) const;
  void add_replacement(uint64_t begin, uint64_t end, std::vector<Token>& out) const;
  void read_vocabulary();
  std::vector<std::pair<std::string, std::string>> named_tokens() const;
  std::string rendered(std::span<const Message> messages, ChatEnd end) const;

  const LlamaModel& model_;
  const llama_vocab* vocab_;
  bool byte_level_;                    // text must be cut at bad bytes
  std::vector<std::string> pieces_;    // [token]
  std::vector<bool> begins_fragment_;  // [token]; the text after it is tokenized on its own
  std::array<int32_t, 256> byte_token_;
  bool prepends_space_ = false;
};

}  // namespace actogram
