#include "codec/neuron_record_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "actogram/error.h"
#include "codec/decimal_digits.h"
#include "codec/json_numbers.h"
#include "codec/utf8.h"

namespace actogram {
namespace {

namespace od = simdjson::ondemand;

static_assert(NeuronRecordReader::kPadding >= simdjson::SIMDJSON_PADDING);

constexpr size_t kSurelySmall = size_t{16} << 20;

// Brackets outside strings, to the depth that is too deep.
void check_depth(std::string_view text, const std::string& what) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      in_string = !in_string;
    } else if (in_string) {
      if (c == '\\') ++i;
    } else if (c == '[' || c == '{') {
      if (++depth <= NeuronRecordReader::kMostDepth) continue;
      fail(Code::corrupt, "{}: nested more than {} deep at byte {}: this is no NeuronRecord", what,
           NeuronRecordReader::kMostDepth, i);
    } else if (c == ']' || c == '}') {
      depth -= depth > 0;
    }
  }
}

bool float32_gives(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, std::end(text), static_cast<float>(value));
  double back = 0;
  if (error != std::errc() || std::from_chars(text, end, back).ec != std::errc()) return false;
  return back == value && std::signbit(back) == std::signbit(value);
}

NumberForm form_of(std::span<const double> values, FloatDigits digits) {
  if (digits == FloatDigits::enough) return NumberForm::float32;
  bool doubles = true;
  for (const double v : values) doubles &= std::isnan(v) || double{static_cast<float>(v)} == v;
  if (doubles) return NumberForm::doubles;
  if (digits == FloatDigits::shortest) return NumberForm::float32;
  for (const double v : values) {
    if (std::isfinite(v) && !float32_gives(v)) return NumberForm::others;
  }
  return NumberForm::float32;
}

// Careful: every list is read from its first byte to its last, and what is wrong is told where it
// is met. Quick: by where entries begin, as simdjson has found it, and not at all if the list is
// known. It takes nothing that careful reading would not take, and reads the same.
enum class Pace : uint8_t { quick, careful };

// Reads one document.
class Reading {
 public:
  Reading(NeuronRecord& record, Pace pace, const KnownLists* known)
      : record_(record), pace_(pace), known_(known) {}

  NeuronDocument read(od::document& document) {
    bool has_id = false;
    bool has_top = false;
    for (od::field field : od::object(document)) {
      const std::string_view key = field.unescaped_key();
      if (key == "scored_explanations" || key == "scored_explanation_or_baseline_list" ||
          key == "attention_head_id" || key == "attention_id") {
        return NeuronDocument::explanations;
      }
      od::value value = field.value();
      once(key);
      if (key == "neuron_id") {
        read_id(value);
        has_id = true;
      } else if (key == "most_positive_activation_records") {
        read_list(RecordExcerpt::kTop, value);
        has_top = true;
      } else if (key == "random_sample") {
        read_list(RecordExcerpt::kRandom, value);
      } else if (key == "random_sample_by_quantile") {
        read_buckets(value);
      } else if (key == "quantile_boundaries") {
        read_boundaries(value);
      } else if (double* moment = moment_called(key)) {
        *moment = number(value, key);
      } else if (key == "dataclass_name") {
        if (is_of_explanations(value)) return NeuronDocument::explanations;
      } else {
        fail(Code::corrupt, "`{}` is no field of a NeuronRecord", key);
      }
    }
    if (!has_id) fail(Code::corrupt, "`neuron_id` is missing: this is no NeuronRecord");
    if (!has_top) fail(Code::corrupt, "`most_positive_activation_records` is missing");
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
      fail(Code::corrupt, "something follows the record");
    }
    return NeuronDocument::record;
  }

  // "most_positive_activation_records, record 3: " while one is being read.
  std::string where() const {
    if (!list_) return "";
    return fmt::format("{}, record {}: ", name_of_list(*list_), n_in_list_);
  }

 private:
  // A key that comes twice would add to what is there.
  void once(std::string_view key) {
    for (const std::string& seen : seen_) {
      if (seen == key) fail(Code::corrupt, "`{}` is there twice", key);
    }
    seen_.emplace_back(key);
  }

  double* moment_called(std::string_view key) {
    if (key == "mean") return &record_.mean;
    if (key == "variance") return &record_.variance;
    if (key == "skewness") return &record_.skewness;
    return key == "kurtosis" ? &record_.kurtosis : nullptr;
  }

  static bool is_of_explanations(od::value class_name) {
    const std::string_view name = class_name.get_string();
    if (name == "NeuronSimulationResults" || name == "AttentionSimulationResults") return true;
    if (name != "NeuronRecord") fail(Code::corrupt, "a {}, which is no NeuronRecord", name);
    return false;
  }

  // Scalars by our own rules: they know NaN, Infinity and null.
  double number(od::value value, std::string_view key) {
    numbers_.clear();
    std::string list = "[";
    list.append(std::string_view(value.raw_json_token())).append("]");
    try {
      append_numbers(list, numbers_);
    } catch (const Error&) {
      fail(Code::corrupt, "`{}`: expected a number or null, found {}", key,
           list.substr(1, list.size() - 2));
    }
    return numbers_.at(0);
  }

  void read_id(od::value value) {
    std::optional<uint32_t> layer;
    std::optional<uint32_t> index;
    for (od::field field : od::object(value)) {
      const std::string_view key = field.unescaped_key();
      if (key == "layer_index" || key == "layer") {
        if (layer) fail(Code::corrupt, "neuron_id: `layer_index` is there twice");
        layer = whole_number(field.value(), "layer_index");
      } else if (key == "neuron_index" || key == "idx") {
        if (index) fail(Code::corrupt, "neuron_id: `neuron_index` is there twice");
        index = whole_number(field.value(), "neuron_index");
      } else if (key != "dataclass_name") {
        fail(Code::corrupt, "neuron_id: `{}` is no field of a NeuronId", key);
      }
    }
    if (!layer || !index) {
      fail(Code::corrupt, "neuron_id: `{}` is missing", layer ? "neuron_index" : "layer_index");
    }
    record_.layer = *layer;
    record_.index = *index;
  }

  // Some files have the layer as a string.
  static uint32_t whole_number(od::value value, std::string_view key) {
    const std::string token(std::string_view(value.raw_json_token()));
    std::string_view digits = token;
    while (!digits.empty() && (digits.back() == ' ' || digits.back() == '\n')) {
      digits.remove_suffix(1);
    }
    if (digits.starts_with('"')) digits = std::string_view(value.get_string());
    uint32_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto [after, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc() || after != end || number == UINT32_MAX) {
      fail(Code::corrupt, "neuron_id: `{}`: expected a whole number, found {}", key, token);
    }
    return number;
  }

  void read_buckets(od::value value) {
    if (value.is_null()) return;
    record_.has_buckets = true;
    for (od::value list : od::array(value)) {
      read_list(RecordExcerpt::kFirstBucket + record_.n_buckets, list);
      ++record_.n_buckets;
    }
  }

  void read_boundaries(od::value value) {
    if (value.is_null()) return;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    std::vector<double>& boundaries = record_.boundaries;
    append_numbers(od::array(value).raw_json(), boundaries);
    if (boundaries.empty()) return;
    if (std::isnan(boundaries.front())) boundaries.front() = -kInfinity;
    if (std::isnan(boundaries.back())) boundaries.back() = kInfinity;
  }

  void read_list(uint32_t list, od::value value) {
    list_ = list;
    n_in_list_ = 0;
    for (od::value excerpt : od::array(value)) {
      read_excerpt(list, excerpt);
      ++n_in_list_;
    }
    list_.reset();
  }

  void read_excerpt(uint32_t list, od::value value) {
    RecordExcerpt excerpt;
    excerpt.list = list;
    excerpt.first_token = record_.tokens_end.size();
    excerpt.first_value = record_.values.size();
    bool has_tokens = false;
    bool has_values = false;
    for (od::field field : od::object(value)) {
      const std::string_view key = field.unescaped_key();
      if (key == "tokens") {
        if (has_tokens) fail(Code::corrupt, "`tokens` is there twice");
        read_tokens(field.value(), excerpt);
        has_tokens = true;
      } else if (key == "activations") {
        if (has_values) fail(Code::corrupt, "`activations` is there twice");
        excerpt.form = read_values(field.value());
        has_values = true;
      } else if (key != "dataclass_name") {
        fail(Code::corrupt, "`{}` is no field of an ActivationRecord", key);
      }
    }
    if (!has_tokens || !has_values) {
      fail(Code::corrupt, "`{}` is missing", has_tokens ? "activations" : "tokens");
    }
    excerpt.n_values = record_.values.size() - excerpt.first_value;
    record_.excerpts.push_back(excerpt);
  }

  void read_tokens(od::value value, RecordExcerpt& excerpt) {
    od::array list(value);
    if (known_ != nullptr && pace_ == Pace::quick && is_known(list, excerpt)) return;
    for (od::value token : list) {
      const auto plain = plain_string(token.raw_json_token());
      record_.text.append(plain ? *plain : std::string_view(token.get_string()));
      record_.tokens_end.push_back(record_.text.size());
    }
    excerpt.n_tokens = record_.tokens_end.size() - excerpt.first_token;
  }

  // Goes over the list to its end, and back if it is not known.
  bool is_known(od::array& list, RecordExcerpt& excerpt) const {
    const std::string_view json = list.raw_json();  // and the white space behind it
    excerpt.json = hash128(std::as_bytes(std::span(json.substr(0, json.rfind(']') + 1))));
    if (const KnownLists::List* found = known_->find(excerpt.json)) {
      excerpt.known = found->number;
      excerpt.n_tokens = found->n_tokens;
      return true;
    }
    if (const auto error = list.reset().error()) throw simdjson::simdjson_error(error);
    return false;
  }

  // What stands between the quotes, if that is a string without escapes; the parser has looked at
  // its bytes already.
  static std::optional<std::string_view> plain_string(std::string_view token) {
    while (token.ends_with(' ') || token.ends_with('\n')) token.remove_suffix(1);
    if (token.size() < 2 || !token.starts_with('"') || !token.ends_with('"')) return std::nullopt;
    token = token.substr(1, token.size() - 2);
    if (token.find('\\') != std::string_view::npos) return std::nullopt;
    return token;
  }

  NumberForm read_values(od::value value) {
    const size_t first = record_.values.size();
    od::array list(value);
    const FloatDigits digits = pace_ == Pace::careful
                                   ? append_numbers(list.raw_json(), record_.values)
                                   : append_entries(list);
    return form_of(std::span(record_.values).subspan(first), digits);
  }

  // No entry has to wait until the one before it is read, so that several are read at a time.
  FloatDigits append_entries(od::array& list) {
    FloatDigits digits = FloatDigits::enough;
    for (od::value entry : list) {
      const std::string_view token = entry.raw_json_token();
      if (const auto decimal = short_decimal(token.data())) {
        record_.values.push_back(decimal->value());
      } else if (const auto longer = long_decimal(token.data())) {
        record_.values.push_back(longer->value());
        digits = std::max(digits, digits_of(*longer));
      } else {
        digits = std::max(digits, append_number(token, record_.values));
      }
    }
    return digits;
  }

  NeuronRecord& record_;
  Pace pace_;
  const KnownLists* known_;
  std::vector<std::string> seen_;
  std::vector<double> numbers_;
  std::optional<uint32_t> list_;
  size_t n_in_list_ = 0;
};

// In our words, where simdjson's would not say what is the matter.
std::string reason_of(simdjson::error_code error, std::string_view text) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return fmt::format("not UTF-8: byte {}", first_invalid_byte(text));
    case simdjson::STRING_ERROR:
      return "a string with an escape that is no character: a lone surrogate (\\ud800 to \\udfff), "
             "or no escape of JSON's";
    case simdjson::EMPTY:
      return "empty";
    case simdjson::UNCLOSED_STRING:
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "it ends too early: was it cut short?";
    case simdjson::INCORRECT_TYPE:
      return "a value of another type than expected";
    default:
      return fmt::format("no JSON: {}", simdjson::error_message(error));
  }
}

}  // namespace

struct NeuronRecordReader::State {
  od::parser parser;

  NeuronDocument read(std::string_view text, Reading& reading, NeuronRecord& record) {
    od::document document = parser.iterate(text.data(), text.size(), text.size() + kPadding);
    const NeuronDocument kind = reading.read(document);
    if (kind != NeuronDocument::record) record.clear();
    return kind;
  }
};

NeuronRecordReader::NeuronRecordReader() : state_(std::make_unique<State>()) {}
NeuronRecordReader::~NeuronRecordReader() = default;
NeuronRecordReader::NeuronRecordReader(NeuronRecordReader&&) noexcept = default;

NeuronDocument NeuronRecordReader::read(std::string_view text, const std::string& what,
                                        NeuronRecord& record, const KnownLists* known) {
  record.clear();
  check_size(text, what);
  try {
    Reading reading(record, Pace::quick, known);
    return state_->read(text, reading, record);
  } catch (const std::exception&) {
    return read_carefully(text, what, record);
  }
}

NeuronDocument NeuronRecordReader::read_carefully(std::string_view text, const std::string& what,
                                                  NeuronRecord& record) {
  record.clear();
  check_size(text, what);
  Reading reading(record, Pace::careful, nullptr);
  try {
    return state_->read(text, reading, record);
  } catch (const simdjson::simdjson_error& error) {
    fail(Code::corrupt, "{}: {}{}", what, reading.where(), reason_of(error.error(), text));
  } catch (const Error& error) {
    fail(error.code(), "{}: {}{}", what, reading.where(), error.what());
  }
}

void NeuronRecordReader::check_size(std::string_view text, const std::string& what) {
  if (text.size() > kMostBytes) {
    check_depth(text.substr(0, kMostBytes), what);
    fail(Code::unsupported, "{}: {} bytes; one record has at most {}", what, text.size(),
         kMostBytes);
  }
  if (text.size() > kSurelySmall) check_depth(text, what);
}

}  // namespace actogram
