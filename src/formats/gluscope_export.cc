#include "formats/gluscope_export.h"

#include <algorithm>
#include <filesystem>
#include <variant>

#include "codec/json.h"
#include "codec/parquet_table.h"
#include "formats/gluscope_schema.h"
#include "store/layout.h"
#include "store/list_column.h"
#include "store/recording.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;
using Kind = GluscopeColumn::Kind;

constexpr uint64_t kRowsPerGroup = 4096;

// The values of one column while a row group is collected.
struct Column {
  std::variant<std::vector<int64_t>, std::vector<float>, ListColumn<int64_t>, ListColumn<float>>
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
  const std::vector<ClassRecord>& classes;
  uint64_t n_tokens;
  size_t n_listed;  // entries of every list
  int32_t sign;     // of refactor_glu
};

void add_cell(const GluscopeColumn& column, const Row& row, Column& into) {
  const ClassRecord& record = row.classes[column.sign_class];
  const auto& peaks = record.peaks[column.quantity];
  switch (column.kind) {
    case Kind::layer:
      into.as<std::vector<int64_t>>().push_back(row.site.layer);
      return;
    case Kind::neuron:
      into.as<std::vector<int64_t>>().push_back(row.unit);
      return;
    case Kind::frequency:
      into.as<std::vector<float>>().push_back(static_cast<float>(record.count) /
                                              static_cast<float>(row.n_tokens));
      return;
    case Kind::mean:
      into.as<std::vector<float>>().push_back(static_cast<float>(record.mean(column.quantity)));
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
        list.values.push_back(i < peaks.size() ? peaks[i].at.sequence : 0);
      }
      list.end_row();
      return;
    }
  }
}

// layer, neuron, for each class its count and the positions of its peaks, and the sign, with which
// either variant can be made of the other.
std::vector<ColumnSpec> place_columns(const Manifest& manifest) {
  std::vector<ColumnSpec> columns = {{"layer", ColumnType::i64}, {"neuron", ColumnType::i64}};
  for (const GluscopeColumn& column : gluscope_columns()) {
    if (column.kind == Kind::frequency) {
      columns.push_back(
          {fmt::format("{}_count", kSignClassNames[column.sign_class]), ColumnType::i64});
    } else if (column.kind == Kind::max_indices) {
      columns.push_back({fmt::format("{}_{}_max_positions", kSignClassNames[column.sign_class],
                                     kGatedQuantityNames[column.quantity]),
                         ColumnType::list_i64});
    }
  }
  if (manifest.has_weights()) columns.push_back({"refactor_glu_sign", ColumnType::i64});
  return columns;
}

void add_places(const Row& row, std::vector<Column>& columns) {
  size_t next = 0;
  columns[next++].as<std::vector<int64_t>>().push_back(row.site.layer);
  columns[next++].as<std::vector<int64_t>>().push_back(row.unit);
  for (const GluscopeColumn& column : gluscope_columns()) {
    const ClassRecord& record = row.classes[column.sign_class];
    if (column.kind == Kind::frequency) {
      columns[next++].as<std::vector<int64_t>>().push_back(static_cast<int64_t>(record.count));
    } else if (column.kind == Kind::max_indices) {
      auto& list = columns[next++].as<ListColumn<int64_t>>();
      for (const ClassPeak& peak : record.peaks[column.quantity]) {
        list.values.push_back(peak.at.position);
      }
      list.end_row();
    }
  }
  if (next < columns.size()) columns[next].as<std::vector<int64_t>>().push_back(row.sign);
}

void write_group(ParquetTableWriter& writer, size_t n_rows, std::vector<Column>& columns) {
  std::vector<ColumnData> data;
  for (const Column& column : columns) data.push_back(column.data());
  writer.write(n_rows, data);
  for (Column& column : columns) column = {};
}

std::string card(const Manifest& manifest, uint64_t n_rows, size_t n_listed, uint64_t n_bytes,
                 uint64_t n_tokens) {
  std::string text = "---\ndataset_info:\n  features:\n";
  for (const GluscopeColumn& column : gluscope_columns()) {
    text += fmt::format("  - name: {}\n    {}\n", column.name, card_type(column.kind));
  }
  const uint64_t size = n_rows * gluscope_bytes_per_row(n_listed);
  text += fmt::format(
      "  splits:\n  - name: train\n    num_bytes: {0}\n    num_examples: {1}\n"
      "  download_size: {2}\n  dataset_size: {0}\n"
      "configs:\n- config_name: default\n  data_files:\n  - split: train\n"
      "    path: data/train-*\ntags:\n- interpretability\n- neuron\n---\n",
      size, n_rows, n_bytes);
  text += fmt::format(
      "\n# Neuron activations of {}\n\n"
      "One row a neuron of the gated MLPs, over {} tokens. `gate±_in±` are the signs of `hook_pre` "
      "and `hook_pre_linear`;\nfor each combination: `freq`, its share of all tokens; `mean`, over "
      "the tokens of that combination, NaN where there\nare none; `max_values` and `max_indices`, "
      "the {} sequences with the largest magnitude, where a value of 0 means\nthat there are no "
      "more. Definitions: GLUScope (arXiv 2602.23826).\n\n",
      manifest.model.value("name", "an unnamed model"), n_tokens, n_listed);
  const Json facts = {{"gate_function", name_of(*manifest.gate_function)},
                      {"refactor_glu", manifest.refactor_glu},
                      {"classes_count_bos", manifest.collate.classes_count_bos},
                      {"model_sha256", manifest.model.value("sha256", "")},
                      {"n_tokens", n_tokens},
                      {"context", manifest.options.value("context", 0)},
                      {"long_documents", manifest.options.value("long_documents", "")}};
  for (const auto& [name, value] : facts.items()) {
    text += fmt::format("* `{}`: {}\n", name, to_text(value));
  }
  text +=
      "\nExact counts and the position of every peak are in `actogram/places.parquet`, the "
      "recording's manifest\nbeside it.\n";
  return text;
}

}  // namespace

ExportReport export_gluscope(const std::string& recording_path, const std::string& folder,
                             GluSigns signs, const ProgressFn& progress) {
  const Recording recording(recording_path);
  Manifest manifest = recording.manifest();
  if (!manifest.gate_function) {
    fail(Code::invalid, "{}: no sign classes to export: record a gated model with --sign-classes",
         recording_path);
  }
  manifest.refactor_glu = recording.refactors(signs);
  if (fs::exists(folder)) fail(Code::exists, "{}: exists already; choose another name", folder);
  const std::string partial = folder + ".partial";
  remove_tree(partial);
  fs::create_directories(partial + "/data");
  fs::create_directories(partial + "/actogram");

  std::vector<ColumnSpec> specs;
  for (const GluscopeColumn& column : gluscope_columns()) {
    specs.push_back({column.name, type_of(column.kind)});
  }
  const auto place_specs = place_columns(manifest);
  ParquetTableWriter writer(partial + "/data/train-00000-of-00001.parquet", specs);
  ParquetTableWriter places(partial + "/actogram/places.parquet", place_specs);
  std::vector<Column> columns(specs.size()), place_data(place_specs.size());
  const uint64_t n_tokens = recording.corpus().n_tokens();
  const size_t n_listed =
      std::min<uint64_t>(manifest.collate.class_top, recording.corpus().n_sequences());
  const uint64_t n_units = recording.units().n_units();
  uint64_t row = 0, n_collected = 0;
  for (const Site& site : manifest.sites) {
    for (uint32_t unit = 0; unit < site.n_units; ++unit, ++row) {
      const std::vector<ClassRecord> classes = recording.classes(row, signs);
      const int32_t sign = recording.weights(row).value_or(NeuronWeights()).sign;
      const Row cells{site, unit, classes, n_tokens, n_listed, sign};
      for (size_t i = 0; i < specs.size(); ++i) {
        add_cell(gluscope_columns()[i], cells, columns[i]);
      }
      add_places(cells, place_data);
      if (++n_collected < kRowsPerGroup && row + 1 < n_units) continue;
      write_group(writer, n_collected, columns);
      write_group(places, n_collected, place_data);
      n_collected = 0;
      progress({"exporting", row + 1, n_units, 0, "units"});
    }
  }
  writer.finish();
  places.finish();
  write_file_atomically(partial + "/README.md",
                        card(manifest, n_units, n_listed, writer.n_bytes(), n_tokens));
  write_file_atomically(partial + "/actogram/manifest.json", to_text(manifest));
  rename_durably(partial, folder);
  return {folder, n_units, writer.n_bytes() + places.n_bytes()};
}

}  // namespace actogram
