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
  for (Reader& reader : readers_) {
    if (reader.source_site != values.site) continue;
    if (!reader.attributed) {
      gather(reader, values, sequences);
      continue;
    }
    set_tokens_of_rows(values, sequences);
    reader.encoder->encode(
        values.values, values.n_rows, values.row_stride, [&](const EncodedRows& rows) {
          keep(reader, token_of_row_, rows);
          attributions_->take(*reader.attributed, values, {rows_, latents_, tokens_, units_});
        });
  }
}

void SaeRecorder::gather(Reader& reader, const SiteValues& values,
                         std::span<const BatchSequence> sequences) {
  constexpr size_t kTokensAtOnce = 512;
  const size_t width = reader.encoder->sae().d_in;
  for (size_t s = 0; s < sequences.size(); ++s) {
    const uint64_t first = first_token_[sequences[s].number];
    const float* row = values.values + values.first_row[s] * values.row_stride;
    for (uint32_t t = 0; t < sequences[s].n_tokens; ++t, row += values.row_stride) {
      reader.waiting.insert(reader.waiting.end(), row, row + width);
      reader.waiting_tokens.push_back(static_cast<uint32_t>(first + t));
      if (reader.waiting_tokens.size() == kTokensAtOnce) encode_waiting(reader);
    }
  }
}

void SaeRecorder::encode_waiting(Reader& reader) {
  reader.encoder->encode(
      reader.waiting.data(), reader.waiting_tokens.size(), reader.encoder->sae().d_in,
      [&](const EncodedRows& rows) { keep(reader, reader.waiting_tokens, rows); });
  reader.waiting.clear();
  reader.waiting_tokens.clear();
}

void SaeRecorder::encode_all_waiting() {
  for (Reader& reader : readers_) encode_waiting(reader);
}

void SaeRecorder::keep(const Reader& reader, std::span<const uint32_t> token_of_row,
                       const EncodedRows& rows) {
  tokens_.clear(), units_.clear(), rows_.clear(), latents_.clear(), values_.clear();
  for (const LatentEvent& event : rows.events) {
    const uint32_t token = token_of_row[event.row];
    if (token == kNoToken) continue;
    tokens_.push_back(token);
    units_.push_back(reader.first_unit + event.latent);
    rows_.push_back(event.row);
    latents_.push_back(event.latent);
    values_.push_back(event.value);
  }
  events_->add(0, tokens_, units_, values_);
  for (const uint32_t row : rows.not_finite) {
    if (token_of_row[row] != kNoToken) unknown_.push_back({reader.site, token_of_row[row]});
  }
}

void SaeRecorder::end_batch() {
  if (attributions_) attributions_->end_batch();
}

SparseState SaeRecorder::save() {
  encode_all_waiting();
  return {events_->save(), unknown_, attributions_ ? attributions_->save() : 0};
}

StoredFiles SaeRecorder::finish(UnitWriter& writer, const ProgressFn& progress) {
  encode_all_waiting();
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
