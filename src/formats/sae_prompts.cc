#include "formats/sae_prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "actogram/error.h"
#include "codec/parquet_table_reader.h"

namespace actogram {
namespace {

enum Column : size_t { kId, kPrompt, kPositions, kActivations, kRepresentation, kActive };

constexpr std::string_view kActivationsPrefix = "activations_layer";
constexpr uint64_t kMostWidth = 1 << 17;
constexpr uint64_t kMostPairBytes = 4 << 20;     // of JSON, at a position
constexpr uint64_t kMostJsonBytes = 1ULL << 30;  // of a prompt

std::vector<ParquetColumn> columns_of(uint32_t layer) {
  return {{{"prompt_id", ColumnType::utf8}},
          {{"prompt", ColumnType::bytes}},
          {{"sampled_positions", ColumnType::list_i64}},
          {{fmt::format("{}{}", kActivationsPrefix, layer), ColumnType::bytes}},
          {{"sae_representation", ColumnType::bytes}},
          {{"active_sae_feature_ids", ColumnType::list_i64}}};
}

// The layer in the name of the column of activations.
uint32_t layer_of(const std::string& file) {
  const ParquetTableReader table(file, {{{"prompt_id", ColumnType::utf8}}});
  std::optional<uint32_t> layer;
  for (const std::string& name : table.other_columns()) {
    if (!name.starts_with(kActivationsPrefix)) continue;
    const char* const end = name.data() + name.size();
    uint32_t number = 0;
    const auto [stop, error] =
        std::from_chars(name.data() + kActivationsPrefix.size(), end, number);
    if (error != std::errc() || stop != end) continue;
    if (layer) fail(Code::unsupported, "{}: activations of layers {} and {}", file, *layer, number);
    layer = number;
  }
  if (layer) return *layer;
  fail(Code::not_found, "{}: no column \"{}N\", where N is the layer", file, kActivationsPrefix);
}

struct Unpacked {
  std::string bytes;
  Compression compression = Compression::raw;
};

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Numbers [n_rows, width]; a width of 0 is not known yet.
Unpacked unpack_numbers(std::string_view packed, uint64_t n_rows, uint32_t width,
                        const std::string& what) {
  const auto bytes = bytes_of(packed);
  const uint64_t expected = n_rows * width * sizeof(float);
  const auto fits = [&](uint64_t n_bytes) {
    if (width > 0) return n_bytes == expected;
    return n_rows > 0 ? n_bytes % (n_rows * sizeof(float)) == 0 : n_bytes == 0;
  };
  Compression compression = compression_of(bytes);
  const auto block = lz4_block_size(bytes);
  if (compression == Compression::raw && (width == 0 || !fits(bytes.size())) && block &&
      *block > 0 && fits(*block)) {
    compression = Compression::lz4_block;
  }
  // What only looked packed.
  const bool fits_raw = fits(bytes.size()) && (width > 0 || compression == Compression::lz4_block);
  const uint64_t most = n_rows * (width > 0 ? width : kMostWidth) * sizeof(float);
  std::string found;
  try {
    Unpacked numbers{decompress(bytes, compression, most, what), compression};
    if (fits(numbers.bytes.size())) return numbers;
    found = fmt::format("{} bytes, {}", numbers.bytes.size(), name_of(compression));
  } catch (const Error&) {
    if (!fits_raw) throw;
  }
  if (fits_raw) return {std::string(packed), Compression::raw};
  fail(Code::corrupt, "{}: found {}; expected float32 for {} sampled positions{}", what, found,
       n_rows, width > 0 ? fmt::format(" x {}, {} bytes", width, expected) : "");
}

Unpacked unpack_json(std::string_view packed, uint64_t n_positions, const std::string& what) {
  const auto bytes = bytes_of(packed);
  const uint64_t most = std::min(kMostJsonBytes, (n_positions + 1) * kMostPairBytes);
  Compression compression = compression_of(bytes);
  // Text that is not packed has no control character where a size below 150 MB has its highest
  // byte.
  const auto block = lz4_block_size(bytes);
  if (compression == Compression::raw && block && *block < size_t{'\t'} << 24) {
    compression = Compression::lz4_block;
  }
  return {decompress(bytes, compression, most, what), compression};
}

// A row while it is read: what the table's batch says, checked.
class RowReader {
 public:
  RowReader(const ParquetTableReader& batch, size_t i, uint32_t layer, uint32_t width)
      : batch_(batch), i_(i), layer_(layer), width_(width) {
    prompt_.where = fmt::format("{}: row {}", batch.name(), batch.batch_row() + i);
  }

  SaePrompt read() {
    prompt_.id = text(kId);
    prompt_.prompt = text(kPrompt);
    prompt_.positions = indices(kPositions, SaePromptFiles::kMostTokens - 1);
    prompt_.active_features = indices(kActive, SaePromptFiles::kMostFeatures - 1);
    read_activations();
    read_pairs();
    return std::move(prompt_);
  }

 private:
  std::string what(Column column) const {
    return fmt::format("{}: \"{}\"", prompt_.where, columns_of(layer_)[column].spec.name);
  }
  std::string text(Column column) const {
    if (batch_.is_null(column, i_)) fail(Code::corrupt, "{} is null", what(column));
    return std::string(batch_.strings(column)[i_]);
  }
  std::vector<uint32_t> indices(Column column, int64_t most) const {
    std::vector<uint32_t> out;
    for (const int64_t value : batch_.integer_lists(column)[i_]) {
      if (value < 0 || value > most) {
        fail(Code::corrupt, "{}: entry {} is {}; expected 0 to {}", what(column), out.size(), value,
             most);
      }
      out.push_back(static_cast<uint32_t>(value));
    }
    return out;
  }

  void read_activations() {
    if (batch_.is_null(kActivations, i_)) return;
    const Unpacked numbers = unpack_numbers(batch_.strings(kActivations)[i_],
                                            prompt_.positions.size(), width_, what(kActivations));
    prompt_.activations.resize(numbers.bytes.size() / sizeof(float));
    std::memcpy(prompt_.activations.data(), numbers.bytes.data(), numbers.bytes.size());
    prompt_.activations_packed = numbers.compression;
  }

  void read_pairs() {
    if (batch_.is_null(kRepresentation, i_)) return;
    const std::string name = what(kRepresentation);
    const size_t n_positions = prompt_.positions.size();
    const Unpacked json = unpack_json(batch_.strings(kRepresentation)[i_], n_positions, name);
    prompt_.pairs = parse_pair_lists(json.bytes, name);
    prompt_.pairs_packed = json.compression;
    if (prompt_.pairs.size() != n_positions) {
      fail(Code::corrupt, "{}: lists for {} positions; \"sampled_positions\" has {}", name,
           prompt_.pairs.size(), n_positions);
    }
    for (const uint32_t feature : prompt_.pairs.numbers) {
      if (feature < SaePromptFiles::kMostFeatures) continue;
      fail(Code::corrupt, "{}: feature {}; expected 0 to {}", name, feature,
           SaePromptFiles::kMostFeatures - 1);
    }
  }

  const ParquetTableReader& batch_;
  size_t i_;
  uint32_t layer_, width_;
  SaePrompt prompt_;
};

}  // namespace

SaePromptFiles::SaePromptFiles(std::vector<std::string> files, std::optional<uint32_t> width)
    : files_(std::move(files)), layer_(layer_of(files_.front())), width_(width.value_or(0)) {
  for (const std::string& file : files_) {
    if (const uint32_t layer = layer_of(file); layer != layer_) {
      fail(Code::corrupt, "{}: activations of layer {}; {} has those of {}", file, layer,
           files_.front(), layer_);
    }
    n_rows_ += ParquetTableReader(file, columns_of(layer_)).n_rows();
  }
}

void SaePromptFiles::check_width(const SaePrompt& prompt) {
  if (!prompt.activations_packed || prompt.positions.empty()) return;
  const size_t width = prompt.activations.size() / prompt.positions.size();
  if (width_ == 0) width_ = static_cast<uint32_t>(width);
  if (width == width_) return;
  fail(Code::corrupt, "{}: \"{}{}\": vectors of {} numbers; earlier ones have {}", prompt.where,
       kActivationsPrefix, layer_, width, width_);
}

void SaePromptFiles::read(ThreadPool& pool, const Prepare& prepare, const Take& take) {
  std::vector<SaePrompt> prompts(kBatchRows);
  for (const std::string& file : files_) {
    ParquetTableReader batch(file, columns_of(layer_), kBatchRows);
    while (batch.next()) {
      const uint32_t width = width_;
      pool.parallel_for(batch.n_batch_rows(), [&](size_t row, size_t thread) {
        prompts[row] = RowReader(batch, row, layer_, width).read();
        prepare(prompts[row], row, thread);
      });
      for (size_t row = 0; row < batch.n_batch_rows(); ++row) {
        check_width(prompts[row]);
        take(prompts[row], row);
      }
    }
  }
}

}  // namespace actogram
