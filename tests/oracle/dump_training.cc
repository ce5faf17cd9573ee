// Trains an SAE on rows that a test in another language made, and writes what it was along the way.
//
//   dump_training ROWS OUT_DIR D_IN N_LATENTS K K_AUX DEAD_TOKENS BATCH N_STEPS LEARNING_RATE
//
// ROWS is float32 [row, d_in]; all of them are what training begins from, and step i reads the rows
// from i * BATCH on. Writes, native byte order, after i steps, i from 0 to N_STEPS:
//   w_enc.i.bin, w_dec.i.bin  float32 [latent, d_in]      b_enc.i.bin, b_dec.i.bin  float32
//   losses.txt                a line per step: loss and auxiliary loss before it
#include <cstdio>
#include <cstring>
#include <fstream>

#include "actogram/error.h"
#include "base/file.h"
#include "sae/trainer.h"

namespace actogram {
namespace {

void write_array(const std::string& path, std::span<const float> values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size_bytes()));
  if (!file) fail(Code::environment, "cannot write {}", path);
}

void write_weights(const SaeTrainer& trainer, const std::string& out, size_t step) {
  write_array(fmt::format("{}/w_enc.{}.bin", out, step), trainer.w_enc());
  write_array(fmt::format("{}/w_dec.{}.bin", out, step), trainer.w_dec());
  write_array(fmt::format("{}/b_enc.{}.bin", out, step), trainer.b_enc());
  write_array(fmt::format("{}/b_dec.{}.bin", out, step), trainer.b_dec());
}

void dump(const std::string& rows_path, const std::string& out, std::span<char*> words) {
  const auto number = [&](size_t i) { return static_cast<uint32_t>(std::stoul(words[i])); };
  const size_t width = number(0), batch = number(5), n_steps = number(6);
  SaeTrainer trainer({.d_in = number(0),
                      .n_latents = number(1),
                      .k = number(2),
                      .k_aux = number(3),
                      .dead_tokens = number(4),
                      .n_threads = 2});
  const std::string bytes = read_file(rows_path);
  std::vector<float> rows(bytes.size() / sizeof(float));
  std::memcpy(rows.data(), bytes.data(), rows.size() * sizeof(float));
  trainer.begin(rows.data(), rows.size() / width);
  write_weights(trainer, out, 0);
  std::ofstream losses(out + "/losses.txt");
  for (size_t step = 0; step < n_steps; ++step) {
    const StepReport report =
        trainer.step(&rows.at(step * batch * width), batch, std::stod(words[7]));
    losses << fmt::format("{} {}\n", report.loss, report.aux_loss);
    write_weights(trainer, out, step + 1);
  }
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  if (argc != 11) {
    std::fprintf(stderr,
                 "usage: dump_training ROWS OUT_DIR D_IN N_LATENTS K K_AUX DEAD_TOKENS BATCH "
                 "N_STEPS LEARNING_RATE\n");
    return 2;
  }
  try {
    actogram::dump(argv[1], argv[2], {argv + 3, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dump_training: %s\n", error.what());
    return 1;
  }
  return 0;
}
