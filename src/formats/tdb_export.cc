#include "formats/tdb_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>
#include <thread>

#include "base/file.h"
#include "base/threads.h"
#include "codec/neuron_record_writer.h"
#include "codec/utf8.h"
#include "collate/merge.h"
#include "collate/sparse_exemplars.h"
#include "core/head_record.h"
#include "core/unit_address.h"
#include "formats/export_folder.h"
#include "formats/pair_triangle.h"
#include "formats/tdb_datasets.h"
#include "formats/tdb_explanations.h"
#include "store/recording.h"
#include "store/sparse_units.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr size_t kUnitsAtOnce = 256;                 // between two reports
constexpr size_t kLeastTop = 20, kLeastRandom = 15;  // that the tools' own explainer asks for

// A site's units as records. Thread-safe: reads only.
class SiteRecords {
 public:
  SiteRecords(const Recording& recording, size_t site, uint64_t first_row)
      : recording_(recording), site_(recording.manifest().sites[site]), first_row_(first_row) {
    if (is_attention_site(site_.name) && recording.records() != nullptr) {
      for (uint64_t row = 0; row < first_row + site_.n_units; ++row) {
        if (row >= first_row) first_peak_.push_back(n_peaks_);
        n_peaks_ += recording.records()->record(row).forms.size();
      }
    }
    const bool sparse = is_sparse_site(site_.name) && recording.events() != nullptr;
    if (!sparse) return;
    const CorpusTables& corpus = recording.corpus();
    corpus_ =
        std::make_unique<SparseCorpus>(first_tokens(corpus), recording.token_lists().known(site));
    for (uint64_t s = 0; s < corpus.n_sequences(); ++s) keys_.push_back(corpus.sequence(s).key);
  }

  // Nothing where nothing was published of the unit.
  bool read(uint32_t index, NeuronRecord& record) const {
    const uint64_t row = first_row_ + index;
    UnitRecord unit = recording_.units().unit(row);
    SparseExemplars drawn;
    if (corpus_) {
      drawn = draw(unit, row, index);
      unit.maximum_peaks = drawn.maximum_peaks;
    }
    record.clear();
    record.layer = site_.layer;
    record.index = index;
    record.mean = unit.summary.mean, record.variance = unit.summary.variance;
    record.skewness = unit.summary.skewness, record.kurtosis = unit.summary.kurtosis;
    return recording_.records() != nullptr ? add_published(unit, row, record)
                                           : add_recorded(unit, record);
  }

 private:
  SparseExemplars draw(const UnitRecord& unit, uint64_t row, uint32_t index) const {
    const EventsOfUnit events(*recording_.events(), row);
    return sparse_exemplars(events.values(), *corpus_, unit, unit_key(site_.name, index), keys_,
                            recording_.manifest().collate);
  }

  bool add_published(const UnitRecord& unit, uint64_t row, NeuronRecord& record) const {
    const PublishedRecord published = recording_.records()->record(row);
    if (!published.published) return false;
    record.has_buckets = published.n_buckets.has_value();
    record.n_buckets = published.n_buckets.value_or(0);
    record.boundaries.assign(published.boundaries.begin(), published.boundaries.end());
    const size_t n_peaks = unit.head ? unit.head->peaks.size() : unit.maximum_peaks.size();
    if (published.forms.size() != n_peaks) {
      fail(Code::corrupt, "{}/{}: {} excerpts, but {} forms of them", site_.name, record.index,
           n_peaks, published.forms.size());
    }
    const uint64_t first =
        unit.head ? first_peak_[record.index] : recording_.units().first_peak(row);
    for (size_t i = 0; i < n_peaks; ++i) {
      RecordExcerpt& excerpt = unit.head ? add_head_excerpt(unit.head->peaks[i], record)
                                         : add_excerpt(unit.maximum_peaks[i], record);
      const uint16_t groups = unit.head ? unit.head->peaks[i].groups : unit.maximum_peaks[i].groups;
      excerpt.list = list_of(groups);
      const auto form = static_cast<ValueForm>(published.forms[i]);
      excerpt.form = static_cast<NumberForm>(form);
      if (form == ValueForm::others) replace_values(first + i, excerpt, record);
    }
    return true;
  }

  void replace_values(uint64_t peak, const RecordExcerpt& excerpt, NeuronRecord& record) const {
    const auto values = recording_.records()->values(peak);
    if (values.size() != excerpt.n_values) {
      fail(Code::corrupt, "{}/{}: {} published numbers of an excerpt of {}", site_.name,
           record.index, values.size(), excerpt.n_values);
    }
    std::ranges::copy(values, record.values.begin() + static_cast<ptrdiff_t>(excerpt.first_value));
  }

  // Heads have no buckets.
  bool add_recorded_head(const HeadRecord& head, NeuronRecord& record) const {
    std::vector<const HeadPeak*> drawn;
    for (const HeadPeak& peak : head.peaks) {
      if (peak.groups & kTop) add_head_excerpt(peak, record);
      if (peak.groups & kRandom) drawn.push_back(&peak);
    }
    std::ranges::stable_sort(drawn, {}, &HeadPeak::rank);
    for (const HeadPeak* peak : drawn) {
      add_head_excerpt(*peak, record).list = RecordExcerpt::kRandom;
    }
    return true;
  }

  bool add_recorded(const UnitRecord& unit, NeuronRecord& record) const {
    if (unit.head) return add_recorded_head(*unit.head, record);
    record.has_buckets = true;
    record.n_buckets = kNumBuckets;
    const auto bounds = bucket_bounds(unit);
    record.boundaries.assign(bounds.begin(), bounds.end());
    record.boundaries.front() = -INFINITY, record.boundaries.back() = INFINITY;
    std::vector<const KeptPeak*> drawn;
    for (const KeptPeak& peak : unit.maximum_peaks) {
      if (peak.groups & kTop) add_excerpt(peak, record);
      if (peak.groups & kRandom) drawn.push_back(&peak);
    }
    // As they were drawn, so that any part of the list is a sample too.
    std::ranges::stable_sort(drawn, {}, &KeptPeak::rank);
    for (const KeptPeak* peak : drawn) {
      add_excerpt(*peak, record).list = RecordExcerpt::kRandom;
    }
    for (uint32_t b = 0; b < kNumBuckets; ++b) {
      std::vector<const KeptPeak*> in_bucket;
      for (const KeptPeak& peak : unit.maximum_peaks) {
        if (peak.groups & (kBucket0 << b)) in_bucket.push_back(&peak);
      }
      // The published files have the lowest first.
      std::ranges::reverse(in_bucket);
      for (const KeptPeak* peak : in_bucket) {
        add_excerpt(*peak, record).list = RecordExcerpt::kFirstBucket + b;
      }
    }
    return true;
  }

  static uint32_t list_of(uint16_t groups) {
    if (groups & kTop) return RecordExcerpt::kTop;
    if (groups & kRandom) return RecordExcerpt::kRandom;
    uint32_t bucket = 0;
    while (bucket + 1 < kNumBuckets && (groups & (kBucket0 << bucket)) == 0) ++bucket;
    return RecordExcerpt::kFirstBucket + bucket;
  }

  RecordExcerpt& add_excerpt(const KeptPeak& peak, NeuronRecord& record) const {
    RecordExcerpt& excerpt =
        add_tokens(peak.at.sequence, peak.window_begin, peak.window.size(), record);
    record.values.insert(record.values.end(), peak.window.begin(), peak.window.end());
    excerpt.n_values = peak.window.size();
    return excerpt;
  }

  RecordExcerpt& add_head_excerpt(const HeadPeak& peak, NeuronRecord& record) const {
    RecordExcerpt& excerpt = add_tokens(peak.at.sequence, peak.window_begin, peak.n, record);
    std::vector<double> square(peak.pattern.begin(), peak.pattern.end());
    for (size_t query = 0; query < peak.n && !peak.key_norms.empty(); ++query) {
      for (size_t key = 0; key <= query; ++key) {
        const size_t at = triangle_at(query, key);
        square[at] = double{peak.pattern[at] * peak.key_norms[key]};
      }
    }
    const std::vector<double> values = from_square(peak.n, square);
    record.values.insert(record.values.end(), values.begin(), values.end());
    excerpt.n_values = values.size();
    return excerpt;
  }

  // Of the list of top ones, until somebody says otherwise.
  RecordExcerpt& add_tokens(uint32_t number, uint32_t begin, size_t n, NeuronRecord& record) const {
    const SequenceRow sequence = recording_.corpus().sequence(number);
    const std::string_view text = recording_.corpus().document(sequence.document_row).text;
    const std::vector<Token> tokens = recording_.corpus().tokens(sequence);
    if (uint64_t{begin} + n > tokens.size()) {
      fail(Code::corrupt, "{}: a window ends at position {} of a sequence of {} tokens",
           recording_.path(), uint64_t{begin} + n, tokens.size());
    }
    RecordExcerpt excerpt{.first_token = record.tokens_end.size(),
                          .n_tokens = n,
                          .first_value = record.values.size()};
    for (const Token& token : std::span(tokens).subspan(begin, n)) {
      if (token.begin > token.end || token.end > text.size()) {
        fail(Code::corrupt, "{}: a token covers the bytes {} to {} of a text of {}",
             recording_.path(), token.begin, token.end, text.size());
      }
      record.text += replace_invalid(text.substr(token.begin, token.end - token.begin));
      record.tokens_end.push_back(record.text.size());
    }
    return record.excerpts.emplace_back(excerpt);
  }

  const Recording& recording_;
  const Site& site_;
  uint64_t first_row_;
  std::unique_ptr<SparseCorpus> corpus_;  // of a sparse site
  std::vector<uint64_t> keys_;            // [sequence]
  std::vector<uint64_t> first_peak_;      // [unit] of imported heads: rows of head_peaks.arrow
  uint64_t n_peaks_ = 0;
};

// What the tools cannot read: scalars there are finite.
size_t leave_out_not_finite(NeuronRecord& record) {
  return std::erase_if(record.excerpts, [&](const RecordExcerpt& excerpt) {
    return !std::ranges::all_of(record.values_of(excerpt),
                                [](double v) { return std::isfinite(v); });
  });
}

class TdbExport {
 public:
  TdbExport(const ExportOptions& options, const std::string& folder, const ProgressFn& progress)
      : options_(options),
        recording_(options.recording),
        folder_(folder),
        progress_(progress),
        pool_(std::max(1U, std::thread::hardware_concurrency())) {
    for (const Site& site : recording_.manifest().sites) n_units_ += site.n_units;
  }

  ExportReport run() {
    const std::vector<Site>& sites = recording_.manifest().sites;
    const size_t chosen = options_.site.empty() ? sites.size() : find_site(sites, options_.site);
    uint64_t first_row = 0;
    for (size_t s = 0; s < sites.size(); ++s) {
      if (chosen == sites.size() || chosen == s) write_site(s, first_row);
      first_row += sites[s].n_units;
    }
    ExportReport report{.folder = options_.folder, .n_rows = n_records_, .n_bytes = n_bytes_};
    const auto remark = [&](uint64_t n, const char* text) {
      if (n > 0) report.remarks.push_back(fmt::format("{} {}", n, text));
    };
    remark(n_left_out_, "excerpts have values that are not finite: left out");
    remark(n_few_,
           "units have fewer than 20 top or 15 random excerpts, which the Transformer "
           "Debugger wants to explain and to score: record with --top and --random");
    remark(n_none_,
           "units have no excerpt of high values (a latent that never fires): left out, since "
           "readers want one");
    return report;
  }

 private:
  void write_site(size_t s, uint64_t first_row) {
    const Site& site = recording_.manifest().sites[s];
    const SiteRecords records(recording_, s, first_row);
    const std::string_view hook = hook_of_site(site.name);
    const bool pairs = is_attention_site(site.name);
    const std::string in = fmt::format("{}/{}/{}", folder_, tdb_folder(hook, pairs), site.layer);
    const std::string explained =
        fmt::format("{}/{}/{}", folder_, tdb_explanations_folder(hook, pairs), site.layer);
    fs::create_directories(in);
    std::vector<NeuronRecord> memory(pool_.n_threads());
    std::vector<std::string> texts(pool_.n_threads());
    for (uint32_t begin = 0; begin < site.n_units; begin += kUnitsAtOnce) {
      const auto n = std::min<size_t>(kUnitsAtOnce, site.n_units - begin);
      pool_.parallel_for(n, [&](size_t item, size_t thread) {
        const auto index = static_cast<uint32_t>(begin + item);
        write_record(records, index, in, memory[thread], texts[thread]);
        write_explanations({site.layer, index}, first_row + index, explained);
      });
      progress_({"exporting", first_row + begin + n, n_units_, 0, "units"});
    }
  }

  void write_record(const SiteRecords& records, uint32_t index, const std::string& in,
                    NeuronRecord& record, std::string& text) {
    if (!records.read(index, record)) return;
    n_left_out_ += leave_out_not_finite(record);
    const auto n_of = [&](uint32_t list) {
      return static_cast<size_t>(std::ranges::count(record.excerpts, list, &RecordExcerpt::list));
    };
    const size_t n_top = n_of(RecordExcerpt::kTop);
    if (n_top == 0) {
      ++n_none_;
      return;
    }
    n_few_ += n_top < kLeastTop || n_of(RecordExcerpt::kRandom) < kLeastRandom ? 1 : 0;
    text.clear();
    append_json(record, {.decimals = options_.decimals}, text);
    write_plain_file(fmt::format("{}/{}.json", in, index), text);
    ++n_records_;
    n_bytes_ += text.size();
  }

  void write_explanations(const TdbUnit& unit, uint64_t row, const std::string& in) {
    std::vector<TdbExplanation> explanations;
    for (const ScoredExplanation& e : recording_.explanations(row)) {
      explanations.push_back({std::string(e.explanation), e.score, std::string(e.simulation)});
    }
    if (explanations.empty()) return;
    fs::create_directories(in);
    const std::string line = explanations_line(unit, explanations);
    write_plain_file(fmt::format("{}/{}.jsonl", in, unit.index), line);
    n_bytes_ += line.size();
  }

  const ExportOptions& options_;
  const Recording recording_;
  const std::string& folder_;
  const ProgressFn& progress_;
  ThreadPool pool_;
  uint64_t n_units_ = 0;
  std::atomic<uint64_t> n_records_ = 0, n_bytes_ = 0, n_left_out_ = 0, n_few_ = 0, n_none_ = 0;
};

}  // namespace

ExportReport export_tdb(const ExportOptions& options, const ProgressFn& progress) {
  return write_export(options.folder, [&](const std::string& in) {
    return TdbExport(options, in, progress).run();
  });
}

}  // namespace actogram
