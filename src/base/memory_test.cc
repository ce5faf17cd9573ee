// What limits memory is found where Linux says it; and memory given back comes as zeros.
#include "base/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/temporary_folder_test.h"

namespace actogram {
namespace {

using Files = std::map<std::string, std::string>;

// Of a process whose groups are `own`, under whose root these files lie.
uint64_t limit_with(const std::string& own, const Files& files) {
  const testing::TemporaryFolder folder;
  for (const auto& [name, text] : files) folder.write("groups/" + name, text);
  return memory_limit(folder.write("own", own), folder.path("groups"));
}

TEST(MemoryLimit, IsTheLeastThatIsSet) {
  const uint64_t machine = limit_with("", {});
  EXPECT_GT(machine, uint64_t{64} << 20);
  const std::string none = "99999999999999999\n", v1_none = "9223372036854771712\n";
  EXPECT_EQ(limit_with("0::/a/b\n", {{"a/b/memory.max", "max\n"}, {"a/memory.max", none}}),
            machine);
  Files files = {{"a/b/memory.max", "7000000\n"}, {"a/memory.max", "5000000\n"}};
  EXPECT_EQ(limit_with("0::/a/b/c\n", files), 5'000'000u);
  files["memory.max"] = "3000000\n";  // as a container sees its own
  EXPECT_EQ(limit_with("0::/a/b/c\n", files), 3'000'000u);
  EXPECT_EQ(limit_with("5:cpu,cpuacct:/x\n4:memory:/x/y\n",
                       {{"memory/x/y/memory.limit_in_bytes", "6000000\n"},
                        {"memory/memory.limit_in_bytes", v1_none}}),
            6'000'000u);
}

TEST(HugeBuffer, GivesBackWhatLiesBehind) {
  HugeBuffer buffer(10 * PageBuffer::kPage);
  const std::span<float> floats = buffer.floats();
  std::ranges::fill(floats, 1.0F);
  buffer.release_behind(2 * PageBuffer::kPage + 1);
  const size_t kept = 3 * PageBuffer::kPage / sizeof(float);
  EXPECT_EQ(std::ranges::count(floats.first(kept), 1.0F), static_cast<ptrdiff_t>(kept));
  EXPECT_EQ(std::ranges::count(floats.subspan(kept), 0.0F),
            static_cast<ptrdiff_t>(floats.size() - kept));
  buffer.release_behind(size_t{1} << 30);
  EXPECT_EQ(floats[kept - 1], 1.0F);
}

TEST(HugeBuffer, IsOccupiedToItsEnd) {
  HugeBuffer buffer(3 * PageBuffer::kPage);
  const size_t n = buffer.floats().size();
  buffer.occupy(0, 10 * n);
  buffer.occupy(10 * n, n);
  EXPECT_EQ(std::ranges::count(buffer.floats(), 0.0F), static_cast<ptrdiff_t>(n));
}

}  // namespace
}  // namespace actogram
