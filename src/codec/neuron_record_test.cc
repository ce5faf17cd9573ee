#include "codec/neuron_record.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <random>

#include "base/file.h"
#include "codec/json.h"
#include "codec/json_numbers.h"
#include "codec/neuron_record_reader.h"
#include "codec/neuron_record_writer.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

NeuronRecord read(std::string text, NeuronDocument expected = NeuronDocument::record) {
  const size_t n = text.size();
  text.append(NeuronRecordReader::kPadding, '#');
  NeuronRecord record;
  NeuronRecordReader reader;
  EXPECT_EQ(reader.read(std::string_view(text).substr(0, n), "f.json", record), expected);
  return record;
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

std::string written(const NeuronRecord& record, const RecordStyle& style = {}) {
  std::string text;
  append_json(record, style, text);
  return text;
}

// One top record with these members, and what else is to be there.
std::string record_with(const std::string& members, const std::string& rest = "") {
  return R"({"neuron_id":{"layer_index":1,"neuron_index":2},"most_positive_activation_records":[{)" +
         members + "}]" + rest + "}";
}

const std::string kGolden = std::string(ACTOGRAM_SOURCE_DIR) + "/tests/golden/tdb-neuron-records/";

std::vector<std::string> golden_records() {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(kGolden)) {
    const bool in_layer = entry.path().parent_path().filename() == "5";
    if (in_layer && entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

// As nlohmann reads it, without what the format leaves open: class names and old names.
Json normal(const Json& json) {
  if (json.is_array()) {
    Json list = Json::array();
    for (const Json& entry : json) list.push_back(normal(entry));
    return list;
  }
  if (!json.is_object()) return json;
  std::map<std::string, Json> members;
  for (const auto& [key, value] : json.items()) {
    if (key == "dataclass_name") continue;
    const std::string name = key == "idx" ? "neuron_index" : key == "layer" ? "layer_index" : key;
    const bool text_layer = name == "layer_index" && value.is_string();
    members[name] = text_layer ? Json(std::stoi(value.get<std::string>())) : normal(value);
  }
  Json object = Json::object();
  for (const auto& [key, value] : members) object[key] = value;
  return object;
}

TEST(NeuronRecord, ComesBackAsItWasInEveryGoldenFile) {
  const auto paths = golden_records();
  ASSERT_EQ(paths.size(), 10u);
  for (const std::string& path : paths) {
    const std::string text = read_file(path);
    const std::string back = written(read(text));
    EXPECT_EQ(normal(parse_json(back, path)), normal(parse_json(text, path))) << path;
  }
}

// expected.json has the numbers of one file, which were written as the shortest float32, as
// doubles.
double as_expected(double value, std::string_view name) {
  return name == "collated-activations/5/400.json" ? double{static_cast<float>(value)} : value;
}

// What the original classes made of each file.
TEST(NeuronRecord, HasWhatTheOriginalReaderFound) {
  const Json expected = parse_json(read_file(kGolden + "expected.json"), "expected.json");
  size_t n_records = 0;
  for (const auto& [name, facts] : expected.at("files").items()) {
    if (facts.at("type") != "NeuronRecord") continue;
    ++n_records;
    const NeuronRecord record = read(read_file(kGolden + name));
    EXPECT_EQ(record.layer, facts.at("layer_index").get<uint32_t>());
    EXPECT_EQ(record.index, facts.at("neuron_index").get<uint32_t>());
    std::map<uint32_t, std::vector<double>> maxima;
    std::map<uint32_t, std::vector<size_t>> n_tokens, n_values;
    for (const RecordExcerpt& excerpt : record.excerpts) {
      double max = std::ranges::max(record.values_of(excerpt));
      if (excerpt.form == NumberForm::float32) max = as_expected(max, name);
      maxima[excerpt.list].push_back(max);
      n_tokens[excerpt.list].push_back(excerpt.n_tokens);
      n_values[excerpt.list].push_back(excerpt.n_values);
    }
    for (const auto& [list, key] : {std::pair(0U, "top"), std::pair(1U, "random")}) {
      EXPECT_EQ(Json(maxima[list]), facts.at(key).at("max")) << name;
      EXPECT_EQ(Json(n_tokens[list]), facts.at(key).at("n_tokens")) << name;
      EXPECT_EQ(Json(n_values[list]), facts.at(key).at("n_activations")) << name;
    }
    EXPECT_EQ(record.has_buckets, !facts.at("quantiles").is_null()) << name;
    if (!record.has_buckets) continue;
    ASSERT_EQ(record.n_buckets, facts.at("quantiles").size()) << name;
    for (uint32_t b = 0; b < record.n_buckets; ++b) {
      EXPECT_EQ(Json(maxima[RecordExcerpt::kFirstBucket + b]), facts.at("quantiles")[b].at("max"));
    }
    EXPECT_EQ(record.boundaries.front(), -INFINITY);
    EXPECT_EQ(record.boundaries.back(), INFINITY);
  }
  EXPECT_EQ(n_records, 10u);
}

TEST(NeuronRecord, LeavesExplanationsToAnotherReader) {
  for (const char* folder : {"tdb", "ai", "old-names"}) {
    read(read_file(kGolden + "explanations-" + folder + "/5/17.jsonl"),
         NeuronDocument::explanations);
  }
  read(read_file(kGolden + "explanations-attention/5/2.jsonl"), NeuronDocument::explanations);
}

TEST(NeuronRecord, KeysComeInAnyOrderAndClassNamesNeedNot) {
  const NeuronRecord record = read(
      "\n{ \"mean\" : NaN,\"most_positive_activation_records\":[{\"tokens\":[\"a\",\"\\u00e9\\ud83d"
      "\\ude00\"],\"dataclass_name\":\"ActivationRecord\",\"activations\":[1, -0.0]}],\n"
      "\"neuron_id\":{\"idx\":7,\"layer\":\"11\"},\"variance\":Infinity,\"skewness\":null,"
      "\"quantile_boundaries\":[null,0.5,null],\"random_sample_by_quantile\":[[],[]]} \n");
  EXPECT_EQ(record.layer, 11u);
  EXPECT_EQ(record.index, 7u);
  EXPECT_TRUE(std::isnan(record.mean));
  EXPECT_TRUE(std::isnan(record.kurtosis));
  EXPECT_EQ(record.variance, INFINITY);
  EXPECT_EQ(record.boundaries, (std::vector<double>{-INFINITY, 0.5, INFINITY}));
  EXPECT_EQ(record.n_buckets, 2u);
  EXPECT_EQ(record.token(0), "a");
  EXPECT_EQ(record.token(1), "é😀");
  EXPECT_TRUE(std::signbit(record.values.at(1)));
}

TEST(NeuronRecord, NumbersAreWrittenAsTheyWere) {
  const auto list = [](const std::string& numbers) {
    const std::string text =
        written(read(record_with(R"("tokens":[],"activations":[)" + numbers + "]")));
    const size_t at = text.rfind("\"activations\":[") + 15;
    return text.substr(at, text.find(']', at) - at);
  };
  for (const char* same :
       {"0.1,-0.0,3.0,123456.0", "0.018426452,0.19216394", "4.946749210357666,3.1802523136138916",
        "49.00700515474899,1e-300", "12345678901234.5", "1e+20", "16777217.0,0.1",
        "1.7976931348623157e+308"}) {
    EXPECT_EQ(list(same), same);
  }
  EXPECT_EQ(list("1E2, 0, null ,NaN,-Infinity"), "100.0,0.0,null,null,null");
  EXPECT_EQ(list("1e-999,-1e-999"), "0.0,-0.0");
}

// In recordings the forms are bytes, so which of two that fit is taken must not change.
TEST(NeuronRecord, KnowsHowNumbersAreWritten) {
  const std::pair<std::string, NumberForm> cases[] = {
      {"", NumberForm::float32},
      {"0.5,0.25", NumberForm::float32},
      {"0.1234,0.1234567", NumberForm::float32},
      {"0.5,0.001953125", NumberForm::doubles},
      {"0.10000000149011612,0.001953125", NumberForm::doubles},
      {"0.10000000149011612,0.1", NumberForm::others},
      {"0.12345678901", NumberForm::others},
      {"NaN,0.1", NumberForm::float32},
  };
  for (const auto& [numbers, form] : cases) {
    const std::string members = R"("tokens":[],"activations":[)" + numbers + "]";
    EXPECT_EQ(read(record_with(members)).excerpts.at(0).form, form) << numbers;
  }
}

TEST(NeuronRecord, RoundsAsThePublishedFilesAre) {
  const NeuronRecord record =
      read(record_with(R"("tokens":["a","b","c"],"activations":[0.018426452,-0.00001,2])",
                       R"(,"mean":0.014475340573201424)"));
  const std::string text = written(record, {.decimals = 4});
  EXPECT_NE(text.find("[0.0184,-0.0,2.0]"), std::string::npos) << text;
  EXPECT_NE(text.find("\"mean\":0.0145,"), std::string::npos) << text;
}

TEST(NeuronRecord, SaysWhatIsWrongAndWhere) {
  const std::string good = R"("tokens":["a"],"activations":[1])";
  const std::pair<std::string, std::string> cases[] = {
      {"", "f.json: empty"},
      {"[]", "another type"},
      {"{", "cut short"},
      {"nonsense", "f.json: "},
      {record_with(good).substr(0, 80), "f.json: "},
      {record_with(good) + "{}", "something follows the record"},
      {record_with(good, ",\"extra\":1"), "`extra` is no field of a NeuronRecord"},
      {record_with(good + ",\"x\":1"),
       "most_positive_activation_records, record 0: `x` is no field of an ActivationRecord"},
      {record_with(good + "," + good), "`tokens` is there twice"},
      {record_with(good, ",\"mean\":1,\"mean\":1"), "`mean` is there twice"},
      {record_with(R"("tokens":["a"])"), "record 0: `activations` is missing"},
      {record_with(R"("activations":[1])"), "record 0: `tokens` is missing"},
      {record_with(R"("tokens":"a","activations":[1])"), "another type"},
      {record_with(R"("tokens":["a"],"activations":["1"])"), "entry 0: expected a number"},
      {record_with(R"("tokens":["a"],"activations":[1,01])"), "entry 1: expected a number"},
      {record_with(R"("tokens":["a"],"activations":[1 2])"), "expected ',' or ']'"},
      {record_with(R"("tokens":["a"],"activations":[1e400])"), "that a double holds"},
      {record_with(R"("tokens":["a"],"activations":[1.])"), "a digit after the point"},
      {record_with(R"("tokens":["a"],"activations":[[1]])"), "expected a number"},
      {record_with(R"("tokens":["a","\ud83d"],"activations":[1,2])"), "lone surrogate"},
      {record_with("\"tokens\":[\"\xff\"],\"activations\":[1]"), "not UTF-8: byte"},
      {R"({"most_positive_activation_records":[]})", "`neuron_id` is missing"},
      {R"({"neuron_id":{"layer_index":1,"neuron_index":2}})",
       "`most_positive_activation_records` is missing"},
      {R"({"neuron_id":{"layer_index":1},"most_positive_activation_records":[]})",
       "`neuron_index` is missing"},
      {R"({"neuron_id":{"layer_index":-1,"neuron_index":2}})", "expected a whole number, found -1"},
      {R"({"neuron_id":{"layer_index":"x","neuron_index":2}})", "expected a whole number"},
      {R"({"dataclass_name":"TokenLookupTableSummaryOfNeuron"})",
       "a TokenLookupTableSummaryOfNeuron, which is no NeuronRecord"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_NE(error_of(text).find(message), std::string::npos) << text << "\n" << error_of(text);
  }
}

TEST(NeuronRecord, NestingCostsNothing) {
  const std::string deep = R"({"neuron_id":)" + std::string(size_t{20} << 20, '[');
  EXPECT_NE(error_of(deep).find("nested more than 64 deep at byte"), std::string::npos);
  const std::string mild =
      R"({"mean":)" + std::string(1 << 20, '[') + std::string(1 << 20, ']') + "}";
  EXPECT_NE(error_of(mild).find("`mean`: expected a number or null"), std::string::npos)
      << error_of(mild);
  const std::string named =
      R"({"neuron_id":{"dataclass_name":)" + std::string(5000, '[') + std::string(5000, ']') + "}}";
  EXPECT_NE(error_of(named).find("missing"), std::string::npos) << error_of(named);
}

// By the library, one number at a time.
TEST(JsonNumbers, AreTheNearestDoubles) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20000; ++round) {
    char text[64];
    const int digits = static_cast<int>(random() % 20);
    double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    int exponent = 0;
    if (round % 2 == 0) value = std::frexp(value, &exponent);
    const char* format = round % 3 == 0 ? "%.*e" : "%.*f";
    if (std::abs(value) > 1e30) format = "%.*e";
    std::snprintf(text, sizeof(text), format, digits, value);
    std::vector<double> numbers;
    append_numbers(" [ " + std::string(text) + " ] ", numbers);
    ASSERT_EQ(numbers.size(), 1u);
    EXPECT_EQ(numbers[0], std::strtod(text, nullptr)) << text;
  }
}

// Six digits are enough by themselves, and more may be: float32's shortest text is the text.
TEST(JsonNumbers, KnowsWhatFloat32Holds) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 20000; ++round) {
    const double value = static_cast<double>(random() % 1'000'000) /
                         std::pow(10.0, static_cast<double>(random() % 12));
    std::vector<double> numbers;
    const std::string text = fmt::format("{:.{}f}", value, 11);
    const auto digits = append_numbers("[" + text + "]", numbers);
    if (digits == FloatDigits::unknown) continue;
    EXPECT_EQ(numbers[0], std::stod(fmt::format("{}", static_cast<float>(numbers[0])))) << text;
  }
  std::vector<double> numbers;
  EXPECT_EQ(append_numbers("[0.1234,-99.9999,0,123456]", numbers), FloatDigits::enough);
  EXPECT_EQ(append_numbers("[0.1234567,0.5]", numbers), FloatDigits::shortest);
  EXPECT_EQ(append_numbers("[0.1234567891,0.1234567]", numbers), FloatDigits::unknown);
  EXPECT_EQ(append_numbers("[1e0]", numbers), FloatDigits::unknown);
  EXPECT_EQ(append_numbers("[]", numbers), FloatDigits::enough);
}

}  // namespace
}  // namespace actogram
