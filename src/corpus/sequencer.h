// Documents to sequences: what the model is fed at once.
//
// A document's tokens are cut into chunks of at most `context`, each with the beginning-of-sequence
// token (BOS) in front where it is used. A long document is tokenised piece by piece as sequences
// are asked for, so that 100 MB in one line cost the memory of a piece, and a caller that stops
// early, or `truncate`, does not pay for the rest. Where pieces are cut says corpus/pieces.h; there
// a tokenizer may see another token than in the whole text (SentencePiece starts each piece with a
// space of its own). It is a property of the document, not of `context` or of the caller.
//
// Chats go through the model's template first, and their markup becomes control tokens. A template
// that writes BOS itself gets no second one. Documents that come as token ids are fed as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actogram/tokenizer.h"
#include "actogram/types.h"

namespace actogram {

struct SequenceOptions {
  uint32_t context = 128;  // tokens of a sequence, BOS included

  enum class LongDocuments { split, truncate };
  LongDocuments long_documents = LongDocuments::split;

  // automatic: as the model's file asks for. eos: the token that ends a text stands in front, as
  // TransformerLens does it where a vocabulary has no BOS.
  enum class Bos { automatic, always, never, eos };
  Bos bos = Bos::automatic;
};

// The token that counts as BOS, whether or not it is put in front.
std::optional<int32_t> bos_of(const Tokenizer& tokenizer, SequenceOptions::Bos policy);

struct Sequence {
  std::vector<Token> tokens;  // [1, context]; offsets are into the document's text
  uint32_t source = 0;
  uint64_t document = 0;  // its ordinal in the source
  uint32_t chunk = 0;     // its number in the document, from 0

  bool operator==(const Sequence&) const = default;
};

class Sequencer {
 public:
  // The tokenizer outlives the sequencer. Error{invalid} where the options ask for a BOS that the
  // model does not have, or leave no room for text.
  Sequencer(const Tokenizer& tokenizer, SequenceOptions options);

  void start(Document document);  // the rest of the last one is dropped
  std::optional<Sequence> next();

  // The one started last; a chat's text is the templated one, to which offsets refer.
  const Document& document() const { return document_; }

  bool uses_bos() const { return uses_bos_; }
  uint64_t n_empty_documents() const { return n_empty_; }          // no tokens, so no sequence
  uint64_t n_truncated_documents() const { return n_truncated_; }  // lost tokens to `truncate`

 private:
  void take_ids();
  bool fill(size_t n_tokens);  // tokenises until so many are waiting; false where none are left
  bool starts_with_bos() const;
  size_t n_waiting() const { return waiting_.size() - first_; }

  const Tokenizer& tokenizer_;
  SequenceOptions options_;
  std::optional<int32_t> bos_;
  bool uses_bos_ = false;

  Document document_;
  size_t tokenized_ = 0;        // bytes of the document's text
  std::vector<Token> waiting_;  // [first_, end) are tokens not yet in a sequence
  size_t first_ = 0;
  uint32_t chunk_ = 0;
  bool ended_ = true;

  uint64_t n_empty_ = 0;
  uint64_t n_truncated_ = 0;
};

}  // namespace actogram
