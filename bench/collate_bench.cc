// collate_bench: what does collating alone cost, a token and neuron, and a neuron?
//
//   collate_bench [--units 1536] [--layers 4] [--sequences 400] [--tokens 128] [--rounds 3]
//
// Rounds of two runs over the same random gates, in turn, on one thread: neurons without and with
// their sign classes. A batch is four sequences, as record has them; its matrices are one of six,
// so they come from beyond the second-level cache, as the model's do; each time moved by some
// neurons, so that a neuron seldom sees the same values again: equal peaks cost more. Windows are
// copied to a buffer and forgotten: their way to the disk is record_bench's matter. Printed:
// nanoseconds a token and neuron (median), and bytes a neuron of state that is resident at the end.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <fstream>
#include <random>

#include "base/hash.h"
#include "bench/measure.h"
#include "collate/site_collator.h"

namespace actogram {
namespace {

struct Options {
  uint32_t units = 1536;
  uint32_t layers = 4;
  uint32_t sequences = 400;
  uint32_t tokens = 128;
  int rounds = 3;
};

constexpr uint32_t kBatch = 4;  // sequences

class ForgetfulSink : public WindowSink {
 public:
  Room keep(size_t n) override {
    next_ = (next_ + kSlot) % (values_.size() - kSlot);
    return {0, {values_.data() + next_, n}};
  }
  void drop(uint64_t /*reference*/) override {}

 private:
  static constexpr size_t kSlot = 64;
  std::vector<float> values_ = std::vector<float>(kSlot << 17);  // 32 MB
  size_t next_ = 0;
};

constexpr size_t kMoves = 256, kMove = 16;  // neurons

struct Gated {
  std::vector<float> gate, linear, post;  // [row, unit]
};

std::vector<Gated> random_batches(const Options& o) {
  std::mt19937 rng(1);
  std::normal_distribution<float> normal;
  std::vector<Gated> batches(6);
  for (Gated& batch : batches) {
    const size_t n = size_t{kBatch} * o.tokens * o.units + kMoves * kMove;
    for (auto* values : {&batch.gate, &batch.linear, &batch.post}) values->resize(n);
    for (size_t i = 0; i < n; ++i) {
      batch.gate[i] = normal(rng), batch.linear[i] = normal(rng);
      batch.post[i] = batch.gate[i] / (1 + std::exp(-batch.gate[i])) * batch.linear[i];
    }
  }
  return batches;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

struct Cost {
  double ns_per_value = 0;
  double bytes_per_unit = 0;
};

Cost measure(const Options& o, const std::vector<Gated>& batches, ForgetfulSink& sink,
             bool sign_classes, std::vector<SiteCollator>& layers) {
  const double before = resident_bytes();
  CollateOptions options;
  options.sign_classes = sign_classes;
  for (uint32_t layer = 0; layer < o.layers; ++layer) {
    layers.emplace_back(Site{fmt::format("blocks.{}.mlp.hook_post", layer), layer, o.units},
                        GateFunction::silu, options);
  }
  ThreadPool threads(1);
  std::vector<BlockScratch> scratch(1);
  WindowSink* const sinks[] = {&sink};
  uint64_t n_batches = 0;
  const double seconds = seconds_of([&] {
    for (uint32_t first = 0; first < o.sequences; first += kBatch) {
      std::vector<uint32_t> first_row;
      std::vector<BatchSequence> sequences;
      for (uint32_t s = 0; s < kBatch; ++s) {
        first_row.push_back(s * o.tokens);
        sequences.push_back({.number = first + s,
                             .n_tokens = o.tokens,
                             .key = mix64(first + s),
                             .begins_with_bos = true});
      }
      for (SiteCollator& layer : layers) {
        const uint64_t drawn = mix64(n_batches++);
        const Gated& batch = batches[drawn % batches.size()];
        const size_t moved = (drawn >> 32) % kMoves * kMove;
        layer.observe({.values = batch.post.data() + moved,
                       .n_rows = size_t{kBatch} * o.tokens,
                       .row_stride = o.units,
                       .first_row = first_row,
                       .gate = batch.gate.data() + moved,
                       .linear = batch.linear.data() + moved,
                       .gate_stride = o.units},
                      sequences, threads, scratch, sinks);
      }
    }
  });
  const double n_units = static_cast<double>(o.layers) * o.units;
  const double n_values = static_cast<double>(n_batches) * o.units * kBatch * o.tokens;
  return {seconds * 1e9 / n_values, (resident_bytes() - before) / n_units};
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app("What collating alone costs, a token and neuron, and a neuron");
  app.add_option("--units", o.units, "of a layer")->capture_default_str();
  app.add_option("--layers", o.layers)->capture_default_str();
  app.add_option("--sequences", o.sequences)->capture_default_str();
  app.add_option("--tokens", o.tokens, "of a sequence")->capture_default_str();
  app.add_option("--rounds", o.rounds)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  print_machine(argc, argv);
  const std::vector<Gated> batches = random_batches(o);
  ForgetfulSink sink;
  std::vector<double> ns[2];
  double bytes[2] = {};
  std::vector<SiteCollator> first[2];  // kept, so that what comes later finds no memory of theirs
  for (int round = 0; round < o.rounds; ++round) {
    for (const bool sign_classes : {false, true}) {
      const size_t i = sign_classes ? 1 : 0;
      std::vector<SiteCollator> later;
      const Cost cost = measure(o, batches, sink, sign_classes, round == 0 ? first[i] : later);
      ns[i].push_back(cost.ns_per_value);
      if (round == 0) bytes[i] = cost.bytes_per_unit;
    }
  }
  for (const bool sign_classes : {false, true}) {
    const size_t i = sign_classes ? 1 : 0;
    std::printf("%-21s %6.2f ns a token and neuron, %6.1f kB a neuron\n",
                sign_classes ? "with sign classes" : "without sign classes", median(ns[i]),
                bytes[i] / 1e3);
  }
  return 0;
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  try {
    return actogram::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "collate_bench: %s\n", error.what());
    return 1;
  }
}
