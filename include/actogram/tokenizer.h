// Text to tokens and back, as the model's own tokenizer does it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"

namespace actogram {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Appends the tokens of `text` without BOS. begin and end are offsets into `text`; they rise
  // monotonically and together cover it. Bytes that are not UTF-8 become byte tokens where the
  // vocabulary has them, and otherwise what it makes of U+FFFD. With `parse_special`, markup such
  // as <|im_start|> becomes control tokens: for templated chats only, never for corpus text.
  enum class Special { as_text, parse };
  virtual void tokenize(std::string_view text, Special special, std::vector<Token>& out) const = 0;

  virtual std::optional<int32_t> bos() const = 0;
  virtual bool adds_bos() const = 0;  // what the model's file asks for
  virtual std::optional<int32_t> eos() const { return std::nullopt; }  // that ends a text

  // Ids are below it.
  virtual size_t n_vocab() const = 0;

  // The bytes a token stands for, "" where it stands for none; may be part of a character.
  virtual std::string piece(int32_t id) const = 0;

  // The chat as the text that the model was trained on.
  virtual std::string apply_chat_template(std::span<const Message> messages) const = 0;
};

}  // namespace actogram
