#include "model/llama_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "actogram/error.h"
#include "model/real_model_test.h"

namespace actogram {
namespace {

using ::testing::HasSubstr;
using Sequence = std::vector<int32_t>;
// The values of each site, for each sequence of a batch: [sequence][token * unit].
using Values = std::map<std::string, std::vector<std::vector<float>>>;

// Token ids that cover the vocabulary, without any meaning.
Sequence tokens(size_t n, uint32_t seed) {
  Sequence sequence(n);
  for (size_t i = 0; i < n; ++i) {
    seed = seed * 1664525u + 1013904223u;
    sequence[i] = static_cast<int32_t>(seed % 49152);
  }
  return sequence;
}

Values run(LlamaSource& source, const std::vector<Sequence>& sequences) {
  Values values;
  const std::vector<std::span<const int32_t>> batch(sequences.begin(), sequences.end());
  source.run(batch, [&](const SiteValues& found) {
    const Site& site = source.sites()[found.site];
    auto& of_site = values[site.name];
    EXPECT_TRUE(of_site.empty()) << site.name << " came twice";
    EXPECT_EQ(found.first_row.size(), sequences.size());
    for (size_t s = 0; s < sequences.size(); ++s) {
      auto& of_sequence = of_site.emplace_back();
      for (size_t i = 0; i < sequences[s].size(); ++i) {
        const float* row = found.row(found.first_row[s] + i);
        of_sequence.insert(of_sequence.end(), row, row + site.n_units);
      }
    }
  });
  return values;
}

Values run(const LlamaSourceOptions& options, const std::vector<Sequence>& sequences) {
  LlamaSource source(real_model(), options);
  return run(source, sequences);
}

template <typename F>
void expect_error(Code code, const std::string& part, F&& f) {
  try {
    f();
    ADD_FAILURE() << "no error that says " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(part));
  }
}

const std::vector<uint32_t> kSomeLayers = {0, 14, 29};
const std::vector<Quantity> kAll = {Quantity::hook_pre, Quantity::hook_pre_linear,
                                    Quantity::hook_post};

TEST(LlamaSourceSlow, SitesAreNamedAsInTransformerLens) {
  const LlamaSource source(real_model(), {.layers = {7, 2}, .quantities = kAll});
  ASSERT_EQ(source.sites().size(), 6u);
  EXPECT_EQ(source.sites()[0], (Site{"blocks.2.mlp.hook_pre", 2, 1536}));
  EXPECT_EQ(source.sites()[1], (Site{"blocks.2.mlp.hook_pre_linear", 2, 1536}));
  EXPECT_EQ(source.sites()[5], (Site{"blocks.7.mlp.hook_post", 7, 1536}));
}

TEST(LlamaSourceSlow, SitesAreChosenByName) {
  const LlamaSource source(
      real_model(),
      {.sites = {"blocks.7.hook_resid_post", "blocks.2.attn.hook_z", "blocks.7.hook_resid_pre"}});
  ASSERT_EQ(source.sites().size(), 3u);
  EXPECT_EQ(source.sites()[0], (Site{"blocks.2.attn.hook_z", 2, 576}));
  EXPECT_EQ(source.sites()[1], (Site{"blocks.7.hook_resid_pre", 7, 576}));
  EXPECT_EQ(source.sites()[2], (Site{"blocks.7.hook_resid_post", 7, 576}));
}

// One tensor is two sites, and the last layer's rows all come.
TEST(LlamaSourceSlow, TheResidualStreamGoesOn) {
  const std::vector<Sequence> sequences = {tokens(40, 21), tokens(17, 22)};
  const Values values = run({.sites = {"blocks.28.hook_resid_post", "blocks.29.hook_resid_pre",
                                       "blocks.29.hook_attn_out", "blocks.29.hook_resid_mid"}},
                            sequences);
  EXPECT_EQ(values.at("blocks.28.hook_resid_post"), values.at("blocks.29.hook_resid_pre"));
  for (size_t s = 0; s < sequences.size(); ++s) {
    const auto& pre = values.at("blocks.29.hook_resid_pre")[s];
    const auto& attn = values.at("blocks.29.hook_attn_out")[s];
    const auto& mid = values.at("blocks.29.hook_resid_mid")[s];
    ASSERT_EQ(mid.size(), sequences[s].size() * 576);
    for (size_t i = 0; i < mid.size(); ++i) ASSERT_EQ(mid[i], pre[i] + attn[i]);
  }
}

TEST(LlamaSourceSlow, EveryLayerComesOnceAndIsNotZero) {
  const Values values = run({}, {tokens(40, 1)});
  EXPECT_EQ(values.size(), 30u);
  for (const auto& [site, of_site] : values) {
    double sum = 0;
    for (const float value : of_site[0]) sum += std::abs(value);
    EXPECT_GT(sum, 1.0) << site;
  }
}

// SwiGLU's definition, in the model's last layer and in one before it.
TEST(LlamaSourceSlow, PostIsSiluOfPreTimesLinear) {
  const Values values = run({.layers = {3, 29}, .quantities = kAll}, {tokens(40, 2)});
  for (const std::string layer : {"blocks.3.mlp.", "blocks.29.mlp."}) {
    const auto& pre = values.at(layer + "hook_pre")[0];
    const auto& linear = values.at(layer + "hook_pre_linear")[0];
    const auto& post = values.at(layer + "hook_post")[0];
    for (size_t i = 0; i < post.size(); ++i) {
      const double expected = pre[i] / (1 + std::exp(-double{pre[i]})) * linear[i];
      ASSERT_NEAR(post[i], expected, 1e-5 + 1e-5 * std::abs(expected)) << layer << " " << i;
    }
  }
}

// The inputs of the gated unit, read where it left them, are the tensors of their own taps.
TEST(LlamaSourceSlow, GatesComeWithHookPost) {
  const std::vector<Sequence> sequences = {tokens(40, 14), tokens(25, 15)};
  const Values tapped = run({.layers = kSomeLayers, .quantities = kAll}, sequences);
  LlamaSource source(real_model(),
                     {.layers = kSomeLayers, .gates = LlamaSourceOptions::Gates::where_gated});
  EXPECT_EQ(source.gate_function(), GateFunction::silu);
  const std::vector<std::span<const int32_t>> batch(sequences.begin(), sequences.end());
  int n_calls = 0;
  source.run(batch, [&](const SiteValues& found) {
    ++n_calls;
    const Site& site = source.sites()[found.site];
    const std::string mlp = fmt::format("blocks.{}.mlp.", site.layer);
    for (size_t s = 0; s < sequences.size(); ++s) {
      const auto& pre = tapped.at(mlp + "hook_pre")[s];
      const auto& linear = tapped.at(mlp + "hook_pre_linear")[s];
      for (size_t t = 0; t < sequences[s].size(); ++t) {
        const size_t row = (found.first_row[s] + t) * found.gate_stride;
        for (size_t u = 0; u < site.n_units; ++u) {
          ASSERT_EQ(found.gate[row + u], pre[t * site.n_units + u]);
          ASSERT_EQ(found.linear[row + u], linear[t * site.n_units + u]);
        }
      }
    }
  });
  EXPECT_EQ(n_calls, 3);
}

TEST(LlamaSourceSlow, GatesComeWithHookPostAlone) {
  const std::vector<Sequence> sequences = {tokens(20, 16)};
  const std::vector<std::span<const int32_t>> batch(sequences.begin(), sequences.end());
  LlamaSource source(real_model(), {.sites = {"blocks.3.mlp.hook_post", "blocks.3.hook_resid_post"},
                                    .gates = LlamaSourceOptions::Gates::where_gated});
  EXPECT_EQ(source.gate_function(), GateFunction::silu);
  source.run(batch, [&](const SiteValues& found) {
    const bool post = source.sites()[found.site].name.ends_with("mlp.hook_post");
    EXPECT_EQ(found.gate != nullptr, post);
    EXPECT_EQ(source.neuron_weights(found.site).size(), post ? found.row_stride : 0);
  });
}

TEST(LlamaSourceSlow, BatchMatesDoNotChangeABit) {
  const std::vector<Sequence> sequences = {tokens(1, 3), tokens(101, 4), tokens(16, 5),
                                           tokens(17, 6), tokens(40, 7)};
  LlamaSource source(real_model(), {.layers = kSomeLayers, .quantities = kAll});
  const Values together = run(source, sequences);
  for (size_t s = 0; s < sequences.size(); ++s) {
    const Values alone = run(source, {sequences[s]});
    for (const auto& [site, of_site] : together) {
      EXPECT_EQ(of_site[s], alone.at(site)[0]) << site << " of sequence " << s;
    }
  }
}

TEST(LlamaSourceSlow, ThreadsDoNotChangeABit) {
  const std::vector<Sequence> sequences = {tokens(33, 8), tokens(50, 9)};
  EXPECT_EQ(run({.layers = kSomeLayers, .n_threads = 1}, sequences),
            run({.layers = kSomeLayers, .n_threads = 2}, sequences));
}

TEST(LlamaSourceSlow, BatchRowsDoNotChangeABit) {
  const std::vector<Sequence> sequences = {tokens(33, 10), tokens(50, 11)};
  EXPECT_EQ(run({.layers = kSomeLayers, .batch_rows = 112}, sequences),
            run({.layers = kSomeLayers, .batch_rows = 1024}, sequences));
}

TEST(LlamaSourceSlow, SomeLayersAreTheSameAsAll) {
  const std::vector<Sequence> sequences = {tokens(33, 12), tokens(20, 13)};
  const Values all = run({.quantities = kAll}, sequences);
  for (const uint32_t layer : kSomeLayers) {
    for (const auto& [site, of_site] : run({.layers = {layer}}, sequences)) {
      EXPECT_EQ(of_site, all.at(site)) << site;
    }
  }
}

TEST(LlamaSourceSlow, ASequenceFillsItsContext) {
  LlamaSource source(real_model(), {.layers = {1}, .context = 600, .batch_rows = 64});
  EXPECT_EQ(source.max_context(), 600u);
  EXPECT_EQ(source.batch_rows(), 608u);
  EXPECT_EQ(source.rows_of(600), 608u);
  EXPECT_EQ(run(source, {tokens(600, 14)}).size(), 1u);
}

TEST(LlamaSourceSlow, AsManySequencesAsTiles) {
  LlamaSource source(real_model(), {.layers = {0}, .batch_rows = 512});
  const std::vector<Sequence> sequences(32, tokens(1, 15));
  const Values values = run(source, sequences);
  for (const auto& of_sequence : values.at("blocks.0.mlp.hook_post")) {
    EXPECT_EQ(of_sequence, values.at("blocks.0.mlp.hook_post")[0]);
  }
}

TEST(LlamaSourceSlow, WhatTheSinkThrowsComesOutAndTheNextRunIsWhole) {
  for (const uint32_t layer : {5u, 29u}) {
    LlamaSource source(real_model(), {.layers = {0, layer}});
    const Values before = run(source, {tokens(20, 16)});
    const Sequence sequence = tokens(20, 17);
    const std::vector<std::span<const int32_t>> batch = {sequence};
    EXPECT_THROW(source.run(batch, [](const SiteValues&) { throw std::out_of_range("full"); }),
                 std::out_of_range);
    EXPECT_EQ(run(source, {tokens(20, 16)}), before);
  }
}

TEST(LlamaSourceSlow, BareRunsWithoutASink) {
  for (const uint32_t layer : {5u, 29u}) {
    LlamaSource source(real_model(), {.layers = {layer}, .taps = LlamaSourceOptions::Taps::bare});
    EXPECT_TRUE(run(source, {tokens(20, 18)}).empty());
    EXPECT_EQ(source.sites().size(), 1u);
  }
}

TEST(LlamaSourceSlow, RefusesWhatTheModelCannotDo) {
  expect_error(Code::invalid, "no layer 30", [] { LlamaSource(real_model(), {.layers = {30}}); });
  expect_error(Code::invalid, "more than the 8192",
               [] { LlamaSource(real_model(), {.context = 8193}); });
  expect_error(Code::invalid, "8193 tokens", [] { LlamaSource(real_model(), {.context = 8193}); });
  expect_error(Code::invalid, "4096", [] { LlamaSource(real_model(), {.batch_rows = 4097}); });
  expect_error(Code::invalid, "quantity", [] { LlamaSource(real_model(), {.quantities = {}}); });
  expect_error(Code::invalid, "no layer 30",
               [] { LlamaSource(real_model(), {.sites = {"blocks.30.hook_resid_post"}}); });
  expect_error(Code::invalid, "attn.hook_z",
               [] { LlamaSource(real_model(), {.sites = {"blocks.3.resid_post"}}); });
}

TEST(LlamaSourceSlow, RefusesBatchesThatDoNotFit) {
  LlamaSource source(real_model(), {.layers = {0}, .context = 30, .batch_rows = 64});
  expect_error(Code::invalid, "31 tokens", [&] { run(source, {tokens(31, 1)}); });
  expect_error(Code::invalid, "0 tokens", [&] { run(source, {Sequence{}}); });
  expect_error(Code::invalid, "64 rows", [&] {
    run(source, {tokens(17, 1), tokens(17, 1), tokens(1, 1)});
  });
  expect_error(Code::invalid, "no token 49152", [&] { run(source, {Sequence{49152}}); });
  expect_error(Code::invalid, "no token -1", [&] { run(source, {Sequence{-1}}); });
  EXPECT_EQ(run(source, {tokens(17, 1), tokens(17, 1)}).size(), 1u);
}

}  // namespace
}  // namespace actogram
