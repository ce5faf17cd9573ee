#include "model/llama_tokenizer.h"

#include <llama.h>

#include <charconv>
#include <limits>

#include "actogram/error.h"
#include "codec/utf8.h"
#include "model/llama_model.h"
#include "model/token_offsets.h"

namespace actogram {
namespace {

constexpr int32_t kNoToken = -1;
constexpr const char* kBosKey = "tokenizer.ggml.bos_token_id";
constexpr const char* kEosKey = "tokenizer.ggml.eos_token_id";

std::string piece_of(const llama_vocab* vocab, int32_t id) {
  std::string piece(16, '\0');
  for (;;) {
    const int32_t n =
        llama_token_to_piece(vocab, id, piece.data(), static_cast<int32_t>(piece.size()), 0, true);
    const bool fits = n >= 0;
    piece.resize(static_cast<size_t>(fits ? n : -n));
    if (fits) return piece;
  }
}

}  // namespace

LlamaTokenizer::LlamaTokenizer(const LlamaModel& model)
    : model_(model),
      vocab_(llama_model_get_vocab(model.handle())),
      byte_level_(llama_vocab_type(vocab_) == LLAMA_VOCAB_TYPE_BPE) {
  if (llama_vocab_type(vocab_) == LLAMA_VOCAB_TYPE_NONE) {
    fail(Code::unsupported, "{} has no tokenizer", model.path().string());
  }
  read_vocabulary();
  const std::vector<int32_t> ids = ids_of("a", Special::as_text);
  prepends_space_ = !ids.empty() && pieces_[static_cast<size_t>(ids[0])].starts_with(' ');
}

void LlamaTokenizer::read_vocabulary() {
  const int32_t n = llama_vocab_n_tokens(vocab_);
  byte_token_.fill(kNoToken);
  for (int32_t id = 0; id < n; ++id) {
    constexpr int kMarkup =
        LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_USER_DEFINED;
    const int attributes = llama_vocab_get_attr(vocab_, id);
    begins_fragment_.push_back((attributes & kMarkup) != 0);
    const std::string& piece = pieces_.emplace_back(piece_of(vocab_, id));
    if (piece.size() != 1 || begins_fragment_.back()) continue;
    int32_t& token = byte_token_[static_cast<unsigned char>(piece[0])];
    if (token == kNoToken || (attributes & LLAMA_TOKEN_ATTR_BYTE)) token = id;
  }
}

std::vector<int32_t> LlamaTokenizer::ids_of(std::string_view text, Special special) const {
  if (text.size() > std::numeric_limits<int32_t>::max() / 2) {
    fail(Code::unsupported, "a text of {} bytes is more than llama.cpp can tokenize at once",
         text.size());
  }
  const auto n_bytes = static_cast<int32_t>(text.size());
  std::vector<int32_t> ids(text.size() + 8);
  try {
    for (;;) {
      const int32_t n =
          llama_tokenize(vocab_, text.data(), n_bytes, ids.data(), static_cast<int32_t>(ids.size()),
                         false, special == Special::parse);
      const bool fits = n >= 0;
      ids.resize(static_cast<size_t>(fits ? n : -n));
      if (fits) return ids;
    }
  } catch (const std::exception& error) {
    fail(Code::unsupported, "the tokenizer of {} cannot read a text: {}", model_.path().string(),
         error.what());
  }
}

void LlamaTokenizer::tokenize(std::string_view text, Special special,
                              std::vector<Token>& out) const {
  if (!byte_level_) return add_valid(text, 0, special, out);
  size_t at = 0;
  while (at < text.size()) {
    const size_t valid = first_invalid_byte(text.substr(at));
    add_valid(text.substr(at, valid), at, special, out);
    at += valid;
    if (at < text.size()) {
      add_bad_byte(static_cast<uint8_t>(text[at]), at, out);
      ++at;
    }
  }
}

void LlamaTokenizer::add_valid(std::string_view text, uint64_t offset, Special special,
                               std::vector<Token>& out) const {
  if (text.empty()) return;
  TokenOffsets offsets(text, offset, out);
  bool space_due = prepends_space_;
  for (const int32_t id : ids_of(text, special)) {
    std::string_view piece = pieces_[static_cast<size_t>(id)];
    const bool markup = begins_fragment_[static_cast<size_t>(id)];
    if (space_due && !markup && piece.starts_with(' ')) piece.remove_prefix(1);
    space_due = prepends_space_ && markup;
    offsets.add(id, piece);
  }
  if (!offsets.finish()) add_replacement(offset, offset + text.size(), out);
}

void LlamaTokenizer::add_bad_byte(uint8_t byte, uint64_t offset, std::vector<Token>& out) const {
  if (byte_token_[byte] == kNoToken) return add_replacement(offset, offset + 1, out);
  out.push_back({byte_token_[byte], offset, offset + 1});
}

// The first of the tokens covers the bytes, so that ranges do not overlap.
void LlamaTokenizer::add_replacement(uint64_t begin, uint64_t end, std::vector<Token>& out) const {
  const std::vector<int32_t> ids = ids_of("\xEF\xBF\xBD", Special::as_text);
  if (ids.empty()) {
    fail(Code::unsupported, "the vocabulary of {} has no token for bytes {} to {} of a text",
         model_.path().string(), begin, end);
  }
  for (const int32_t id : ids) {
    out.push_back({id, begin, end});
    begin = end;
  }
}

namespace {

// A byte-pair vocabulary whose file names no such token has none; llama.cpp says 11, which is a
// word like any other.
bool is_named(const LlamaModel& model, const llama_vocab* vocab, const char* key) {
  std::array<char, 16> number{};
  return llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_BPE ||
         llama_model_meta_val_str(model.handle(), key, number.data(), number.size()) >= 0;
}

}  // namespace

std::optional<int32_t> LlamaTokenizer::bos() const {
  const int32_t id = llama_vocab_bos(vocab_);
  const bool known = id != LLAMA_TOKEN_NULL && is_named(model_, vocab_, kBosKey);
  return known ? std::optional(id) : std::nullopt;
}

std::optional<int32_t> LlamaTokenizer::eos() const {
  const int32_t id = llama_vocab_eos(vocab_);
  const bool known = id != LLAMA_TOKEN_NULL && is_named(model_, vocab_, kEosKey);
  return known ? std::optional(id) : std::nullopt;
}

bool LlamaTokenizer::adds_bos() const { return bos() && llama_vocab_get_add_bos(vocab_); }

std::string LlamaTokenizer::piece(int32_t id) const {
  const auto index = static_cast<size_t>(id);
  return id < 0 || index >= pieces_.size() ? "" : pieces_[index];
}

// As Hugging Face's templates name them, the tokens that the file says it has.
std::vector<std::pair<std::string, std::string>> LlamaTokenizer::named_tokens() const {
  constexpr std::array kNames = {
      std::pair{"bos_token", kBosKey},
      std::pair{"eos_token", kEosKey},
      std::pair{"unk_token", "tokenizer.ggml.unknown_token_id"},
      std::pair{"sep_token", "tokenizer.ggml.seperator_token_id"},  // so in the format
      std::pair{"pad_token", "tokenizer.ggml.padding_token_id"},
      std::pair{"mask_token", "tokenizer.ggml.mask_token_id"},
  };
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [name, key] : kNames) {
    std::array<char, 16> number{};
    if (llama_model_meta_val_str(model_.handle(), key, number.data(), number.size()) < 0) continue;
    int32_t id = kNoToken;
    std::from_chars(number.begin(), number.end(), id);
    if (id >= 0 && static_cast<size_t>(id) < pieces_.size()) found.emplace_back(name, piece(id));
  }
  return found;
}

std::string LlamaTokenizer::rendered(std::span<const Message> messages, ChatEnd end) const {
  const char* const text = llama_model_chat_template(model_.handle(), nullptr);
  if (!text) {
    fail(Code::unsupported, "{} has no chat template, so it cannot read chats",
         model_.path().string());
  }
  return render_chat({.text = text, .origin = model_.path().string(), .variables = named_tokens()},
                     messages, end);
}

std::string LlamaTokenizer::apply_chat_template(std::span<const Message> messages) const {
  return rendered(messages, ChatEnd::closed);
}

std::string LlamaTokenizer::open_chat(std::span<const Message> messages) const {
  return rendered(messages, ChatEnd::assistant_begins);
}

}  // namespace actogram
