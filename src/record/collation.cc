#include "record/collation.h"

#include <algorithm>

#include "collate/merge.h"
#include "store/checkpoint.h"

namespace actogram {
namespace {

constexpr const char* kCheckpoint = "/checkpoint";
constexpr uint64_t kUnitsAtOnce = 256;  // some 10 MB of windows

// Every unit of a site may keep two windows of every sequence of a batch, each with a header.
size_t most_window_floats(const Site& site, size_t most_rows) {
  return 2 * size_t{site.n_units} * 2 * most_rows;
}

size_t buffer_bytes(const std::vector<Site>& sites, size_t most_rows,
                    const CollationOptions& options) {
  size_t floats = 0;
  for (const Site& site : sites) floats = std::max(floats, most_window_floats(site, most_rows));
  return std::max<size_t>(options.window_buffer_bytes, floats * sizeof(float));
}

}  // namespace

Collation::Collation(std::string folder, const std::vector<Site>& sites, size_t most_rows,
                     const CollationOptions& options)
    : folder_(std::move(folder)),
      sites_(sites),
      most_rows_(most_rows),
      options_(options.collate),
      threads_(options.n_threads),
      scratch_(threads_.n_threads()),
      windows_(folder_, buffer_bytes(sites, most_rows, options)) {
  for (const Site& site : sites) {
    collators_.emplace_back(site, options.collate);
    n_units_ += site.n_units;
  }
}

void Collation::observe(const SiteValues& values, std::span<const BatchSequence> sequences) {
  if (!windows_.has_room(most_window_floats(sites_[values.site], most_rows_))) {
    windows_.flush([this](const WindowStore::Visit& visit) { for_each_window(visit); });
  }
  collators_[values.site].observe(values, sequences, threads_, scratch_, windows_);
}

void Collation::for_each_window(const WindowStore::Visit& visit) {
  for (SiteCollator& collator : collators_) collator.for_each_window(visit);
}

SiteCollator& Collation::site_of_row(uint64_t row, uint32_t& unit) {
  size_t site = 0;
  for (; row >= collators_[site].n_units(); ++site) row -= collators_[site].n_units();
  unit = static_cast<uint32_t>(row);
  return collators_[site];
}

void Collation::save(const std::string& fingerprint, uint64_t n_sequences) {
  const auto visit_all = [this](const WindowStore::Visit& visit) { for_each_window(visit); };
  windows_.flush(visit_all);
  windows_.compact_if_wasteful(visit_all);
  windows_.sync();
  const CheckpointHead head{.fingerprint = fingerprint,
                            .n_sequences = n_sequences,
                            .segments = windows_.segments(),
                            .n_units = n_units_};
  write_checkpoint(folder_ + kCheckpoint, head, [this](uint64_t row) {
    uint32_t unit = 0;
    const SiteCollator& site = site_of_row(row, unit);
    return site.record(unit);
  });
  windows_.remove_unlisted();
}

std::optional<uint64_t> Collation::restore(const std::string& fingerprint) {
  const auto head = read_checkpoint(folder_ + kCheckpoint, fingerprint,
                                    [this](uint64_t row, const UnitRecord& record) {
                                      uint32_t unit = 0;
                                      site_of_row(row, unit).restore(unit, record);
                                    });
  if (head) windows_.open_segments(head->segments);
  windows_.remove_unlisted();
  return head ? std::optional(head->n_sequences) : std::nullopt;
}

UnitRecord Collation::finished_unit(const SiteCollator& site, uint32_t unit,
                                    std::span<const uint32_t> n_tokens) const {
  UnitRecord record = site.record(unit);
  assign_groups(record, options_);
  const auto fetch = [&](KeptPeak& peak) {
    peak.window = windows_.window(peak.window_ref);
    peak.window_begin =
        window_around(peak.at.position, n_tokens[peak.at.sequence], options_.window).begin;
  };
  std::ranges::for_each(record.maximum_peaks, fetch);
  std::ranges::for_each(record.minimum_peaks, fetch);
  return record;
}

StoredFiles Collation::finish(std::span<const uint32_t> n_tokens, const ProgressFn& progress) {
  // While one thread writes a chunk of units, the others make the next.
  UnitWriter writer(folder_, sites_);
  std::vector<UnitRecord> ready, next;
  for (uint64_t first = 0; first < n_units_ || !ready.empty(); first += kUnitsAtOnce) {
    next.resize(first < n_units_ ? std::min<uint64_t>(kUnitsAtOnce, n_units_ - first) : 0);
    threads_.parallel_for(next.size() + 1, [&](size_t item, size_t) {
      if (item == 0) {
        for (const UnitRecord& record : ready) writer.add(record);
        return;
      }
      uint32_t unit = 0;
      const SiteCollator& site = site_of_row(first + item - 1, unit);
      next[item - 1] = finished_unit(site, unit, n_tokens);
    });
    std::swap(ready, next);
    windows_.release_pages();
    progress({"writing the units", std::min(first, n_units_), n_units_, 0, "units"});
  }
  return writer.finish();
}

}  // namespace actogram
