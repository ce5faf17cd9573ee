#include "record/corpus_pass.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "codec/utf8.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

class CorpusPass {
 public:
  CorpusPass(const CorpusPassOptions& options, const Tokenizer& tokenizer,
             const std::string& folder, const ProgressFn& progress)
      : options_(options),
        corpus_(options.corpus),
        sequencer_(tokenizer, options.sequences),
        writer_(folder),
        progress_(progress) {}

  CorpusPassResult run() {
    for (uint64_t number = 0; !full_; ++number) {
      std::optional<Document> document = corpus_.next();
      if (!document) break;
      // Without a limit the other shards' documents need no tokens; with one, they share it.
      if (!is_ours(number) && options_.max_tokens == 0) continue;
      take(std::move(*document), number);
      if (number % 64 == 0) tell();
    }
    if (writer_.n_tokens() == 0) fail_empty();
    progress_({"reading the corpus", n_tokens_, n_tokens_, 0, "tokens"});
    return {summary(), writer_.finish()};
  }

 private:
  bool is_ours(uint64_t number) const {
    return number % options_.shard.count == options_.shard.index;
  }

  [[noreturn]] void fail_empty() const {
    const std::string inputs = fmt::format("{}", fmt::join(options_.corpus.inputs, ", "));
    if (full_ && n_tokens_ == 0) {
      fail(Code::invalid, "{}: the first sequence alone has more than the {} tokens asked for",
           inputs, options_.max_tokens);
    }
    if (options_.shard.count > 1) {
      fail(Code::invalid, "{}: nothing to record in shard {}/{}; the documents read are {}", inputs,
           options_.shard.index, options_.shard.count, n_documents_read());
    }
    fail(Code::invalid, "{}: nothing to record: the corpus is empty; documents read: {}, tokens: 0",
         inputs, n_documents_read());
  }

  void take(Document document, uint64_t number) {
    const uint32_t source = document.source;
    const uint64_t ordinal = document.ordinal;
    const std::string name = document.name;
    sequencer_.start(std::move(document));
    bool written = false;
    while (auto sequence = sequencer_.next()) {
      if (options_.max_tokens > 0 && n_tokens_ + sequence->tokens.size() > options_.max_tokens) {
        full_ = true;
        return;
      }
      n_tokens_ += sequence->tokens.size();
      if (!is_ours(number)) continue;
      if (!written) write_document(number, source, ordinal, name);
      written = true;
      writer_.add_sequence(sequence->chunk,
                           sequence_key(source_name(source), ordinal, sequence->chunk),
                           sequence->tokens);
    }
  }

  void write_document(uint64_t number, uint32_t source, uint64_t ordinal, const std::string& name) {
    const std::string& text = sequencer_.document().text;
    const uint64_t n_invalid = count_invalid_bytes(text);
    writer_.add_document({number, source, ordinal, name, text, n_invalid});
    counts_.resize(std::max<size_t>(counts_.size(), source + 1));
    ++counts_[source].n_documents;
    counts_[source].bytes += text.size();
    counts_[source].n_invalid_bytes += n_invalid;
  }

  std::string source_name(uint32_t source) const { return corpus_.sources()[source].name; }

  uint64_t n_documents_read() const {
    uint64_t n = 0;
    for (const SourceInfo& source : corpus_.sources()) n += source.n_documents;
    return n;
  }

  void tell() { progress_({"reading the corpus", n_tokens_, options_.max_tokens, 0, "tokens"}); }

  Json summary() {
    Json sources = Json::array();
    const auto infos = corpus_.sources();
    counts_.resize(infos.size());
    for (size_t i = 0; i < infos.size(); ++i) {
      sources.push_back({{"name", infos[i].name},
                         {"n_documents", counts_[i].n_documents},
                         {"n_bytes", counts_[i].bytes},
                         {"n_invalid_bytes", counts_[i].n_invalid_bytes}});
    }
    return {{"sources", std::move(sources)},
            {"n_documents", writer_.n_documents()},
            {"n_sequences", writer_.n_sequences()},
            {"n_tokens", writer_.n_tokens()},
            {"n_empty_documents", sequencer_.n_empty_documents()},
            {"n_truncated_documents", sequencer_.n_truncated_documents()},
            {"uses_bos", sequencer_.uses_bos()}};
  }

  struct Counts {
    uint64_t n_documents = 0, bytes = 0, n_invalid_bytes = 0;
  };

  const CorpusPassOptions& options_;
  Corpus corpus_;
  Sequencer sequencer_;
  CorpusWriter writer_;
  const ProgressFn& progress_;
  std::vector<Counts> counts_;  // [source], of what was written
  uint64_t n_tokens_ = 0;       // of all shards, where there is a limit
  bool full_ = false;
};

}  // namespace

namespace {

constexpr std::array<std::string_view, 2> kLong = {"split", "truncate"};
constexpr std::array<std::string_view, 4> kBos = {"auto", "always", "never", "eos"};

template <typename Choice>
Choice choice_of(const Json& options, const char* key, std::span<const std::string_view> names,
                 const std::string& what) {
  const auto name = field<std::string>(options, key, what);
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    fail(Code::corrupt, "{}: `{}` is '{}', expected one of {}", what, key, name,
         fmt::join(names, ", "));
  }
  return static_cast<Choice>(found - names.begin());
}

}  // namespace

SequenceOptions sequence_options(const Json& options, const std::string& what) {
  using Options = SequenceOptions;
  return {
      .context = field<uint32_t>(options, "context", what),
      .long_documents = choice_of<Options::LongDocuments>(options, "long_documents", kLong, what),
      .bos = choice_of<Options::Bos>(options, "bos", kBos, what)};
}

Json to_json(const CorpusPassOptions& options) {
  return {{"context", options.sequences.context},
          {"long_documents", kLong[static_cast<size_t>(options.sequences.long_documents)]},
          {"bos", kBos[static_cast<size_t>(options.sequences.bos)]},
          {"max_tokens", options.max_tokens}};
}

CorpusPassResult read_corpus(const CorpusPassOptions& options, const Tokenizer& tokenizer,
                             const std::string& folder, const ProgressFn& progress) {
  if (options.shard.count == 0 || options.shard.index >= options.shard.count) {
    fail(Code::invalid, "shard {}/{}: there are the shards 0 to N-1 of N", options.shard.index,
         options.shard.count);
  }
  return CorpusPass(options, tokenizer, folder, progress).run();
}

}  // namespace actogram
