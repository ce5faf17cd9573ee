#include "codec/npy.h"

#include <gtest/gtest.h>

#include "codec/golden_tensors_test.h"

namespace actogram {
namespace {

using testing::bytes_of;
using testing::golden_tensors;
using testing::message_of;

std::string file_of(const std::string& header, const std::string& data = std::string(24, '\0')) {
  std::string text = "\x93NUMPY";
  text += '\1';
  text += '\0';
  text += static_cast<char>(header.size());
  text += static_cast<char>(header.size() >> 8);
  return text + header + data;
}

std::string refused(const std::string& file, Code code = Code::corrupt) {
  return message_of(code, [&] { read_npy({bytes_of(file)}, "x.npy"); });
}

TEST(Npy, ReadsEveryTypeThatNumpyWrote) {
  for (const char* name : {"stored.npz", "deflated.npz", "zip64.npz"}) {
    const MappedFile file(golden_tensors(name));
    testing::expect_tensors(read_npz(file.bytes(), name), name);
  }
}

TEST(Npy, RefusesObjectsAndBigEndianNumbers) {
  EXPECT_EQ(refused(read_file(golden_tensors("object.npy")), Code::unsupported),
            "x.npy: an array of type '|O'; little-endian numbers are read");
  EXPECT_EQ(refused(read_file(golden_tensors("big_endian.npy")), Code::unsupported),
            "x.npy: an array of type '>f4'; little-endian numbers are read");
}

TEST(Npy, AHeaderIsAClaim) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n";
  EXPECT_EQ(read_npy({bytes_of(file_of(good))}, "x").n_elements(), 6u);
  for (size_t n = 0; n < file_of(good).size(); ++n) refused(file_of(good).substr(0, n));
  EXPECT_EQ(refused(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }")),
            "x.npy: [7] float32 does not fit in its 24 bytes");
  refused(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }"));
  refused(file_of(
      "{'descr': '<f4', 'fortran_order': True, 'shape': (4294967296, 4294967296, 4294967296), }"));
  refused(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"));
  refused(file_of("{'descr': '<f4', 'fortran_order': False, }"));
  refused(file_of("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }"));
  refused(file_of("{'descr' '<f4', 'fortran_order': False, 'shape': (1,), }"));
  refused(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } + run()"));
  refused(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1, }"));
  refused(file_of("{"));
  refused(file_of(""));
}

}  // namespace
}  // namespace actogram
