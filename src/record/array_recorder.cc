#include "actogram/array_recorder.h"

#include <algorithm>

#include "codec/utf8.h"
#include "core/unit_address.h"
#include "record/collation.h"
#include "store/corpus_tables.h"
#include "store/provenance.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

// Sequences of any length may come, and windows are kept for one sequence at a time; longer ones
// than this would need a larger buffer.
constexpr size_t kMostTokens = 1 << 16;
constexpr const char* kFolderIdentity = "values handed over by a caller";

}  // namespace

class ArrayRecorder::Impl {
 public:
  explicit Impl(const ArrayRecorderOptions& options)
      : options_(checked(options)),
        folder_(options.output, kFolderIdentity, {}),
        corpus_(folder_.path()),
        collation_(folder_.path(), options.sites, options.gate_function,
                   [](size_t) { return std::nullopt; },
                   {.collate = options.collate, .n_threads = options.n_threads}) {}

  void add_document(std::string_view source, std::string_view name, std::string_view text) {
    const auto [found, is_new] = sources_.try_emplace(std::string(source), sources_.size());
    if (is_new) counts_.push_back({.name = std::string(source)});
    SourceCounts& counts = counts_[found->second];
    const uint64_t n_invalid = count_invalid_bytes(text);
    corpus_.add_document({.document = corpus_.n_documents(),
                          .source = static_cast<uint32_t>(found->second),
                          .ordinal = counts.n_documents,
                          .name = name,
                          .text = text,
                          .n_invalid_bytes = n_invalid});
    ordinal_ = counts.n_documents++;
    source_ = source;
    counts.n_bytes += text.size();
    counts.n_invalid_bytes += n_invalid;
    text_bytes_ = text.size();
    chunk_ = 0;
  }

  void add_sequence(std::span<const Token> tokens, std::span<const SequenceValues> values) {
    check(tokens, values);
    const auto n_tokens = static_cast<uint32_t>(tokens.size());
    const BatchSequence sequence{.number = static_cast<uint32_t>(n_tokens_.size()),
                                 .n_tokens = n_tokens,
                                 .key = sequence_key(source_, ordinal_, chunk_),
                                 .ids = ids_of(tokens)};
    corpus_.add_sequence(chunk_++, sequence.key, tokens);
    n_tokens_.push_back(n_tokens);
    constexpr uint32_t kFirstRow = 0;
    for (size_t site = 0; site < values.size(); ++site) {
      collation_.observe({.site = site,
                          .values = values[site].values,
                          .n_rows = n_tokens,
                          .row_stride = values[site].row_stride,
                          .first_row = {&kFirstRow, 1},
                          .gate = values[site].gate,
                          .linear = values[site].linear,
                          .gate_stride = values[site].row_stride,
                          .attention = values[site].attention},
                         {&sequence, 1});
    }
  }

  void finish() {
    if (n_tokens_.empty()) fail(Code::invalid, "{}: no sequence was added", options_.output);
    Manifest manifest;
    manifest.files = corpus_.finish();
    UnitWriter writer(folder_.path(), options_.sites, collation_.classes_of());
    manifest.files.merge(collation_.finish(n_tokens_, writer, [](const Progress&) {}));
    manifest.files.merge(writer.finish());
    manifest.model = {{"name", options_.model}, {"architecture", "unknown"}};
    manifest.corpus = corpus_json();
    manifest.options = {{"source", kFolderIdentity}};
    manifest.provenance = provenance({});
    manifest.sites = options_.sites;
    manifest.collate = options_.collate;
    if (options_.collate.sign_classes) manifest.gate_function = options_.gate_function;
    folder_.finish(manifest);
  }

 private:
  struct SourceCounts {
    std::string name;
    uint64_t n_documents = 0, n_bytes = 0, n_invalid_bytes = 0;
  };

  static const ArrayRecorderOptions& checked(const ArrayRecorderOptions& options) {
    if (options.sites.empty()) fail(Code::invalid, "{}: no site to record", options.output);
    for (const Site& site : options.sites) {
      if (site.n_units == 0) fail(Code::invalid, "{}: a site without units", site.name);
    }
    const auto heads_follow = [](const Site& site) { return !is_attention_site(site.name); };
    if (!std::ranges::is_partitioned(options.sites, heads_follow)) {
      fail(Code::invalid, "{}: name the sites of attention heads after the others", options.output);
    }
    check_recording_name(options.output);
    return options;
  }

  void check(std::span<const Token> tokens, std::span<const SequenceValues> values) const {
    if (corpus_.n_documents() == 0) fail(Code::invalid, "a sequence needs its document first");
    if (tokens.empty() || tokens.size() > kMostTokens) {
      fail(Code::invalid, "a sequence of {} tokens; 1 to {} are possible", tokens.size(),
           kMostTokens);
    }
    for (const Token& token : tokens) {
      if (token.begin <= token.end && token.end <= text_bytes_) continue;
      fail(Code::invalid, "a token covers the bytes {} to {} of a document of {}", token.begin,
           token.end, text_bytes_);
    }
    if (values.size() != options_.sites.size()) {
      fail(Code::invalid, "{} arrays for {} sites", values.size(), options_.sites.size());
    }
    for (size_t site = 0; site < values.size(); ++site) {
      if (is_attention_site(options_.sites[site].name)) {
        check_attention(options_.sites[site].name, values[site].attention, tokens.size());
        continue;
      }
      if (options_.gate_function && !(values[site].gate && values[site].linear)) {
        fail(Code::invalid, "{}: a gate function is set, but no gate and linear values came",
             options_.sites[site].name);
      }
      if (values[site].row_stride >= options_.sites[site].n_units) continue;
      fail(Code::invalid, "{}: rows of {} floats for {} units", options_.sites[site].name,
           values[site].row_stride, options_.sites[site].n_units);
    }
  }

  static void check_attention(const std::string& site, const AttentionValues* attention,
                              size_t n_tokens) {
    if (attention == nullptr || !attention->pattern || !attention->value_norms) {
      fail(Code::invalid, "{}: attention heads need a pattern and value_norms", site);
    }
    if (attention->query_stride >= n_tokens) return;
    fail(Code::invalid, "{}: rows of {} floats for {} keys", site, attention->query_stride,
         n_tokens);
  }

  std::span<const int32_t> ids_of(std::span<const Token> tokens) {
    ids_.clear();
    for (const Token& token : tokens) ids_.push_back(token.id);
    return ids_;
  }

  Json corpus_json() const {
    Json sources = Json::array();
    for (const SourceCounts& counts : counts_) {
      sources.push_back({{"name", counts.name},
                         {"n_documents", counts.n_documents},
                         {"n_bytes", counts.n_bytes},
                         {"n_invalid_bytes", counts.n_invalid_bytes}});
    }
    return {{"sources", std::move(sources)},
            {"n_documents", corpus_.n_documents()},
            {"n_sequences", corpus_.n_sequences()},
            {"n_tokens", corpus_.n_tokens()}};
  }

  ArrayRecorderOptions options_;
  WorkFolder folder_;
  CorpusWriter corpus_;
  Collation collation_;
  std::map<std::string, size_t> sources_;
  std::vector<SourceCounts> counts_;  // [source]
  std::vector<uint32_t> n_tokens_;    // [sequence]
  std::vector<int32_t> ids_;          // of the sequence at hand
  std::string source_;                // of the last document, as are the next three
  uint64_t ordinal_ = 0;
  uint64_t text_bytes_ = 0;
  uint32_t chunk_ = 0;
};

ArrayRecorder::ArrayRecorder(const ArrayRecorderOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
ArrayRecorder::~ArrayRecorder() = default;

void ArrayRecorder::add_document(std::string_view source, std::string_view name,
                                 std::string_view text) {
  impl_->add_document(source, name, text);
}
void ArrayRecorder::add_sequence(std::span<const Token> tokens,
                                 std::span<const SequenceValues> values) {
  impl_->add_sequence(tokens, values);
}
void ArrayRecorder::finish() { impl_->finish(); }

}  // namespace actogram
