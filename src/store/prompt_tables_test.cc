#include "store/prompt_tables.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"
#include "store/explanation_tables.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

class PromptTablesTest : public ::testing::Test {
 protected:
  testing::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

struct Sample {
  uint32_t token;
  std::vector<uint32_t> units;
  std::vector<double> values;
  std::vector<float> activation;
};
struct Prompt {
  std::string text;
  bool published;
  std::optional<Compression> activations, representation;
  std::vector<uint32_t> active;
  std::vector<Sample> samples;
};

// Some of them large, so that there are several record batches.
std::vector<Prompt> random_prompts(std::mt19937& random) {
  std::vector<Prompt> prompts;
  for (uint32_t p = 0; p < 40; ++p) {
    Prompt prompt{std::string(random() % 300'000, 'x'), p % 7 != 0, {}, {}, {}, {}};
    if (p % 3 != 0) prompt.activations = kCompressions[random() % std::size(kCompressions)];
    if (p % 4 != 0) prompt.representation = kCompressions[random() % std::size(kCompressions)];
    for (uint32_t i = random() % 9; i > 0; --i) prompt.active.push_back(random());
    for (uint32_t s = random() % 4; s > 0; --s) {
      Sample sample{static_cast<uint32_t>(random()), {}, {}, {}};
      for (uint32_t i = random() % 6; i > 0; --i) {
        sample.units.push_back(random());
        sample.values.push_back(static_cast<double>(random()) / 3);
      }
      sample.activation.resize(random() % 100'000, static_cast<float>(p) + 0.5f);
      prompt.samples.push_back(std::move(sample));
    }
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

template <typename T>
std::vector<T> vector_of(std::span<const T> values) {
  return {values.begin(), values.end()};
}

TEST_F(PromptTablesTest, ComeBackAsTheyWereWritten) {
  std::mt19937 random(3);
  const std::vector<Prompt> prompts = random_prompts(random);
  StoredFiles files;
  PromptWriter writer(folder_);
  for (const Prompt& prompt : prompts) {
    writer.add_prompt(
        {prompt.text, prompt.published, prompt.activations, prompt.representation, prompt.active});
    for (const Sample& sample : prompt.samples) {
      writer.add_sample({sample.token, sample.units, sample.values, sample.activation});
    }
  }
  writer.finish(files);
  PromptTables tables(folder_);
  EXPECT_EQ(tables.n_prompts(), prompts.size());
  EXPECT_EQ(tables.n_prompts(), files.at("prompts.arrow").n_rows);
  EXPECT_EQ(tables.n_samples(), files.at("sampled_positions.arrow").n_rows);
  uint64_t next = 0;
  for (size_t p = 0; p < prompts.size(); ++p) {
    SCOPED_TRACE(p);
    const PromptRow row = tables.prompt(p);
    EXPECT_EQ(row.prompt, prompts[p].text);
    EXPECT_EQ(row.published, prompts[p].published);
    EXPECT_EQ(row.activations, prompts[p].activations);
    EXPECT_EQ(row.representation, prompts[p].representation);
    EXPECT_EQ(vector_of(row.active_units), prompts[p].active);
    const auto [first, n] = tables.samples_of(p);
    EXPECT_EQ(first, next);
    ASSERT_EQ(n, prompts[p].samples.size());
    for (const Sample& expected : prompts[p].samples) {
      const SampleRow sample = tables.sample(next++);
      EXPECT_EQ(sample.token, expected.token);
      EXPECT_EQ(vector_of(sample.units), expected.units);
      EXPECT_EQ(vector_of(sample.values), expected.values);
      EXPECT_EQ(vector_of(sample.activation), expected.activation);
    }
  }
}

// Two documents of three tokens each.
TEST_F(PromptTablesTest, AreCheckedAgainstTheCorpus) {
  CorpusWriter corpus(folder_);
  const std::vector<Token> tokens(3, Token{-1, 0, 0});
  for (uint64_t d = 0; d < 2; ++d) {
    corpus.add_document({d, 0, d, "name", "text", 0});
    corpus.add_sequence(0, d, tokens);
  }
  corpus.finish();
  const auto problems = [&](uint32_t token, uint32_t unit, uint32_t active) {
    StoredFiles files;
    PromptWriter writer(folder_);
    const std::vector<uint32_t> units = {unit}, active_units = {active};
    const std::vector<double> values = {1.5};
    writer.add_prompt({.prompt = "a", .published = true, .active_units = active_units});
    writer.add_prompt({.prompt = "b", .published = true});
    writer.add_sample({.token = token, .units = units, .values = values});
    writer.finish(files);
    PromptTables tables(folder_);
    return problems_of(tables, CorpusTables(folder_), 10);
  };
  EXPECT_TRUE(problems(3, 9, 9).empty());
  EXPECT_EQ(problems(2, 9, 9).size(), 1u);
  EXPECT_EQ(problems(6, 9, 9).size(), 1u);
  EXPECT_EQ(problems(3, 10, 9).size(), 1u);
  EXPECT_EQ(problems(3, 9, 10).size(), 1u);
}

TEST_F(PromptTablesTest, KeepsExplanationsRowForRow) {
  StoredFiles files;
  ExplanationInputWriter inputs(folder_);
  for (uint32_t i = 0; i < 3; ++i) inputs.add({i, -1, "text", 0.1 + i, int64_t{1} << 40});
  inputs.finish(files);
  ExplanationWriter explanations(folder_);
  explanations.add({7, "what it means", "label"});
  explanations.add({7, std::nullopt, ""});
  explanations.add({0, "", std::nullopt});
  explanations.finish(files);

  ExplanationInputs read(folder_);
  ASSERT_EQ(read.n_rows(), 3u);
  const ExplanationInput input = read.row(2);
  EXPECT_EQ(input.unit, 2u);
  EXPECT_EQ(input.rank, -1);
  EXPECT_EQ(input.text, "text");
  EXPECT_EQ(input.value, 2.1);
  EXPECT_EQ(input.position, int64_t{1} << 40);

  const Explanations said(folder_);
  ASSERT_EQ(said.n_rows(), 3u);
  std::vector<Explanation> rows;
  said.for_each([&](const Explanation& explanation) { rows.push_back(explanation); });
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].explanation, "what it means");
  EXPECT_EQ(rows[0].concept_label, "label");
  EXPECT_EQ(rows[1].explanation, std::nullopt);
  EXPECT_EQ(rows[1].concept_label, "");
  EXPECT_EQ(rows[2].explanation, "");
  EXPECT_EQ(rows[2].concept_label, std::nullopt);
  EXPECT_EQ(said.of_unit(7).size(), 2u);
  EXPECT_EQ(said.of_unit(7)[0].explanation, "what it means");
  EXPECT_TRUE(said.of_unit(1).empty());
}

}  // namespace
}  // namespace actogram
