#include "record/recorder.h"

#include <algorithm>
#include <numeric>

#include "core/unit_address.h"

namespace actogram {
namespace {

void check_size(const CorpusTables& corpus) {
  if (corpus.n_tokens() < UINT32_MAX) return;
  fail(Code::unsupported,
       "the corpus has {} tokens; one recording holds up to {}: record it as shards (--shard i/N) "
       "and merge them",
       corpus.n_tokens(), UINT32_MAX);
}

// For each site of the source its number among the dense sites of the recording, if it is one.
std::vector<std::optional<size_t>> numbers_among(const std::vector<Site>& dense,
                                                 const std::vector<Site>& sites) {
  std::vector<std::optional<size_t>> numbers;
  for (const Site& site : sites) {
    const auto found = std::ranges::find(dense, site);
    const auto number = static_cast<size_t>(found - dense.begin());
    numbers.push_back(found == dense.end() ? std::nullopt : std::optional(number));
  }
  return numbers;
}

// By their number among the dense sites.
Collation::WeightsOf weights_of(ActivationSource& source,
                                const std::vector<std::optional<size_t>>& numbers) {
  return [&source, &numbers](size_t number) -> std::optional<AttentionWeights> {
    const auto found = std::ranges::find(numbers, std::optional(number));
    return source.attention_weights(static_cast<size_t>(found - numbers.begin()));
  };
}

}  // namespace

std::vector<Site> dense_sites(const ActivationSource& source, const RecorderOptions& options) {
  std::vector<Site> sites = source.sites();
  const auto& chosen = options.dense_sites;
  std::erase_if(sites, [&](const Site& site) {
    return chosen && std::ranges::find(*chosen, site.name) == chosen->end();
  });
  std::ranges::stable_partition(sites,
                                [](const Site& site) { return !is_attention_site(site.name); });
  return sites;
}

Recorder::Recorder(const std::string& folder, std::string fingerprint, const CorpusTables& corpus,
                   ActivationSource& source, std::vector<RecordedSae> saes,
                   const RecorderOptions& options)
    : folder_(folder),
      fingerprint_(std::move(fingerprint)),
      corpus_(corpus),
      source_(source),
      checkpoint_seconds_(options.checkpoint_seconds),
      bos_(options.bos),
      sites_(dense_sites(source, options)),
      dense_(numbers_among(sites_, source.sites())),
      collation_(folder, sites_, source.gate_function(), weights_of(source, dense_),
                 options.collation) {
  check_size(corpus);
  for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
    n_tokens_.push_back(corpus.sequence(s).n_tokens);
  }
  const Collation::State state = collation_.restore(fingerprint_).value_or(Collation::State{});
  next_sequence_ = state.n_sequences;
  if (next_sequence_ == 0) collation_.expect(corpus.n_sequences());
  if (saes.empty()) return;
  saes_.emplace(folder, std::move(saes), source, sites_, corpus, state.sparse,
                options.collation.n_threads);
}

void Recorder::observe(const SiteValues& values, std::span<const BatchSequence> sequences) {
  if (saes_) saes_->observe(values, sequences);
  if (!dense_[values.site]) return;
  SiteValues of_dense = values;
  of_dense.site = *dense_[values.site];
  collation_.observe(of_dense, sequences);
}

void Recorder::run(const ProgressFn& progress) {
  const auto first = n_tokens_.begin();
  uint64_t n_done =
      std::accumulate(first, first + static_cast<ptrdiff_t>(next_sequence_), uint64_t{0});
  const uint64_t done_before = n_done;
  auto last_checkpoint = Clock::now();
  while (next_sequence_ < corpus_.n_sequences()) {
    progress({"recording", n_done, corpus_.n_tokens(), done_before, "tokens"});
    const Batch batch = next_batch();
    const std::vector<std::span<const int32_t>> tokens(batch.tokens.begin(), batch.tokens.end());
    source_.run(tokens, [&](const SiteValues& values) { observe(values, batch.sequences); });
    if (saes_) saes_->end_batch();
    next_sequence_ += batch.sequences.size();
    n_done += batch.n_tokens;
    const std::chrono::duration<double> since = Clock::now() - last_checkpoint;
    if (since.count() < checkpoint_seconds_) continue;
    collation_.save(fingerprint_, {next_sequence_, saes_ ? saes_->save() : SparseState{}});
    last_checkpoint = Clock::now();
  }
  progress({"recording", n_done, corpus_.n_tokens(), done_before, "tokens"});
}

Recorder::Batch Recorder::next_batch() const {
  Batch batch;
  size_t rows = 0;
  for (uint64_t s = next_sequence_; s < corpus_.n_sequences(); ++s) {
    rows += source_.rows_of(n_tokens_[s]);
    if (rows > source_.batch_rows() && !batch.sequences.empty()) break;
    const SequenceRow row = corpus_.sequence(s);
    std::vector<int32_t> ids;
    for (const Token& token : corpus_.tokens(row)) ids.push_back(token.id);
    batch.sequences.push_back(
        {static_cast<uint32_t>(s), row.n_tokens, row.key, bos_ && ids.front() == *bos_, {}});
    batch.tokens.push_back(std::move(ids));
    batch.sequences.back().ids = batch.tokens.back();
    batch.n_tokens += row.n_tokens;
  }
  return batch;
}

StoredFiles Recorder::finish(const ProgressFn& progress) {
  UnitWriter writer(folder_, sites_, collation_.classes_of());
  StoredFiles files = collation_.finish(n_tokens_, writer, progress);
  if (saes_) files.merge(saes_->finish(writer, progress));
  files.merge(writer.finish());
  return files;
}

}  // namespace actogram
