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
  explicit JsonText(size_t n_bytes_expected = 0) { text_.reserve(n_bytes_expected); }

  JsonText& open(char bracket) {
    separate();
    text_ += bracket;
    return *this;
  }
  JsonText& close(char bracket) {
    text_ += bracket;
    return *this;
  }
  // Requires: characters that stand for themselves in JSON.
  JsonText& key(std::string_view name) {
    constexpr size_t kUsual = 32;  // put together first, since to append costs more than to copy
    if (name.size() > kUsual) return long_key(name);
    char written[kUsual + 4];
    char* end = written;
    if (needs_comma()) *end++ = ',';
    *end++ = '"';
    end = std::copy(name.begin(), name.end(), end);
    *end++ = '"';
    *end++ = ':';
    text_.append(written, static_cast<size_t>(end - written));
    return *this;
  }

  JsonText& add(std::integral auto value) {
    char written[24];
    char* end = written;
    if (needs_comma()) *end++ = ',';
    end = std::to_chars(end, written + sizeof(written), value).ptr;
    text_.append(written, static_cast<size_t>(end - written));
    return *this;
  }
  JsonText& add(std::floating_point auto value) { return add_double(double{value}); }
  JsonText& add(std::string_view value);
  JsonText& add(const std::string& value) { return add(std::string_view(value)); }
  JsonText& add(const char* value) { return add(std::string_view(value)); }
  JsonText& add(bool value) {
    separate();
    text_ += value ? "true" : "false";
    return *this;
  }
  template <typename T>
  JsonText& add(const std::optional<T>& value) {
    return value ? add(*value) : null();
  }
  JsonText& null() {
    separate();
    text_ += "null";
    return *this;
  }
  JsonText& add(const Json& value) {
    separate();
    text_ += to_text(value);
    return *this;
  }
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

  std::string take() { return std::move(text_); }

 private:
  // A string ends with its quote, so a bracket or colon at the end is one that opened something.
  bool needs_comma() const {
    if (text_.empty()) return false;
    const char last = text_.back();
    return last != '{' && last != '[' && last != ':';
  }
  void separate() {
    if (needs_comma()) text_ += ',';
  }
  JsonText& long_key(std::string_view name);
  JsonText& add_double(double value);
  JsonText& add_base64(std::span<const std::byte> bytes);

  // A handful at a time, whose digits are put together before they join the text.
  template <typename T>
  void add_digits(std::span<T> values) {
    constexpr size_t kHandful = 32, kMostDigits = 21;
    char digits[kHandful * kMostDigits];
    for (size_t i = 0; i < values.size();) {
      char* end = digits;
      for (const size_t last = std::min(i + kHandful, values.size()); i < last; ++i) {
        if (i > 0) *end++ = ',';
        const auto value = values[i];
        if (static_cast<uint64_t>(value) < 10) {  // most lengths
          *end++ = static_cast<char>('0' + value);
        } else {
          end = std::to_chars(end, digits + sizeof(digits), value).ptr;
        }
      }
      text_.append(digits, static_cast<size_t>(end - digits));
    }
  }

  std::string text_;
};

}  // namespace actogram
