#include "base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace actogram {
namespace {

std::string temporary(const std::string& name) {
  return ::testing::TempDir() + "actogram_" + std::to_string(::getpid()) + "_" + name;
}

TEST(FileWriter, WritesWhatItChecksums) {
  const std::string path = temporary("writer");
  std::string all;
  FileWriter writer(path);
  for (size_t n : {0, 1, 100, 3 << 20, 7, 9 << 20, 4095, 1 << 20}) {  // past the cache, and a rest
    const std::string part(n, static_cast<char>('a' + n % 26));
    writer.write(part);
    all += part;
  }
  writer.finish();
  EXPECT_EQ(read_file(path), all);
  EXPECT_EQ(writer.n_bytes(), all.size());
  EXPECT_EQ(writer.checksum(), checksum_of_file(path));
}

TEST(FileWriter, WhatWasSyncedIsThereWhileWritingGoesOn) {
  const std::string path = temporary("synced");
  std::string all;
  FileWriter writer(path);
  for (size_t n : {5, 100, 3 << 20, 7, 9 << 20, 4095}) {
    const std::string part(n, static_cast<char>('a' + n % 26));
    writer.write(part);
    all += part;
    writer.sync();
    EXPECT_EQ(read_file(path), all) << n;
  }
  writer.write("end");
  writer.finish();
  EXPECT_EQ(read_file(path), all + "end");
  EXPECT_EQ(writer.checksum(), checksum_of_file(path));
}

TEST(ReadFile, IntoMemoryThatIsKept) {
  const std::string path = temporary("kept");
  std::vector<char> memory;
  for (const size_t n : {1000, 10, 0, 5000}) {
    write_file_atomically(path, std::string(n, 'x'));
    ASSERT_EQ(read_file(path, 64, 5000, memory), n);
    EXPECT_EQ(std::string(memory.data(), n + 64), std::string(n, 'x') + std::string(64, '\0'));
  }
  EXPECT_THROW(read_file(path, 64, 4999, memory), Error);
  EXPECT_THROW(read_file(::testing::TempDir(), 64, 4999, memory), Error);
  EXPECT_THROW(read_file(path + "x", 64, 4999, memory), Error);
}

TEST(PartReader, ReadsAnyPart) {
  const std::string path = temporary("parts");
  std::string all;
  for (uint32_t i = 0; all.size() < 300'000; ++i) all += std::to_string(mix64(i));
  FileWriter writer(path);
  writer.write(all);
  writer.finish();
  const PartReader reader(path);
  ASSERT_EQ(reader.size(), all.size());
  PageBuffer buffer;
  for (uint64_t i = 0; i < 300; ++i) {
    const uint64_t begin = mix64(i) % (all.size() + 1);
    const uint64_t end = begin + mix64(i + 1000) % (all.size() + 1 - begin);
    const auto part = reader.read(begin, end, buffer);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(part.data()), part.size()),
              std::string_view(all).substr(begin, end - begin));
  }
  EXPECT_THROW(reader.read(0, all.size() + 1, buffer), Error);
  std::filesystem::resize_file(path, 1000);
  EXPECT_THROW(reader.read(500, 2000, buffer), Error);
  EXPECT_THROW(PartReader("/nonexistent/file"), Error);
}

TEST(PlacedFile, HoldsWhatAnyProcessPutAnywhere) {
  const std::string path = temporary("placed");
  std::filesystem::remove(path);
  std::string all(200'000, '\0');
  const auto put = [&](PlacedFile& file, uint64_t at, const std::string& part) {
    file.write(at, std::as_bytes(std::span(part)));
    all.replace(at, part.size(), part);
  };
  {
    PlacedFile file(path);
    put(file, 150'000, "the end");
    put(file, 3, "the beginning");
  }
  PlacedFile file(path);
  EXPECT_EQ(file.size(), 150'007u);
  put(file, 7, "again");
  put(file, 199'990, std::string(10, 'x'));
  file.sync();
  std::string found(all.size(), '?');
  file.read(0, std::as_writable_bytes(std::span(found)));
  EXPECT_EQ(found, all);
  EXPECT_THROW(file.read(1, std::as_writable_bytes(std::span(found))), Error);
  EXPECT_THROW(PlacedFile("/nonexistent/file"), Error);
}

TEST(FileWriter, NamesThePathAndTheReasonWhenTheDiskIsFull) {
  FileWriter writer("/dev/full");
  try {
    writer.write(std::string(4 << 20, 'x'));
    writer.finish();
    FAIL() << "a full disk went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::environment);
    EXPECT_NE(std::string(error.what()).find("/dev/full"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos);
  }
}

TEST(WriteFileAtomically, ReplacesTheWholeFile) {
  const std::string path = temporary("atomic");
  write_file_atomically(path, "a long first text");
  write_file_atomically(path, "short");
  EXPECT_EQ(read_file(path), "short");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(FileLock, RefusesASecondTakerUntilTheFirstIsGone) {
  const std::string path = temporary("lock");
  {
    const FileLock first(path, "the recording");
    EXPECT_THROW(FileLock(path, "the recording"), Error);
  }
  const FileLock second(path, "the recording");
}

TEST(MappedFile, SaysWhatIsMissing) {
  EXPECT_THROW(MappedFile("/nonexistent/file"), Error);
  EXPECT_THROW(MappedFile("/"), Error);
}

TEST(Hash, AgreesWithPublishedValues) {
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(fnv1a64("foobar"), 0x85944171f73967e8u);
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafu);  // first output of SplitMix64 with seed 0
}

}  // namespace
}  // namespace actogram
