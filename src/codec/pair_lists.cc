#include "codec/pair_lists.h"

#include <fmt/format.h>

#include <iterator>

#include "codec/json.h"

namespace actogram {
namespace {

// What nlohmann's parser calls: the depth says what a bracket or a number is.
//   0 the text   1 among lists   2 among pairs   3 in a pair
class Sink : public nlohmann::json_sax<Json> {
 public:
  explicit Sink(const std::string& what) : what_(what) {}

  PairLists take() && { return std::move(lists_); }

  bool start_array(std::size_t) override {
    if (++depth_ > 3) refuse("a list");
    n_in_pair_ = 0;
    return true;
  }
  bool end_array() override {
    if (depth_ == 3 && n_in_pair_ != 2) refuse(fmt::format("a list of {}", n_in_pair_));
    n_in_pair_ = 0;
    if (depth_ == 2) lists_.offsets.push_back(static_cast<int64_t>(lists_.values.size()));
    --depth_;
    return true;
  }
  bool number_unsigned(uint64_t value) override {
    if (depth_ == 3 && n_in_pair_ == 0) {
      if (value > UINT32_MAX) refuse(fmt::format("{}", value));
      lists_.numbers.push_back(static_cast<uint32_t>(value));
      n_in_pair_ = 1;
      return true;
    }
    return add_value(static_cast<double>(value));
  }
  bool number_integer(int64_t value) override { return add_value(static_cast<double>(value)); }
  bool number_float(double value, const std::string&) override { return add_value(value); }

  bool null() override { refuse("null"); }
  bool boolean(bool value) override { refuse(value ? "true" : "false"); }
  bool string(std::string&) override { refuse("a string"); }
  bool binary(nlohmann::json::binary_t&) override { refuse("bytes"); }
  bool start_object(std::size_t) override { refuse("an object"); }
  bool key(std::string&) override { refuse("a key"); }
  bool end_object() override { refuse("the end of an object"); }
  bool parse_error(std::size_t at, const std::string&,
                   const nlohmann::detail::exception& error) override {
    fail(Code::corrupt, "{}: not JSON at byte {}: {}", what_, at, reason(error));
  }

 private:
  bool add_value(double value) {
    if (depth_ != 3 || n_in_pair_ != 1) refuse(fmt::format("{}", value));
    lists_.values.push_back(value);
    n_in_pair_ = 2;
    return true;
  }
  [[noreturn]] void refuse(const std::string& found) const {
    const int64_t n_whole = static_cast<int64_t>(lists_.values.size()) - lists_.offsets.back();
    fail(Code::corrupt, "{}: list {}, pair {}: expected [number, value], found {}", what_,
         lists_.size(), n_in_pair_ == 2 ? n_whole - 1 : n_whole, found);
  }

  const std::string& what_;
  PairLists lists_;
  int depth_ = 0;
  int n_in_pair_ = 0;
};

}  // namespace

PairLists parse_pair_lists(std::string_view json, const std::string& what) {
  Sink sink(what);
  Json::sax_parse(json.begin(), json.end(), &sink);
  return std::move(sink).take();
}

void append_json(std::span<const uint32_t> numbers, std::span<const double> values,
                 std::string& out) {
  out += '[';
  for (size_t i = 0; i < numbers.size(); ++i) {
    std::string value = fmt::format("{}", values[i]);
    // Without a point or an exponent it would be read as an integer.
    if (value.find_first_of(".e") == value.npos) value += ".0";
    fmt::format_to(std::back_inserter(out), "{}[{}, {}]", i == 0 ? "" : ", ", numbers[i], value);
  }
  out += ']';
}

}  // namespace actogram
