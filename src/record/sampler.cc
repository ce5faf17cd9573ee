#include "record/sampler.h"

#include <algorithm>

namespace actogram {
namespace {

constexpr uint64_t kBytesAtOnce = uint64_t{64} << 20;  // of all quantities, while they are turned

uint32_t checked(uint32_t n_samples) {
  if (n_samples <= Sampler::kMostSamples) return n_samples;
  fail(Code::invalid, "{} samples are asked for; up to {} are possible", n_samples,
       Sampler::kMostSamples);
}

}  // namespace

Sampler::Sampler(const std::string& folder, const std::vector<Site>& sites, Gated gated,
                 uint32_t n_samples)
    : folder_(folder), n_samples_(checked(n_samples)), positions_(folder + "/sampled.positions") {
  for (const Site& site : sites) {
    first_row_.push_back(n_units_);
    n_site_units_.push_back(site.n_units);
    n_units_ += site.n_units;
  }
  const size_t n_quantities = gated == Gated::yes ? kNumSampledQuantities : 1;
  for (size_t q = 0; q < n_quantities; ++q) {
    values_.emplace_back(fmt::format("{}/sampled.{}", folder, kSampledQuantityNames[q]));
  }
}

void Sampler::observe(const SiteValues& values, std::span<const BatchSequence> sequences) {
  for (size_t s = 0; s < sequences.size(); ++s) {
    const BatchSequence& sequence = sequences[s];
    if (sequence.number >= n_samples_) continue;
    const uint32_t position = sampled_position(sequence.key, sequence.n_tokens);
    if (values.site == 0) {
      positions_.write(sequence.number * sizeof(position), std::as_bytes(std::span(&position, 1)));
    }
    const size_t row = values.first_row[s] + position;
    write(0, sequence.number, values.site, values.row(row));
    if (values_.size() == 1) continue;
    write(1, sequence.number, values.site, values.gate + row * values.gate_stride);
    write(2, sequence.number, values.site, values.linear + row * values.gate_stride);
  }
}

void Sampler::write(size_t quantity, uint64_t sample, size_t site, const float* values) {
  values_[quantity].write(offset(sample, first_row_[site]),
                          std::as_bytes(std::span(values, n_site_units_[site])));
}

void Sampler::sync() {
  for (PlacedFile& file : values_) file.sync();
  positions_.sync();
}

void Sampler::check_left(uint64_t n_sequences) const {
  const uint64_t n = std::min<uint64_t>(n_samples_, n_sequences);
  bool whole = positions_.size() >= n * sizeof(uint32_t);
  for (const PlacedFile& file : values_) whole = whole && file.size() >= offset(n, 0);
  if (whole) return;
  fail(Code::corrupt,
       "{0}: samples of the {1} sequences done are missing: remove {0} to start again", folder_,
       n_sequences);
}

StoredFiles Sampler::finish(uint64_t n_sequences, const ProgressFn& progress) {
  const uint64_t n = std::min<uint64_t>(n_samples_, n_sequences);
  std::vector<uint32_t> positions(n);
  positions_.read(0, std::as_writable_bytes(std::span(positions)));
  SampleWriter writer(folder_);
  // A stretch of units as it lies in the files, and one unit turned.
  const uint64_t unit_bytes = values_.size() * n * sizeof(float);
  const uint64_t n_at_once = std::clamp<uint64_t>(kBytesAtOnce / unit_bytes, 1, n_units_);
  std::vector<float> stretch(values_.size() * n * n_at_once), unit(values_.size() * n);
  for (uint64_t first = 0; first < n_units_; first += n_at_once) {
    progress({"writing the samples", first, n_units_, 0, "units"});
    const uint64_t n_here = std::min(n_at_once, n_units_ - first);
    for (size_t q = 0; q < values_.size(); ++q) {
      for (uint64_t i = 0; i < n; ++i) {
        const auto row = std::span(stretch).subspan((q * n + i) * n_at_once, n_here);
        values_[q].read(offset(i, first), std::as_writable_bytes(row));
      }
    }
    for (uint64_t u = 0; u < n_here; ++u) {
      for (uint64_t i = 0; i < unit.size(); ++i) unit[i] = stretch[i * n_at_once + u];
      UnitSamples samples;
      for (size_t q = 0; q < values_.size(); ++q) samples[q] = std::span(unit).subspan(q * n, n);
      writer.add(samples);
    }
  }
  StoredFiles files;
  writer.finish(positions, files);
  return files;
}

}  // namespace actogram
