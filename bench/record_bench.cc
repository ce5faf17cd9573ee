// record_bench: what does recording cost on top of the model's own forward pass?
//
//   record_bench --model Q4_1.gguf --model F32.gguf --corpus demo-data/fortunes.jsonl
//                [--tokens 20000] [--rounds 3] [--threads N] [--transformers PYTHON]
//
// For each model, rounds of three runs over the same sequences in the same batches, in turn:
//   bare     llama.cpp's forward pass to the end of the last layer, no value read, no vocabulary
//            product
//   record   the same with every neuron of every layer recorded, to the last byte of the finished
//            recording: windows written, tables synced
//   classes  the same with the sign classes of gated neurons
// Printed: tokens/s of each, the overhead round by round (median, and range), the same in CPU time,
// which other work on the machine disturbs less, and peak memory; and what classes add to `record`.
// Each recording is checked before its time counts. With --transformers, Hugging Face transformers'
// bare float32 forward pass over the same tokens is timed once, for the record.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "bench/measure.h"
#include "model/llama_model.h"
#include "model/llama_source.h"
#include "model/llama_tokenizer.h"
#include "record/corpus_pass.h"
#include "record/record.h"
#include "store/recording.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> models;
  std::vector<std::string> corpus;
  uint64_t tokens = 20000;
  int rounds = 3;
  uint32_t threads = std::max(1u, std::thread::hardware_concurrency());
  uint32_t context = 128;
  uint32_t batch_rows = RecordOptions{}.batch_rows;
  std::string transformers;
  std::string folder = "record_bench.tmp";
};

const ProgressFn kQuiet = [](const Progress&) {};

double cpu_seconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The kernel's high-water mark of resident memory, in MB; reset_peak() starts it again.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

RecordOptions record_options(const Options& o, const std::string& model) {
  RecordOptions r;
  r.model = model;
  r.output = o.folder + "/bench.acto";
  r.corpus.corpus.inputs = o.corpus;
  r.corpus.sequences.context = o.context;
  r.corpus.max_tokens = o.tokens;
  r.recorder.collation.n_threads = o.threads;
  return r;
}

void run_bare(const CorpusTables& corpus, LlamaSource& source) {
  std::vector<std::vector<int32_t>> batch;
  size_t rows = 0;
  const auto flush = [&] {
    const std::vector<std::span<const int32_t>> spans(batch.begin(), batch.end());
    if (!spans.empty()) source.run(spans, [](const SiteValues&) {});
    batch.clear();
    rows = 0;
  };
  for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
    const SequenceRow row = corpus.sequence(s);
    if (rows + source.rows_of(row.n_tokens) > source.batch_rows()) flush();
    rows += source.rows_of(row.n_tokens);
    auto& ids = batch.emplace_back();
    for (const Token& token : corpus.tokens(row)) ids.push_back(token.id);
  }
  flush();
}

void check_result(const std::string& recording, uint64_t n_tokens) {
  const CheckReport report = check_recording(recording, [](double) {});
  if (!report.problems.empty())
    fail(Code::corrupt, "the recording is wrong: {}", report.problems[0]);
  if (Recording(recording).corpus().n_tokens() != n_tokens) {
    fail(Code::corrupt, "the recording has other tokens than the bare pass");
  }
}

// Wall-clock and processor seconds of `work`.
struct Cost {
  double wall = 0;
  double cpu = 0;
};
Cost cost_of(const auto& work) {
  const double before = cpu_seconds();
  const double wall = seconds_of(work);
  return {wall, cpu_seconds() - before};
}

// A way to record, with what it cost round by round.
struct Way {
  const char* name;
  bool sign_classes;
  std::vector<Cost> costs = {};
  double peak = 0;
};

// By how many per cent each of `costs` is above the one it is paired with.
std::vector<double> percent_above(const std::vector<Cost>& costs, const std::vector<Cost>& base,
                                  double Cost::*what) {
  std::vector<double> percent;
  for (size_t i = 0; i < costs.size(); ++i) {
    percent.push_back(100 * (costs[i].*what / base[i].*what - 1));
  }
  return percent;
}

double speed_of(const std::vector<Cost>& costs, uint64_t n_tokens) {
  std::vector<double> seconds;
  for (const Cost& cost : costs) seconds.push_back(cost.wall);
  return static_cast<double>(n_tokens) / median(seconds);
}

void print_row(const std::string& name, const std::vector<Cost>& costs,
               const std::vector<Cost>& base, uint64_t n_tokens, double peak) {
  const auto wall = percent_above(costs, base, &Cost::wall);
  const auto [low, high] = std::ranges::minmax(wall);
  std::printf("  %-24s %8.0f %7.1f %% (%5.1f to %5.1f) %7.1f %% %8.0f MB\n", name.c_str(),
              speed_of(costs, n_tokens), median(wall), low, high,
              median(percent_above(costs, base, &Cost::cpu)), peak);
}

void bench_model(const Options& o, const std::string& path) {
  const LlamaModel model(path);
  const LlamaTokenizer tokenizer(model);
  RecordOptions options = record_options(o, path);
  const std::string tables = o.folder + "/tables";
  fs::create_directories(tables);
  read_corpus(options.corpus, tokenizer, tables, kQuiet);
  const CorpusTables corpus(tables);
  const LlamaSourceOptions source_options{.context = o.context,
                                          .batch_rows = o.batch_rows,
                                          .n_threads = o.threads,
                                          .gates = LlamaSourceOptions::Gates::where_gated};
  LlamaSourceOptions bare_options = source_options;
  bare_options.taps = LlamaSourceOptions::Taps::bare;

  std::vector<Cost> bare;
  std::vector<Way> ways = {{"record", false}, {"classes", true}};
  for (int round = 0; round < o.rounds; ++round) {
    {
      LlamaSource source(model, bare_options);
      bare.push_back(cost_of([&] { run_bare(corpus, source); }));
    }
    std::fprintf(stderr, "  round %d: bare %.1f s", round + 1, bare.back().wall);
    for (Way& way : ways) {
      fs::remove_all(options.output);
      reset_peak();
      options.recorder.collation.collate.sign_classes = way.sign_classes;
      LlamaSource source(model, source_options);
      way.costs.push_back(cost_of(
          [&] { record_source(source, tokenizer, {{"name", path}}, options, kQuiet); }));
      way.peak = std::max(way.peak, peak_mb());
      check_result(options.output, corpus.n_tokens());
      std::fprintf(stderr, ", %s %.1f s", way.name, way.costs.back().wall);
    }
    std::fprintf(stderr, "\n");
  }
  std::printf("%s: bare %.0f tokens/s\n", fs::path(path).filename().c_str(),
              speed_of(bare, corpus.n_tokens()));
  for (const Way& way : ways) print_row(way.name, way.costs, bare, corpus.n_tokens(), way.peak);
  print_row("classes above record", ways[1].costs, ways[0].costs, corpus.n_tokens(), ways[1].peak);
  std::fflush(stdout);
  if (!o.transformers.empty() && model.info().file_type == "F32") {
    const std::string command = fmt::format("{} bench/transformers_forward.py {} {} --threads {}",
                                            o.transformers, path, tables, o.threads);
    if (std::system(command.c_str()) != 0) fail(Code::environment, "failed: {}", command);
  }
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app("What recording costs on top of the forward pass");
  app.add_option("--model", o.models)->required();
  app.add_option("--corpus", o.corpus)->required();
  app.add_option("--tokens", o.tokens)->capture_default_str();
  app.add_option("--rounds", o.rounds)->capture_default_str();
  app.add_option("--threads", o.threads)->capture_default_str();
  app.add_option("--context", o.context)->capture_default_str();
  app.add_option("--batch-rows", o.batch_rows)->capture_default_str();
  app.add_option("--transformers", o.transformers, "a Python that has transformers");
  app.add_option("--folder", o.folder, "for scratch files; removed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  print_machine(argc, argv);
  std::printf("  %-24s %8s %9s %27s %11s\n", "", "tokens/s", "overhead", "in CPU time",
              "peak memory");
  for (const std::string& model : o.models) bench_model(o, model);
  fs::remove_all(o.folder);
  return 0;
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  if (getenv("OMP_WAIT_POLICY") == nullptr) {  // see cli/main.cc
    setenv("OMP_WAIT_POLICY", "PASSIVE", 1);
    execv("/proc/self/exe", argv);
  }
  try {
    return actogram::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "record_bench: %s\n", error.what());
    return 1;
  }
}
