#include "codec/zip_archive.h"

#include <gtest/gtest.h>

#include <random>

#include "codec/golden_tensors_test.h"

namespace actogram {
namespace {

using testing::bytes_of;
using testing::message_of;

std::string refused(const std::string& file, std::string_view entry = "") {
  return message_of(Code::corrupt, [&] {
    const ZipArchive archive(bytes_of(file), "x.npz");
    archive.read(entry);
  });
}

std::string golden(const std::string& name) { return read_file(testing::golden_tensors(name)); }

std::string content(const std::string& file, std::string_view entry) {
  const TensorBytes found = ZipArchive(bytes_of(file), "x.npz").read(entry);
  return {reinterpret_cast<const char*>(found.bytes.data()), found.bytes.size()};
}

void put(std::string& file, size_t at, uint64_t value, size_t n_bytes) {
  for (size_t i = 0; i < n_bytes; ++i) file[at + i] = static_cast<char>(value >> (8 * i));
}

TEST(ZipArchive, EntriesAreTheSameStoredDeflatedOrWithWideSizes) {
  const std::string stored = golden("stored.npz"), deflated = golden("deflated.npz"),
                    wide = golden("zip64.npz");
  ASSERT_NE(wide.find("PK\x06\x06"), wide.npos) << "has no ZIP64 record";
  const ZipArchive archive(bytes_of(stored), "stored.npz");
  EXPECT_EQ(archive.entries().size(), 15u);
  for (const auto& [name, entry] : archive.entries()) {
    const std::string bytes = content(stored, name);
    EXPECT_TRUE(bytes.starts_with("\x93NUMPY")) << name;
    EXPECT_EQ(content(deflated, name), bytes);
    EXPECT_EQ(content(wide, name), bytes);
  }
}

TEST(ZipArchive, ATruncatedFileIsNoArchive) {
  const std::string whole = golden("stored.npz");
  for (size_t n = 0; n < whole.size(); ++n) refused(whole.substr(0, n));
  EXPECT_EQ(refused(whole.substr(0, 2000)),
            "x.npz: a ZIP archive without its end: the file is truncated or damaged");
}

TEST(ZipArchive, ADamagedByteIsFoundOrChangesNothing) {
  for (const char* name : {"stored.npz", "deflated.npz", "zip64.npz"}) {
    const std::string whole = golden(name);
    for (unsigned seed = 0; seed < 3000; ++seed) {
      SCOPED_TRACE(seed);
      std::mt19937 rng(seed);
      std::string damaged = whole;
      damaged[rng() % whole.size()] = static_cast<char>(rng());
      try {
        const ZipArchive archive(bytes_of(damaged), name);
        for (const auto& [entry, sizes] : archive.entries()) {
          const TensorBytes found = archive.read(entry);
          if (ZipArchive(bytes_of(whole), name).has(entry)) {
            const std::string_view text(reinterpret_cast<const char*>(found.bytes.data()),
                                        found.bytes.size());
            EXPECT_EQ(text, content(whole, entry));
          }
        }
      } catch (const Error&) {
      }
    }
  }
}

TEST(ZipArchive, SizesAreClaims) {
  const std::string whole = golden("deflated.npz");
  const size_t directory = whole.find("PK\x01\x02"), end = whole.rfind("PK\x05\x06");
  const auto with = [&](size_t at, uint64_t value, size_t n_bytes) {
    std::string file = whole;
    put(file, at, value, n_bytes);
    return file;
  };
  const std::string name = whole.substr(directory + 46, whole[directory + 28]);
  EXPECT_NE(content(whole, name), "");
  refused(with(directory + 20, 0xfffffff0, 4), name);  // compressed
  refused(with(directory + 20, 0xffffffff, 4), name);  // in a ZIP64 record that is not there
  EXPECT_NE(refused(with(directory + 24, 0xfffffff0, 4), name).find("4294967280 bytes are claimed"),
            std::string::npos);
  refused(with(directory + 24, 100'000, 4), name);  // inflates to less
  refused(with(directory + 24, 10, 4), name);       // and to more
  refused(with(directory + 42, 0xfffffff0, 4), name);
  refused(with(directory + 28, 0xffff, 2), name);
  refused(with(end + 12, 0xfffffff0, 4), name);
  refused(with(end + 16, 0xfffffff0, 4), name);
  refused(with(end + 10, 0xffff, 2), name);
  EXPECT_NE(refused(with(directory + 16, 0, 4), name).find("checksum"), std::string::npos);
  message_of(Code::unsupported, [&] {
    ZipArchive(bytes_of(with(directory + 10, 14, 2)), "x.npz").read(name);  // LZMA
  });
  message_of(Code::unsupported, [&] { ZipArchive(bytes_of(with(directory + 8, 1, 2)), "x.npz"); });
  EXPECT_EQ(refused(whole, "absent"), "x.npz: has no entry absent");
}

TEST(ZipArchive, TwoEntriesOfOneNameAreRefused) {
  std::string file = golden("stored.npz");
  const size_t first = file.find("PK\x01\x02"), second = file.find("PK\x01\x02", first + 1);
  const auto n = static_cast<unsigned char>(file[first + 28]);
  ASSERT_EQ(file[first + 28], file[second + 28]);
  file.replace(second + 46, n, file, first + 46, n);
  EXPECT_NE(refused(file).find("two entries are named"), std::string::npos);
}

}  // namespace
}  // namespace actogram
