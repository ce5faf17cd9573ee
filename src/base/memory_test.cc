// What limits memory is found where Linux says it; and memory given back comes as zeros.
#include "base/memory.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/temporary_folder_test.h"

namespace actogram {
namespace {

TEST(MemoryLimit, IsTheMachinesWhereNoGroupHasLess) {
  const testing::TemporaryFolder folder;
  const uint64_t machine = memory_limit(folder.path("none"), folder.path("none"));
  EXPECT_GT(machine, uint64_t{64} << 20);
  const std::string own = folder.write("own", "0::/a/b\n");
  folder.write("groups/a/b/memory.max", "max\n");
  folder.write("groups/a/memory.max", "99999999999999999\n");
  EXPECT_EQ(memory_limit(own, folder.path("groups")), machine);
}

TEST(MemoryLimit, IsTheLeastOfTheGroupsAround) {
  const testing::TemporaryFolder folder;
  const std::string own = folder.write("own", "0::/a/b/c\n");
  folder.write("groups/a/b/memory.max", "7000000\n");
  folder.write("groups/a/memory.max", "5000000\n");
  EXPECT_EQ(memory_limit(own, folder.path("groups")), 5'000'000u);
  folder.write("groups/memory.max", "3000000\n");  // as a container sees its own
  EXPECT_EQ(memory_limit(own, folder.path("groups")), 3'000'000u);
}

TEST(MemoryLimit, KnowsTheFirstVersionOfGroups) {
  const testing::TemporaryFolder folder;
  const std::string own = folder.write("own", "5:cpu,cpuacct:/x\n4:memory:/x/y\n");
  folder.write("groups/memory/x/y/memory.limit_in_bytes", "6000000\n");
  folder.write("groups/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(memory_limit(own, folder.path("groups")), 6'000'000u);
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
