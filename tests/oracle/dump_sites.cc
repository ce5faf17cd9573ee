// Writes what LlamaSource and LlamaTokenizer see, as raw arrays for a test in another language.
//
//   dump_sites MODEL.gguf OUT_DIR LAYERS TEXT_FILE...
//
// LAYERS is "all" or "0,15,29", or names of sites: "blocks.3.hook_resid_post,blocks.3.attn.hook_z".
// Each text file is one sequence, tokenized without BOS, and all of
// them are one batch. A file whose name ends in .ids is a sequence's token ids, int32. Writes,
// native byte order, i counting the texts from 0:
//   sites.txt        a line per site: NAME N_UNITS
//   tokens.i.bin     int32 [token, 3]: id, begin, end
//   NAME.i.bin       float32 [token, unit]
// Prints an error to stderr and exits with 1 where there is one.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "actogram/error.h"
#include "model/llama_model.h"
#include "model/llama_source.h"
#include "model/llama_tokenizer.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(Code::not_found, "there is no text file {}", path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

template <typename T>
void write_array(const fs::path& path, const std::vector<T>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(T)));
  if (!file) fail(Code::environment, "cannot write {}", path.string());
}

std::vector<uint32_t> parse_layers(const std::string& text) {
  std::vector<uint32_t> layers;
  std::istringstream stream(text);
  for (std::string layer; text != "all" && std::getline(stream, layer, ',');) {
    layers.push_back(static_cast<uint32_t>(std::stoul(layer)));
  }
  return layers;
}

LlamaSourceOptions make_options(const LlamaModel& model, const std::string& layers) {
  if (layers.starts_with("blocks.")) {
    LlamaSourceOptions options{.batch_rows = 1024, .n_threads = 2};
    std::istringstream stream(layers);
    for (std::string name; std::getline(stream, name, ',');) options.sites.push_back(name);
    return options;
  }
  LlamaSourceOptions options{.layers = parse_layers(layers), .batch_rows = 1024, .n_threads = 2};
  const bool gated = find_architecture(model.info().architecture).mlp != Mlp::plain;
  options.quantities = {Quantity::hook_pre, Quantity::hook_post};
  if (gated) options.quantities.push_back(Quantity::hook_pre_linear);
  return options;
}

std::vector<Token> read_tokens(const LlamaTokenizer& tokenizer, const fs::path& path) {
  const std::string bytes = read_text(path);
  std::vector<Token> tokens;
  if (path.extension() != ".ids") {
    tokenizer.tokenize(bytes, Tokenizer::Special::as_text, tokens);
    return tokens;
  }
  std::vector<int32_t> ids(bytes.size() / sizeof(int32_t));
  std::memcpy(ids.data(), bytes.data(), ids.size() * sizeof(int32_t));
  for (const int32_t id : ids) tokens.push_back({.id = id});
  return tokens;
}

std::vector<int32_t> write_tokens(const std::vector<Token>& tokens, const fs::path& path) {
  std::vector<int32_t> ids, table;
  for (const Token& token : tokens) {
    ids.push_back(token.id);
    table.insert(table.end(),
                 {token.id, static_cast<int32_t>(token.begin), static_cast<int32_t>(token.end)});
  }
  write_array(path, table);
  return ids;
}

void dump(const fs::path& model_path, const fs::path& out, const std::string& layers,
          std::span<char*> texts) {
  const LlamaModel model(model_path);
  const LlamaTokenizer tokenizer(model);
  LlamaSource source(model, make_options(model, layers));
  std::vector<std::vector<int32_t>> sequences;
  for (const char* text : texts) {
    const fs::path path = out / fmt::format("tokens.{}.bin", sequences.size());
    sequences.push_back(write_tokens(read_tokens(tokenizer, text), path));
  }
  std::ofstream names(out / "sites.txt");
  const std::vector<std::span<const int32_t>> batch(sequences.begin(), sequences.end());
  source.run(batch, [&](const SiteValues& found) {
    const Site& site = source.sites()[found.site];
    names << site.name << ' ' << site.n_units << '\n';
    for (size_t s = 0; s < sequences.size(); ++s) {
      std::vector<float> values;
      for (size_t i = 0; i < sequences[s].size(); ++i) {
        const float* row = found.row(found.first_row[s] + i);
        values.insert(values.end(), row, row + site.n_units);
      }
      write_array(out / fmt::format("{}.{}.bin", site.name, s), values);
    }
  });
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: dump_sites MODEL.gguf OUT_DIR LAYERS TEXT_FILE...\n");
    return 2;
  }
  try {
    actogram::dump(argv[1], argv[2], argv[3], {argv + 4, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dump_sites: %s\n", error.what());
    return 1;
  }
  return 0;
}
