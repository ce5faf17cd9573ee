// JSON written straight into text, for pages of thousands of numbers: their tree costs many times
// what their text does. Says what to_text() says of the tree.
//
//   JsonText text;
//   text.open('{').member("value",
//   0.5).key("tokens").open('[').add(1).add(2).close(']').close('}');
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "codec/json.h"

namespace actogram {

class JsonText {
 public:
  explicit JsonText(size_t n_bytes_expected = 0) : text_(n_bytes_expected, '\0') {}

  JsonText& open(char bracket) {
    char* at = next(1);
    *at++ = bracket;
    return written_to(at);
  }
  JsonText& close(char bracket) {
    char* at = room(1);
    *at++ = bracket;
    return written_to(at);
  }
  // Requires: characters that stand for themselves in JSON.
  JsonText& key(std::string_view name) {
    char* at = next(name.size() + 3);
    *at++ = '"';
    at = std::copy(name.begin(), name.end(), at);
    *at++ = '"';
    *at++ = ':';
    return written_to(at);
  }

  JsonText& add(std::integral auto value) {
    char* at = next(kMostDigits);
    return written_to(std::to_chars(at, at + kMostDigits, value).ptr);
  }
  JsonText& add(std::floating_point auto value) { return add_double(double{value}); }
  JsonText& add(std::string_view value);
  JsonText& add(const std::string& value) { return add(std::string_view(value)); }
  JsonText& add(const char* value) { return add(std::string_view(value)); }
  JsonText& add(bool value) { return add_literally(value ? "true" : "false"); }
  template <typename T>
  JsonText& add(const std::optional<T>& value) {
    return value ? add(*value) : null();
  }
  JsonText& null() { return add_literally("null"); }
  JsonText& add(const Json& value) { return add_literally(to_text(value)); }
  template <typename T>
  JsonText& add(std::span<T> values) {
    open('[');
    if constexpr (std::integral<std::remove_const_t<T>> &&
                  !std::same_as<std::remove_const_t<T>, bool>) {
      add_digits(values);
    } else {
      for (const auto& value : values) add(value);
    }
    return close(']');
  }
  // A string: base64 of their bytes, the lowest first. NaN stays what it is.
  JsonText& add_packed(std::span<const float> values) { return add_base64(std::as_bytes(values)); }
  JsonText& add_packed(std::span<const int32_t> values) {
    return add_base64(std::as_bytes(values));
  }

  JsonText& member(std::string_view name, const auto& value) { return key(name).add(value); }

  // The members of `object`, into the object that is open. Requires: an object.
  JsonText& members_of(const Json& object);

  std::string take() {
    text_.resize(std::exchange(n_, 0));
    return std::exchange(text_, {});
  }

 private:
  static constexpr size_t kMostDigits = 20;  // of a whole number, with its sign

  // What is written next goes where room() and next() say, at most `n` bytes, and written_to() says
  // how far it went: to append piece by piece costs more than the pieces do.
  char* room(size_t n) {
    if (text_.size() - n_ < n) text_.resize(2 * text_.size() + n);
    return text_.data() + n_;
  }
  // Where a value or a key begins: behind a comma, unless something was opened just before. (A
  // string ends with its quote, so a bracket or colon at the end is one that opened something.)
  char* next(size_t n) {
    char* at = room(n + 1);
    const char last = n_ == 0 ? '[' : at[-1];
    if (last != '{' && last != '[' && last != ':') *at++ = ',';
    return at;
  }
  JsonText& written_to(const char* end) {
    n_ = static_cast<size_t>(end - text_.data());
    return *this;
  }

  JsonText& add_literally(std::string_view json) {
    return written_to(std::copy(json.begin(), json.end(), next(json.size())));
  }
  JsonText& add_double(double value);
  JsonText& add_base64(std::span<const std::byte> bytes);

  // A handful at a time.
  template <typename T>
  void add_digits(std::span<T> values) {
    constexpr size_t kHandful = 32;
    for (size_t i = 0; i < values.size();) {
      char* at = room(kHandful * (kMostDigits + 1));
      for (const size_t last = std::min(i + kHandful, values.size()); i < last; ++i) {
        if (i > 0) *at++ = ',';
        const auto value = values[i];
        if (static_cast<uint64_t>(value) < 10) {  // most lengths
          *at++ = static_cast<char>('0' + value);
        } else {
          at = std::to_chars(at, at + kMostDigits, value).ptr;
        }
      }
      written_to(at);
    }
  }

  std::string text_;  // and behind it room for more
  size_t n_ = 0;      // bytes that are written
};

}  // namespace actogram
