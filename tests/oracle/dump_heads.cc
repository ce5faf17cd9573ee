// Writes what heads look at and the lengths of what they would write, as raw arrays for a test in
// another language.
//
//   dump_heads MODEL.gguf OUT_DIR LAYERS IDS_FILE...
//
// LAYERS is "0,15,29". Each file is a sequence's token ids, int32; all of them are one batch.
// Writes, native byte order, i counting the sequences from 0, every array [head, query, key] or
// [head, key], 0 where the key comes after the query:
//   pattern.LAYER.i.bin   float32
//   norms.LAYER.i.bin     float32
//   values.LAYER.i.bin    float32 [KV head, dimension, key]
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "actogram/error.h"
#include "base/file.h"
#include "collate/value_norms.h"
#include "model/llama_model.h"
#include "model/llama_source.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

std::vector<int32_t> read_ids(const fs::path& path) {
  const std::string bytes = read_file(path.string());
  std::vector<int32_t> ids(bytes.size() / sizeof(int32_t));
  std::memcpy(ids.data(), bytes.data(), ids.size() * sizeof(int32_t));
  return ids;
}

void write_array(const fs::path& path, const std::vector<float>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!file) fail(Code::environment, "cannot write {}", path.string());
}

void dump(const fs::path& model_path, const fs::path& out, const std::string& layers,
          std::span<char*> files) {
  const LlamaModel model(model_path);
  LlamaSourceOptions options{.batch_rows = 1024, .n_threads = 2};
  std::istringstream stream(layers);
  for (std::string layer; std::getline(stream, layer, ',');) {
    options.sites.push_back("blocks." + layer + ".attn.hook_pattern");
  }
  LlamaSource source(model, options);
  std::vector<std::vector<int32_t>> sequences;
  for (const char* file : files) sequences.push_back(read_ids(file));
  ThreadPool threads(2);
  std::vector<ValueNorms> norms;
  std::vector<size_t> d_head, n_dimensions;  // of all KV heads
  for (size_t site = 0; site < source.sites().size(); ++site) {
    const AttentionWeights weights = *source.attention_weights(site);
    norms.emplace_back(weights, threads);
    d_head.push_back(weights.d_head);
    n_dimensions.push_back(size_t{weights.n_kv_heads} * weights.d_head);
  }
  const std::vector<std::span<const int32_t>> batch(sequences.begin(), sequences.end());
  source.run(batch, [&](const SiteValues& found) {
    const Site& site = source.sites()[found.site];
    const AttentionValues& attention = *found.attention;
    for (size_t s = 0; s < sequences.size(); ++s) {
      const size_t n = sequences[s].size(), first = found.first_row[s];
      std::vector<float> pattern(site.n_units * n * n), lengths, of_head, vectors;
      for (size_t d = 0; d < n_dimensions[found.site]; ++d) {
        const size_t kv = d / d_head[found.site], within = d % d_head[found.site];
        const float* from = attention.values + kv * attention.value_head_stride +
                            within * attention.value_stride + first;
        vectors.insert(vectors.end(), from, from + n);
      }
      for (size_t head = 0; head < site.n_units; ++head) {
        for (size_t q = 0; q < n; ++q) {
          const float* row = attention.pattern + head * attention.head_stride +
                             (first + q) * attention.query_stride + first;
          std::copy_n(row, q + 1, pattern.begin() + static_cast<ptrdiff_t>((head * n + q) * n));
        }
        norms[found.site].of_head(attention, head, found.n_rows, of_head);
        const auto at = of_head.begin() + static_cast<ptrdiff_t>(first);
        lengths.insert(lengths.end(), at, at + static_cast<ptrdiff_t>(n));
      }
      write_array(out / fmt::format("pattern.{}.{}.bin", site.layer, s), pattern);
      write_array(out / fmt::format("values.{}.{}.bin", site.layer, s), vectors);
      write_array(out / fmt::format("norms.{}.{}.bin", site.layer, s), lengths);
    }
  });
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: dump_heads MODEL.gguf OUT_DIR LAYERS IDS_FILE...\n");
    return 2;
  }
  try {
    actogram::dump(argv[1], argv[2], argv[3], {argv + 4, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dump_heads: %s\n", error.what());
    return 1;
  }
  return 0;
}
