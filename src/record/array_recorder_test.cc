// Values pushed by a caller give the recording that the same values give when a source computes
// them: the fake model's, handed over here sequence by sequence.
#include "actogram/array_recorder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"
#include "collate/value_norms.h"
#include "model/fake_model.h"
#include "record/record.h"
#include "record/reopened_sae.h"
#include "record/similar_units.h"
#include "store/recording.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;
const ProgressFn kQuiet = [](const Progress&) {};

class ArrayRecorderTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

// [token, unit] of one site, rows two floats longer than they need be.
std::vector<float> values_of(const FakeModel& model, size_t site, std::span<const Token> tokens) {
  const uint32_t n_units = model.sites()[site].n_units;
  std::vector<float> values;
  for (uint32_t t = 0; t < tokens.size(); ++t) {
    for (uint32_t u = 0; u < n_units; ++u) {
      values.push_back(model.value(site, u, tokens[t].id, t, t == 0 ? -1 : tokens[t - 1].id));
    }
    values.resize(values.size() + 2, 1e9f);
  }
  return values;
}

// Pattern and value norms of a layer's heads, as a caller would compute them.
struct PushedHeads {
  std::vector<float> pattern, norms;  // [head, query, key], [head, key]
  AttentionValues values;
};

PushedHeads heads_of(FakeModel& model, size_t site, std::span<const Token> tokens) {
  PushedHeads pushed;
  const size_t n = tokens.size(), n_heads = model.sites()[site].n_units;
  std::vector<int32_t> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  ThreadPool threads(1);
  const ValueNorms norms(*model.attention_weights(site), threads);
  const std::vector<std::span<const int32_t>> batch = {ids};
  model.run(batch, [&](const SiteValues& found) {
    if (found.site != site) return;
    for (size_t head = 0; head < n_heads; ++head) {
      std::vector<float> of_head;
      norms.of_head(*found.attention, head, n, of_head);
      pushed.norms.insert(pushed.norms.end(), of_head.begin(), of_head.end());
      for (size_t q = 0; q < n; ++q) {
        const float* row = found.attention->pattern + head * found.attention->head_stride +
                           q * found.attention->query_stride;
        pushed.pattern.insert(pushed.pattern.end(), row, row + n);
      }
    }
  });
  pushed.values = {.pattern = pushed.pattern.data(),
                   .head_stride = n * n,
                   .query_stride = n,
                   .value_norms = pushed.norms.data(),
                   .norm_stride = n};
  return pushed;
}

TEST_F(ArrayRecorderTest, RecordsWhatASourceWould) {
  std::ofstream lines(folder_ / "lines.jsonl");
  for (int i = 0; i < 50; ++i) lines << "{\"text\": \"line " << i << " 漢字 of some words\"}\n";
  lines.close();
  FakeModel model({.n_layers = 2, .n_units = 21, .batch_rows = 100, .context = 64, .n_heads = 3});
  RecordOptions options;
  options.output = path("pulled.acto");
  options.corpus.corpus.inputs = {path("lines.jsonl")};
  options.corpus.sequences.context = 20;
  options.recorder.collation.collate.samples = 40;
  record_source(model, FakeTokenizer(), {{"name", "fake"}}, options, kQuiet);

  const Recording pulled(options.output);
  ArrayRecorder recorder({.output = path("pushed.acto"),
                          .sites = model.sites(),
                          .collate = {.samples = 40},
                          .n_threads = 2});
  uint64_t next_document = 0;
  for (uint64_t s = 0; s < pulled.corpus().n_sequences(); ++s) {
    const SequenceRow sequence = pulled.corpus().sequence(s);
    if (sequence.document_row == next_document) {
      const DocumentRow document = pulled.corpus().document(next_document++);
      recorder.add_document("lines.jsonl", document.name, document.text);
    }
    const auto tokens = pulled.corpus().tokens(sequence);
    const auto first = values_of(model, 0, tokens), second = values_of(model, 1, tokens);
    const PushedHeads third = heads_of(model, 2, tokens), fourth = heads_of(model, 3, tokens);
    recorder.add_sequence(tokens, std::vector<SequenceValues>{{first.data(), 23},
                                                              {second.data(), 23},
                                                              {.attention = &third.values},
                                                              {.attention = &fourth.values}});
  }
  recorder.finish();

  const auto expected = read_manifest(options.output).files;
  const auto pushed = read_manifest(path("pushed.acto")).files;
  EXPECT_EQ(pushed.size(), expected.size());
  EXPECT_TRUE(pushed.contains("samples.arrow"));
  EXPECT_GT(pushed.at("head_peaks.arrow").n_rows, 6 * 20u);
  for (const auto& [name, file] : pushed) {
    EXPECT_EQ(file.checksum, expected.at(name).checksum) << name;
  }
}

TEST_F(ArrayRecorderTest, RefusesWhatCannotBeMeant) {
  EXPECT_THROW(ArrayRecorder({.output = path("none.acto"), .sites = {}}), Error);
  ArrayRecorder recorder({.output = path("bad.acto"), .sites = {{"blocks.0.mlp.hook_post", 0, 2}}});
  const std::vector<float> values(4);
  const std::vector<Token> tokens = {{1, 0, 1}, {2, 1, 2}};
  const std::vector<SequenceValues> right = {{values.data(), 2}}, narrow = {{values.data(), 1}};
  EXPECT_THROW(recorder.add_sequence(tokens, right), Error) << "no document";
  recorder.add_document("s", "d", "ab");
  EXPECT_THROW(recorder.add_sequence({}, right), Error);
  EXPECT_THROW(recorder.add_sequence(tokens, {}), Error);
  EXPECT_THROW(recorder.add_sequence(tokens, narrow), Error);
  EXPECT_THROW(recorder.add_sequence(std::vector<Token>{{1, 0, 3}}, right), Error);
  EXPECT_THROW(recorder.finish(), Error) << "no sequence";
  recorder.add_sequence(tokens, right);
  recorder.finish();
  EXPECT_TRUE(check_recording(path("bad.acto"), [](double) {}).problems.empty());
}

TEST_F(ArrayRecorderTest, OfASiteThatIsNoneOfNeuronsIsNotKnownWhereItWrites) {
  ArrayRecorder recorder({.output = path("r.acto"), .sites = {{"blocks.0.hook_resid_post", 0, 2}}});
  recorder.add_document("s", "d", "ab");
  const std::vector<float> values(4);
  const std::vector<Token> tokens = {{1, 0, 1}, {2, 1, 2}};
  recorder.add_sequence(tokens, std::vector<SequenceValues>{{values.data(), 2}});
  recorder.finish();
  const Recording recording(path("r.acto"));
  ReopenedSaes saes(path("r.acto"));
  const std::string found =
      similar_json(recording, saes, nullptr, "no model runs", {"blocks.0.hook_resid_post", 0}, 5);
  EXPECT_NE(found.find("not known where it writes"), std::string::npos) << found;
}

TEST_F(ArrayRecorderTest, RefusesHeadsWithoutPatternsOrBeforeNeurons) {
  const Site heads = {"blocks.0.attn.hook_pattern", 0, 1},
             neurons = {"blocks.0.mlp.hook_post", 0, 2};
  EXPECT_THROW(ArrayRecorder({.output = path("order.acto"), .sites = {heads, neurons}}), Error);
  ArrayRecorder recorder({.output = path("heads.acto"), .sites = {heads}});
  recorder.add_document("s", "d", "ab");
  const std::vector<Token> tokens = {{1, 0, 1}, {2, 1, 2}};
  const std::vector<float> pattern = {1, 0, .5F, .5F}, norms = {2, 3};
  AttentionValues values{.pattern = pattern.data(), .query_stride = 2};
  EXPECT_THROW(recorder.add_sequence(tokens, std::vector<SequenceValues>{{pattern.data(), 2}}),
               Error);
  EXPECT_THROW(recorder.add_sequence(tokens, std::vector<SequenceValues>{{.attention = &values}}),
               Error);
  values.value_norms = norms.data();
  values.query_stride = 1;
  EXPECT_THROW(recorder.add_sequence(tokens, std::vector<SequenceValues>{{.attention = &values}}),
               Error);
  values.query_stride = 2;
  recorder.add_sequence(tokens, std::vector<SequenceValues>{{.attention = &values}});
  recorder.finish();
  const Recording recording(path("heads.acto"));
  const UnitRecord head = recording.units().unit(0);
  EXPECT_EQ(head.summary.max, 2);
  EXPECT_EQ(head.summary.count, 3u);
  EXPECT_EQ(head.head->scores.mean(kPrevious), .5);
}

}  // namespace
}  // namespace actogram
