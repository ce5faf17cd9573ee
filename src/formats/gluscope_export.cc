#include "formats/gluscope_export.h"

#include <algorithm>
#include <filesystem>
#include <variant>

#include "base/file.h"
#include "codec/parquet_table.h"
#include "formats/export_folder.h"
#include "formats/gluscope_card.h"
#include "formats/gluscope_samples.h"
#include "formats/gluscope_schema.h"
#include "store/layout.h"
#include "store/list_column.h"
#include "store/recording.h"
#include "store/weight_table.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;
using Kind = GluscopeColumn::Kind;

constexpr uint64_t kRowsPerGroup = 4096;

// The values of one column while a row group is collected.
struct Column {
  std::variant<std::vector<int64_t>, std::vector<float>, ListColumn<int64_t>, ListColumn<float>,
               std::vector<double>, std::vector<std::byte>>
      values;

  template <typename T>
  T& as() {
    if (!std::holds_alternative<T>(values)) values = T{};
    return std::get<T>(values);
  }
  ColumnData data() const {
    return std::visit(
        [](const auto& v) -> ColumnData {
          if constexpr (requires { v.lists(); }) {
            return v.lists();
          } else {
            return std::span(v);
          }
        },
        values);
  }
};

struct Row {
  const Site& site;
  uint32_t unit;
  const std::vector<ClassFacts>& classes;
  size_t n_listed;  // entries of every list
};

void add_cell(const GluscopeColumn& column, const Row& row, Column& into) {
  const ClassFacts& facts = row.classes[column.sign_class];
  const auto& peaks = facts.peaks[column.quantity];
  switch (column.kind) {
    case Kind::layer:
      into.as<std::vector<int64_t>>().push_back(row.site.layer);
      return;
    case Kind::neuron:
      into.as<std::vector<int64_t>>().push_back(row.unit);
      return;
    case Kind::frequency:
      into.as<std::vector<float>>().push_back(facts.frequency);
      return;
    case Kind::mean:
      into.as<std::vector<float>>().push_back(static_cast<float>(facts.means[column.quantity]));
      return;
    case Kind::max_values: {
      auto& list = into.as<ListColumn<float>>();
      for (size_t i = 0; i < row.n_listed; ++i) {
        list.values.push_back(i < peaks.size() ? peaks[i].value : 0);
      }
      list.end_row();
      return;
    }
    case Kind::max_indices: {
      auto& list = into.as<ListColumn<int64_t>>();
      for (size_t i = 0; i < row.n_listed; ++i) {
        list.values.push_back(i < peaks.size() ? peaks[i].sequence : 0);
      }
      list.end_row();
      return;
    }
  }
}

struct PlaceRow {
  const Site& site;
  uint32_t unit;
  const std::vector<ClassRecord>& classes;
  const NeuronWeights& weights;
};

void add_place(const GluscopePlace& place, const PlaceRow& row, Column& into) {
  const ClassRecord& record = row.classes[place.sign_class];
  switch (place.kind) {
    case GluscopePlace::Kind::layer:
      into.as<std::vector<int64_t>>().push_back(row.site.layer);
      return;
    case GluscopePlace::Kind::neuron:
      into.as<std::vector<int64_t>>().push_back(row.unit);
      return;
    case GluscopePlace::Kind::count:
      into.as<std::vector<int64_t>>().push_back(static_cast<int64_t>(record.count));
      return;
    case GluscopePlace::Kind::sums: {
      const auto sums = std::as_bytes(std::span(record.sums));
      auto& bytes = into.as<std::vector<std::byte>>();
      bytes.insert(bytes.end(), sums.begin(), sums.end());
      return;
    }
    case GluscopePlace::Kind::positions: {
      auto& list = into.as<ListColumn<int64_t>>();
      for (const ClassPeak& peak : record.peaks[place.quantity]) {
        list.values.push_back(peak.at.position);
      }
      list.end_row();
      return;
    }
    case GluscopePlace::Kind::weight:
      into.as<std::vector<double>>().push_back(row.weights.*kWeightNumbers[place.number]);
      return;
    case GluscopePlace::Kind::sign:
      into.as<std::vector<int64_t>>().push_back(row.weights.sign);
      return;
  }
}

void write_group(ParquetTableWriter& writer, size_t n_rows, std::vector<Column>& columns) {
  std::vector<ColumnData> data;
  for (const Column& column : columns) data.push_back(column.data());
  writer.write(n_rows, data);
  for (Column& column : columns) column = {};
}

// The manifest of what was recorded, however often it was exported and imported since, with the
// signs that the columns have.
std::string manifest_text(const Manifest& manifest) {
  if (manifest.holds != Holds::classes) return to_text(manifest);
  Json recorded = manifest.provenance.at("imported").at("manifest");
  recorded["refactor_glu"] = manifest.refactor_glu;
  return to_pretty_text(recorded);
}

// One of the two Parquet files, a row group at a time.
class Table {
 public:
  Table(const std::string& path, const std::vector<ColumnSpec>& specs)
      : writer_(path, specs), columns_(specs.size()) {}

  Column& column(size_t i) { return columns_[i]; }
  void end_row() {
    if (++n_collected_ == kRowsPerGroup) flush();
  }
  uint64_t finish() {  // bytes
    flush();
    writer_.finish();
    return writer_.n_bytes();
  }

 private:
  void flush() {
    if (n_collected_ > 0) write_group(writer_, n_collected_, columns_);
    n_collected_ = 0;
  }

  ParquetTableWriter writer_;
  std::vector<Column> columns_;
  size_t n_collected_ = 0;
};

// Entries of every list: as many as could be filled.
size_t entries_of(const Manifest& manifest) {
  if (manifest.holds == Holds::class_shares) return manifest.collate.class_top;
  return std::min<uint64_t>(manifest.collate.class_top,
                            manifest.corpus.at("n_sequences").get<uint64_t>());
}

// The 50 columns, and our sidecar where the counts are known.
ClassExport export_classes(const Recording& recording, GluSigns signs, const std::string& folder,
                           const ProgressFn& progress) {
  const Manifest& manifest = recording.manifest();
  fs::create_directories(folder + "/" + kGluscopeData);
  Table data(fmt::format("{}/{}/{}", folder, kGluscopeData, kGluscopeShard),
             gluscope_column_specs());
  const auto& place_columns = gluscope_places(manifest);
  std::optional<Table> places;
  if (manifest.holds != Holds::class_shares) {
    places.emplace(folder + "/" + kGluscopePlaces, gluscope_place_specs(manifest));
  }
  const std::optional<uint64_t> n_tokens = recording.n_tokens();
  const size_t n_listed = entries_of(manifest);
  const uint64_t n_units = n_token_units(manifest.sites);
  uint64_t row = 0;
  for (const Site& site : manifest.token_sites()) {
    for (uint32_t unit = 0; unit < site.n_units; ++unit, ++row) {
      std::vector<ClassFacts> facts;
      if (places) {
        const std::vector<ClassRecord> records = recording.exact_classes(row, signs);
        const NeuronWeights weights = recording.weights(row).value_or(NeuronWeights());
        facts = facts_of(records, *n_tokens);
        for (size_t i = 0; i < place_columns.size(); ++i) {
          add_place(place_columns[i], {site, unit, records, weights}, places->column(i));
        }
        places->end_row();
      } else {
        facts = recording.classes(row, signs);
      }
      const Row cells{site, unit, facts, n_listed};
      for (size_t i = 0; i < gluscope_columns().size(); ++i) {
        add_cell(gluscope_columns()[i], cells, data.column(i));
      }
      data.end_row();
      if (row % 1024 == 0) progress({"exporting", row, n_units, 0, "units"});
    }
  }
  progress({"exporting", n_units, n_units, 0, "units"});
  return {n_listed, data.finish(), places ? places->finish() : 0};
}

// An index of the format is a row of the texts; ours is a sequence, which is not always the same.
std::vector<std::string> remarks_on_rows(const Manifest& manifest) {
  const Json& corpus = manifest.corpus;
  if (!corpus.contains("n_sequences") || !corpus.contains("n_documents")) return {};
  const auto n_of = [&](const char* what) { return corpus.value(what, uint64_t{0}); };
  const uint64_t n_sequences = n_of("n_sequences"), n_documents = n_of("n_documents");
  const uint64_t n_empty = n_of("n_empty_documents");
  if (n_sequences == n_documents && n_empty == 0) return {};
  return {fmt::format(
      "max_indices count the {} sequences, not rows of the texts: of {} documents {} gave none, "
      "and {} sequences go on with one (--long-documents truncate makes none)",
      n_sequences, n_documents + n_empty, n_empty, n_sequences - n_documents)};
}

}  // namespace

ExportReport export_gluscope(const std::string& recording_path, const std::string& folder,
                             GluSigns signs, const ProgressFn& progress) {
  const Recording recording(recording_path);
  Manifest manifest = recording.manifest();
  const bool has_samples = recording.samples() != nullptr;
  if (!recording.has_classes() && !has_samples) {
    fail(Code::invalid,
         "{}: no sign classes to export: record a gated model with --sign-classes; and no samples: "
         "record with --samples N",
         recording_path);
  }
  manifest.refactor_glu = recording.refactors(signs);
  return write_export(folder, [&](const std::string& in) {
    fs::create_directories(in + "/actogram");
    std::optional<ClassExport> classes;
    if (recording.has_classes()) classes = export_classes(recording, signs, in, progress);
    std::optional<SampleExport> samples;
    if (has_samples) {
      const std::string into = in + "/" + kGluscopeSamples;
      fs::create_directories(into);
      samples = export_gluscope_samples(recording, signs, into + "/" + kGluscopeShard, progress);
    }
    write_file_atomically(in + "/README.md",
                          gluscope_card(manifest, recording.n_tokens(), classes, samples));
    write_file_atomically(in + "/" + kGluscopeManifest, manifest_text(manifest));
    const uint64_t n_bytes = classes ? classes->n_bytes + classes->n_place_bytes : 0;
    return ExportReport{
        .n_rows = manifest.n_units(),
        .n_bytes = n_bytes + (samples ? samples->n_bytes : 0),
        .remarks = classes ? remarks_on_rows(manifest) : std::vector<std::string>()};
  });
}

}  // namespace actogram
