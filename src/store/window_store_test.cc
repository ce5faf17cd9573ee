// Windows come back as they were kept, from the buffer, from segments, after compaction, and in
// another process; kept by several threads at once.
#include "store/window_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "base/temporary_folder_test.h"
#include "base/threads.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

class WindowStoreTest : public ::testing::Test {
 protected:
  size_t n_files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  testing::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

struct Kept {
  uint64_t reference = 0;
  std::vector<float> values;
};

constexpr size_t kLongest = 40;

std::vector<float> random_window(std::mt19937& rng) {
  std::vector<float> values(rng() % (kLongest + 1));
  for (float& value : values) value = static_cast<float>(rng());
  return values;
}

Kept keep(WindowSink& sink, std::vector<float> values) {
  const WindowSink::Room room = sink.keep(values.size());
  std::ranges::copy(values, room.values.begin());
  return {room.reference, std::move(values)};
}

WindowStore::VisitAll visit_all(std::vector<Kept>& kept) {
  return [&kept](const WindowStore::Visit& visit) {
    for (Kept& window : kept) visit(window.reference);
  };
}

void expect_all(WindowStore& store, const std::vector<Kept>& kept) {
  WindowStore::Loaded loaded;
  auto copy = kept;
  store.wait_for_writing();
  store.load(visit_all(copy), loaded);
  for (const Kept& window : kept) {
    EXPECT_TRUE(std::ranges::equal(loaded.window(window.reference), window.values));
  }
}

TEST_F(WindowStoreTest, TakesWindowsFromSeveralThreads) {
  ThreadPool threads(4);
  WindowStore store(folder_, size_t{4} << 20, threads.n_threads());
  std::vector<Kept> kept(5000);
  const WindowStore::Need needs[] = {{kept.size(), kLongest}};
  const auto nothing = [](const WindowStore::Visit&) {};
  for (int round = 0; round < 3; ++round) {  // dropped windows make room: 5,000 alive, not 15,000
    store.make_room(needs, nothing);
    threads.parallel_for(kept.size(), [&](size_t i, size_t thread) {
      std::mt19937 rng(static_cast<unsigned>(i + round * kept.size()));
      if (round > 0) store.sinks()[thread]->drop(kept[i].reference);
      kept[i] = keep(*store.sinks()[thread], random_window(rng));
    });
    expect_all(store, kept);
  }
  EXPECT_EQ(store.segments().size(), 0u);
}

TEST_F(WindowStoreTest, GivesBackWhatWasKeptThroughFlushesAndCompaction) {
  for (unsigned seed = 0; seed < 16; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    SetUp();
    const bool tiny = seed % 2 == 1;  // every window goes to the disk at once
    WindowStore store(folder_, tiny ? 1 : 225'000, 2);
    std::vector<Kept> kept;
    for (int i = 0; i < (tiny ? 100 : 2000); ++i) {
      WindowSink& sink = *store.sinks()[rng() % 2];
      const WindowStore::Need needs[] = {{1, kLongest / 2}, {1, kLongest}};
      store.make_room(needs, visit_all(kept));
      // A tenth is wanted for long; the rest is displaced soon.
      if (kept.size() > 40) {
        const auto displaced = kept.begin() + static_cast<ptrdiff_t>(rng() % kept.size());
        sink.drop(displaced->reference);
        kept.erase(displaced);
      }
      kept.push_back(keep(sink, random_window(rng)));
      if (i % (tiny ? 50 : 500) == 49) {
        store.flush(visit_all(kept));
        store.compact_if_wasteful(visit_all(kept));
        store.sync();
        store.remove_unlisted();
        EXPECT_EQ(n_files(), store.segments().size());
      }
    }
    expect_all(store, kept);
    store.flush(visit_all(kept));
    store.sync();
    WindowStore again(folder_, 4096, 1);
    again.open_segments(store.segments());
    expect_all(again, kept);
  }
}

// More than a buffer keeps of its memory once it was written.
TEST_F(WindowStoreTest, KeepsItsWordInALargeBuffer) {
  ThreadPool threads(2);
  constexpr size_t kWindows = 9000, kValues = 4096;  // 147 MB
  WindowStore store(folder_, WindowStore::bytes_of(kWindows + 100, kValues), 1);
  store.occupy(size_t{1} << 30, threads);
  std::vector<Kept> kept;
  for (size_t i = 0; i < 2 * kWindows; ++i) {
    const WindowStore::Need need{1, kValues};
    store.make_room({&need, 1}, visit_all(kept));
    if (i % 8 != 0) {  // the rest is not looked at again
      store.sinks()[0]->keep(kValues);
      continue;
    }
    kept.push_back(keep(*store.sinks()[0], {static_cast<float>(i), 1, 2}));
  }
  expect_all(store, kept);
  EXPECT_EQ(store.segments().size(), 1u);
}

TEST_F(WindowStoreTest, SaysWhichSegmentIsMissingOrShort) {
  WindowStore store(folder_, 0, 1);
  const WindowStore::Need need{1, 3};
  store.make_room({&need, 1}, [](const WindowStore::Visit&) {});
  std::vector<Kept> kept{keep(*store.sinks()[0], {1, 2, 3})};
  store.flush(visit_all(kept));
  store.sync();
  WindowStore::Loaded loaded;
  WindowStore empty(folder_, 4096, 1);
  EXPECT_THROW(empty.load(visit_all(kept), loaded), Error);
  EXPECT_THROW(empty.open_segments(std::vector<uint32_t>{7}), Error);
  fs::resize_file(folder_ + "/windows-1", 8);
  WindowStore shorter(folder_, 4096, 1);
  shorter.open_segments(store.segments());
  EXPECT_THROW(shorter.load(visit_all(kept), loaded), Error);
}

}  // namespace
}  // namespace actogram
