#include "codec/neuron_record_writer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>

namespace actogram {
namespace {

void append_string(std::string_view text, std::string& out) {
  constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  out += '"';
  for (const char c : text) {
    if (const size_t at = kEscaped.find(c); at != kEscaped.npos) {
      out += '\\';
      out += kLetters[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

// As Python would: 3.0 for a whole number, so that it comes back as a float.
void append_digits(const char* begin, const char* end, std::string& out) {
  const std::string_view digits(begin, static_cast<size_t>(end - begin));
  out += digits;
  if (digits.find_first_of(".e") == digits.npos) out += ".0";
}

class Writing {
 public:
  Writing(const NeuronRecord& record, const RecordStyle& style, std::string& out)
      : record_(record), style_(style), out_(out) {}

  void write() {
    fmt::format_to(std::back_inserter(out_),
                   R"({{"dataclass_name":"NeuronRecord","neuron_id":{{"dataclass_name":"NeuronId",)"
                   R"("layer_index":{},"neuron_index":{}}},"random_sample":)",
                   record_.layer, record_.index);
    write_list(RecordExcerpt::kRandom);
    out_ += R"(,"random_sample_by_quantile":)";
    write_buckets();
    out_ += R"(,"quantile_boundaries":)";
    write_boundaries();
    write_moment("mean", record_.mean);
    write_moment("variance", record_.variance);
    write_moment("skewness", record_.skewness);
    write_moment("kurtosis", record_.kurtosis);
    out_ += R"(,"most_positive_activation_records":)";
    write_list(RecordExcerpt::kTop);
    out_ += '}';
  }

 private:
  void write_number(double value, NumberForm form = NumberForm::doubles) {
    if (!std::isfinite(value)) {
      out_ += "null";
      return;
    }
    char text[400];  // 1.8e308 with all its digits
    std::to_chars_result end = {};
    if (style_.decimals) {
      end = std::to_chars(text, std::end(text), value, std::chars_format::fixed, *style_.decimals);
      while (end.ptr[-1] == '0' && end.ptr[-2] != '.') --end.ptr;
    } else if (form == NumberForm::float32) {
      end = std::to_chars(text, std::end(text), static_cast<float>(value));
    } else {
      end = std::to_chars(text, std::end(text), value);
    }
    append_digits(text, end.ptr, out_);
  }

  void write_moment(std::string_view name, double value) {
    out_.append(",\"").append(name).append("\":");
    write_number(value);
  }

  void write_boundaries() {
    if (record_.boundaries.empty()) {
      out_ += "null";
      return;
    }
    char before = '[';
    for (const double boundary : record_.boundaries) {
      out_ += before;
      write_number(boundary);
      before = ',';
    }
    out_ += ']';
  }

  void write_buckets() {
    if (!record_.has_buckets) {
      out_ += "null";
      return;
    }
    out_ += '[';
    for (uint32_t bucket = 0; bucket < record_.n_buckets; ++bucket) {
      if (bucket > 0) out_ += ',';
      write_list(RecordExcerpt::kFirstBucket + bucket);
    }
    out_ += ']';
  }

  void write_list(uint32_t list) {
    out_ += '[';
    bool first = true;
    for (const RecordExcerpt& excerpt : record_.excerpts) {
      if (excerpt.list != list) continue;
      if (!first) out_ += ',';
      write_excerpt(excerpt);
      first = false;
    }
    out_ += ']';
  }

  void write_excerpt(const RecordExcerpt& excerpt) {
    out_ += R"({"dataclass_name":"ActivationRecord","tokens":[)";
    for (size_t i = 0; i < excerpt.n_tokens; ++i) {
      if (i > 0) out_ += ',';
      append_string(record_.token(excerpt.first_token + i), out_);
    }
    out_ += R"(],"activations":[)";
    bool first = true;
    for (const double value : record_.values_of(excerpt)) {
      if (!first) out_ += ',';
      write_number(value, excerpt.form);
      first = false;
    }
    out_ += "]}";
  }

  const NeuronRecord& record_;
  const RecordStyle& style_;
  std::string& out_;
};

}  // namespace

void append_json(const NeuronRecord& record, const RecordStyle& style, std::string& out) {
  Writing(record, style, out).write();
}

}  // namespace actogram
