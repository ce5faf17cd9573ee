// Windows come back as they were kept, from the buffer, from segments, after compaction, and in
// another process; kept by several threads at once.
#include "store/window_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "base/threads.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

class WindowStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "actogram_windows_" + std::to_string(::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  size_t n_files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  std::string folder_;
};

struct Kept {
  uint64_t reference = 0;
  std::vector<float> values;
};

std::vector<float> random_window(std::mt19937& rng) {
  std::vector<float> values(rng() % 20);
  for (float& value : values) value = static_cast<float>(rng());
  return values;
}

void expect_all(const WindowStore& store, const std::vector<Kept>& kept) {
  for (const Kept& window : kept) {
    const auto found = store.window(window.reference);
    EXPECT_TRUE(std::ranges::equal(found, window.values));
  }
}

WindowStore::VisitAll visit_all(std::vector<Kept>& kept) {
  return [&kept](const WindowStore::Visit& visit) {
    for (Kept& window : kept) visit(window.reference);
  };
}

TEST_F(WindowStoreTest, TakesWindowsFromSeveralThreads) {
  WindowStore store(folder_, size_t{1} << 20);
  std::vector<Kept> kept(5000);
  ThreadPool threads(4);
  threads.parallel_for(kept.size(), [&](size_t i, size_t) {
    std::mt19937 rng(static_cast<unsigned>(i));
    kept[i].values = random_window(rng);
    kept[i].reference = store.keep(kept[i].values);
  });
  expect_all(store, kept);
}

TEST_F(WindowStoreTest, GivesBackWhatWasKeptThroughFlushesAndCompaction) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    SetUp();
    WindowStore store(folder_, 4096);
    std::vector<Kept> kept;
    for (int i = 0; i < 2000; ++i) {
      if (!store.has_room(21)) store.flush(visit_all(kept));
      Kept window{0, random_window(rng)};
      window.reference = store.keep(window.values);
      // A tenth is wanted for long; the rest is displaced soon.
      if (kept.size() > 40) kept.erase(kept.begin() + static_cast<ptrdiff_t>(rng() % kept.size()));
      kept.push_back(std::move(window));
      if (i % 300 == 299) {
        store.flush(visit_all(kept));
        store.compact_if_wasteful(visit_all(kept));
        store.sync();
        store.remove_unlisted();
        EXPECT_EQ(n_files(), store.segments().size());
      }
    }
    expect_all(store, kept);
    store.flush(visit_all(kept));
    WindowStore again(folder_, 4096);
    again.open_segments(store.segments());
    expect_all(again, kept);
  }
}

TEST_F(WindowStoreTest, SaysWhichSegmentIsMissingOrShort) {
  WindowStore store(folder_, 4096);
  std::vector<Kept> kept{{0, {1, 2, 3}}};
  kept[0].reference = store.keep(kept[0].values);
  store.flush(visit_all(kept));
  WindowStore empty(folder_, 4096);
  EXPECT_THROW(empty.window(kept[0].reference), Error);
  EXPECT_THROW(empty.open_segments(std::vector<uint32_t>{7}), Error);
  fs::resize_file(folder_ + "/windows-1", 8);
  WindowStore shorter(folder_, 4096);
  shorter.open_segments(store.segments());
  EXPECT_THROW(shorter.window(kept[0].reference), Error);
}

}  // namespace
}  // namespace actogram
