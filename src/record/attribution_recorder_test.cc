// The attributions of a recording against their definition on the fake model, and the same bytes
// from threads, shards and stops.
#include "record/attribution_recorder.h"

#include <gtest/gtest.h>

#include <functional>
#include <span>

#include "model/fake_model.h"
#include "record/merge_recordings.h"
#include "record/recordings_test.h"

namespace actogram {
namespace {

// What the heads of a layer write, from the fake model's own definitions: of a latent's encoder row
// that part which key `k` gave at query `q`.
double attribution_by_definition(FakeModel& model, size_t site, std::span<const int32_t> tokens,
                                 uint32_t q, uint32_t k, std::span<const float> encoder_row) {
  const AttentionWeights weights = *model.attention_weights(site);
  const uint32_t layer = model.sites()[site].layer;
  double sum = 0;
  for (uint32_t head = 0; head < weights.n_heads; ++head) {
    const uint32_t kv = head / (weights.n_heads / weights.n_kv_heads);
    double read = 0;
    for (uint32_t d = 0; d < weights.d_head; ++d) {
      const double v = model.vector(layer, kv, d, tokens[k], k);
      for (uint32_t out = 0; out < weights.n_out; ++out) {
        const size_t column = size_t{head} * weights.d_head + d;
        read += v * double{encoder_row[out]} *
                double{weights.output[size_t{out} * weights.n_heads * weights.d_head + column]};
      }
    }
    sum += read * double{model.pattern(layer, head, tokens, q, k)};
  }
  return sum;
}

class AttributionTest : public RecordTest {
 protected:
  static constexpr size_t kPatternSite = 3;  // of layer 1, after two sites of tokens and layer 0's

  void SetUp() override {
    RecordTest::SetUp();
    encoder_ = write_small_sae(path("small.safetensors"), 15, "blocks.1.hook_attn_out");
  }

  FakeModel model() const {
    return FakeModel({.n_layers = 2,
                      .n_units = 15,
                      .hooks = {"hook_attn_out"},
                      .part = "",
                      .batch_rows = 128,
                      .context = 64,
                      .tile = 16,
                      .padding = 3,
                      .n_heads = 4});
  }

  std::string record_part(const std::string& name, const std::function<void(RecordOptions&)>& set,
                          const ProgressFn& progress = kQuiet) const {
    RecordOptions o = options(name);
    o.recorder.dense_sites.emplace();
    o.saes = {{.weights = path("small.safetensors")}};
    o.attribution = true;
    set(o);
    FakeModel source = model();
    record_source(source, FakeTokenizer(), {{"name", "fake"}}, o, progress);
    return o.output;
  }

  std::vector<float> encoder_;
};

TEST_F(AttributionTest, IsThatOfTheDefinition) {
  const Recording recording(record_part("whole.acto", [](RecordOptions&) {}));
  EXPECT_EQ(check_recording(recording.path(), [](double) {}).problems, std::vector<std::string>());
  FakeModel source = model();
  ASSERT_EQ(source.sites()[kPatternSite].name, "blocks.1.attn.hook_pattern");
  uint64_t n_seen = 0;
  for (uint32_t s = 0; s < recording.corpus().n_sequences(); s += 7) {
    const SequenceRow sequence = recording.corpus().sequence(s);
    std::vector<int32_t> ids;
    for (const Token& token : recording.corpus().tokens(sequence)) ids.push_back(token.id);
    for (uint32_t q = 0; q < sequence.n_tokens; q += 3) {
      const uint64_t token = sequence.first_token + q;
      const TokenEvents events = recording.events()->at_token(token);
      for (size_t i = 0; i < events.size(); ++i, ++n_seen) {
        const auto keys =
            recording.attributions()->event(recording.events()->first_event_at(token) + i);
        ASSERT_EQ(keys.size(), q + 1);
        const auto row = std::span(encoder_).subspan(events.unit(i) * size_t{15}, 15);
        for (uint32_t k = 0; k <= q; k += 5) {
          const double expected = attribution_by_definition(source, kPatternSite, ids, q, k, row);
          EXPECT_NEAR(keys[k], expected, 1e-4) << s << " " << q << " " << k;
        }
      }
    }
  }
  EXPECT_GT(n_seen, 100u);
}

TEST_F(AttributionTest, HasTheSameBytesFromThreadsShardsAndStops) {
  const auto expected = checksums(record_part("whole.acto", [](RecordOptions&) {}));
  ASSERT_TRUE(expected.contains("attributions.arrow"));
  const auto hurried = [](RecordOptions& o) {
    o.recorder.collation.n_threads = 3;
    o.recorder.checkpoint_seconds = 0;
  };
  int calls = 0;
  const auto stop = [&](const Progress& p) {
    if (p.phase == "recording" && ++calls == 5) throw Error(Code::environment, "stop");
  };
  EXPECT_THROW(record_part("stopped.acto", hurried, stop), Error);
  EXPECT_EQ(checksums(record_part("stopped.acto", hurried)), expected);

  std::vector<std::string> shards;
  for (const uint32_t i : {1u, 0u}) {
    shards.push_back(record_part(fmt::format("shard{}.acto", i), [&](RecordOptions& o) {
      o.corpus.shard = {i, 2};
    }));
  }
  merge_recordings({.inputs = shards, .output = path("merged.acto")}, kQuiet);
  EXPECT_EQ(checksums(path("merged.acto")), expected);
}

TEST_F(AttributionTest, NeedsAnSaeOfWhatAttentionWrites) {
  write_small_sae(path("small.safetensors"), 15, "blocks.1.hook_mlp_out");
  EXPECT_EQ(code_of([&] { record_part("none.acto", [](RecordOptions&) {}); }), Code::invalid);
}

}  // namespace
}  // namespace actogram
