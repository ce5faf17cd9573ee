#include "record/sae_recorder.h"

#include <utility>

#include "store/sparse_units.h"

namespace actogram {
namespace {

constexpr uint32_t kNoToken = UINT32_MAX;
constexpr size_t kEventMemory = size_t{16} << 20;

}  // namespace

SaeRecorder::SaeRecorder(const std::string& folder, std::vector<RecordedSae> saes,
                         ActivationSource& source, std::vector<Site>& sites,
                         const CorpusTables& corpus, const SparseState& state, uint32_t n_threads)
    : folder_(folder),
      corpus_(corpus),
      n_threads_(n_threads),
      first_token_(first_tokens(corpus)),
      unknown_(state.unknown) {
  uint64_t n_units = n_dense_units(sites);
  for (RecordedSae& recorded : saes) {
    const size_t source_site = source_site_of(recorded, source.sites());
    const auto first_unit = static_cast<uint32_t>(n_units);
    std::optional<size_t> attributed;
    if (recorded.attribution) {
      if (!attributions_) attributions_.emplace(folder, source, state.n_attributions, n_threads);
      attributed = attributions_->add(recorded, first_unit);
    }
    readers_.push_back({source_site, static_cast<uint32_t>(sites.size()), first_unit,
                        std::make_unique<SaeEncoder>(std::move(recorded.sae), n_threads),
                        attributed});
    sites.push_back(recorded.site);
    n_units += recorded.site.n_units;
  }
  sites_ = sites;
  events_ = std::make_unique<EventWriter>(folder, EventSpace{corpus.n_tokens(), n_units}, 1,
                                          kEventMemory, state.runs);
}

void SaeRecorder::set_tokens_of_rows(const SiteValues& values,
                                     std::span<const BatchSequence> sequences) {
  token_of_row_.assign(values.n_rows, kNoToken);
  for (size_t s = 0; s < sequences.size(); ++s) {
    const uint64_t first = first_token_[sequences[s].number];
    for (uint32_t t = 0; t < sequences[s].n_tokens; ++t) {
      token_of_row_[values.first_row[s] + t] = static_cast<uint32_t>(first + t);
    }
  }
}

void SaeRecorder::observe(const SiteValues& values, std::span<const BatchSequence> sequences) {
  if (attributions_ && values.attention) attributions_->observe(values, sequences);
  for (const Reader& reader : readers_) {
    if (reader.source_site != values.site) continue;
    set_tokens_of_rows(values, sequences);
    reader.encoder->encode(values.values, values.n_rows, values.row_stride,
                           [&](const EncodedRows& rows) { keep(reader, values, rows); });
  }
}

void SaeRecorder::keep(const Reader& reader, const SiteValues& values, const EncodedRows& rows) {
  tokens_.clear(), units_.clear(), rows_.clear(), latents_.clear(), values_.clear();
  for (const LatentEvent& event : rows.events) {
    const uint32_t token = token_of_row_[event.row];
    if (token == kNoToken) continue;
    tokens_.push_back(token);
    units_.push_back(reader.first_unit + event.latent);
    rows_.push_back(event.row);
    latents_.push_back(event.latent);
    values_.push_back(event.value);
  }
  events_->add(0, tokens_, units_, values_);
  if (reader.attributed) {
    attributions_->take(*reader.attributed, values, {rows_, latents_, tokens_, units_});
  }
  for (const uint32_t row : rows.not_finite) {
    if (token_of_row_[row] != kNoToken) unknown_.push_back({reader.site, token_of_row_[row]});
  }
}

void SaeRecorder::end_batch() {
  if (attributions_) attributions_->end_batch();
}

SparseState SaeRecorder::save() {
  return {events_->save(), unknown_, attributions_ ? attributions_->save() : 0};
}

StoredFiles SaeRecorder::finish(UnitWriter& writer, const ProgressFn& progress) {
  uint64_t n_latents = 0;
  for (const Reader& reader : readers_) n_latents += reader.encoder->sae().n_latents;
  ThreadPool pool(n_threads_);
  progress({"writing the events", 0, n_latents, 0, "latents"});
  StoredFiles files = events_->finish(pool);
  write_unknown_tokens(folder_, unknown_, files);
  const EventIndex index(folder_);
  write_sparse_units(index, corpus_, TokenLists(folder_, files), sites_, writer, [&](uint64_t n) {
    progress({"writing the latents", n, n_latents, 0, "latents"});
  });
  if (attributions_) files.merge(attributions_->finish(index, corpus_, progress));
  return files;
}

}  // namespace actogram
