// Training on the fake model: the same bytes whatever the threads, batches and stops, and clear
// errors for what cannot be trained. What is learned is tested in sae/trainer_test.cc.
#include "record/train_sae.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "actogram/error.h"
#include "base/file.h"
#include "base/temporary_folder_test.h"
#include "record/training_split.h"
#include "sae/sae.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

const ProgressFn kQuiet = [](const Progress&) {};

class TrainSaeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::mt19937 rng(5);
    std::ofstream lines(folder_ / "lines.jsonl");
    for (int i = 0; i < 200; ++i) {
      lines << "{\"text\": \"line " << i << std::string(rng() % 90, static_cast<char>('a' + i % 26))
            << "\"}\n";
    }
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  TrainSaeOptions options(const std::string& output) const {
    TrainSaeOptions o;
    o.model = "fake:3x24";
    o.output = path(output);
    o.site = "1.resid_post";
    o.corpus.corpus.inputs = {path("lines.jsonl")};
    o.corpus.sequences.context = 32;
    o.n_latents = 50;
    o.k = 3;
    o.epochs = 3;
    o.batch = 300;
    o.seed = 9;
    return o;
  }

  std::string trained(const TrainSaeOptions& o) const {
    train_sae(o, kQuiet);
    return read_file(o.output);
  }

  testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(TrainSaeTest, GivesTheSameBytesWhateverTheThreadsAndBatches) {
  const std::string expected = trained(options("one.safetensors"));
  for (const uint32_t n_threads : {2u, 5u}) {
    TrainSaeOptions o = options(fmt::format("threads{}.safetensors", n_threads));
    o.n_threads = n_threads;
    o.checkpoint_seconds = 0;
    EXPECT_EQ(trained(o), expected);
    EXPECT_FALSE(fs::exists(o.output + ".partial"));
  }
  TrainSaeOptions other = options("seed.safetensors");
  other.seed = 10;
  EXPECT_NE(trained(other), expected);
}

TEST_F(TrainSaeTest, AProcessKilledAnywhereGoesOnToTheSameBytes) {
  const std::string expected = trained(options("one.safetensors"));
  TrainSaeOptions o = options("killed.safetensors");
  o.checkpoint_seconds = 0;
  int n_kills = 0;
  for (int after = 2; !fs::exists(o.output); after += 3) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int n_calls = 0;
      train_sae(o, [&](const Progress&) {
        if (++n_calls > after) ::_exit(1);
      });
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    n_kills += WEXITSTATUS(status);
  }
  EXPECT_GE(n_kills, 3);
  EXPECT_EQ(read_file(o.output), expected);
}

TEST_F(TrainSaeTest, TakesWhatDoesNotFitInTurns) {
  TrainSaeOptions o = options("rounds.safetensors");
  std::ofstream lines(path("lines.jsonl"), std::ios::app);
  for (int i = 0; i < 1000; ++i) {
    lines << "{\"text\": \"more " << i << std::string(40, static_cast<char>('a' + i % 26))
          << "\"}\n";
  }
  lines.close();
  o.buffer_bytes = 1;
  size_t most_files = 0;
  train_sae(o, [&](const Progress& progress) {
    if (progress.phase != "training") return;
    size_t n = 0;
    for (const auto& entry : fs::directory_iterator(o.output + ".partial")) {
      n += entry.path().filename().string().starts_with("rows.") ? 1 : 0;
    }
    most_files = std::max(most_files, n);
  });
  EXPECT_EQ(most_files, 1u);
  const std::string in_turns = read_file(o.output);
  o.output = path("again.safetensors");
  o.checkpoint_seconds = 0;
  o.n_threads = 2;
  EXPECT_EQ(trained(o), in_turns);
}

TEST_F(TrainSaeTest, AFolderAndAFileHoldTheSame) {
  TrainSaeOptions o = options("folder");
  o.input_norm = InputNorm::scale;
  train_sae(o, kQuiet);
  o.output = path("file.safetensors");
  train_sae(o, kQuiet);
  EXPECT_EQ(read_file(path("folder/sae_weights.safetensors")), read_file(o.output));
  const Sae folder = open_sae(path("folder"), {}), file = open_sae(o.output, {});
  for (const Sae* sae : {&folder, &file}) {
    EXPECT_EQ(sae->format, "SAELens");
    EXPECT_EQ(sae->kind, SaeKind::top_k);
    EXPECT_EQ(sae->k, 3u);
    EXPECT_EQ(sae->n_latents, 50u);
    EXPECT_EQ(sae->d_in, 24u);
    EXPECT_EQ(sae->site, "blocks.1.hook_resid_post");
    EXPECT_EQ(sae->input_norm, InputNorm::none);  // folded
    EXPECT_EQ(sae->pre_bias, sae->b_dec);
    check_finite(*sae);
  }
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

TEST_F(TrainSaeTest, RefusesWhatCannotBeTrained) {
  const auto refused = [&](auto change) {
    TrainSaeOptions o = options("none.safetensors");
    change(o);
    const Code code = code_of([&] { train_sae(o, kQuiet); });
    EXPECT_FALSE(fs::exists(path("none.safetensors.partial")));
    return code;
  };
  EXPECT_EQ(refused([](auto& o) { o.k = 51; }), Code::invalid);
  EXPECT_EQ(refused([](auto& o) { o.site = "resid_post"; }), Code::invalid);
  EXPECT_EQ(refused([](auto& o) { o.site = "7.resid_post"; }), Code::invalid);
  EXPECT_EQ(refused([](auto& o) { o.learning_rate = -1; }), Code::invalid);
  EXPECT_EQ(refused([](auto& o) { o.corpus.corpus.inputs = {"nothing.jsonl"}; }), Code::not_found);
  EXPECT_EQ(refused([&](auto& o) { o.output = path("lines.jsonl"); }), Code::exists);
}

TEST_F(TrainSaeTest, ADifferentCommandDoesNotGoOn) {
  TrainSaeOptions o = options("stopped.safetensors");
  EXPECT_THROW(train_sae(o,
                         [](const Progress& p) {
                           if (p.phase == "training") throw std::runtime_error("stop");
                         }),
               std::runtime_error);
  o.seed = 77;
  EXPECT_EQ(code_of([&] { train_sae(o, kQuiet); }), Code::exists);
}

}  // namespace
}  // namespace actogram
