#include "cli/named_units.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <set>
#include <unordered_map>

#include "actogram/error.h"
#include "base/file.h"
#include "explain/excerpt_split.h"

namespace actogram {
namespace {

constexpr uint32_t kContextTokens = 200;  // as the card of the published explanations has it

void add_word(const std::string& word, const UnitTexts& texts, std::vector<UnitAddress>& units) {
  const size_t dash = word.rfind('-'), slash = word.rfind('/');
  const bool is_range = dash != word.npos && slash != word.npos && slash < dash;
  if (!is_range) {
    units.push_back(texts.address(word));
    return;
  }
  const UnitAddress first = texts.address(word.substr(0, dash));
  const UnitAddress last = texts.address(word.substr(0, slash + 1) + word.substr(dash + 1));
  if (last.index < first.index) fail(Code::invalid, "'{}' runs backwards", word);
  for (uint32_t i = first.index; i <= last.index; ++i) units.push_back({first.site, i});
}

void add_file(const std::string& path, const UnitTexts& texts, std::vector<UnitAddress>& units) {
  const std::string text = read_file(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) add_word(line, texts, units);
    at = end + 1;
  }
}

// Pieces stand for tokens: of the pairs of their tokens the highest.
std::vector<float> pairs_of_pieces(const Excerpt& window) {
  std::vector<float> pairs(triangle_size(window.pieces.size()), std::nanf(""));
  std::vector<size_t> piece_of;  // [token of the window]
  for (size_t i = 0; i < window.pieces.size(); ++i) {
    piece_of.insert(piece_of.end(), window.pieces[i].tokens.size(), i);
  }
  for (uint32_t query = 0; query < window.pairs->n; ++query) {
    for (uint32_t key = 0; key <= query; ++key) {
      float& highest = pairs[triangle_at(piece_of.at(query), piece_of.at(key))];
      const float value = window.pairs->value(query, key);
      if (std::isnan(highest) || value > highest) highest = value;
    }
  }
  return pairs;
}

// The keys of documents, each hashed once: a book has excerpts of many units. Documents are known
// by where they lie, which is the same as long as the recording is open; but an empty one lies
// where the next begins. Thread-safe.
class DocumentKeys {
 public:
  uint64_t key_of(std::string_view document) {
    if (document.empty()) return document_key(document);
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = keys_.find(document.data()); known != keys_.end())
        return known->second;
    }
    const uint64_t key = document_key(document);
    const std::lock_guard lock(mutex_);
    return keys_[document.data()] = key;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const char*, uint64_t> keys_;
};

UnitExcerpt excerpt_of(const UnitText& text, const UnitTexts& texts, DocumentKeys& keys) {
  UnitExcerpt excerpt{
      .at = text.window.at,
      .value = text.window.value,
      .groups = text.groups,
      .bucket = text.bucket,
      .document = text.window.document,
      .document_key = keys.key_of(text.document),
      .text = {},
      .context = [&texts, at = text.window.at] { return texts.around(at, kContextTokens); },
      .pairs = {}};
  excerpt.text.reserve(text.window.pieces.size());
  for (const Piece& piece : text.window.pieces) {
    ValuedText valued{piece.text, std::nanf("")};
    for (const PieceToken& token : piece.tokens) {
      const bool higher = std::isnan(valued.value) || token.value > valued.value;
      if (higher) valued.value = token.value;
    }
    excerpt.text.push_back(std::move(valued));
  }
  if (text.window.pairs) excerpt.pairs = pairs_of_pieces(text.window);
  return excerpt;
}

}  // namespace

std::vector<UnitAddress> parse_units(std::span<const std::string> words, const UnitTexts& texts) {
  std::vector<UnitAddress> named;
  for (const std::string& word : words) {
    if (std::filesystem::is_regular_file(word)) {
      add_file(word, texts, named);
    } else {
      add_word(word, texts, named);
    }
  }
  std::vector<UnitAddress> units;
  std::set<std::pair<std::string, uint32_t>> seen;
  for (UnitAddress& unit : named) {
    if (seen.insert({unit.site, unit.index}).second) units.push_back(std::move(unit));
  }
  return units;
}

ExcerptsOfUnit excerpts_from(const UnitTexts& texts) {
  return [&texts, keys = std::make_shared<DocumentKeys>()](const UnitAddress& unit,
                                                           const WantsDocument& wants) {
    const auto wants_text = [&](std::string_view document) {
      return wants(keys->key_of(document));
    };
    std::vector<UnitExcerpt> excerpts;
    for (const UnitText& text : texts.of(unit, wants_text)) {
      excerpts.push_back(excerpt_of(text, texts, *keys));
    }
    return excerpts;
  };
}

}  // namespace actogram
