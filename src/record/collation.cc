#include "record/collation.h"

#include <algorithm>
#include <array>
#include <future>

#include "collate/merge.h"

namespace actogram {
namespace {

constexpr const char* kCheckpoint = "/checkpoint";
// Some 6 MB of windows; what was displaced since it was written is read with them.
constexpr uint64_t kUnitsAtOnce = 128;

const CollateOptions& checked(const CollateOptions& options) {
  if (options.window >= 1 && options.window <= WindowStore::kMostValues) return options;
  fail(Code::invalid, "a window of {} tokens is asked for; 1 to {} are possible", options.window,
       WindowStore::kMostValues);
}

}  // namespace

Collation::Collation(std::string folder, const std::vector<Site>& sites,
                     std::optional<GateFunction> gate_function, const CollationOptions& options)
    : folder_(std::move(folder)),
      sites_(sites),
      options_(checked(options.collate)),
      classes_of_(gate_function && options_.sign_classes ? ClassesOf::units : ClassesOf::nothing),
      threads_(options.n_threads),
      scratch_(threads_.n_threads()),
      windows_(folder_, options.window_buffer_bytes, threads_.n_threads()) {
  for (const Site& site : sites) {
    collators_.emplace_back(site, gate_function, options.collate);
    n_units_ += site.n_units;
  }
  if (options_.samples > 0 && !sites.empty()) {
    const auto gated = gate_function ? Sampler::Gated::yes : Sampler::Gated::no;
    sampler_.emplace(folder_, sites, gated, options_.samples);
  }
}

void Collation::observe(const SiteValues& values, std::span<const BatchSequence> sequences) {
  // Every unit may keep two windows of every sequence.
  const size_t n_windows = size_t{2} * sites_[values.site].n_units;
  std::vector<WindowStore::Need> needs;
  for (const BatchSequence& sequence : sequences) {
    needs.push_back({n_windows, std::min(sequence.n_tokens, options_.window)});
  }
  windows_.make_room(needs, visit_all());
  collators_[values.site].observe(values, sequences, threads_, scratch_, windows_.sinks());
  if (sampler_) sampler_->observe(values, sequences);
}

void Collation::for_each_window(uint64_t first_row, uint64_t end_row,
                                const WindowStore::Visit& visit) {
  for (uint64_t row = first_row; row < end_row; ++row) {
    uint32_t unit = 0;
    SiteCollator& site = site_of_row(row, unit);
    site.for_each_window(unit, visit);
  }
}

WindowStore::VisitAll Collation::visit_all() {
  return [this](const WindowStore::Visit& visit) { for_each_window(0, n_units_, visit); };
}

SiteCollator& Collation::site_of_row(uint64_t row, uint32_t& unit) {
  size_t site = 0;
  for (; row >= collators_[site].n_units(); ++site) row -= collators_[site].n_units();
  unit = static_cast<uint32_t>(row);
  return collators_[site];
}

void Collation::save(const std::string& fingerprint, const State& state) {
  windows_.flush(visit_all());
  windows_.compact_if_wasteful(visit_all());
  windows_.sync();
  if (sampler_) sampler_->sync();
  const CheckpointHead head{.fingerprint = fingerprint,
                            .n_sequences = state.n_sequences,
                            .sparse = state.sparse,
                            .segments = windows_.segments(),
                            .n_units = n_units_};
  write_checkpoint(folder_ + kCheckpoint, head, [this](uint64_t row) {
    uint32_t unit = 0;
    const SiteCollator& site = site_of_row(row, unit);
    return site.record(unit);
  });
  windows_.remove_unlisted();
}

std::optional<Collation::State> Collation::restore(const std::string& fingerprint) {
  const auto head = read_checkpoint(folder_ + kCheckpoint, fingerprint,
                                    [this](uint64_t row, const UnitRecord& record) {
                                      uint32_t unit = 0;
                                      site_of_row(row, unit).restore(unit, record);
                                    });
  if (head) windows_.open_segments(head->segments);
  if (head && sampler_) sampler_->check_left(head->n_sequences);
  windows_.remove_unlisted();
  if (!head) return std::nullopt;
  return State{head->n_sequences, head->sparse};
}

UnitRecord Collation::finished_unit(const SiteCollator& site, uint32_t unit,
                                    std::span<const uint32_t> n_tokens,
                                    const WindowStore::Loaded& windows) const {
  UnitRecord record = site.record(unit);
  assign_groups(record, options_);
  const auto fetch = [&](KeptPeak& peak) {
    peak.window = windows.window(peak.window_ref);
    peak.window_begin =
        window_around(peak.at.position, n_tokens[peak.at.sequence], options_.window).begin;
  };
  std::ranges::for_each(record.maximum_peaks, fetch);
  std::ranges::for_each(record.minimum_peaks, fetch);
  return record;
}

// Units go through in chunks, three at a time: while the windows of one are read, the units of the
// one before are made on all threads, and those of the one before that are written. Reading and
// writing have threads of their own, since they wait for the disk most of the time.
StoredFiles Collation::finish(std::span<const uint32_t> n_tokens, UnitWriter& writer,
                              const ProgressFn& progress) {
  struct Chunk {
    uint64_t first = 0, end = 0;
    WindowStore::Loaded windows = {};
    std::vector<UnitRecord> units = {};
  };
  windows_.wait_for_writing();
  std::array<Chunk, 3> chunks;
  const uint64_t n_chunks = (n_units_ + kUnitsAtOnce - 1) / kUnitsAtOnce;
  for (uint64_t step = 0; step < n_chunks + 2; ++step) {
    Chunk& to_read = chunks[step % 3];
    Chunk& to_make = chunks[(step + 2) % 3];
    const Chunk& to_write = chunks[(step + 1) % 3];
    to_read.first = std::min(n_units_, step * kUnitsAtOnce);
    to_read.end = std::min(n_units_, to_read.first + kUnitsAtOnce);
    auto written = std::async(std::launch::async, [&] {
      for (const UnitRecord& record : to_write.units) writer.add(record);
    });
    auto read = std::async(std::launch::async, [&] {
      windows_.load(
          [&](const WindowStore::Visit& visit) {
            for_each_window(to_read.first, to_read.end, visit);
          },
          to_read.windows);
    });
    to_make.units.resize(to_make.end - to_make.first);
    threads_.parallel_for(to_make.units.size(), [&](size_t index, size_t) {
      uint32_t unit = 0;
      const SiteCollator& site = site_of_row(to_make.first + index, unit);
      to_make.units[index] = finished_unit(site, unit, n_tokens, to_make.windows);
    });
    written.get();
    read.get();
    progress({"writing the units", to_write.end, n_units_, 0, "units"});
  }
  return sampler_ ? sampler_->finish(n_tokens.size(), progress) : StoredFiles();
}

}  // namespace actogram
