#include "corpus/sequencer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "actogram/error.h"
#include "corpus/pieces.h"

namespace actogram {

std::optional<int32_t> bos_of(const Tokenizer& tokenizer, SequenceOptions::Bos policy) {
  return policy == SequenceOptions::Bos::eos ? tokenizer.eos() : tokenizer.bos();
}

Sequencer::Sequencer(const Tokenizer& tokenizer, SequenceOptions options)
    : tokenizer_(tokenizer), options_(options), bos_(bos_of(tokenizer, options.bos)) {
  switch (options.bos) {
    case SequenceOptions::Bos::automatic:
      uses_bos_ = bos_ && tokenizer.adds_bos();
      break;
    case SequenceOptions::Bos::always:
    case SequenceOptions::Bos::eos:
      uses_bos_ = true;
      break;
    case SequenceOptions::Bos::never:
      uses_bos_ = false;
      break;
  }
  if (uses_bos_ && !bos_) {
    const bool eos = options.bos == SequenceOptions::Bos::eos;
    fail(Code::invalid, "BOS {}: the model's vocabulary has no {} token{}", eos ? "eos" : "always",
         eos ? "end-of-text" : "beginning-of-sequence",
         !eos && tokenizer.eos() ? "; --bos eos puts the one that ends texts in front" : "");
  }
  const uint32_t least = uses_bos_ ? 2 : 1;
  if (options.context < least) {
    fail(Code::invalid, "a context of {} leaves no room for text: at least {}", options.context,
         least);
  }
}

void Sequencer::start(Document document) {
  document_ = std::move(document);
  if (!document_.messages.empty()) {
    document_.text = tokenizer_.apply_chat_template(document_.messages);
  }
  tokenized_ = 0;
  waiting_.clear();
  first_ = 0;
  chunk_ = 0;
  ended_ = false;
  if (!document_.ids.empty()) take_ids();
}

// The text is what the tokens stand for, so that a place still has its characters.
void Sequencer::take_ids() {
  document_.text.clear();
  for (const int32_t id : document_.ids) {
    if (id < 0 || static_cast<size_t>(id) >= tokenizer_.n_vocab()) {
      fail(Code::invalid, "{}: token {}; the model's vocabulary has {}", document_.name, id,
           tokenizer_.n_vocab());
    }
    const uint64_t begin = document_.text.size();
    document_.text += tokenizer_.piece(id);
    waiting_.push_back({id, begin, document_.text.size()});
  }
  tokenized_ = document_.text.size();
}

std::optional<Sequence> Sequencer::next() {
  if (ended_) return std::nullopt;
  const bool cut =
      chunk_ > 0 && options_.long_documents == SequenceOptions::LongDocuments::truncate;
  if (cut || !fill(options_.context)) {
    n_empty_ += chunk_ == 0 ? 1 : 0;
    n_truncated_ += cut && fill(1) ? 1 : 0;
    ended_ = true;
    return std::nullopt;
  }
  Sequence sequence{
      .tokens = {}, .source = document_.source, .document = document_.ordinal, .chunk = chunk_++};
  if (uses_bos_ && document_.ids.empty() && !(sequence.chunk == 0 && starts_with_bos())) {
    const uint64_t at = waiting_[first_].begin;
    sequence.tokens.push_back({*bos_, at, at});
  }
  const size_t n = std::min(options_.context - sequence.tokens.size(), n_waiting());
  const auto from = waiting_.begin() + static_cast<ptrdiff_t>(first_);
  sequence.tokens.insert(sequence.tokens.end(), from, from + static_cast<ptrdiff_t>(n));
  first_ += n;
  return sequence;
}

bool Sequencer::fill(size_t n_tokens) {
  const std::string_view text = document_.text;
  const auto special =
      document_.messages.empty() ? Tokenizer::Special::as_text : Tokenizer::Special::parse;
  while (n_waiting() < n_tokens && tokenized_ < text.size()) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
    const size_t old_size = waiting_.size();
    const size_t end = piece_end(text, tokenized_);
    tokenizer_.tokenize(text.substr(tokenized_, end - tokenized_), special, waiting_);
    for (size_t i = old_size; i < waiting_.size(); ++i) {
      waiting_[i].begin += tokenized_;
      waiting_[i].end += tokenized_;
    }
    tokenized_ = end;
  }
  return n_waiting() > 0;
}

// Only a template can write control tokens; in corpus text the same characters are text.
bool Sequencer::starts_with_bos() const {
  return !document_.messages.empty() && waiting_[first_].id == bos_;
}

}  // namespace actogram
