// What tests of whole recordings share: texts to record with the fake model, and what to compare of
// the results.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/temporary_folder_test.h"
#include "record/record.h"
#include "sae/saelens_writer.h"
#include "store/recording.h"

namespace actogram {

class RecordTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "texts");
    std::mt19937 rng(5);
    for (int i = 0; i < 40; ++i) {
      std::ofstream file(folder_ / "texts" / fmt::format("{:02}.txt", i));
      for (uint32_t w = rng() % 60; w > 0; --w)
        file << "word" << rng() % 9 << (rng() % 7 ? " " : "\n");
    }
    std::ofstream lines(folder_ / "lines.jsonl");
    for (int i = 0; i < 30; ++i) {
      lines << "{\"text\": \"line " << i << " é 漢字 " << std::string(rng() % 90, 'x') << "\"}\n";
    }
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  RecordOptions options(const std::string& output) const {
    RecordOptions o;
    o.model = "fake:3x37x5";
    o.heads = true;
    o.output = path(output);
    o.corpus.corpus.inputs = {path("texts"), path("lines.jsonl")};
    o.corpus.sequences.context = 32;
    o.recorder.collation.collate = {
        .top = 4, .bottom = 3, .random = 5, .per_bucket = 4, .window = 12, .samples = 30};
    return o;
  }

  testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

inline const ProgressFn kQuiet = [](const Progress&) {};

inline std::map<std::string, std::string> checksums(const std::string& recording) {
  std::map<std::string, std::string> sums;
  for (const auto& [name, file] : read_manifest(recording).files) {
    sums[name] = checksum_of_file(recording + "/" + name);
  }
  return sums;
}

Code code_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return Code::invalid;
}

// An SAE of which the 5 strongest of 20 latents are on, and its encoder, [latent, value].
inline std::vector<float> write_small_sae(const std::string& path, uint32_t width = 37,
                                          const std::string& hook = "blocks.1.mlp.hook_post") {
  constexpr uint32_t kLatents = 20;
  std::mt19937 rng(9);
  std::normal_distribution<float> draw;
  std::vector<float> weights(size_t{width} * kLatents);
  for (float& weight : weights) weight = draw(rng);
  const std::vector<float> zeros(std::max(width, kLatents));
  write_saelens(path, SaeLayout::file,
                {.d_in = width,
                 .n_latents = kLatents,
                 .k = 5,
                 .w_enc = weights,
                 .w_dec = weights,
                 .b_enc = std::span(zeros).first(kLatents),
                 .b_dec = std::span(zeros).first(width)},
                {{"hook_name", hook}});
  return weights;
}

}  // namespace actogram
