// Encodes rows with an SAE and writes the latents, as raw arrays for a test in another language.
//
//   dump_latents WEIGHTS ROWS OUT [kind=KIND] [k=N] [threshold=X] [input_scale=X] [fold=1]
//
// ROWS is float32 [row, d_in]. OUT gets, native byte order, {row: uint32, latent: uint32, value:
// float32} for each latent that is not zero. Prints an error to stderr and exits with 1 where there
// is one.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>

#include "actogram/error.h"
#include "base/file.h"
#include "sae/encoder.h"

namespace actogram {
namespace {

SaeOptions parse_options(std::span<char*> words) {
  static const std::map<std::string, SaeOptions::Kind> kinds = {
      {"relu", SaeOptions::Kind::relu},
      {"top_k", SaeOptions::Kind::top_k},
      {"batch_top_k", SaeOptions::Kind::batch_top_k},
      {"jump_relu", SaeOptions::Kind::jump_relu},
      {"gated", SaeOptions::Kind::gated}};
  SaeOptions options;
  for (const std::string word : words) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
    if (name == "kind") options.kind = kinds.at(value);
    if (name == "k") options.k = static_cast<uint32_t>(std::stoul(value));
    if (name == "threshold") options.threshold = std::stof(value);
    if (name == "input_scale") options.input_scale = std::stof(value);
    if (name == "fold") options.decoder_norm = SaeOptions::DecoderNorm::fold;
  }
  return options;
}

void dump(const std::string& weights, const std::string& rows_path, const std::string& out_path,
          const SaeOptions& options) {
  SaeEncoder encoder(open_sae(weights, options), 2);
  const std::string bytes = read_file(rows_path);
  const size_t width = encoder.sae().d_in, n_rows = bytes.size() / sizeof(float) / width;
  std::vector<float> rows(n_rows * width);
  std::memcpy(rows.data(), bytes.data(), rows.size() * sizeof(float));
  std::ofstream out(out_path, std::ios::binary);
  encoder.encode(rows.data(), n_rows, width, [&](const EncodedRows& some) {
    static_assert(sizeof(LatentEvent) == 12);
    out.write(reinterpret_cast<const char*>(some.events.data()),
              static_cast<std::streamsize>(some.events.size_bytes()));
  });
  if (!out) fail(Code::environment, "cannot write {}", out_path);
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: dump_latents WEIGHTS ROWS OUT [NAME=VALUE...]\n");
    return 2;
  }
  try {
    actogram::dump(argv[1], argv[2], argv[3], actogram::parse_options({argv + 4, argv + argc}));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dump_latents: %s\n", error.what());
    return 1;
  }
  return 0;
}
