#include "record/recorder.h"

#include <algorithm>

#include "collate/merge.h"
#include "store/checkpoint.h"

namespace actogram {
namespace {

uint64_t n_units_of(const std::vector<Site>& sites) {
  uint64_t n = 0;
  for (const Site& site : sites) n += site.n_units;
  return n;
}

// Every unit of a site may keep two windows of every sequence of a batch, each with a header.
size_t most_window_floats(const Site& site, const ActivationSource& source) {
  return 2 * size_t{site.n_units} * 2 * source.batch_rows();
}

size_t buffer_bytes(const ActivationSource& source, const RecorderOptions& options) {
  size_t floats = 0;
  for (const Site& site : source.sites()) {
    floats = std::max(floats, most_window_floats(site, source));
  }
  return std::max<size_t>(options.window_buffer_bytes, floats * sizeof(float));
}

}  // namespace

Recorder::Recorder(std::string folder, std::string fingerprint, const CorpusTables& corpus,
                   ActivationSource& source, const RecorderOptions& options)
    : folder_(std::move(folder)),
      fingerprint_(std::move(fingerprint)),
      corpus_(corpus),
      source_(source),
      options_(options),
      threads_(options.n_threads),
      scratch_(threads_.n_threads()),
      windows_(folder_, buffer_bytes(source, options)),
      last_checkpoint_(Clock::now()) {
  if (corpus.n_sequences() >= UINT32_MAX || corpus.n_tokens() >= UINT32_MAX) {
    fail(
        Code::unsupported,
        "the corpus has {} tokens; one recording holds up to {}: record it as shards (--shard i/N) "
        "and merge them",
        corpus.n_tokens(), UINT32_MAX);
  }
  for (const Site& site : source.sites()) sites_.emplace_back(site, options.collate);
  for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
    n_tokens_.push_back(corpus.sequence(s).n_tokens);
  }
  restore_checkpoint();
}

void Recorder::run(const ProgressFn& progress) {
  const uint64_t done_before = tokens_done_;
  while (next_sequence_ < corpus_.n_sequences()) {
    progress({"recording", tokens_done_, corpus_.n_tokens(), done_before, "tokens"});
    const Batch batch = next_batch();
    const std::vector<std::span<const int32_t>> tokens(batch.tokens.begin(), batch.tokens.end());
    source_.run(tokens, [&](const SiteValues& values) { observe(values, batch); });
    next_sequence_ += batch.sequences.size();
    tokens_done_ += batch.n_tokens;
    const std::chrono::duration<double> since = Clock::now() - last_checkpoint_;
    if (since.count() >= options_.checkpoint_seconds) save_checkpoint();
  }
  progress({"recording", tokens_done_, corpus_.n_tokens(), done_before, "tokens"});
}

Recorder::Batch Recorder::next_batch() {
  Batch batch;
  size_t rows = 0;
  for (uint64_t s = next_sequence_; s < corpus_.n_sequences(); ++s) {
    rows += source_.rows_of(n_tokens_[s]);
    if (rows > source_.batch_rows() && !batch.sequences.empty()) break;
    const SequenceRow row = corpus_.sequence(s);
    std::vector<int32_t> ids;
    for (const Token& token : corpus_.tokens(row)) ids.push_back(token.id);
    batch.sequences.push_back({static_cast<uint32_t>(s), row.n_tokens, row.key});
    batch.tokens.push_back(std::move(ids));
    batch.n_tokens += row.n_tokens;
  }
  return batch;
}

void Recorder::observe(const SiteValues& values, const Batch& batch) {
  if (!windows_.has_room(most_window_floats(source_.sites()[values.site], source_))) {
    windows_.flush([this](const WindowStore::Visit& visit) { for_each_window(visit); });
  }
  sites_[values.site].observe(values, batch.sequences, threads_, scratch_, windows_);
}

void Recorder::for_each_window(const WindowStore::Visit& visit) {
  for (SiteCollator& site : sites_) site.for_each_window(visit);
}

SiteCollator& Recorder::site_of_row(uint64_t row, uint32_t& unit) {
  size_t site = 0;
  for (; row >= sites_[site].n_units(); ++site) row -= sites_[site].n_units();
  unit = static_cast<uint32_t>(row);
  return sites_[site];
}

void Recorder::save_checkpoint() {
  const auto visit_all = [this](const WindowStore::Visit& visit) { for_each_window(visit); };
  windows_.flush(visit_all);
  windows_.compact_if_wasteful(visit_all);
  windows_.sync();
  const CheckpointHead head{.fingerprint = fingerprint_,
                            .n_sequences = next_sequence_,
                            .segments = windows_.segments(),
                            .n_units = n_units_of(source_.sites())};
  write_checkpoint(folder_ + "/checkpoint", head, [this](uint64_t row) {
    uint32_t unit = 0;
    const SiteCollator& site = site_of_row(row, unit);
    return site.record(unit);
  });
  windows_.remove_unlisted();
  last_checkpoint_ = Clock::now();
}

void Recorder::restore_checkpoint() {
  const auto head = read_checkpoint(folder_ + "/checkpoint", fingerprint_,
                                    [this](uint64_t row, const UnitRecord& record) {
                                      uint32_t unit = 0;
                                      site_of_row(row, unit).restore(unit, record);
                                    });
  if (head) {
    windows_.open_segments(head->segments);
    next_sequence_ = head->n_sequences;
    for (uint64_t s = 0; s < next_sequence_; ++s) tokens_done_ += n_tokens_[s];
  }
  windows_.remove_unlisted();
}

UnitRecord Recorder::finished_unit(const SiteCollator& site, uint32_t unit) const {
  UnitRecord record = site.record(unit);
  assign_groups(record, options_.collate);
  const auto fetch = [this](KeptPeak& peak) {
    peak.window = windows_.window(peak.window_ref);
    peak.window_begin =
        window_around(peak.at.position, n_tokens_[peak.at.sequence], options_.collate.window).begin;
  };
  std::ranges::for_each(record.maximum_peaks, fetch);
  std::ranges::for_each(record.minimum_peaks, fetch);
  return record;
}

StoredFiles Recorder::finish(const ProgressFn& progress) {
  UnitWriter writer(folder_, source_.sites());
  const uint64_t n_units = n_units_of(source_.sites());
  uint64_t n_done = 0;
  for (const SiteCollator& site : sites_) {
    for (uint32_t unit = 0; unit < site.n_units(); ++unit) writer.add(finished_unit(site, unit));
    windows_.release_pages();
    n_done += site.n_units();
    progress({"writing the units", n_done, n_units, 0, "units"});
  }
  return writer.finish();
}

}  // namespace actogram
