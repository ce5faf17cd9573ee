#include "formats/sae_prompt_pass.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/hash.h"
#include "codec/utf8.h"
#include "core/unit_address.h"
#include "formats/sae_chat.h"
#include "formats/sae_prompts.h"
#include "store/event_tables.h"
#include "store/prompt_tables.h"

namespace actogram {
namespace {

constexpr Token kUnknownToken = {-1, 0, 0};

// Of all that a row says, however it was packed.
std::string digest_of(const SaePrompt& prompt) {
  Checksum digest;
  const auto add = [&](const auto& values) {
    const uint64_t n = values.size();
    digest.update(std::as_bytes(std::span(&n, 1)));
    digest.update(std::as_bytes(std::span(values)));
  };
  add(prompt.prompt);
  add(prompt.positions);
  add(prompt.activations);
  add(prompt.pairs.offsets);
  add(prompt.pairs.numbers);
  add(prompt.pairs.values);
  add(prompt.active_features);
  return digest.hex();
}

class Pass {
 public:
  Pass(const SaeTablesFolder& tables, const EventScan& scan, const PromptTokenizer* tokenizer,
       const std::string& source, const std::string& folder, const ProgressFn& progress)
      : tables_(tables),
        scan_(scan),
        tokenizer_(tokenizer),
        source_(source),
        corpus_(folder),
        progress_(progress) {
    for (size_t i = 0; i < scan.prompts.size(); ++i) of_scan_.emplace(scan.prompts[i], i);
    if (!tables.prompts.empty()) prompts_.emplace(folder);
  }

  PromptPass run(ThreadPool& pool) {
    if (prompts_) read_table(pool);
    for (const std::string& id : scan_.prompts) {
      if (!seen_.contains(id)) add_unpublished(id);
    }
    StoredFiles files = corpus_.finish();
    if (prompts_) prompts_->finish(files);
    pass_.files = std::move(files);
    return std::move(pass_);
  }

 private:
  struct Seen {
    std::string where, digest;
  };

  void read_table(ThreadPool& pool) {
    SaePromptFiles files(tables_.prompts, tables_.width);
    std::vector<ReadPrompt> read(SaePromptFiles::kBatchRows);
    uint64_t n_rows = 0;
    files.read(
        pool,
        [&](const SaePrompt& prompt, size_t row, size_t) {
          if (tokenizer_ != nullptr) read[row] = tokenizer_->read(prompt.prompt, prompt.where);
        },
        [&](const SaePrompt& prompt, size_t row) {
          add(prompt, read[row]);
          if (++n_rows % SaePromptFiles::kBatchRows == 0) tell(n_rows, files.n_rows());
        });
    tell(n_rows, files.n_rows());
    pass_.has_table = true;
    pass_.layer = files.layer();
    pass_.width = files.width();
  }

  void tell(uint64_t done, uint64_t total) const {
    progress_({"reading the prompts", done, total, 0, "prompts"});
  }

  void add(const SaePrompt& prompt, ReadPrompt& read) {
    const std::string digest = digest_of(prompt);
    const auto [known, is_new] = seen_.try_emplace(prompt.id, Seen{prompt.where, digest});
    if (!is_new) return take_again(prompt, known->second, digest);
    uint64_t n_tokens = n_tokens_of_events(prompt.id);
    for (const uint32_t position : prompt.positions) {
      n_tokens = std::max(n_tokens, uint64_t{position} + 1);
    }
    if (tokenizer_ == nullptr) {
      read = {prompt.prompt, std::vector<Token>(n_tokens, kUnknownToken)};
    } else if (n_tokens > read.tokens.size()) {
      fail(Code::invalid,
           "{}: prompt {} has position {}, but --tokenizer makes {} tokens of it: is it the model "
           "that the data set is of?",
           prompt.where, prompt.id, n_tokens - 1, read.tokens.size());
    }
    add_document(prompt.id, read);
    add_samples(prompt);
    ++pass_.n_published;
  }

  void take_again(const SaePrompt& prompt, const Seen& first, const std::string& digest) {
    if (first.digest != digest) {
      fail(Code::corrupt, "{}: \"prompt_id\" {} is also at {}, which says something else",
           prompt.where, prompt.id, first.where);
    }
    ++pass_.n_repeated;
  }

  uint64_t n_tokens_of_events(const std::string& id) const {
    const auto known = of_scan_.find(id);
    if (known == of_scan_.end()) return 0;
    const uint64_t n = scan_.first_token[known->second + 1] - scan_.first_token[known->second];
    if (n <= SaePromptFiles::kMostTokens) return n;
    fail(Code::corrupt, "{}: prompt {}: \"token_position\" {}; expected 0 to {}",
         kFeatureActivations, id, n - 1, SaePromptFiles::kMostTokens - 1);
  }

  void add_document(const std::string& id, const ReadPrompt& read) {
    const uint64_t row = pass_.prompts.size(), n_invalid = count_invalid_bytes(read.text);
    corpus_.add_document({row, 0, row, id, read.text, n_invalid});
    corpus_.add_sequence(0, sequence_key(source_, row, 0), read.tokens);
    pass_.prompts.push_back(id);
    pass_.first_token.push_back(pass_.n_tokens() + read.tokens.size());
    pass_.n_bytes += read.text.size(), pass_.n_invalid_bytes += n_invalid;
    if (pass_.n_tokens() > kMostEventTokens) {
      fail(Code::unsupported, "{}: more than {} tokens in one data set", id, kMostEventTokens);
    }
    pass_.sampled.resize(pass_.n_tokens());
  }

  void add_samples(const SaePrompt& prompt) {
    const uint64_t first = pass_.first_token[pass_.prompts.size() - 1];
    prompts_->add_prompt({.prompt = prompt.prompt,
                          .published = true,
                          .activations = prompt.activations_packed,
                          .representation = prompt.pairs_packed,
                          .active_units = prompt.active_features});
    name_features(prompt.active_features);
    name_features(prompt.pairs.numbers);
    const size_t n = prompt.positions.size();
    const size_t width = n == 0 ? 0 : prompt.activations.size() / n;
    for (size_t i = 0; i < n; ++i) {
      const auto token = static_cast<uint32_t>(first + prompt.positions[i]);
      SampleRow sample{.token = token};
      if (prompt.pairs_packed) {
        const auto begin = static_cast<size_t>(prompt.pairs.offsets[i]);
        const size_t n_pairs = static_cast<size_t>(prompt.pairs.offsets[i + 1]) - begin;
        sample.units = std::span(prompt.pairs.numbers).subspan(begin, n_pairs);
        sample.values = std::span(prompt.pairs.values).subspan(begin, n_pairs);
      }
      sample.activation = std::span(prompt.activations).subspan(i * width, width);
      prompts_->add_sample(sample);
      pass_.sampled[token] = true;
    }
    pass_.n_samples += n;
  }

  void name_features(std::span<const uint32_t> features) {
    for (const uint32_t feature : features) {
      pass_.n_features = std::max(pass_.n_features, feature + 1);
    }
  }

  void add_unpublished(const std::string& id) {
    add_document(id, {"", std::vector<Token>(n_tokens_of_events(id), kUnknownToken)});
    if (prompts_) prompts_->add_prompt({});
  }

  const SaeTablesFolder& tables_;
  const EventScan& scan_;
  const PromptTokenizer* tokenizer_;
  const std::string& source_;
  CorpusWriter corpus_;
  std::optional<PromptWriter> prompts_;
  const ProgressFn& progress_;
  std::unordered_map<std::string, size_t> of_scan_;  // its row in scan_.prompts
  std::unordered_map<std::string, Seen> seen_;       // of the table of prompts, by id
  PromptPass pass_;
};

}  // namespace

PromptPass read_prompts(const SaeTablesFolder& tables, const EventScan& scan,
                        const PromptTokenizer* tokenizer, const std::string& source,
                        const std::string& folder, ThreadPool& pool, const ProgressFn& progress) {
  return Pass(tables, scan, tokenizer, source, folder, progress).run(pool);
}

}  // namespace actogram
