// Windows come back as they were kept, from the buffer, from segments, after compaction, and in
// another process, from a copy; kept by several threads at once.
#include "store/window_store.h"

#include <gtest/gtest.h>

#include <algorithm>
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
constexpr size_t kMore = 1 << 11;  // windows that a sink may have taken room for

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

// What a process finds that comes after a copy of `kept` was committed.
struct Later {
  std::vector<uint32_t> segments;
  std::vector<Kept> kept;
};

Later copy(WindowStore& store, const std::vector<Kept>& kept, std::function<void()> commit) {
  WindowStore::Plan plan = store.plan_copy();
  Later later{store.segments(), kept};
  later.segments.push_back(plan.segment());
  for (Kept& window : later.kept) {
    if (WindowStore::in_buffer(window.reference)) plan.move(window.reference);
  }
  store.copy(std::move(plan), std::move(commit));
  return later;
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
        if (rng() % 2) store.flush(visit_all(kept));
        store.compact_if_wasteful(visit_all(kept));
        const Later later = copy(store, kept, [] {});
        store.wait_for_writing();
        EXPECT_EQ(n_files(), store.segments().size() + 1);
        WindowStore again(folder_, 4096, 1);
        again.open_segments(later.segments);
        expect_all(again, later.kept);
      }
    }
    expect_all(store, kept);
    store.remove_unlisted();
    EXPECT_EQ(n_files(), store.segments().size());
  }
}

// Half of the windows go at once, and others come in their place, while the copy is being written.
TEST_F(WindowStoreTest, CopiesWhatWasThereWhileWindowsComeAndGo) {
  constexpr size_t kWindows = 60'000, kValues = 64;
  const WindowStore::Need needs[] = {{kWindows, kValues}};
  const auto nothing = [](const WindowStore::Visit&) {};
  WindowStore store(folder_, WindowStore::bytes_of(2 * kWindows + kMore, kValues), 1);
  WindowSink& sink = *store.sinks()[0];
  std::mt19937 rng(1);
  std::vector<Kept> kept(kWindows);
  const auto keep_new = [&](Kept& window) {
    window = keep(sink, std::vector<float>(kValues, static_cast<float>(rng())));
  };
  store.make_room(needs, nothing);
  std::ranges::for_each(kept, keep_new);
  bool is_committed = false;
  const Later later = copy(store, kept, [&] {
    EXPECT_EQ(n_files(), 1u);
    is_committed = true;
  });
  ASSERT_TRUE(store.has_room(needs));
  for (size_t i = 0; i < kWindows; i += 2) {
    sink.drop(kept[i].reference);
    keep_new(kept[i]);
  }
  expect_all(store, kept);  // waits for the copy
  EXPECT_TRUE(is_committed);
  WindowStore again(folder_, 4096, 1);
  again.open_segments(later.segments);
  expect_all(again, later.kept);
  // The room of what went is used again: as many windows fit as did before.
  for (Kept& window : kept) {
    sink.drop(window.reference);
    keep_new(window);
  }
  EXPECT_TRUE(store.has_room(needs));
  EXPECT_EQ(store.segments().size(), 0u);
}

TEST_F(WindowStoreTest, WaitsForACopyWhereItsWindowsMakeRoom) {
  constexpr size_t kWindows = 5000, kValues = 16;
  const WindowStore::Need needs[] = {{kWindows, kValues}};
  WindowStore store(folder_, WindowStore::bytes_of(kWindows + kMore, kValues), 1);
  std::vector<Kept> kept(kWindows), none;
  for (const float value : {1.F, 2.F}) {
    store.make_room(needs, visit_all(none));
    for (Kept& window : kept) window = keep(*store.sinks()[0], std::vector<float>(kValues, value));
    expect_all(store, kept);
    copy(store, kept, [] {});
    for (const Kept& window : kept) store.sinks()[0]->drop(window.reference);
  }
  EXPECT_EQ(store.segments().size(), 0u);
}

TEST_F(WindowStoreTest, TellsOfACopyThatFailed) {
  WindowStore store(folder_, 1 << 20, 1);
  const WindowStore::Need needs[] = {{1, 3}};
  store.make_room(needs, [](const WindowStore::Visit&) {});
  const std::vector<Kept> kept{keep(*store.sinks()[0], {1, 2, 3})};
  copy(store, kept, [] { fail(Code::environment, "no room for the checkpoint"); });
  EXPECT_THROW(store.plan_copy(), Error);
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
  store.wait_for_writing();
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
