#include "record/collation.h"

#include <algorithm>
#include <array>
#include <future>

#include "collate/merge.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

constexpr const char* kCheckpoint = "/checkpoint";
// Some 6 MB of windows; what was displaced since it was written is read with them.
constexpr uint64_t kUnitsAtOnce = 128;
constexpr uint64_t kHeadsAtOnce = 16;  // likewise

// The sites with a value a token, of which samples are taken.
std::vector<Site> token_sites(const std::vector<Site>& sites) {
  std::vector<Site> found = sites;
  std::erase_if(found, [](const Site& site) { return is_attention_site(site.name); });
  return found;
}

}  // namespace

const CollateOptions& checked_windows(const CollateOptions& options,
                                      const std::vector<Site>& sites) {
  const bool heads = n_heads(sites) > 0;
  if (options.window < 1 || options.window > WindowStore::kMostValues) {
    fail(Code::invalid, "a window of {} tokens is asked for; 1 to {} are possible", options.window,
         WindowStore::kMostValues);
  }
  if (heads && head_window_size(options.window, options.window) > WindowStore::kMostValues) {
    uint32_t most = options.window;
    while (head_window_size(most, most) > WindowStore::kMostValues) --most;
    fail(Code::invalid,
         "a window of {} tokens is asked for; of attention heads, which have a value for each pair "
         "in it, 1 to {} are possible",
         options.window, most);
  }
  return options;
}

Collation::Collation(std::string folder, const std::vector<Site>& sites,
                     std::optional<GateFunction> gate_function, const WeightsOf& weights_of,
                     const CollationOptions& options)
    : folder_(std::move(folder)),
      sites_(sites),
      options_(checked_windows(options.collate, sites)),
      classes_of_(gate_function && options_.sign_classes && n_token_units(sites) > 0
                      ? ClassesOf::units
                      : ClassesOf::nothing),
      n_token_units_(n_token_units(sites)),
      threads_(options.n_threads),
      scratch_(threads_.n_threads()),
      head_scratch_(threads_.n_threads()),
      windows_(folder_, options.window_buffer_bytes, threads_.n_threads()) {
  // The state of all units is a gigabyte that is touched here for the first time.
  std::vector<std::optional<SiteCollator>> of_tokens(sites.size());
  threads_.parallel_for(sites.size(), [&](size_t s, size_t) {
    if (!is_attention_site(sites[s].name)) {
      of_tokens[s].emplace(sites[s], gate_function, options_);
    }
  });
  for (size_t s = 0; s < sites.size(); ++s) {
    if (of_tokens[s]) {
      collators_.push_back(std::move(*of_tokens[s]));
    } else {
      heads_.emplace_back(sites[s], weights_of(s), options.collate, threads_);
    }
    n_units_ += sites[s].n_units;
  }
  if (options_.samples > 0 && !collators_.empty()) {
    const auto gated = gate_function ? Sampler::Gated::yes : Sampler::Gated::no;
    sampler_.emplace(folder_, token_sites(sites), gated, options_.samples);
  }
}

void Collation::observe(const SiteValues& values, std::span<const BatchSequence> sequences) {
  const bool heads = values.site >= collators_.size();
  const size_t n_units = sites_[values.site].n_units;
  std::vector<WindowStore::Need> needs;
  for (const BatchSequence& sequence : sequences) {
    // Every unit may keep two windows of every sequence, every head one.
    needs.push_back(
        heads ? WindowStore::Need{n_units, head_window_size(sequence.n_tokens, options_.window)}
              : WindowStore::Need{2 * n_units, std::min(sequence.n_tokens, options_.window)});
  }
  windows_.make_room(needs, visit_all());
  if (heads) {
    heads_[values.site - collators_.size()].observe(values, sequences, threads_, head_scratch_,
                                                    windows_.sinks());
    return;
  }
  collators_[values.site].observe(values, sequences, threads_, scratch_, windows_.sinks());
  if (sampler_) sampler_->observe(values, sequences);
}

void Collation::for_each_window(uint64_t first_row, uint64_t end_row,
                                const WindowStore::Visit& visit) {
  for (uint64_t row = first_row; row < end_row; ++row) {
    const Chosen chosen = unit_of_row(row);
    if (chosen.site) chosen.site->for_each_window(chosen.unit, visit);
    if (chosen.heads) chosen.heads->for_each_window(chosen.unit, visit);
  }
}

WindowStore::VisitAll Collation::visit_all() {
  return [this](const WindowStore::Visit& visit) { for_each_window(0, n_units_, visit); };
}

Collation::Chosen Collation::unit_of_row(uint64_t row) {
  for (SiteCollator& site : collators_) {
    if (row < site.n_units()) return {.site = &site, .unit = static_cast<uint32_t>(row)};
    row -= site.n_units();
  }
  size_t site = 0;
  for (; row >= heads_[site].n_units(); ++site) row -= heads_[site].n_units();
  return {.heads = &heads_[site], .unit = static_cast<uint32_t>(row)};
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
  write_checkpoint(folder_ + kCheckpoint, head,
                   [this](uint64_t row) { return unit_of_row(row).record(); });
  windows_.remove_unlisted();
}

std::optional<Collation::State> Collation::restore(const std::string& fingerprint) {
  const auto head = read_checkpoint(folder_ + kCheckpoint, fingerprint,
                                    [this](uint64_t row, const UnitRecord& record) {
                                      const Chosen chosen = unit_of_row(row);
                                      if (chosen.site) chosen.site->restore(chosen.unit, record);
                                      if (chosen.heads) chosen.heads->restore(chosen.unit, record);
                                    });
  if (head) windows_.open_segments(head->segments);
  if (head && sampler_) sampler_->check_left(head->n_sequences);
  windows_.remove_unlisted();
  if (!head) return std::nullopt;
  return State{head->n_sequences, head->sparse};
}

UnitRecord Collation::finished_unit(UnitRecord record, std::span<const uint32_t> n_tokens,
                                    const WindowStore::Loaded& windows) const {
  if (record.head) {
    for (HeadPeak& peak : record.head->peaks) {
      const std::span<const float> window = windows.window(peak.window_ref);
      peak.pattern = window.first(triangle_size(peak.n));
      peak.key_norms = window.subspan(triangle_size(peak.n));
    }
    return record;
  }
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

// Of rows that are written together: all of neurons or all of heads.
uint64_t Collation::end_of_chunk(uint64_t first_row) const {
  if (first_row >= n_token_units_) return std::min(n_units_, first_row + kHeadsAtOnce);
  return std::min(n_token_units_, first_row + kUnitsAtOnce);
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
  uint64_t next = 0, n_written = 0;
  for (uint64_t step = 0; n_written < n_units_; ++step) {
    Chunk& to_read = chunks[step % 3];
    Chunk& to_make = chunks[(step + 2) % 3];
    const Chunk& to_write = chunks[(step + 1) % 3];
    to_read.first = next;
    next = to_read.end = end_of_chunk(next);
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
      to_make.units[index] =
          finished_unit(unit_of_row(to_make.first + index).record(), n_tokens, to_make.windows);
    });
    written.get();
    read.get();
    n_written = to_write.end;
    progress({"writing the units", n_written, n_units_, 0, "units"});
  }
  return sampler_ ? sampler_->finish(n_tokens.size(), progress) : StoredFiles();
}

}  // namespace actogram
