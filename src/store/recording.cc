#include "store/recording.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/histogram.h"
#include "core/refactor_glu.h"
#include "core/unit_address.h"
#include "store/class_check.h"
#include "store/event_check.h"
#include "store/head_check.h"
#include "store/prompt_tables.h"
#include "store/sample_check.h"
#include "store/sparse_units.h"

namespace actogram {

Manifest read_manifest(const std::string& path) {
  const std::string manifest = path + "/" + kManifestFile;
  if (!std::filesystem::exists(path)) {
    if (std::filesystem::exists(path + ".partial")) {
      fail(Code::not_found, "{0}: not finished; the command in {0}.partial/command.json goes on",
           path);
    }
    fail(Code::not_found, "{}: no such recording", path);
  }
  if (!std::filesystem::exists(manifest)) {
    fail(Code::invalid, "{}: not a recording: it has no {}", path, kManifestFile);
  }
  return parse_manifest(read_file(manifest), manifest);
}

namespace {

// Where the number of tokens is known and leaves one count that gives the frequency.
std::vector<ClassFacts> with_counts(std::vector<ClassFacts> classes,
                                    std::optional<uint64_t> n_tokens) {
  if (!n_tokens || *n_tokens == 0) return classes;
  for (ClassFacts& facts : classes) {
    const CountRange range = counts_of(facts.frequency, *n_tokens);
    if (range.least == range.most) facts.count = range.least;
  }
  return classes;
}

}  // namespace

Recording::Recording(const std::string& path) : path_(path), manifest_(read_manifest(path)) {
  if (manifest_.has_corpus()) {
    corpus_.emplace(path);
    const std::string file = path + "/" + kManifestFile;
    for (const Json& source : member(manifest_.corpus, "sources", file)) {
      source_names_.push_back(field<std::string>(source, "name", file));
    }
  }
  const bool whole = manifest_.holds == Holds::everything;
  if (manifest_.has_units()) units_.emplace(path, manifest_.sites);
  if (manifest_.holds == Holds::class_shares) {
    shares_.emplace(path);
  } else if (manifest_.holds == Holds::classes || (whole && manifest_.gate_function)) {
    classes_.emplace(path);
  }
  if (manifest_.has_weights()) weights_.emplace(path);
  if (classes_) check_n_units(classes_table().file, classes_->n_units());
  if (shares_) check_n_units(shares_table().file, shares_->n_units());
  if (weights_) check_n_units(weights_table().file, weights_->n_units());
  if (manifest_.has_samples()) samples_.emplace(path);
  if (samples_) check_n_units(samples_table().file, samples_->n_units());
  if (manifest_.has_events()) open_events();
  if (manifest_.has_explanations()) explanations_.emplace(path);
  if (manifest_.holds != Holds::records) return;
  records_.emplace(path);
  if (records_->n_units() == manifest_.n_units()) return;
  fail(Code::corrupt, "{}: {} has {} units; the manifest has {}", path,
       published_records_table().file, records_->n_units(), manifest_.n_units());
}

void Recording::open_events() {
  events_.emplace(path_);
  token_lists_ = TokenLists(path_, manifest_.files);
  if (manifest_.has_attributions()) attributions_.emplace(path_);
  if (attributions_ && attributions_->n_events() != events_->n_events()) {
    fail(Code::corrupt, "{}: {} rows in {}; there are {} events", path_, attributions_->n_events(),
         attributions_table().file, events_->n_events());
  }
  if (events_->n_units() == manifest_.n_units() && events_->n_tokens() == corpus().n_tokens())
    return;
  fail(Code::corrupt, "{}: events of {} units and {} tokens; the recording has {} and {}", path_,
       events_->n_units(), events_->n_tokens(), manifest_.n_units(), corpus().n_tokens());
}

void Recording::check_n_units(std::string_view file, uint64_t n_units) const {
  const uint64_t expected = n_token_units(manifest_.sites);
  if (n_units == expected) return;
  fail(Code::corrupt, "{}: {} has {} units; the manifest has {}", path_, file, n_units, expected);
}

const CorpusTables& Recording::corpus() const {
  if (corpus_) return *corpus_;
  fail(Code::invalid, "{}: imported without its texts; import it again with --corpus", path_);
}

const std::string& Recording::source_name(uint32_t source) const {
  if (source < source_names_.size()) return source_names_[source];
  fail(Code::corrupt, "{}: a document is of source {}; the manifest has {}", path_, source,
       source_names_.size());
}

const UnitTables& Recording::units() const {
  if (units_) return *units_;
  if (manifest_.holds == Holds::samples) {
    fail(Code::invalid, "{}: imported: it has sampled values ({}) and nothing else", path_,
         samples_table().file);
  }
  fail(Code::invalid,
       "{}: imported: it has sign classes (actogram show --by-class), but no summaries, histograms "
       "or windows",
       path_);
}

std::vector<ScoredExplanation> Recording::explanations(uint64_t row) const {
  return explanations_ ? explanations_->of_unit(row) : std::vector<ScoredExplanation>();
}

std::optional<uint64_t> Recording::n_tokens() const {
  return units_ ? corpus_->n_tokens() : manifest_.n_tokens();
}

bool Recording::refactors(GluSigns signs) const {
  const bool wanted =
      signs == GluSigns::refactored || (signs == GluSigns::recorded && manifest_.refactor_glu);
  const bool published = shares_ || manifest_.holds == Holds::samples;
  const bool unknown = published && signs != GluSigns::recorded;
  if ((wanted && !weights_) || unknown) {
    fail(Code::invalid,
         "{}: the signs of refactor_glu are those of the model's weights, and it has no {}: record "
         "a gated model from its GGUF file",
         path_, weights_table().file);
  }
  return wanted;
}

std::vector<ClassFacts> Recording::classes(uint64_t row, GluSigns signs) const {
  if (!shares_) return facts_of(exact_classes(row, signs), n_tokens().value_or(0));
  refactors(signs);  // or says that only what was published is known
  return with_counts(shares_->classes(row), n_tokens());
}

std::vector<ClassRecord> Recording::exact_classes(uint64_t row, GluSigns signs) const {
  if (shares_) {
    fail(Code::invalid, "{}: imported from a data set of others: it has no exact counts and sums",
         path_);
  }
  if (!classes_ || row >= classes_->n_units()) return {};
  std::vector<ClassRecord> classes = classes_->classes(row);
  if (refactors(signs)) refactor_glu(classes, weights_->weights(row).sign);
  return classes;
}

std::vector<std::string> Recording::class_problems(uint64_t row, const UnitRecord* unit) const {
  if (!classes_) return {};
  const auto means = classes_->means(row);
  return problems_of_classes(classes_->classes(row), {.class_top = manifest_.collate.class_top,
                                                      .corpus = corpus_ ? &*corpus_ : nullptr,
                                                      .unit = unit,
                                                      .means = means});
}

float Recording::recorded_sign(uint64_t row) const {
  const auto weights = refactors(GluSigns::recorded) ? this->weights(row) : std::nullopt;
  return weights && weights->sign < 0 ? -1.0F : 1.0F;
}

std::optional<NeuronWeights> Recording::weights(uint64_t row, GluSigns signs) const {
  if (!weights_ || row >= weights_->n_units()) return std::nullopt;
  const NeuronWeights weights = weights_->weights(row);
  return refactors(signs) ? refactor_glu(weights) : weights;
}

void Recording::check_ahead(const std::stop_token& stop) const {
  const auto check = [&](const TableReader& table) {
    for (size_t i = 0; i < table.n_batches() && !stop.stop_requested(); ++i) {
      try {
        table.batch(i);
      } catch (const Error&) {
        continue;  // said again to whoever asks for this one
      }
    }
  };
  if (corpus_) corpus_->for_each_table(check);
  if (classes_) classes_->for_each_table(check);
  if (weights_) weights_->for_each_table(check);
  if (units_) units_->for_each_table(check);
}

namespace {

class Checker {
 public:
  Checker(const std::string& path, const std::function<void(double)>& progress)
      : path_(path), progress_(progress) {}

  CheckReport run() {
    const Manifest manifest = read_manifest(path_);
    check_files(manifest);
    if (!report_.problems.empty()) return report_;
    const Recording recording(path_);
    for_each_unit(recording, [&](const std::string& name, uint64_t row) {
      const bool published = recording.records() != nullptr;
      if (row >= n_dense_units(manifest.sites) && !published) return;
      try {
        published ? check_record(recording, name, row) : check_tables(recording, name, row);
      } catch (const Error& error) {
        problem("{}: {}", name, error.what());
      }
    });
    if (recording.samples() != nullptr) {
      for (const std::string& found : problems_of_samples(recording)) problem("{}", found);
    }
    if (recording.events() != nullptr) check_events(recording);
    if (manifest.files.contains(prompts_table().file)) check_prompts(recording);
    return report_;
  }

 private:
  template <typename... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    constexpr size_t kEnough = 20;
    if (report_.problems.size() < kEnough) {
      report_.problems.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
  }

  void check_files(const Manifest& manifest) {
    for (const auto& [name, file] : manifest.files) {
      const std::string path = path_ + "/" + name;
      ++report_.n_files;
      if (!std::filesystem::exists(path)) {
        problem("{}: missing", name);
        continue;
      }
      const uint64_t n_bytes = std::filesystem::file_size(path);
      report_.n_bytes += n_bytes;
      if (n_bytes != file.n_bytes) {
        problem("{}: {} bytes, expected {}: the file is damaged", name, n_bytes, file.n_bytes);
      } else if (const std::string found = checksum_of_file(path); found != file.checksum) {
        problem("{}: checksum {}, expected {}: the file is damaged", name, found, file.checksum);
      }
      progress_(0.5 * static_cast<double>(report_.n_files) /
                static_cast<double>(manifest.files.size()));
    }
  }

  template <typename Check>
  void for_each_unit(const Recording& recording, Check check) {
    uint64_t row = 0;
    for (const Site& site : recording.manifest().sites) {
      for (uint32_t unit = 0; unit < site.n_units; ++unit, ++row) {
        check(fmt::format("{}/{}", short_site_name(site.name), unit), row);
      }
      progress_(0.5 + 0.5 * static_cast<double>(row) /
                          static_cast<double>(recording.manifest().n_units()));
    }
    report_.n_units = row;
  }

  // Whether the tables of events agree, and the units with what they say.
  void check_events(const Recording& recording) {
    for (const std::string& found : problems_of(*recording.events())) problem("{}", found);
    if (!report_.problems.empty()) return;
    if (recording.attributions() != nullptr) check_attributions(recording);
    const std::vector<Site>& sites = recording.manifest().sites;
    uint64_t row = n_dense_units(sites);
    for (size_t s = recording.manifest().dense_sites().size(); s < sites.size(); ++s) {
      const SparseCorpus corpus(first_tokens(recording.corpus()), recording.token_lists().known(s));
      for (uint32_t unit = 0; unit < sites[s].n_units; ++unit, ++row) {
        const UnitRecord found = recording.units().unit(row);
        const UnitRecord expected =
            sparse_unit(*recording.events(), row, corpus, recording.token_lists(), s);
        const bool same = found.sums == expected.sums && found.values == expected.values &&
                          found.maxima == expected.maxima &&
                          found.summary.count == expected.summary.count &&
                          found.summary.min_at == expected.summary.min_at &&
                          found.summary.max_at == expected.summary.max_at;
        if (same && found.maximum_peaks.empty() && found.minimum_peaks.empty()) continue;
        problem("{}/{}: its summary or histogram is not that of its events",
                short_site_name(sites[s].name), unit);
      }
    }
  }

  // An attributed event has a number for each token up to its own.
  void check_attributions(const Recording& recording) {
    const CorpusTables& corpus = recording.corpus();
    uint64_t token = 0, row = 0;
    for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
      for (uint32_t position = 0; position < corpus.sequence(s).n_tokens; ++position, ++token) {
        const TokenEvents at = recording.events()->at_token(token);
        for (size_t i = 0; i < at.size(); ++i, ++row) {
          const size_t expected =
              is_attributed(recording.manifest(), at.unit(i)) ? position + 1 : 0;
          const size_t found = recording.attributions()->event(row).size();
          if (found == expected) continue;
          problem("{}: row {} has {} keys, expected {}", attributions_table().file, row, found,
                  expected);
        }
      }
    }
  }

  void check_tables(const Recording& recording, const std::string& name, uint64_t row) {
    std::optional<UnitRecord> unit;
    if (recording.manifest().holds == Holds::everything) {
      unit = recording.units().unit(row);
      check_unit(recording, name, *unit);
      if (unit->head) return check_head(recording, name, row, *unit);
    }
    check_classes(recording, name, recording.classes(row, GluSigns::recorded));
    for (const std::string& found : recording.class_problems(row, unit ? &*unit : nullptr)) {
      problem("{}: {}", name, found);
    }
    if (const auto weights = recording.weights(row)) check_weights(name, *weights);
  }

  // Of a unit as others published it.
  void check_record(const Recording& recording, const std::string& name, uint64_t row) {
    const UnitRecord unit = recording.units().unit(row);
    const PublishedRecord record = recording.records()->record(row);
    const size_t n_peaks = unit.head ? unit.head->peaks.size() : unit.maximum_peaks.size();
    report_.n_peaks += unit.head ? n_peaks : 0;
    if (!record.published && n_peaks > 0) problem("{}: excerpts, but no record", name);
    if (record.forms.size() != n_peaks) {
      problem("{}: {} excerpts, but {} forms of them", name, n_peaks, record.forms.size());
    }
    check_peaks(recording, name, unit.maximum_peaks, unit.summary.max);
  }

  void check_prompts(const Recording& recording) {
    PromptTables prompts(path_);
    const Manifest& manifest = recording.manifest();
    const uint32_t n_units = manifest.sites[published_site(manifest)].n_units;
    for (const std::string& found : problems_of(prompts, recording.corpus(), n_units)) {
      problem("{}", found);
    }
  }

  void check_head(const Recording& recording, const std::string& name, uint64_t row,
                  const UnitRecord& unit) {
    const Manifest& manifest = recording.manifest();
    if (!n_pairs_) n_pairs_ = count_pairs(recording.corpus());
    const HeadContext context{
        recording.corpus(), *n_pairs_, manifest.collate,
        recording.units().heads()->means(row - n_token_units(manifest.sites))};
    report_.n_peaks += unit.head->peaks.size();
    for (const std::string& found : problems_of_head(unit, context)) {
      problem("{}: {}", name, found);
    }
  }

  void check_unit(const Recording& recording, const std::string& name, const UnitRecord& unit) {
    const Summary& summary = unit.summary;
    const uint64_t n_tokens = recording.corpus().n_tokens();
    if (!unit.head && summary.count + summary.n_nan + summary.n_infinite != n_tokens) {
      problem("{}: {} values, but the corpus has {} tokens", name,
              summary.count + summary.n_nan + summary.n_infinite, n_tokens);
    }
    uint64_t counted = 0;
    for (const uint64_t count : unit.values.counts) counted += count;
    if (counted != summary.count) {
      problem("{}: the histogram counts {} values, the summary {}", name, counted, summary.count);
    }
    check_peaks(recording, name, unit.maximum_peaks, summary.max);
    check_peaks(recording, name, unit.minimum_peaks, summary.min);
  }

  void check_classes(const Recording& recording, const std::string& name,
                     const std::vector<ClassFacts>& classes) {
    const Manifest& manifest = recording.manifest();
    const uint64_t n_sequences =
        manifest.has_corpus() ? recording.corpus().n_sequences() : uint64_t{1} << 32;
    const auto in_order = [](const auto& a, const auto& b) { return ranks_before(a, b); };
    uint64_t counted = 0;
    for (const ClassFacts& facts : classes) {
      counted += facts.count.value_or(0);
      for (const auto& peaks : facts.peaks) {
        if (!std::ranges::is_sorted(peaks, in_order)) {
          problem("{}: a class's peaks are not in order", name);
        }
        for (const ClassFacts::Peak& peak : peaks) {
          if (peak.value != 0 && peak.sequence < n_sequences) continue;
          problem("{}: a class's peak of {} in sequence {} of {}", name, peak.value, peak.sequence,
                  n_sequences);
        }
      }
    }
    if (const auto n_tokens = recording.n_tokens(); n_tokens && counted > *n_tokens) {
      problem("{}: its classes hold {} tokens, but the corpus has {}", name, counted, *n_tokens);
    }
  }

  // NaN is what a model with weights that are not numbers has.
  void check_weights(const std::string& name, const NeuronWeights& weights) {
    for (const double norm : {weights.norm_gate, weights.norm_in, weights.norm_out}) {
      if (norm < 0) problem("{}: a weight vector's norm is {}", name, norm);
    }
    for (const double cosine : {weights.cos_gate_in, weights.cos_gate_out, weights.cos_in_out}) {
      if (std::abs(cosine) > 1) problem("{}: a cosine of its weights is {}", name, cosine);
    }
    if (weights.sign != 1 && weights.sign != -1) {
      problem("{}: the sign of its weights is {}, expected 1 or -1", name, weights.sign);
    } else if (weights.cos_gate_in * weights.sign < 0) {
      problem("{}: the sign of its weights is {}, but gate and in have the cosine {}", name,
              weights.sign, weights.cos_gate_in);
    }
  }

  void check_peaks(const Recording& recording, const std::string& name,
                   const std::vector<KeptPeak>& peaks, float extreme) {
    report_.n_peaks += peaks.size();
    const auto same = [](float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    if (!peaks.empty() && !same(peaks.front().value, extreme)) {
      problem("{}: the first peak is {}, the extreme {}", name, peaks.front().value, extreme);
    }
    for (const KeptPeak& peak : peaks) {
      const uint64_t at = uint64_t{peak.at.position} - peak.window_begin;
      if (peak.at.position < peak.window_begin || at >= peak.window.size() ||
          !same(peak.window[at], peak.value)) {
        problem("{}: a window does not hold its peak at sequence {}, position {}", name,
                peak.at.sequence, peak.at.position);
      }
      if (peak.at.sequence >= recording.corpus().n_sequences()) {
        problem("{}: a peak in sequence {} of {}", name, peak.at.sequence,
                recording.corpus().n_sequences());
      }
    }
  }

  const std::string& path_;
  const std::function<void(double)>& progress_;
  CheckReport report_;
  std::optional<uint64_t> n_pairs_;  // of the corpus, once it is asked for
};

}  // namespace

CheckReport check_recording(const std::string& path, const std::function<void(double)>& progress) {
  return Checker(path, progress).run();
}

}  // namespace actogram
