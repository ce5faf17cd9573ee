#include "formats/gluscope_samples.h"

#include <algorithm>
#include <limits>

#include "codec/parquet_table.h"
#include "store/list_column.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr uint64_t kBytesAtOnce = uint64_t{64} << 20;  // of a row group, and of rows being sorted
constexpr uint64_t kMostRowsAtOnce = 4096;
constexpr size_t kMostSamples = 1 << 20;

enum SampleColumn : size_t { kLayer, kNeuron, kPositions, kFirstValues };

uint64_t rows_at_once(size_t n_samples) {
  constexpr uint64_t kBytes = sizeof(int64_t) + kNumSampledQuantities * sizeof(float);
  return std::clamp<uint64_t>(kBytesAtOnce / (kBytes * std::max<size_t>(n_samples, 1)), 1,
                              kMostRowsAtOnce);
}

bool has_column(const std::string& file, const std::string& name) {
  const std::vector<ColumnSpec> specs = gluscope_sample_specs(false);
  const ParquetTableReader reader(file, {{specs[kLayer]}, {specs[kNeuron]}});
  return std::ranges::find(reader.other_columns(), name) != reader.other_columns().end();
}

// A null value is one that is not known.
std::vector<ParquetColumn> readers(bool gated) {
  std::vector<ParquetColumn> columns;
  for (const ColumnSpec& spec : gluscope_sample_specs(gated)) columns.push_back({spec});
  for (size_t c = kFirstValues; c < columns.size(); ++c) {
    columns[c].null_is = std::numeric_limits<double>::quiet_NaN();
  }
  return columns;
}

// One of the two tells that the other is missing.
size_t n_quantities_of(const std::string& file) {
  const auto specs = gluscope_sample_specs(true);
  const bool gated = std::any_of(specs.begin() + kFirstValues + 1, specs.end(),
                                 [&](const ColumnSpec& c) { return has_column(file, c.name); });
  return gated ? kNumSampledQuantities : 1;
}

// Of as many units as are sampled.
std::vector<Site> neuron_sites(const Manifest& manifest, uint64_t n_units) {
  std::vector<Site> sites;
  for (const Site& site : manifest.sites) {
    if (n_units == 0) break;
    n_units -= site.n_units;
    sites.push_back(site);
    if (site.name == fmt::format("blocks.{}.mlp.hook_post", site.layer)) continue;
    fail(Code::invalid, "{}: no neurons; this format has samples of blocks.LAYER.mlp.hook_post",
         site.name);
  }
  return sites;
}

// The rows of one row group.
struct Rows {
  std::vector<int64_t> layers, neurons;
  ListColumn<int64_t> positions;
  std::array<ListColumn<float>, kNumSampledQuantities> values;

  void write_to(ParquetTableWriter& writer, size_t n_quantities) {
    std::vector<ColumnData> columns = {std::span<const int64_t>(layers),
                                       std::span<const int64_t>(neurons), positions.lists()};
    for (size_t q = 0; q < n_quantities; ++q) columns.emplace_back(values[q].lists());
    writer.write(layers.size(), columns);
    layers.clear(), neurons.clear(), positions.clear();
    for (auto& list : values) list.clear();
  }
};

void turn(std::vector<float>& values) {
  for (float& value : values) value = -value;
}

}  // namespace

std::vector<ColumnSpec> gluscope_sample_specs(bool gated) {
  std::vector<ColumnSpec> specs = {{"layer", ColumnType::i64},
                                   {"neuron", ColumnType::i64},
                                   {"sampled_positions", ColumnType::list_i64}};
  for (size_t q = 0; q < (gated ? kNumSampledQuantities : 1); ++q) {
    specs.push_back({fmt::format("mlp.{}", kSampledQuantityNames[q]), ColumnType::list_f32});
  }
  return specs;
}

uint64_t gluscope_sample_bytes(size_t n_samples, bool gated) {
  const uint64_t n_lists = gated ? kNumSampledQuantities : 1;
  return 16 + 4 + 8 * n_samples + n_lists * (4 + 4 * n_samples);  // offsets of 32 bits
}

bool is_gluscope_samples(const std::string& file) { return has_column(file, "sampled_positions"); }

SampleExport export_gluscope_samples(const Recording& recording, GluSigns signs,
                                     const std::string& path, const ProgressFn& progress) {
  const SampleTable& samples = *recording.samples();
  const uint64_t n_rows = samples.n_units();
  const bool gated = !samples.unit(0).back().empty();
  const size_t n_quantities = gated ? kNumSampledQuantities : 1;
  const bool refactored = recording.refactors(signs);
  const uint64_t n_at_once = rows_at_once(samples.positions().size());
  const std::vector<int64_t> positions(samples.positions().begin(), samples.positions().end());
  ParquetTableWriter writer(path, gluscope_sample_specs(gated));
  Rows rows;
  uint64_t row = 0;
  for (const Site& site : neuron_sites(recording.manifest(), n_rows)) {
    for (uint32_t neuron = 0; neuron < site.n_units; ++neuron, ++row) {
      rows.layers.push_back(site.layer), rows.neurons.push_back(neuron);
      rows.positions.add(positions);
      const UnitSamples unit = samples.unit(row);
      const bool turned = refactored && recording.weights(row)->sign < 0;
      for (size_t q = 0; q < n_quantities; ++q) {
        std::vector<float> values(unit[q].begin(), unit[q].end());
        if (turned && kSampledTurns[q]) turn(values);
        rows.values[q].add(values);
      }
      if (rows.layers.size() == n_at_once) rows.write_to(writer, n_quantities);
      if (row % 1024 == 0) progress({"exporting the samples", row, n_rows, 0, "units"});
    }
  }
  if (!rows.layers.empty()) rows.write_to(writer, n_quantities);
  writer.finish();
  return {n_rows, positions.size(), gated, writer.n_bytes()};
}

PublishedSamples::PublishedSamples(const std::vector<std::string>& files)
    : n_quantities_(n_quantities_of(files.front())), data_(files, readers(n_quantities_ > 1)) {}

StoredFiles PublishedSamples::write(const std::string& folder,
                                    const std::function<int32_t(uint64_t)>& sign_of,
                                    const ProgressFn& progress) {
  SampleWriter writer(folder);
  const uint64_t n_rows = data_.n_rows();
  // The first row tells how long the others are.
  for (uint64_t begin = 0, end = 1; begin < n_rows; begin = end) {
    if (begin > 0) end = std::min(begin + rows_at_once(positions_.size()), n_rows);
    std::vector<Row> rows(end - begin);
    data_.read(begin, end, [&](uint64_t row, const ParquetTableReader& batch, size_t i) {
      read_row(batch, i, rows[row - begin]);
    });
    for (uint64_t row = begin; row < end; ++row) {
      Row& values = rows[row - begin];
      for (size_t q = 0; q < kNumSampledQuantities; ++q) {
        if (kSampledTurns[q] && sign_of(row) < 0) turn(values[q]);
      }
      writer.add({values[0], values[1], values[2]});
    }
    progress({"importing the samples", end, n_rows, 0, "units"});
  }
  StoredFiles files;
  writer.finish(positions_, files);
  return files;
}

void PublishedSamples::read_row(const ParquetTableReader& batch, size_t i, Row& row) {
  check_positions(batch, i);
  for (size_t q = 0; q < n_quantities_; ++q) {
    const auto values = batch.float_lists(kFirstValues + q)[i];
    if (values.size() != positions_.size()) {
      fail(Code::corrupt,
           "{}: row {}: \"mlp.{}\" has {} entries, expected one for each of {} texts", batch.name(),
           batch.batch_row() + i, kSampledQuantityNames[q], values.size(), positions_.size());
    }
    row[q].assign(values.begin(), values.end());
  }
}

void PublishedSamples::check_positions(const ParquetTableReader& batch, size_t i) {
  const auto positions = batch.integer_lists(kPositions)[i];
  const auto where = [&] {
    return fmt::format("{}: row {}: \"sampled_positions\"", batch.name(), batch.batch_row() + i);
  };
  if (!positions_.empty()) {
    if (std::ranges::equal(positions, positions_)) return;
    fail(Code::corrupt, "{}: not those of the first row; expected one token of each text for all",
         where());
  }
  if (positions.empty() || positions.size() > kMostSamples) {
    fail(Code::unsupported, "{}: {} entries; expected 1 to {}", where(), positions.size(),
         kMostSamples);
  }
  for (const int64_t position : positions) {
    if (position < 0 || position > std::numeric_limits<uint32_t>::max()) {
      fail(Code::corrupt, "{}: {}; expected a number from 0 on", where(), position);
    }
    positions_.push_back(static_cast<uint32_t>(position));
  }
}

}  // namespace actogram
