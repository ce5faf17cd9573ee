#include "record/collation.h"

#include <algorithm>
#include <array>

#include "base/memory.h"
#include "base/read_ahead.h"
#include "base/turns.h"
#include "collate/merge.h"
#include "core/unit_address.h"
#include "store/layout.h"

namespace actogram {
namespace {

constexpr const char* kCheckpoint = "/checkpoint";
// Some 3 MB of windows; what was displaced since it was written is read with them.
constexpr uint64_t kUnitsAtOnce = kUnitsPerBatch;
constexpr uint64_t kHeadsAtOnce = kHeadsPerBatch;  // likewise
constexpr size_t kChunksOrderedAtOnce = 64;        // memory: pointers to their windows
constexpr size_t kReaders = 4;  // of windows: a disk has more to give than one read after another

// Windows are kept in memory for a corpus of so many sequences; a longer one displaces few of them,
// and where the buffer fills up nevertheless, it goes to the disk.
constexpr uint64_t kSequencesInMemory = 2000;
constexpr uint64_t kSmallBuffers = uint64_t{256} << 20;  // both of them
constexpr uint64_t kBatchBytes = uint64_t{64} << 20;     // what the next batch may keep

constexpr auto kInBuffer = [](uint64_t reference) { return WindowStore::in_buffer(reference); };
constexpr auto kOnDisk = [](uint64_t reference) { return !WindowStore::in_buffer(reference); };

// The sites with a value a token, of which samples are taken.
std::vector<Site> token_sites(const std::vector<Site>& sites) {
  std::vector<Site> found = sites;
  std::erase_if(found, [](const Site& site) { return is_attention_site(site.name); });
  return found;
}

}  // namespace

const CollateOptions& checked_collate(const CollateOptions& options,
                                      const std::vector<Site>& sites) {
  const bool heads = n_heads(sites) > 0;
  if (n_token_units(sites) > 0) {
    band_sizes(options);
    if (options.sign_classes && options.class_top > ClassBlock::kMostKept) {
      fail(Code::invalid, "{} peaks of a class are asked for; {} is the most", options.class_top,
           ClassBlock::kMostKept);
    }
  }
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
      options_(checked_collate(options.collate, sites)),
      classes_of_(gate_function && options_.sign_classes && n_token_units(sites) > 0
                      ? ClassesOf::units
                      : ClassesOf::nothing),
      n_token_units_(n_token_units(sites)),
      threads_(options.n_threads),
      scratch_(threads_.n_threads()),
      head_scratch_(threads_.n_threads()),
      windows_(folder_, buffer_bytes(sites, options), threads_.n_threads()) {
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

uint64_t Collation::window_bytes(const std::vector<Site>& sites, const CollateOptions& options,
                                 uint64_t n_sequences) {
  const uint64_t of_unit =
      WindowStore::bytes_of(expected_windows(options, n_sequences), options.window);
  const uint64_t of_head = WindowStore::bytes_of(most_head_windows(options, n_sequences),
                                                 head_window_size(options.window, options.window));
  return n_token_units(sites) * of_unit + n_heads(sites) * of_head;
}

// Of each of two. Only one is used for long where it holds all windows.
uint64_t Collation::buffer_bytes(const std::vector<Site>& sites, const CollationOptions& options) {
  const uint64_t all = window_bytes(sites, options.collate, kSequencesInMemory) + kBatchBytes;
  if (all <= options.window_memory.value_or(memory_limit() / 4)) return all;
  return options.window_memory.value_or(kSmallBuffers) / 2;
}

void Collation::expect(uint64_t n_sequences) {
  const uint64_t of_one = window_bytes(sites_, options_, 1);
  const uint64_t of_many = window_bytes(sites_, options_, kSequencesInMemory);
  const uint64_t n = std::min(n_sequences, kSequencesInMemory);
  windows_.occupy(std::min(n * of_one, of_many), threads_);
}

void Collation::for_each_window(Chunk chunk, const auto& visit) {
  for (uint64_t row = chunk.first; row < chunk.end; ++row) {
    const Chosen chosen = unit_of_row(row);
    if (chosen.site) chosen.site->for_each_window(chosen.unit, visit);
    if (chosen.heads) chosen.heads->for_each_window(chosen.unit, visit);
  }
}

// The windows of a chunk are read together at the end, and with them what lies between them. So
// those come last that will be displaced first, and most of these are not read at all.
void Collation::order_windows(Chunk chunk, auto wanted, std::vector<uint64_t*>& into) {
  std::array<std::vector<uint64_t*>, kMostWear + 1> of_wear;
  for_each_window(chunk, [&](uint64_t& reference, const auto& wear) {
    if (wanted(reference)) of_wear[wear()].push_back(&reference);
  });
  into.clear();
  for (const auto& references : of_wear) {
    into.insert(into.end(), references.begin(), references.end());
  }
}

// All threads find them, since the references of all units are some fifty megabytes.
WindowStore::VisitAll Collation::visit_all(auto wanted) {
  return [this, wanted](const WindowStore::Visit& visit) {
    const std::vector<Chunk> chunks = this->chunks();
    std::vector<std::vector<uint64_t*>> ordered(kChunksOrderedAtOnce);
    for (size_t first = 0; first < chunks.size(); first += ordered.size()) {
      ordered.resize(std::min(ordered.size(), chunks.size() - first));
      threads_.parallel_for(ordered.size(), [&](size_t i, size_t) {
        order_windows(chunks[first + i], wanted, ordered[i]);
      });
      for (const auto& references : ordered) {
        for (uint64_t* reference : references) visit(*reference);
      }
    }
  };
}

// Windows of peaks that wait and are not kept make room, which is tried before a flush.
void Collation::settle() {
  for (SiteCollator& site : collators_) site.settle(threads_, windows_.sinks());
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
  if (!windows_.has_room(needs)) {
    settle();
    windows_.make_room(needs, visit_all(kInBuffer));
  }
  if (heads) {
    heads_[values.site - collators_.size()].observe(values, sequences, threads_, head_scratch_,
                                                    windows_.sinks());
    return;
  }
  collators_[values.site].observe(values, sequences, threads_, scratch_, windows_.sinks());
  if (sampler_) sampler_->observe(values, sequences);
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
  settle();
  windows_.compact_if_wasteful(visit_all(kOnDisk));
  if (sampler_) sampler_->sync();
  WindowStore::Plan plan = windows_.plan_copy();
  CheckpointHead head{.fingerprint = fingerprint,
                      .n_sequences = state.n_sequences,
                      .sparse = state.sparse,
                      .segments = windows_.segments(),
                      .n_units = n_units_};
  head.segments.push_back(plan.segment());
  const auto move = [&](auto& peaks) {
    for (auto& peak : peaks) {
      if (WindowStore::in_buffer(peak.window_ref)) plan.move(peak.window_ref);
    }
  };
  const std::string path = folder_ + kCheckpoint;
  write_checkpoint(path, head, [&](uint64_t row, UnitRecord& unit) {
    unit_of_row(row).record(unit);
    move(unit.maximum_peaks);
    move(unit.minimum_peaks);
    if (unit.head) move(unit.head->peaks);
  });
  windows_.copy(std::move(plan), [path] { commit_checkpoint(path); });
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

void Collation::finish_unit(UnitRecord& record, std::span<const uint32_t> n_tokens,
                            const WindowStore::Loaded& windows) const {
  if (record.head) {
    for (HeadPeak& peak : record.head->peaks) {
      const std::span<const float> window = windows.window(peak.window_ref);
      peak.pattern = window.first(triangle_size(peak.n));
      peak.key_norms = window.subspan(triangle_size(peak.n));
    }
    return;
  }
  assign_groups(record, options_);
  const auto fetch = [&](KeptPeak& peak) {
    peak.window = windows.window(peak.window_ref);
    peak.window_begin =
        window_around(peak.at.position, n_tokens[peak.at.sequence], options_.window).begin;
  };
  std::ranges::for_each(record.maximum_peaks, fetch);
  std::ranges::for_each(record.minimum_peaks, fetch);
}

std::vector<Collation::Chunk> Collation::chunks() const {
  std::vector<Chunk> chunks;
  for (uint64_t first = 0; first < n_units_; first = chunks.back().end) {
    const bool heads = first >= n_token_units_;
    chunks.push_back({first, heads ? std::min(n_units_, first + kHeadsAtOnce)
                                   : std::min(n_token_units_, first + kUnitsAtOnce)});
  }
  return chunks;
}

// Chunk by chunk on all threads: whoever has made the units of one writes them when those before
// have been written. Windows are read ahead by threads of their own, and a FileWriter writes behind
// what it is given.
StoredFiles Collation::finish(std::span<const uint32_t> n_tokens, UnitWriter& writer,
                              const ProgressFn& progress) {
  settle();
  windows_.wait_for_writing();
  const std::vector<Chunk> chunks = this->chunks();
  const auto read = [&](size_t item, WindowStore::Loaded& into) {
    const auto for_each = [&](const WindowStore::Visit& visit) {
      for_each_window(chunks[item], [&](uint64_t& reference, const auto&) { visit(reference); });
    };
    windows_.load(for_each, into);
  };
  ReadAhead<WindowStore::Loaded> ahead(chunks.size(), kReaders, kReaders + threads_.n_threads(),
                                       read);
  Turns turns;
  std::vector<std::vector<UnitRecord>> units_of(threads_.n_threads());  // their memory is kept
  threads_.parallel_for(chunks.size(), [&](size_t item, size_t thread) {
    try {
      const auto windows = ahead.take(item);
      const auto [first, end] = chunks[item];
      std::vector<UnitRecord>& units = units_of[thread];
      units.resize(end - first);
      for (uint64_t row = first; row < end; ++row) {
        unit_of_row(row).record(units[row - first]);
        finish_unit(units[row - first], n_tokens, *windows);
      }
      turns.take(item, [&] {
        for (const UnitRecord& unit : units) writer.add(unit);
        progress({"writing the units", end, n_units_, 0, "units"});
      });
    } catch (...) {
      turns.give_up();
      throw;
    }
  });
  return sampler_ ? sampler_->finish(n_tokens.size(), progress) : StoredFiles();
}

}  // namespace actogram
