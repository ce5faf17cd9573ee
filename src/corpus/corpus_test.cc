#include "corpus/corpus.h"

#include <gmock/gmock.h>

#include <iostream>
#include <random>
#include <sstream>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"

namespace actogram {
namespace {

using ::testing::ElementsAre;
using testing::TemporaryFolder;

const std::string kGolden = ACTOGRAM_SOURCE_DIR "/tests/golden/corpus/";

std::vector<Document> read(const CorpusOptions& options) {
  Corpus corpus(options);
  std::vector<Document> documents;
  while (auto document = corpus.next()) documents.push_back(std::move(*document));
  return documents;
}

std::vector<std::string> names_of(const std::vector<Document>& documents) {
  std::vector<std::string> names;
  for (const Document& document : documents) names.push_back(document.name);
  return names;
}

std::string error_of(const CorpusOptions& options, Code code) {
  try {
    read(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

// A folder as Hugging Face `datasets` saves it: its two descriptions are no documents.
TEST(Corpus, ReadsASavedDataSet) {
  const TemporaryFolder folder;
  std::filesystem::copy(kGolden + "ids_stream.arrow", folder.path("data-00000-of-00001.arrow"));
  folder.write("state.json", "{\"_data_files\": []}");
  EXPECT_THAT(error_of({.inputs = {folder.path("")}}, Code::not_found),
              ::testing::HasSubstr("state.json:1: no column"));
  folder.write("dataset_info.json", "{}");
  const auto documents = read({.inputs = {folder.path("")}});
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_EQ(documents[0].ids, (std::vector<int32_t>{1, 2, 300}));
  EXPECT_EQ(documents[2].name, "data-00000-of-00001.arrow:4");
}

TEST(Corpus, ReadsEveryFormatInAFolder) {
  const TemporaryFolder folder;
  folder.write("a.txt", "one\ntwo\n");
  folder.write("b.JSONL", "{\"text\":\"x\"}\n\n{\"text\":\"y\"}\n");
  folder.write("c.md", "");
  folder.write("d.json", R"({"messages":[{"role":"user","content":"hi"}]})");
  std::filesystem::copy(kGolden + "bytes.parquet", folder.path("e.parquet"));
  const auto documents = read({.inputs = {folder.path("")}});
  EXPECT_THAT(names_of(documents),
              ElementsAre("a.txt", "b.JSONL:1", "b.JSONL:3", "c.md", "d.json:1", "e.parquet:1",
                          "e.parquet:2", "e.parquet:3"));
  EXPECT_EQ(documents[0].text, "one\ntwo\n");
  EXPECT_EQ(documents[2].text, "y");
  EXPECT_EQ(documents[4].messages, (std::vector<Message>{{"user", "hi"}}));
  EXPECT_EQ(documents[5].text, "a\xff\xe2\x82");
  for (size_t i = 0; i < documents.size(); ++i) EXPECT_EQ(documents[i].ordinal, i);
}

TEST(Corpus, UsesTheColumnsItIsTold) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.jsonl", R"({"text":"no","body":"yes","key":7})");
  const auto documents = read({.inputs = {path}, .column = "body", .id_column = "key"});
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_EQ(documents[0].name, "7");
  EXPECT_EQ(documents[0].text, "yes");
  error_of({.inputs = {path}, .column = "absent"}, Code::not_found);
}

// The definition: round by round, every input that still has a document gives one.
TEST(Corpus, InputsTakeTurnsUntilTheyEnd) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const TemporaryFolder folder;
    CorpusOptions options;
    std::vector<size_t> sizes(1 + rng() % 4);
    for (size_t i = 0; i < sizes.size(); ++i) {
      sizes[i] = rng() % 6;
      std::string lines;
      for (size_t n = 0; n < sizes[i]; ++n) lines += "{\"text\":\"x\"}\n";
      options.inputs.push_back(folder.write(std::to_string(i) + ".jsonl", lines));
    }
    std::vector<std::pair<uint32_t, uint64_t>> expected;
    for (uint64_t round = 0; round < 6; ++round) {
      for (uint32_t i = 0; i < sizes.size(); ++i) {
        if (round < sizes[i]) expected.emplace_back(i, round);
      }
    }
    std::vector<std::pair<uint32_t, uint64_t>> turns;
    for (const Document& document : read(options)) {
      turns.emplace_back(document.source, document.ordinal);
    }
    EXPECT_EQ(turns, expected);
  }
}

TEST(Corpus, CountsWhatItRead) {
  const TemporaryFolder folder;
  folder.write("data/a.txt", "ab\xff\xfe");
  folder.write("data/b.jsonl",
               "{\"text\":null}\n{\"messages\":[{\"role\":\"u\",\"content\":\"\\ud83d!\"}]}\n");
  const std::string path = folder.path("data");
  Corpus corpus({.inputs = {"mine=" + path, kGolden + "string.parquet"}});
  while (corpus.next()) {
  }
  const auto sources = corpus.sources();
  ASSERT_EQ(sources.size(), 2u);
  EXPECT_EQ(sources[0].name, "mine");
  EXPECT_EQ(sources[0].path, path);
  EXPECT_EQ(sources[0].n_files, 2u);
  EXPECT_EQ(sources[0].n_documents, 2u);
  EXPECT_EQ(sources[0].n_null_rows, 1u);
  EXPECT_EQ(sources[0].bytes, 8u);
  EXPECT_EQ(sources[0].n_invalid_bytes, 5u);
  EXPECT_EQ(sources[1].name, "string.parquet");
  EXPECT_EQ(sources[1].n_documents, 135u);
  EXPECT_EQ(sources[1].n_null_rows, 15u);
  EXPECT_EQ(corpus.n_null_rows(), 16u);
}

TEST(Corpus, ReadsStandardInputAsTextOrLines) {
  const std::string lines = "{\"text\":\"a\"}\n{\"text\":\"b\"}\n";
  std::istringstream input(lines);
  std::streambuf* const old = std::cin.rdbuf(input.rdbuf());
  const auto whole = read({.inputs = {"-"}});
  input.clear();
  input.seekg(0);
  const auto rows = read({.inputs = {"-"}, .stdin_format = CorpusOptions::StdinFormat::jsonl});
  std::cin.rdbuf(old);
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(whole[0].text, lines);
  EXPECT_THAT(names_of(rows), ElementsAre("stdin:1", "stdin:2"));
}

TEST(Corpus, BadFilesAreErrorsThatNameThem) {
  const TemporaryFolder folder;
  EXPECT_TRUE(read({.inputs = {folder.write("empty.jsonl", "")}}).empty());
  EXPECT_EQ(read({.inputs = {folder.write("empty.txt", "")}}).size(), 1u);
  for (const char* name : {"empty.parquet", "bad.jsonl", "text.parquet"}) {
    const std::string path = folder.write(name, std::string(name) == "empty.parquet" ? "" : "{\n");
    EXPECT_TRUE(error_of({.inputs = {path}}, Code::corrupt).starts_with(path)) << name;
  }
  error_of({.inputs = {folder.path("absent")}}, Code::not_found);
}

}  // namespace
}  // namespace actogram
