#include "formats/gluscope_import.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "core/refactor_glu.h"
#include "formats/gluscope_folder.h"
#include "formats/gluscope_schema.h"
#include "formats/published_neurons.h"
#include "store/class_tables.h"
#include "store/layout.h"
#include "store/provenance.h"
#include "store/share_tables.h"
#include "store/weight_table.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

using Kind = GluscopeColumn::Kind;
using PlaceKind = GluscopePlace::Kind;

constexpr uint64_t kRowsAtOnce = 1024;            // of a data set in order
constexpr uint64_t kScatteredRowsAtOnce = 65536;  // each request may decode all of it

// One row of the 50 columns, checked.
class RowReader {
 public:
  RowReader(uint64_t n_tokens, std::optional<uint64_t> n_text_rows)
      : n_tokens_(n_tokens), n_text_rows_(n_text_rows) {}

  size_t n_listed() const { return n_listed_.value_or(0); }

  std::vector<ClassFacts> read(const ParquetTableReader& batch, size_t i) {
    std::vector<ClassFacts> classes(kNumSignClasses);
    const auto& columns = gluscope_columns();
    for (size_t c = 0; c < columns.size(); ++c) {
      ClassFacts& facts = classes[columns[c].sign_class];
      const size_t q = columns[c].quantity;
      if (columns[c].kind == Kind::frequency) {
        facts.frequency = frequency(batch, c, i);
        facts.share = facts.frequency;
      } else if (columns[c].kind == Kind::mean) {
        facts.means[q] = batch.floats(c)[i];
      } else if (columns[c].kind == Kind::max_values) {
        facts.peaks[q] = peaks(batch, c, i);
      }
    }
    for (size_t k = 0; k < kNumSignClasses; ++k) {
      if (classes[k].frequency == 0) check_empty(classes[k], k, batch, i);
    }
    return classes;
  }

 private:
  static std::string where(const ParquetTableReader& batch, size_t column, size_t i) {
    return fmt::format("{}: row {}: \"{}\"", batch.name(), batch.batch_row() + i,
                       gluscope_columns()[column].name);
  }

  float frequency(const ParquetTableReader& batch, size_t column, size_t i) const {
    const float frequency = batch.floats(column)[i];
    if (!(frequency >= 0 && frequency <= 1)) {
      fail(Code::corrupt, "{}: {}; expected a share from 0 to 1", where(batch, column, i),
           frequency);
    }
    if (n_tokens_ > 0 && counts_of(frequency, n_tokens_).empty()) {
      fail(Code::invalid, "{}: {} is the share of no count of {} tokens: is --tokens right?",
           where(batch, column, i), frequency, n_tokens_);
    }
    return frequency;
  }

  // The values' column; the rows' is the next.
  std::vector<ClassFacts::Peak> peaks(const ParquetTableReader& batch, size_t column, size_t i) {
    const auto values = batch.float_lists(column)[i];
    const auto rows = batch.integer_lists(column + 1)[i];
    check_length(values.size(), batch, column, i);
    check_length(rows.size(), batch, column + 1, i);
    std::vector<ClassFacts::Peak> peaks;
    for (size_t p = 0; p < values.size(); ++p) {
      if (!std::isfinite(values[p])) {
        fail(Code::corrupt, "{}: entry {} is {}", where(batch, column, i), p, values[p]);
      }
      if (values[p] == 0) continue;
      peaks.push_back({text_row(rows[p], batch, column + 1, i), std::nullopt, values[p]});
    }
    std::ranges::stable_sort(peaks, std::greater<>(),
                             [](const ClassFacts::Peak& peak) { return std::fabs(peak.value); });
    return peaks;
  }

  // All lists of a data set are of one length.
  void check_length(size_t length, const ParquetTableReader& batch, size_t column, size_t i) {
    if (!n_listed_) n_listed_ = length;
    if (length == *n_listed_) return;
    fail(Code::corrupt, "{}: a list of {} entries; the first list has {}", where(batch, column, i),
         length, *n_listed_);
  }

  uint32_t text_row(int64_t row, const ParquetTableReader& batch, size_t column, size_t i) const {
    if (row < 0 || row > std::numeric_limits<uint32_t>::max()) {
      fail(Code::corrupt, "{}: {}; expected a row of the texts, from 0 on", where(batch, column, i),
           row);
    }
    if (n_text_rows_ && static_cast<uint64_t>(row) >= *n_text_rows_) {
      fail(Code::invalid, "{}: row {} of the texts, but --corpus has {} rows: is it another?",
           where(batch, column, i), row, *n_text_rows_);
    }
    return static_cast<uint32_t>(row);
  }

  void check_empty(ClassFacts& facts, size_t sign_class, const ParquetTableReader& batch,
                   size_t i) const {
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      double& mean = facts.means[q];
      if (facts.peaks[q].empty() && (std::isnan(mean) || mean == 0)) {
        mean = std::numeric_limits<double>::quiet_NaN();
        continue;
      }
      fail(Code::corrupt, "{}: row {}: \"{}_freq\" is 0, but its {} has a mean of {} and {} peaks",
           batch.name(), batch.batch_row() + i, kSignClassNames[sign_class], kGatedQuantityNames[q],
           mean, facts.peaks[q].size());
    }
  }

  uint64_t n_tokens_;
  std::optional<uint64_t> n_text_rows_;
  std::optional<size_t> n_listed_;
};

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

struct ExactRow {
  std::vector<ClassRecord> classes;  // with the signs of the columns
  NeuronWeights weights = {};
};

// What the columns and our sidecar say together.
ExactRow exact_row(const std::vector<ClassFacts>& facts, const ParquetTableReader& batch, size_t i,
                   const Manifest& manifest) {
  const uint64_t n_tokens = *manifest.n_tokens();
  std::vector<ClassRecord> records(kNumSignClasses);
  NeuronWeights weights;
  const auto& places = gluscope_places(manifest);
  const auto disagree = [&](size_t p) {
    fail(Code::corrupt,
         "{}: row {}: \"{}\" does not fit the data set's columns: remove the folder actogram/ to "
         "import the columns alone",
         batch.name(), batch.batch_row() + i, places[p].spec.name);
  };
  for (size_t p = 0; p < places.size(); ++p) {
    ClassRecord& record = records[places[p].sign_class];
    const ClassFacts& known = facts[places[p].sign_class];
    if (places[p].kind == PlaceKind::count) {
      record.count = static_cast<uint64_t>(batch.integers(p)[i]);
      if (record.count > n_tokens || frequency_of(record.count, n_tokens) != known.frequency) {
        disagree(p);
      }
    } else if (places[p].kind == PlaceKind::sums) {
      const auto width = static_cast<size_t>(places[p].spec.width);
      std::memcpy(record.sums.data(), batch.fixed_bytes(p).data() + i * width, width);
      for (size_t q = 0; q < kNumGatedQuantities; ++q) {
        if (!same(static_cast<float>(record.mean(q)), known.means[q])) disagree(p);
      }
    } else if (places[p].kind == PlaceKind::positions) {
      const auto positions = batch.integer_lists(p)[i];
      const auto& peaks = known.peaks[places[p].quantity];
      if (positions.size() != peaks.size()) disagree(p);
      for (size_t k = 0; k < peaks.size(); ++k) {
        if (positions[k] < 0 || positions[k] > std::numeric_limits<uint32_t>::max()) disagree(p);
        record.peaks[places[p].quantity].push_back(
            {{peaks[k].sequence, static_cast<uint32_t>(positions[k])}, peaks[k].value});
      }
    } else if (places[p].kind == PlaceKind::weight) {
      weights.*kWeightNumbers[places[p].number] = batch.doubles(p)[i];
    } else if (places[p].kind == PlaceKind::sign) {
      weights.sign = batch.integers(p)[i] < 0 ? -1 : 1;
      if (batch.integers(p)[i] != weights.sign) disagree(p);
    }
  }
  return {std::move(records), weights};
}

class GluscopeImport {
 public:
  GluscopeImport(const ImportOptions& options, const ProgressFn& progress)
      : options_(options),
        progress_(progress),
        folder_(open_gluscope_folder(options.folder)),
        data_(folder_.shards, gluscope_column_readers()) {
    if (folder_.places) {
      places_.emplace(std::vector{*folder_.places}, gluscope_place_readers(*folder_.manifest));
    }
    check_whole();
    describe_files();
  }

  ImportReport run() {
    WorkFolder work(options_.output, identity(), options_.command);
    Manifest manifest;
    try {
      manifest = write(work.path());
    } catch (...) {
      work.discard();
      throw;
    }
    work.finish(manifest);
    ImportReport report{.n_units = data_.n_rows(),
                        .exact = places_.has_value(),
                        .in_order = data_.in_order(),
                        .other_columns = data_.other_columns()};
    for (const auto& [name, file] : manifest.files) report.n_bytes += file.n_bytes;
    return report;
  }

 private:
  void check_whole() const {
    if (folder_.n_examples && *folder_.n_examples != data_.n_rows()) {
      fail(Code::corrupt, "{}: {} rows, but README.md claims {} (num_examples): are files missing?",
           options_.folder, data_.n_rows(), *folder_.n_examples);
    }
    if (!places_) return;
    if (options_.n_tokens > 0 || !options_.model.empty()) {
      fail(Code::invalid, "{}: this export names its model and its tokens itself", options_.folder);
    }
    const auto shape = [](const std::vector<Site>& sites) {
      std::vector<std::pair<uint32_t, uint32_t>> widths;
      for (const Site& site : sites) widths.emplace_back(site.layer, site.n_units);
      return widths;
    };
    if (shape(data_.sites()) != shape(places_->sites()) ||
        shape(data_.sites()) != shape(folder_.manifest->sites)) {
      fail(Code::corrupt, "{}: {} and {} are not of the neurons of the columns", options_.folder,
           kGluscopePlaces, kGluscopeManifest);
    }
    if (folder_.manifest->refactor_glu && !folder_.manifest->has_weights()) {
      fail(Code::corrupt, "{}: the columns have the signs of refactor_glu, but {} lists no {}",
           options_.folder, kGluscopeManifest, weights_table().file);
    }
  }

  void describe_files() {
    std::vector<std::string> paths = folder_.shards;
    if (folder_.places) paths.push_back(*folder_.places);
    for (const std::string& path : paths) {
      progress_({"hashing the files", files_.size(), paths.size(), 0, "files"});
      const auto name = std::filesystem::path(path).lexically_relative(options_.folder);
      files_.push_back({{"name", name.string()},
                        {"bytes", std::filesystem::file_size(path)},
                        {"sha256", sha256_of_file(path)}});
    }
  }

  Json identity() const {
    const TextOptions& texts = options_.texts;
    return {{"files", files_},
            {"model", options_.model},
            {"n_tokens", options_.n_tokens},
            {"tokenizer", texts.tokenizer},
            {"corpus", texts.corpus.inputs.empty() ? "" : corpus_fingerprint(texts.corpus)}};
  }

  Manifest write(const std::string& path) {
    Manifest manifest = places_ ? *folder_.manifest : foreign_manifest();
    manifest.files.clear();
    std::optional<uint64_t> n_text_rows;
    if (!options_.texts.corpus.inputs.empty()) {
      n_text_rows = add_texts(manifest, import_texts(options_.texts, path, progress_));
    }
    RowReader rows(options_.n_tokens, n_text_rows);
    if (places_) {
      manifest.holds = Holds::classes;
      write_exact(rows, path, manifest);
    } else {
      manifest.holds = Holds::class_shares;
      ShareWriter writer(path);
      read_rows(rows, [&](const auto& facts, const auto&) { writer.add(facts); });
      writer.finish(manifest.files);
      manifest.collate.class_top = static_cast<uint32_t>(rows.n_listed());
    }
    manifest.provenance = provenance(options_.command);
    manifest.provenance["imported"] = {{"format", "gluscope"},
                                       {"card", folder_.card},
                                       {"files", files_},
                                       {"manifest", folder_.manifest_json}};
    return manifest;
  }

  Manifest foreign_manifest() const {
    Manifest manifest;
    manifest.model = Json::object();
    if (!options_.model.empty()) manifest.model["name"] = options_.model;
    manifest.corpus = {{"sources", Json::array()}};
    if (options_.n_tokens > 0) manifest.corpus["n_tokens"] = options_.n_tokens;
    manifest.options = Json::object();
    manifest.sites = data_.sites();
    manifest.collate = {
        .top = 0, .bottom = 0, .random = 0, .per_bucket = 0, .window = 0, .sign_classes = true};
    return manifest;
  }

  // Gives the number of rows.
  uint64_t add_texts(Manifest& manifest, ImportedTexts texts) const {
    if (places_) {
      const auto n_sequences = field<uint64_t>(manifest.corpus, "n_sequences", "manifest.json");
      const bool ids = texts.n_tokens > 0;
      if (texts.n_rows != n_sequences || (ids && texts.n_tokens != *manifest.n_tokens())) {
        fail(Code::invalid,
             "{}: {} rows with {} token ids; what was recorded had {} sequences with {} tokens, "
             "which are rows where each document is one (--long-documents truncate)",
             options_.texts.corpus.inputs.front(), texts.n_rows, texts.n_tokens, n_sequences,
             *manifest.n_tokens());
      }
    }
    manifest.corpus["sources"] = std::move(texts.sources);
    manifest.corpus["n_documents"] = texts.n_rows;
    manifest.corpus["n_sequences"] = texts.n_rows;
    manifest.files.merge(texts.files);
    return texts.n_rows;
  }

  // The tables have the model's own signs, whichever the columns have.
  void write_exact(RowReader& rows, const std::string& path, Manifest& manifest) {
    ClassWriter writer(path);
    std::vector<NeuronWeights> weights;
    read_rows(rows, [&](const auto&, ExactRow& row) {
      if (manifest.refactor_glu) refactor_glu(row.classes, row.weights.sign);
      writer.add(row.classes);
      weights.push_back(row.weights);
    });
    writer.finish(manifest.files);
    if (folder_.manifest->has_weights()) {
      manifest.files[weights_table().file] = write_weights(path, weights);
    }
  }

  template <typename Add>
  void read_rows(RowReader& rows, Add add) {
    const uint64_t n_rows = data_.n_rows();
    const bool in_order = data_.in_order() && (!places_ || places_->in_order());
    const uint64_t n_at_once = in_order ? kRowsAtOnce : kScatteredRowsAtOnce;
    for (uint64_t begin = 0; begin < n_rows; begin += n_at_once) {
      const uint64_t end = std::min(begin + n_at_once, n_rows);
      std::vector<std::vector<ClassFacts>> facts(end - begin);
      std::vector<ExactRow> exact(end - begin);
      data_.read(begin, end, [&](uint64_t row, const ParquetTableReader& batch, size_t i) {
        facts[row - begin] = rows.read(batch, i);
      });
      if (places_) {
        places_->read(begin, end, [&](uint64_t row, const ParquetTableReader& batch, size_t i) {
          exact[row - begin] = exact_row(facts[row - begin], batch, i, *folder_.manifest);
        });
      }
      for (size_t i = 0; i < facts.size(); ++i) add(facts[i], exact[i]);
      progress_({"importing", end, n_rows, 0, "units"});
    }
  }

  const ImportOptions& options_;
  const ProgressFn& progress_;
  GluscopeFolder folder_;
  PublishedNeurons data_;
  std::optional<PublishedNeurons> places_;
  Json files_ = Json::array();
};

}  // namespace

ImportReport import_gluscope(const ImportOptions& options, const ProgressFn& progress) {
  check_recording_name(options.output);
  return GluscopeImport(options, progress).run();
}

std::string to_json_text(const ImportReport& report, const std::string& output) {
  return to_text(Json{{"recording", output},
                      {"n_units", report.n_units},
                      {"n_bytes", report.n_bytes},
                      {"exact", report.exact},
                      {"in_order", report.in_order},
                      {"other_columns", report.other_columns}});
}

}  // namespace actogram
