#include "formats/gluscope_schema.h"

#include <fmt/format.h>

#include <limits>

#include "store/layout.h"
#include "store/weight_table.h"

namespace actogram {
namespace {

using Kind = GluscopeColumn::Kind;

std::vector<GluscopeColumn> make_columns() {
  std::vector<GluscopeColumn> columns = {{"layer", Kind::layer}, {"neuron", Kind::neuron}};
  for (size_t c = 0; c < kNumSignClasses; ++c) {
    columns.push_back({fmt::format("{}_freq", kSignClassNames[c]), Kind::frequency, c});
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      const auto name = fmt::format("{}_{}", kSignClassNames[c], kGatedQuantityNames[q]);
      if (has_peaks(c, q)) {
        columns.push_back({name + "_max_values", Kind::max_values, c, q});
        columns.push_back({name + "_max_indices", Kind::max_indices, c, q});
      }
      columns.push_back({name + "_mean", Kind::mean, c, q});
    }
  }
  return columns;
}

// For each class its count, the four sums behind the means, and the positions of its peaks.
std::vector<GluscopePlace> make_places() {
  using Place = GluscopePlace::Kind;
  constexpr int kSumBytes = kNumGatedQuantities * ExactSum::kLimbs * sizeof(uint64_t);
  std::vector<GluscopePlace> places = {{{"layer", ColumnType::i64}, Place::layer},
                                       {{"neuron", ColumnType::i64}, Place::neuron}};
  for (const GluscopeColumn& column : gluscope_columns()) {
    const size_t c = column.sign_class, q = column.quantity;
    if (column.kind == Kind::frequency) {
      const std::string name(kSignClassNames[c]);
      places.push_back({{name + "_count", ColumnType::i64}, Place::count, c});
      places.push_back({{name + "_sums", ColumnType::fixed_bytes, kSumBytes}, Place::sums, c});
    } else if (column.kind == Kind::max_indices) {
      const auto name =
          fmt::format("{}_{}_max_positions", kSignClassNames[c], kGatedQuantityNames[q]);
      places.push_back({{name, ColumnType::list_i64}, Place::positions, c, q});
    }
  }
  return places;
}

// The columns of weights.arrow, and the sign under a name that says which.
std::vector<GluscopePlace> make_places_with_weights() {
  using Place = GluscopePlace::Kind;
  std::vector<GluscopePlace> places = make_places();
  for (size_t i = 0; i < kWeightNumbers.size(); ++i) {
    GluscopePlace place{{weights_table().columns[i].name, ColumnType::f64}, Place::weight};
    place.number = i;
    places.push_back(std::move(place));
  }
  places.push_back({{"refactor_glu_sign", ColumnType::i64}, Place::sign});
  return places;
}

}  // namespace

const std::vector<GluscopePlace>& gluscope_places(const Manifest& manifest) {
  static const std::vector<GluscopePlace> without = make_places();
  static const std::vector<GluscopePlace> with = make_places_with_weights();
  return manifest.has_weights() ? with : without;
}

const std::vector<GluscopeColumn>& gluscope_columns() {
  static const std::vector<GluscopeColumn> columns = make_columns();
  return columns;
}

namespace {

ColumnType type_of(Kind kind) {
  switch (kind) {
    case Kind::layer:
    case Kind::neuron:
      return ColumnType::i64;
    case Kind::frequency:
    case Kind::mean:
      return ColumnType::f32;
    case Kind::max_values:
      return ColumnType::list_f32;
    case Kind::max_indices:
      return ColumnType::list_i64;
  }
  return ColumnType::f32;
}

}  // namespace

std::vector<ColumnSpec> gluscope_column_specs() {
  std::vector<ColumnSpec> specs;
  for (const GluscopeColumn& column : gluscope_columns()) {
    specs.push_back({column.name, type_of(column.kind)});
  }
  return specs;
}

std::vector<ParquetColumn> gluscope_column_readers() {
  std::vector<ParquetColumn> readers;
  for (const ColumnSpec& spec : gluscope_column_specs()) readers.push_back({spec});
  const auto& columns = gluscope_columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].kind == Kind::mean) {
      readers[i].null_is = std::numeric_limits<double>::quiet_NaN();
    } else if (columns[i].kind == Kind::max_values) {
      readers[i].null_is = 0;
    } else if (columns[i].kind == Kind::max_indices) {
      readers[i].null_is = -1;
    }
  }
  return readers;
}

std::vector<ParquetColumn> gluscope_place_readers(const Manifest& manifest) {
  std::vector<ParquetColumn> readers;
  for (const GluscopePlace& place : gluscope_places(manifest)) readers.push_back({place.spec});
  return readers;
}

std::vector<ColumnSpec> gluscope_place_specs(const Manifest& manifest) {
  std::vector<ColumnSpec> specs;
  for (const GluscopePlace& place : gluscope_places(manifest)) specs.push_back(place.spec);
  return specs;
}

std::string card_type(Kind kind) { return card_type(type_of(kind)); }

std::string card_type(ColumnType type) {
  switch (type) {
    case ColumnType::i64:
      return "dtype: int64";
    case ColumnType::list_f32:
      return "list: float32";
    case ColumnType::list_i64:
      return "list: int64";
    default:
      return "dtype: float32";
  }
}

uint64_t gluscope_bytes_per_row(size_t n_kept) {
  uint64_t bytes = 0;
  for (const GluscopeColumn& column : gluscope_columns()) {
    switch (type_of(column.kind)) {
      case ColumnType::i64:
        bytes += 8;
        break;
      case ColumnType::list_f32:
        bytes += 4 + 4 * n_kept;  // an offset of 32 bits
        break;
      case ColumnType::list_i64:
        bytes += 4 + 8 * n_kept;
        break;
      default:
        bytes += 4;
    }
  }
  return bytes;
}

}  // namespace actogram
