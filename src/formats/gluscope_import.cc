#include "formats/gluscope_import.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/refactor_glu.h"
#include "formats/gluscope_folder.h"
#include "formats/gluscope_rows.h"
#include "formats/gluscope_samples.h"
#include "formats/gluscope_schema.h"
#include "formats/import_folder.h"
#include "formats/published_neurons.h"
#include "store/class_tables.h"
#include "store/layout.h"
#include "store/provenance.h"
#include "store/share_tables.h"
#include "store/weight_table.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

constexpr uint64_t kRowsAtOnce = 1024;            // of a data set in order
constexpr uint64_t kScatteredRowsAtOnce = 65536;  // each request may decode all of it

std::vector<std::pair<uint32_t, uint32_t>> shape(const std::vector<Site>& sites) {
  std::vector<std::pair<uint32_t, uint32_t>> widths;
  for (const Site& site : sites) widths.emplace_back(site.layer, site.n_units);
  return widths;
}

// The samples of FOLDER, or those that --samples names.
std::vector<std::string> sample_files(const GluscopeFolder& folder, const ImportOptions& options) {
  if (options.samples.empty()) return folder.samples;
  if (!folder.samples.empty()) {
    fail(Code::invalid, "{}: has sampled activations of its own; --samples {} is one too many",
         options.folder, options.samples);
  }
  const GluscopeFolder beside = open_gluscope_folder(options.samples);
  if (!beside.samples.empty()) return beside.samples;
  fail(Code::invalid,
       "--samples {}: no sampled activations: it has no column \"sampled_positions\"",
       options.samples);
}

class GluscopeImport {
 public:
  GluscopeImport(const ImportOptions& options, const ProgressFn& progress)
      : options_(options), progress_(progress), folder_(open_gluscope_folder(options.folder)) {
    if (!folder_.shards.empty()) data_.emplace(folder_.shards, gluscope_column_readers());
    sample_files_ = sample_files(folder_, options);
    if (!sample_files_.empty()) samples_.emplace(sample_files_);
    if (folder_.places) {
      places_.emplace(std::vector{*folder_.places}, gluscope_place_readers(*folder_.manifest));
    }
    check_whole();
    describe_files();
  }

  ImportReport run() {
    const Manifest manifest = write_import(options_.output, identity(), options_.command,
                                           [&](const std::string& in) { return write(in); });
    std::vector<std::string> others = neurons().other_columns();
    if (data_ && samples_) {
      const auto& more = samples_->neurons().other_columns();
      others.insert(others.end(), more.begin(), more.end());
    }
    ImportReport report{.n_units = neurons().n_rows()};
    report.details = {{"n_samples", samples_ ? samples_->positions().size() : 0},
                      {"exact", places_.has_value()},
                      {"in_order", neurons().in_order()},
                      {"other_columns", others}};
    if (!others.empty()) {
      report.remarks.push_back(fmt::format("not read: {}", fmt::join(others, " ")));
    }
    for (const auto& [name, file] : manifest.files) report.n_bytes += file.n_bytes;
    return report;
  }

 private:
  // Of the 50 columns, where they are there.
  const PublishedNeurons& neurons() const { return data_ ? *data_ : samples_->neurons(); }

  void check_whole() const {
    if (folder_.n_examples && *folder_.n_examples != neurons().n_rows()) {
      fail(Code::corrupt, "{}: {} rows, but README.md claims {} (num_examples): are files missing?",
           options_.folder, neurons().n_rows(), *folder_.n_examples);
    }
    if (samples_ && shape(samples_->neurons().sites()) != shape(neurons().sites())) {
      fail(Code::corrupt, "{}: the sampled activations are not of the neurons of the columns",
           sample_files_.front());
    }
    if (!places_) return;
    if (options_.n_tokens > 0 || !options_.model.empty()) {
      fail(Code::invalid, "{}: this export names its model and its tokens itself", options_.folder);
    }
    if (shape(neurons().sites()) != shape(places_->sites()) ||
        shape(neurons().sites()) != shape(folder_.manifest->sites)) {
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
    paths.insert(paths.end(), sample_files_.begin(), sample_files_.end());
    files_ = hashed_files(paths, options_.folder, progress_);
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
    if (!data_) {
      manifest.holds = Holds::samples;
    } else if (places_) {
      manifest.holds = Holds::classes;
      write_exact(rows, path, manifest);
    } else {
      manifest.holds = Holds::class_shares;
      ShareWriter writer(path);
      read_rows(rows, [&](const auto& facts, const auto&) { writer.add(facts); });
      writer.finish(manifest.files);
      manifest.collate.class_top = static_cast<uint32_t>(rows.n_listed());
    }
    if (samples_) add_samples(manifest, path, n_text_rows);
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
    manifest.sites = neurons().sites();
    manifest.collate = {.top = 0, .bottom = 0, .random = 0, .per_bucket = 0, .window = 0};
    manifest.collate.sign_classes = data_.has_value();
    return manifest;
  }

  void add_samples(Manifest& manifest, const std::string& path,
                   std::optional<uint64_t> n_text_rows) {
    const bool turned = places_ && manifest.refactor_glu;
    const auto sign_of = [&](uint64_t row) { return turned ? weights_[row].sign : 1; };
    manifest.files.merge(samples_->write(path, sign_of, progress_));
    const std::vector<uint32_t>& positions = samples_->positions();
    if (!places_) manifest.collate.samples = static_cast<uint32_t>(positions.size());
    if (!n_text_rows) return;
    if (positions.size() > *n_text_rows) {
      fail(Code::invalid, "{}: samples of {} texts, but --corpus has {} rows: is it another?",
           sample_files_.front(), positions.size(), *n_text_rows);
    }
    const CorpusTables corpus(path);
    for (size_t i = 0; i < positions.size(); ++i) {
      const uint32_t n_tokens = corpus.sequence(i).n_tokens;
      if (n_tokens == 0 || positions[i] < n_tokens) continue;  // a text's tokens are not known
      fail(Code::invalid, "{}: a sample at position {} of text {}, which has {} tokens in --corpus",
           sample_files_.front(), positions[i], i, n_tokens);
    }
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
    read_rows(rows, [&](const auto&, ExactRow& row) {
      if (manifest.refactor_glu) refactor_glu(row.classes, row.weights.sign);
      writer.add(row.classes);
      weights_.push_back(row.weights);
    });
    writer.finish(manifest.files);
    if (folder_.manifest->has_weights()) {
      manifest.files[weights_table().file] = write_weights(path, weights_);
    }
  }

  template <typename Add>
  void read_rows(RowReader& rows, Add add) {
    const uint64_t n_rows = data_->n_rows();
    const bool in_order = data_->in_order() && (!places_ || places_->in_order());
    const uint64_t n_at_once = in_order ? kRowsAtOnce : kScatteredRowsAtOnce;
    for (uint64_t begin = 0; begin < n_rows; begin += n_at_once) {
      const uint64_t end = std::min(begin + n_at_once, n_rows);
      std::vector<std::vector<ClassFacts>> facts(end - begin);
      std::vector<ExactRow> exact(end - begin);
      data_->read(begin, end, [&](uint64_t row, const ParquetTableReader& batch, size_t i) {
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
  std::optional<PublishedNeurons> data_;  // the 50 columns
  std::optional<PublishedNeurons> places_;
  std::vector<std::string> sample_files_;
  std::optional<PublishedSamples> samples_;
  std::vector<NeuronWeights> weights_;  // of an export of ours, as its rows are read
  Json files_ = Json::array();
};

}  // namespace

ImportReport import_gluscope(const ImportOptions& options, const ProgressFn& progress) {
  check_recording_name(options.output);
  return GluscopeImport(options, progress).run();
}

}  // namespace actogram
