#include "collate/head_collator.h"

#include <cassert>

namespace actogram {

HeadCollator::HeadCollator(const Site& site, const std::optional<AttentionWeights>& weights,
                           const CollateOptions& options, ThreadPool& threads)
    : skip_bos_(options.attn_skip_bos) {
  if (weights) norms_.emplace(*weights, threads);
  heads_.reserve(site.n_units);
  for (uint32_t unit = 0; unit < site.n_units; ++unit) {
    heads_.emplace_back(site.name, unit, options);
  }
}

void HeadCollator::observe(const SiteValues& values, std::span<const BatchSequence> sequences,
                           ThreadPool& threads, std::span<HeadScratch> scratch,
                           std::span<WindowSink* const> sinks) {
  repeats_.resize(std::max(repeats_.size(), sequences.size()));
  threads.parallel_for(sequences.size(),
                       [&](size_t s, size_t) { find_repeats(sequences[s].ids, repeats_[s]); });
  threads.parallel_for(heads_.size(), [&](size_t head, size_t thread) {
    observe_head(head, values, sequences, scratch[thread], *sinks[thread]);
  });
}

void HeadCollator::observe_head(size_t head, const SiteValues& values,
                                std::span<const BatchSequence> sequences, HeadScratch& scratch,
                                WindowSink& sink) {
  const AttentionValues& attention = *values.attention;
  assert(attention.value_norms != nullptr || norms_);
  const float* norms = nullptr;
  if (attention.value_norms != nullptr) {
    norms = attention.value_norms + head * attention.norm_stride;
  } else {
    norms_->of_head(attention, head, values.n_rows, scratch.norms);
    norms = scratch.norms.data();
  }
  for (size_t s = 0; s < sequences.size(); ++s) {
    const size_t row = values.first_row[s];
    const HeadTriangle triangle{.pattern = attention.pattern + head * attention.head_stride +
                                           row * attention.query_stride + row,
                                .query_stride = attention.query_stride,
                                .norms = norms + row,
                                .n = sequences[s].n_tokens,
                                .first_key = skip_bos_ && sequences[s].begins_with_bos ? 1U : 0U};
    heads_[head].observe(triangle, sequences[s], repeats_[s], scratch, sink);
  }
}

}  // namespace actogram
