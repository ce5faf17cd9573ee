// The files of tests/golden/tensors, and what NumPy and PyTorch had in memory when they wrote them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/file.h"
#include "codec/json.h"
#include "codec/tensor.h"

namespace actogram::testing {

inline std::string golden_tensors(const std::string& name) {
  return std::string(ACTOGRAM_SOURCE_DIR "/tests/golden/tensors/") + name;
}

// float32 of the number that was written; exact, except where float32 is narrower.
inline void expect_tensor(const Tensor& tensor, const Json& expected, const std::string& name) {
  SCOPED_TRACE(name);
  EXPECT_EQ(tensor.shape, expected["shape"].get<std::vector<uint64_t>>());
  EXPECT_EQ(name_of(tensor.dtype), expected["dtype"].get<std::string>());
  const auto found = to_floats(tensor);
  ASSERT_EQ(found.size(), expected["values"].size());
  for (size_t i = 0; i < found.size(); ++i) {
    const auto value = static_cast<float>(expected["values"][i].get<double>());
    EXPECT_EQ(found[i], value) << i;
    EXPECT_EQ(std::signbit(found[i]), std::signbit(value)) << i;
  }
}

inline void expect_tensors(const NamedTensors& found, const std::string& file) {
  const Json all = parse_json(read_file(golden_tensors("expected.json")), "expected.json");
  const Json& expected = all.at(file);
  EXPECT_EQ(found.size(), expected.size());
  for (const auto& [name, truth] : expected.items()) {
    ASSERT_TRUE(found.contains(name)) << name;
    expect_tensor(found.at(name), truth, file + " " + name);
  }
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// The message of the Error that `action` must end in.
inline std::string message_of(Code code, const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

}  // namespace actogram::testing
