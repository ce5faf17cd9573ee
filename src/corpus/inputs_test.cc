#include "corpus/inputs.h"

#include <gmock/gmock.h>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"

namespace actogram {
namespace {

using ::testing::ElementsAre;
using testing::TemporaryFolder;

std::string error_of(const std::vector<std::string>& inputs, Code code) {
  try {
    list_inputs({.inputs = inputs});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

TEST(Inputs, AreNamedAfterTheirPathOrAsTheyAreTold) {
  const TemporaryFolder folder;
  folder.write("data/a.txt", "a");
  const std::string with_equals = folder.write("k=v.txt", "a");
  const auto name = [](const std::string& input) {
    return list_inputs({.inputs = {input}}).at(0).name;
  };
  EXPECT_EQ(name(folder.path("data")), "data");
  EXPECT_EQ(name(folder.path("data/")), "data");
  EXPECT_EQ(name(folder.path("data/.")), "data");
  EXPECT_EQ(name(folder.path("data/a.txt")), "a.txt");
  EXPECT_EQ(name("mine=" + folder.path("data")), "mine");
  EXPECT_EQ(name(with_equals), "k=v.txt");
  EXPECT_EQ(name("-"), "stdin");
  EXPECT_EQ(name("pipe=-"), "pipe");
}

TEST(Inputs, FoldersListVisibleFilesBelowInOrder) {
  const TemporaryFolder folder;
  for (const char* name :
       {"b.txt", "a/z.txt", "a.txt", ".hidden", ".git/config", "a/.x", "B.txt"}) {
    folder.write(name, "x");
  }
  std::filesystem::create_symlink(folder.path("b.txt"), folder.path("link.txt"));
  const auto inputs = list_inputs({.inputs = {folder.path("")}});
  std::vector<std::string> names;
  for (const CorpusFile& file : inputs.at(0).files) {
    names.push_back(file.name);
    EXPECT_EQ(file.path, folder.path(file.name));
    EXPECT_EQ(file.bytes, 1u);
    EXPECT_GT(file.modified_ns, 1'600'000'000'000'000'000);
  }
  EXPECT_THAT(names, ElementsAre("B.txt", "a.txt", "a/z.txt", "b.txt", "link.txt"));
}

TEST(Inputs, ThatCannotBeMeantAreErrors) {
  const TemporaryFolder folder;
  const std::string a = folder.write("x/a.txt", "a");
  const std::string b = folder.write("y/a.txt", "a");
  folder.write("hidden/.a", "a");
  error_of({}, Code::invalid);
  EXPECT_EQ(error_of({a, b}, Code::invalid), "two inputs are named a.txt: write NAME=" + b);
  EXPECT_NO_THROW(list_inputs({.inputs = {a, "b=" + b}}));
  error_of({"-", "b=-"}, Code::invalid);
  EXPECT_EQ(error_of({folder.path("absent")}, Code::not_found),
            folder.path("absent") + ": no such file or folder");
  error_of({"name=" + folder.path("absent")}, Code::not_found);
  error_of({folder.path("hidden")}, Code::not_found);
  error_of({""}, Code::not_found);
  error_of({"name="}, Code::not_found);
  error_of({std::string(10'000, 'x')}, Code::environment);
}

TEST(CorpusFingerprint, ChangesWithWhatIsRead) {
  const TemporaryFolder folder;
  folder.write("data/a.txt", "a");
  const std::string b = folder.write("data/b.txt", "b");
  CorpusOptions options{.inputs = {folder.path("data")}};
  const std::string before = corpus_fingerprint(options);
  EXPECT_EQ(corpus_fingerprint(options), before);

  std::filesystem::last_write_time(
      b, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(1));
  const std::string touched = corpus_fingerprint(options);
  EXPECT_NE(touched, before);
  const auto time = std::filesystem::last_write_time(b);
  folder.write("data/b.txt", "bb");
  std::filesystem::last_write_time(b, time);
  EXPECT_NE(corpus_fingerprint(options), touched);

  options.column = "body";
  const std::string column = corpus_fingerprint(options);
  options.column = "";
  options.id_column = "body";
  EXPECT_NE(corpus_fingerprint(options), column);
}

TEST(CorpusFingerprint, IsTheSameForAMovedCorpus) {
  const TemporaryFolder folder;
  folder.write("data/a.txt", "a");
  const std::string before = corpus_fingerprint({.inputs = {folder.path("data")}});
  std::filesystem::create_directory(folder.path("other"));
  std::filesystem::rename(folder.path("data"), folder.path("other/data"));
  EXPECT_EQ(corpus_fingerprint({.inputs = {folder.path("other/data")}}), before);
}

}  // namespace
}  // namespace actogram
