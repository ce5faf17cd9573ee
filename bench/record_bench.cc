// record_bench: what does recording cost on top of the model's own forward pass?
//
//   record_bench --model Q4_1.gguf --model F32.gguf --corpus demo-data/fortunes.jsonl
//                [--tokens 20000] [--slice 1000] [--rounds 1] [--threads N]
//                [--ways neurons classes heads] [--transformers PYTHON]
//
// Recordings of the same tokens, each to the last byte of the finished recording:
//   neurons  every neuron of every layer, without sign classes
//   classes  the same with the sign classes of gated neurons: the default
//   heads    classes, and every attention head of every layer
// and beside each, slice by slice of --slice tokens in turn with it, so that both see the same
// machine, `bare`: llama.cpp's forward pass over the same sequences in the same batches to the end
// of the last layer, no value read, no vocabulary product. (Windows are written in the background,
// so a bare slice may pay for a little of that.)
//
// With --sae WEIGHTS@SITE instead: `latents`, the events, summaries and indexes of that SAE alone,
// beside the bare pass to the same layer and `arithmetic`, OpenBLAS's product of as many rows with
// its encoder's matrix, which is what encoding cannot do without.
//
// Printed: tokens/s of both; the overhead of the whole recording; the seconds of it that come
// before the first slice and after the last; the overhead of the slices alone, median and
// quartiles; the whole overhead in CPU time; peak memory. Each recording is checked before its time
// counts. With --transformers, Hugging Face transformers' bare float32 forward pass over the same
// tokens is timed once, for the record.
#include <cblas.h>
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
  uint64_t slice = 1000;
  int rounds = 1;
  uint32_t threads = std::max(1u, std::thread::hardware_concurrency());
  uint32_t context = 128;
  uint32_t batch_rows = RecordOptions{}.batch_rows;
  std::string transformers;
  std::vector<std::string> ways = {"neurons", "classes", "heads"};
  std::string sae;
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
  r.recorder.checkpoint_seconds *= 2;  // of which the bare pass takes half
  return r;
}

// Wall-clock and processor seconds.
struct Cost {
  double wall = 0;
  double cpu = 0;

  Cost operator-(const Cost& other) const { return {wall - other.wall, cpu - other.cpu}; }
  Cost& operator+=(const Cost& other) {
    wall += other.wall, cpu += other.cpu;
    return *this;
  }
};
Cost now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(since).count(), cpu_seconds()};
}

// Hears how far a recording is, and at the end of each slice runs the bare pass over the same
// sequences, while the recording waits.
class BareBeside {
 public:
  // What else is run beside, for as many tokens.
  using Work = std::function<void(uint64_t n_tokens)>;

  BareBeside(const CorpusTables& corpus, LlamaSource& source, uint64_t slice, Work arithmetic)
      : corpus_(corpus), source_(source), slice_(slice), arithmetic_(std::move(arithmetic)) {}

  void hear(const Progress& progress) {
    if (progress.phase != "recording") return;
    if (n_done_ == 0 && progress.done == 0) {
      around_ += now() - mark_;
      mark_ = now();
    }
    const bool last = progress.done == progress.total && progress.done > n_done_;
    if (progress.done < n_done_ + slice_ && !last) return;
    slices_.push_back(now() - mark_);
    mark_ = now();
    const uint64_t n_tokens = progress.done - n_done_;
    run_until(progress.done);
    bare_.push_back(now() - mark_);
    mark_ = now();
    if (!arithmetic_) return;
    arithmetic_(n_tokens);
    needed_ += now() - mark_;
    mark_ = now();
  }
  void finish() { around_ += now() - mark_; }

  Cost recording() const { return sum(slices_, around_); }
  Cost around() const { return around_; }
  Cost bare() const { return sum(bare_, {}); }
  Cost arithmetic() const { return needed_; }
  std::vector<double> slice_overheads() const {
    std::vector<double> percent;
    for (size_t i = 0; i < slices_.size(); ++i) {
      percent.push_back(100 * (slices_[i].wall / bare_[i].wall - 1));
    }
    std::ranges::sort(percent);
    return percent;
  }

 private:
  static Cost sum(const std::vector<Cost>& costs, Cost all) {
    for (const Cost& cost : costs) all += cost;
    return all;
  }

  void run_until(uint64_t n_tokens) {
    std::vector<std::vector<int32_t>> batch;
    size_t rows = 0;
    const auto flush = [&] {
      const std::vector<std::span<const int32_t>> spans(batch.begin(), batch.end());
      if (!spans.empty()) source_.run(spans, [](const SiteValues&) {});
      batch.clear();
      rows = 0;
    };
    for (; n_done_ < n_tokens; ++next_sequence_) {
      const SequenceRow row = corpus_.sequence(next_sequence_);
      if (rows + source_.rows_of(row.n_tokens) > source_.batch_rows()) flush();
      rows += source_.rows_of(row.n_tokens);
      auto& ids = batch.emplace_back();
      for (const Token& token : corpus_.tokens(row)) ids.push_back(token.id);
      n_done_ += row.n_tokens;
    }
    flush();
  }

  const CorpusTables& corpus_;
  LlamaSource& source_;
  uint64_t slice_;
  uint64_t n_done_ = 0, next_sequence_ = 0;
  Cost mark_ = now();
  Work arithmetic_;
  Cost around_;  // before the first slice and after the last
  Cost needed_;
  std::vector<Cost> slices_, bare_;
};

void check_result(const std::string& recording, uint64_t n_tokens) {
  const CheckReport report = check_recording(recording, [](double) {});
  if (!report.problems.empty())
    fail(Code::corrupt, "the recording is wrong: {}", report.problems[0]);
  if (Recording(recording).corpus().n_tokens() != n_tokens) {
    fail(Code::corrupt, "the recording has other tokens than the bare pass");
  }
}

struct Way {
  const char* name;
  bool sign_classes;
  std::vector<Quantity> quantities;
  std::vector<double> ratios = {};  // [round], to the bare pass beside it
};

void print_row(const char* name, const BareBeside& found, uint64_t n_tokens) {
  const Cost all = found.recording(), bare = found.bare();
  const auto percent = [](double a, double b) { return 100 * (a / b - 1); };
  const std::vector<double> slices = found.slice_overheads();
  const size_t n = slices.size();
  const auto n_all = static_cast<double>(n_tokens);
  std::printf("  %-8s %8.0f %8.0f %7.1f %% %6.1f s   %5.1f %% (%5.1f to %5.1f) %7.1f %% %8.0f MB\n",
              name, n_all / bare.wall, n_all / all.wall, percent(all.wall, bare.wall),
              found.around().wall, slices[n / 2], slices[n / 4], slices[n - 1 - n / 4],
              percent(all.cpu, bare.cpu), peak_mb());
  std::fflush(stdout);
}

// The product of rows with a matrix of this shape, on all threads.
class Arithmetic {
 public:
  Arithmetic(const Sae& sae, uint32_t n_threads)
      : n_(sae.n_latents),
        k_(sae.d_in),
        n_threads_(n_threads),
        weights_(size_t{sae.n_latents} * sae.d_in, 0.5F),
        rows_(kRowsAtOnce * sae.d_in, 0.5F),
        out_(kRowsAtOnce * sae.n_latents) {}

  void run(uint64_t n_tokens) {
    scipy_openblas_set_num_threads(static_cast<int>(n_threads_));
    for (uint64_t done = 0; done < n_tokens; done += kRowsAtOnce) {
      const auto m = static_cast<blasint>(std::min<uint64_t>(kRowsAtOnce, n_tokens - done));
      scipy_cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n_, k_, 1, rows_.data(), k_,
                        weights_.data(), k_, 0, out_.data(), n_);
    }
    scipy_openblas_set_num_threads(1);  // as SaeEncoder needs it
  }

 private:
  static constexpr size_t kRowsAtOnce = 512;
  blasint n_, k_;
  uint32_t n_threads_;
  std::vector<float> weights_, rows_, out_;
};

void bench_sae(const Options& o, const LlamaModel& model, const LlamaTokenizer& tokenizer,
               const CorpusTables& corpus, RecordOptions options) {
  const SaeSpec spec = parse_sae_spec(o.sae);
  options.saes = {spec};
  options.recorder.dense_sites.emplace();
  const RecordedSae sae = open_saes(options.saes).front();
  LlamaSourceOptions source_options{.sites = {sae.hook},
                                    .context = o.context,
                                    .batch_rows = o.batch_rows,
                                    .n_threads = o.threads};
  LlamaSource source(model, source_options);
  source_options.taps = LlamaSourceOptions::Taps::bare;
  LlamaSource bare(model, source_options);
  Arithmetic arithmetic(sae.sae, o.threads);
  arithmetic.run(o.slice);  // its pages come now
  for (int round = 0; round < o.rounds; ++round) {
    fs::remove_all(options.output);
    reset_peak();
    BareBeside beside(corpus, bare, o.slice, [&](uint64_t n) { arithmetic.run(n); });
    record_source(source, tokenizer, {{"name", o.sae}}, options,
                  [&](const Progress& progress) { beside.hear(progress); });
    beside.finish();
    print_row("latents", beside, corpus.n_tokens());
    const double needed = beside.arithmetic().wall, all = beside.recording().wall;
    std::printf(
        "  arithmetic %.1f %% of the bare pass; above both: %.1f %% of them; %.1f latents a "
        "token\n",
        100 * needed / beside.bare().wall, 100 * (all / (beside.bare().wall + needed) - 1),
        static_cast<double>(Recording(options.output).events()->n_events()) /
            static_cast<double>(corpus.n_tokens()));
    check_result(options.output, corpus.n_tokens());
  }
}

void bench_model(const Options& o, const std::string& path) {
  const LlamaModel model(path);
  const LlamaTokenizer tokenizer(model);
  RecordOptions options = record_options(o, path);
  const std::string tables = o.folder + "/tables";
  fs::create_directories(tables);
  read_corpus(options.corpus, tokenizer, tables, kQuiet);
  const CorpusTables corpus(tables);
  LlamaSourceOptions source_options{.context = o.context,
                                    .batch_rows = o.batch_rows,
                                    .n_threads = o.threads,
                                    .gates = LlamaSourceOptions::Gates::where_gated};
  LlamaSourceOptions bare_options = source_options;
  bare_options.taps = LlamaSourceOptions::Taps::bare;

  std::printf("%s\n", fs::path(path).filename().c_str());
  if (!o.sae.empty()) {
    bench_sae(o, model, tokenizer, corpus, options);
    return;
  }
  const std::vector<Quantity> neurons = {Quantity::hook_post};
  std::vector<Way> ways = {{"neurons", false, neurons},
                           {"classes", true, neurons},
                           {"heads", true, {Quantity::hook_post, Quantity::hook_pattern}}};
  std::erase_if(ways, [&](const Way& way) {
    return std::find(o.ways.begin(), o.ways.end(), way.name) == o.ways.end();
  });
  for (int round = 0; round < o.rounds; ++round) {
    for (Way& way : ways) {
      fs::remove_all(options.output);
      reset_peak();
      options.recorder.collation.collate.sign_classes = way.sign_classes;
      source_options.quantities = way.quantities;
      LlamaSource source(model, source_options), bare(model, bare_options);
      BareBeside beside(corpus, bare, o.slice, nullptr);
      record_source(source, tokenizer, {{"name", path}}, options,
                    [&](const Progress& progress) { beside.hear(progress); });
      beside.finish();
      print_row(way.name, beside, corpus.n_tokens());
      way.ratios.push_back(beside.recording().wall / beside.bare().wall);
      check_result(options.output, corpus.n_tokens());
    }
  }
  for (size_t i = 1; i < ways.size(); ++i) {
    std::printf("  %s above %s: %.1f %%\n", ways[i].name, ways[i - 1].name,
                100 * (median(ways[i].ratios) / median(ways[i - 1].ratios) - 1));
  }
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
  app.add_option("--slice", o.slice, "tokens")->capture_default_str();
  app.add_option("--rounds", o.rounds)->capture_default_str();
  app.add_option("--threads", o.threads)->capture_default_str();
  app.add_option("--context", o.context)->capture_default_str();
  app.add_option("--batch-rows", o.batch_rows)->capture_default_str();
  app.add_option("--ways", o.ways)->check(CLI::IsMember({"neurons", "classes", "heads"}));
  app.add_option("--sae", o.sae, "WEIGHTS@SITE: latents instead of neurons");
  app.add_option("--transformers", o.transformers, "a Python that has transformers");
  app.add_option("--folder", o.folder, "for scratch files; removed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  print_machine(argc, argv);
  std::printf("  %-8s %8s %8s %9s %8s   %-25s %9s %11s\n", "", "bare t/s", "rec. t/s", "overhead",
              "around", "slices: median, quartiles", "CPU time", "peak memory");
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
