#include "codec/known_lists.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>

#include "base/file.h"
#include "codec/neuron_record_reader.h"

namespace actogram {
namespace {

NeuronRecord read(std::string text, const KnownLists* known) {
  const size_t n = text.size();
  text.append(NeuronRecordReader::kPadding, '#');
  NeuronRecord record;
  NeuronRecordReader reader;
  reader.read(std::string_view(text).substr(0, n), "f.json", record, known);
  return record;
}

NeuronRecord read_carefully(std::string text) {
  const size_t n = text.size();
  text.append(NeuronRecordReader::kPadding, '#');
  NeuronRecord record;
  NeuronRecordReader().read_carefully(std::string_view(text).substr(0, n), "f.json", record);
  return record;
}

template <typename Read>
std::string error_of(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Tokens and values of each excerpt; of those that are known, the tokens that `carefully` has.
std::string dump(const NeuronRecord& record, const NeuronRecord& carefully) {
  std::string text = fmt::format("{} {} {}", record.layer, record.index, record.n_buckets);
  for (size_t i = 0; i < record.excerpts.size(); ++i) {
    const RecordExcerpt& excerpt = record.excerpts[i];
    text += fmt::format("\n{} {} {}:", excerpt.list, excerpt.n_tokens, int(excerpt.form));
    const NeuronRecord& from = excerpt.known ? carefully : record;
    const size_t first = from.excerpts.at(i).first_token;
    for (size_t t = 0; t < excerpt.n_tokens; ++t)
      text += fmt::format(" '{}'", from.token(first + t));
    for (const double v : record.values_of(excerpt)) {
      text += fmt::format(" {:x}", std::bit_cast<uint64_t>(v));
    }
  }
  return text;
}

std::string random_tokens(std::mt19937_64& random) {
  const std::string_view tokens[] = {"\"a\"",    "\" the\"",  "\"\\n\"", "\"\\u00e9\"",
                                     "\"é\"",    "\"\\\"]\"", "\"[{,\"", "\"\"",
                                     "\"\\\\\"", "\" ,\"",    "\"日\"",  "\"\\ud83d\\ude00\""};
  std::string list = "[";
  for (size_t n = random() % 6; n > 0; --n) {
    list += tokens[random() % std::size(tokens)];
    if (n > 1) list += random() % 2 == 0 ? ", " : ",";
  }
  return list + "]";
}

std::string random_numbers(std::mt19937_64& random) {
  const std::string_view numbers[] = {"0.1234",
                                      "-0.5",
                                      "1.25e-3",
                                      "12.5",
                                      "0.123456",
                                      "NaN",
                                      "-7.1234567",
                                      "0.001953125",
                                      "1.23456789012",
                                      "null",
                                      "0.0",
                                      "-0.0",
                                      "123456",
                                      "0.12345678",
                                      "3.14159",
                                      "-Infinity",
                                      "0.10000000149011612"};
  std::string list = "[";
  for (size_t n = random() % 6; n > 0; --n) {
    list += numbers[random() % std::size(numbers)];
    if (n > 1) list += random() % 3 == 0 ? " ,\n" : ", ";
  }
  return list + "]";
}

std::string random_record(std::mt19937_64& random) {
  std::string text = R"({"neuron_id":{"layer_index":1,"neuron_index":2})";
  for (const char* name : {"most_positive_activation_records", "random_sample"}) {
    text += fmt::format(",\"{}\":[", name);
    for (size_t n = 1 + random() % 3; n > 0; --n) {
      text += fmt::format("{{\"tokens\":{} ,\"activations\":{}}}{}", random_tokens(random),
                          random_numbers(random), n > 1 ? "," : "");
    }
    text += "]";
  }
  return text + "}";
}

// Whatever a document is, knowing its lists or not and hurrying or not makes no difference.
TEST(KnownLists, ReadingIsAsCarefulReading) {
  std::mt19937_64 random(5);
  const std::string characters = "[]{},:\"\\0.-e n";
  KnownLists known;
  size_t n_read = 0, n_wrong = 0, n_known = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = random_record(random);
    for (const RecordExcerpt& excerpt : read(text, &known).excerpts) {
      if (excerpt.n_tokens > 0 && random() % 2 == 0) {
        known.add({excerpt.json, static_cast<uint32_t>(excerpt.n_tokens), 7});
      }
    }
    for (size_t n = random() % 3; n > 0; --n) {
      text[random() % text.size()] = characters[random() % characters.size()];
    }
    NeuronRecord carefully, quickly, knowing;
    const std::string error = error_of([&] { carefully = read_carefully(text); });
    ASSERT_EQ(error_of([&] { quickly = read(text, nullptr); }), error) << text;
    ASSERT_EQ(error_of([&] { knowing = read(text, &known); }), error) << text;
    (error.empty() ? n_read : n_wrong) += 1;
    if (!error.empty()) continue;
    ASSERT_EQ(dump(quickly, carefully), dump(carefully, carefully)) << text;
    ASSERT_EQ(dump(knowing, carefully), dump(carefully, carefully)) << text;
    for (const RecordExcerpt& excerpt : knowing.excerpts) {
      n_known += excerpt.known.has_value();
      ASSERT_EQ(excerpt.known.value_or(7), 7u);
    }
  }
  EXPECT_GT(n_read, 5000u);
  EXPECT_GT(n_wrong, 5000u);
  EXPECT_GT(n_known, 5000u);
}

TEST(KnownLists, FindsTheLatestOfEachSet) {
  KnownLists known;
  const auto json = [](uint64_t i) { return Hash128{5, i}; };  // all of one set
  for (uint32_t i = 0; i < 6; ++i) known.add({json(i), i + 1, 10 * i});
  known.add({json(3), 99, 99});  // is there: stays as it is
  for (uint32_t i = 0; i < 6; ++i) {
    const KnownLists::List* list = known.find(json(i));
    ASSERT_EQ(list != nullptr, i >= 2) << i;
    if (list == nullptr) continue;
    EXPECT_EQ(list->n_tokens, i + 1);
    EXPECT_EQ(list->number, 10 * i);
  }
  EXPECT_EQ(known.find({0, 0}), nullptr);  // as free places are
  EXPECT_EQ(known.find({5 + (uint64_t{1} << 40), 3}), nullptr);
}

}  // namespace
}  // namespace actogram
