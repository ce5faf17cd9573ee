// The tables of events against the definition: a map from (unit, token) to the value.
#include "store/event_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "base/file.h"
#include "base/temporary_folder_test.h"
#include "store/event_check.h"
#include "store/event_writer.h"
#include "store/layout.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Twin = std::map<std::pair<uint32_t, uint32_t>, float>;  // (unit, token)

constexpr size_t kTiny =
    size_t{7} * 2 * sizeof(Event);  // seven events at most in each of one buffer
constexpr const char* kFiles[] = {"unit_events.arrow", "unit_spans.arrow", "token_events.arrow",
                                  "token_spans.arrow"};

class EventIndexTest : public ::testing::Test {
 protected:
  StoredFiles write(const std::vector<Event>& events, EventSpace space, size_t n_threads,
                    size_t memory_bytes) const {
    ThreadPool pool(n_threads);
    EventWriter writer(folder_, space, n_threads, memory_bytes);
    pool.parallel_for(events.size(), [&](size_t i, size_t thread) {
      writer.add(thread, {&events[i].token, 1}, {&events[i].unit, 1}, {&events[i].value, 1});
    });
    return writer.finish(pool);
  }

  std::string contents() const {
    std::string all;
    for (const char* file : kFiles) all += read_file(folder_ + "/" + file);
    return all;
  }

  testing::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

std::vector<Event> shuffled(const Twin& twin, std::mt19937& rng) {
  std::vector<Event> events;
  for (const auto& [key, value] : twin) events.push_back({key.second, key.first, value});
  std::ranges::shuffle(events, rng);
  return events;
}

// Few values, so that many are equal; units beyond 16 bits where there are that many.
Twin random_twin(std::mt19937& rng, EventSpace space, size_t n) {
  Twin twin;
  for (size_t i = 0; i < n; ++i) {
    const auto unit = static_cast<uint32_t>(rng() % 3 == 0 ? 0 : rng() % space.n_units);
    twin[{unit, static_cast<uint32_t>(rng() % space.n_tokens)}] =
        static_cast<float>(1 + rng() % 5) * (rng() % 4 == 0 ? -0.1f : 0.3f);
  }
  return twin;
}

void expect_units(const EventIndex& index, const Twin& twin) {
  std::map<uint32_t, std::vector<UnitEvent>> expected;
  for (const auto& [key, value] : twin) expected[key.first].push_back({key.second, value});
  for (uint32_t unit = 0; unit < index.n_units(); ++unit) {
    SCOPED_TRACE(unit);
    std::vector<UnitEvent> found;
    const UnitEvents events = index.of_unit(unit);
    for (const auto& piece : events.pieces) {
      for (size_t i = 0; i < piece.tokens.size(); ++i) {
        found.push_back({piece.tokens[i], piece.values[i]});
      }
    }
    ASSERT_EQ(found, expected[unit]);
    double sum = 0, sum_of_squares = 0;
    for (const UnitEvent& event : found) {
      sum += event.value;
      sum_of_squares += static_cast<double>(event.value) * event.value;
    }
    const UnitSpan span = index.span(unit);
    EXPECT_EQ(events.n_events, found.size());
    EXPECT_EQ(span.n_events, found.size());
    EXPECT_NEAR(span.sum, sum, 1e-12 * (1 + sum_of_squares));
    EXPECT_NEAR(span.sum_of_squares, sum_of_squares, 1e-12 * (1 + sum_of_squares));
    std::ranges::sort(found, [](const UnitEvent& a, const UnitEvent& b) {
      return a.value != b.value ? a.value > b.value : a.token < b.token;
    });
    for (const size_t n : {size_t{0}, size_t{1}, size_t{3}, size_t{1000}}) {
      EXPECT_EQ(index.top(unit, n),
                std::vector(found.begin(),
                            found.begin() + static_cast<ptrdiff_t>(std::min(n, found.size()))));
    }
  }
}

void expect_tokens(const EventIndex& index, const Twin& twin) {
  std::map<uint32_t, std::vector<std::pair<uint32_t, float>>> expected;
  for (const auto& [key, value] : twin) expected[key.second].emplace_back(key.first, value);
  for (uint32_t token = 0; token < index.n_tokens(); ++token) {
    const TokenEvents events = index.at_token(token);
    std::vector<std::pair<uint32_t, float>> found;
    for (size_t i = 0; i < events.size(); ++i) {
      found.emplace_back(events.unit(i), events.values()[i]);
    }
    ASSERT_EQ(found, expected[token]) << token;
  }
}

TEST_F(EventIndexTest, GivesBackWhatWasWrittenInBothOrders) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    const EventSpace space{1 + rng() % 200, seed % 4 == 0 ? 70'000 : 1 + rng() % 50};
    const Twin twin = random_twin(rng, space, rng() % 600);
    const size_t memory = seed % 2 == 0 ? kTiny : EventWriter::kMemoryBytes;
    write(shuffled(twin, rng), space, 1 + seed % 3, memory);

    const EventIndex index(folder_);
    EXPECT_EQ(index.n_events(), twin.size());
    EXPECT_EQ(index.n_units(), space.n_units);
    EXPECT_EQ(index.n_tokens(), space.n_tokens);
    expect_units(index, twin);
    expect_tokens(index, twin);
    EXPECT_THAT(problems_of(index), IsEmpty());
  }
}

TEST_F(EventIndexTest, IsTheSameForEveryNumberOfThreadsAndEveryMemory) {
  std::mt19937 rng(1);
  const EventSpace space{3 * kTokensPerEventBatch + 5, 300};
  Twin twin = random_twin(rng, space, 20'000);
  write(shuffled(twin, rng), space, 1, EventWriter::kMemoryBytes);
  const std::string expected = contents();
  for (const size_t n_threads : {1, 3}) {
    write(shuffled(twin, rng), space, n_threads, 10'000 * sizeof(Event));
    EXPECT_EQ(contents(), expected) << n_threads << " threads";
  }
  expect_tokens(EventIndex(folder_), twin);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_EQ(entry.path().extension(), ".arrow") << "a run was left behind";
  }
}

// Longer than a record batch, so it comes in pieces.
TEST_F(EventIndexTest, OneUnitMayHaveAllEvents) {
  const EventSpace space{kEventsPerBatch + 1000, 3};
  ThreadPool pool(3);
  EventWriter writer(folder_, space, 3, size_t{4} << 20);
  pool.parallel_for(space.n_tokens, [&](size_t i, size_t thread) {
    const auto token = static_cast<uint32_t>(space.n_tokens - 1 - i);
    const uint32_t unit = 1;
    const float value = static_cast<float>(token) + 0.5f;
    writer.add(thread, {&token, 1}, {&unit, 1}, {&value, 1});
  });
  writer.finish(pool);

  const EventIndex index(folder_);
  const UnitEvents events = index.of_unit(1);
  ASSERT_EQ(events.pieces.size(), 2);
  uint32_t token = 0;
  for (const auto& piece : events.pieces) {
    for (size_t i = 0; i < piece.tokens.size(); ++i, ++token) {
      ASSERT_EQ(piece.tokens[i], token);
      ASSERT_EQ(piece.values[i], static_cast<float>(token) + 0.5f);
    }
  }
  EXPECT_EQ(token, space.n_tokens);
  EXPECT_THAT(index.of_unit(0).pieces, IsEmpty());
  EXPECT_THAT(index.of_unit(2).pieces, IsEmpty());
  EXPECT_EQ(index.top(1, 1).front().token, space.n_tokens - 1);
  EXPECT_THAT(problems_of(index), IsEmpty());
}

TEST_F(EventIndexTest, SixteenBytesAnEventAreEnough) {
  std::mt19937 rng(3);
  const EventSpace space{50'000, 1000};
  const Twin twin = random_twin(rng, space, 600'000);
  uint64_t n_bytes = 0;
  for (const auto& [name, file] : write(shuffled(twin, rng), space, 2, EventWriter::kMemoryBytes)) {
    EXPECT_EQ(file.n_bytes, fs::file_size(folder_ + "/" + name));
    n_bytes += file.n_bytes;
  }
  EXPECT_LE(static_cast<double>(n_bytes) / static_cast<double>(twin.size()), 16);
}

std::string error_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(EventIndexTest, RefusesWhatIsNoEvent) {
  const EventSpace space{10, 5};
  const auto writing = [&](std::vector<Event> events, size_t memory_bytes) {
    return error_of([&] { write(events, space, 1, memory_bytes); });
  };
  EXPECT_THAT(writing({{10, 0, 1}}, kTiny), HasSubstr("token 10 of 10"));
  EXPECT_THAT(writing({{0, 5, 1}}, kTiny), HasSubstr("unit 5 of 5"));
  EXPECT_THAT(writing({{0, 0, 0}}, kTiny), HasSubstr("is no event"));
  EXPECT_THAT(writing({{0, 0, NAN}}, kTiny), HasSubstr("is no event"));
  EXPECT_THAT(writing({{0, 0, INFINITY}}, kTiny), HasSubstr("is no event"));
  std::vector<Event> twice(8, {2, 1, 1});
  for (uint32_t i = 0; i < 7; ++i) twice[i] = {i, 1, 1};  // the eighth is in another run
  EXPECT_THAT(writing(twice, kTiny), HasSubstr("unit 1 at token 2 has two values"));
  EXPECT_THAT(writing(twice, EventWriter::kMemoryBytes), HasSubstr("two values"));
  EXPECT_THAT(error_of([&] {
                EventWriter(folder_, {10, uint64_t{1} << 24}, 1, kTiny);
              }),
              "no error");
  EXPECT_THAT(error_of([&] {
                EventWriter(folder_, {10, (uint64_t{1} << 24) + 1}, 1, kTiny);
              }),
              HasSubstr("record fewer sites"));
  EXPECT_THAT(error_of([&] {
                EventWriter(folder_, {uint64_t{1} << 32, 5}, 1, kTiny);
              }),
              HasSubstr("record in shards"));
}

// Repeated once to thrice, some in runs of their own, in any order.
TEST_F(EventIndexTest, DropsRepeatedEventsWhereAsked) {
  for (const size_t memory_bytes : {kTiny, EventWriter::kMemoryBytes}) {
    std::mt19937 rng(17);
    const EventSpace space{40'000, 50};
    const Twin twin = random_twin(rng, space, 3000);
    const std::vector<Event> once = shuffled(twin, rng);
    write(once, space, 1, EventWriter::kMemoryBytes);
    const std::string expected = contents();
    std::vector<Event> events = once;
    for (int i = 0; i < 2; ++i) {
      for (const Event& event : once) {
        if (rng() % 2 == 0) events.push_back(event);
      }
    }
    std::ranges::shuffle(events, rng);
    ThreadPool pool(1);
    EventWriter writer(folder_, space, 1, memory_bytes);
    writer.drop_repeated([](const Event& event) { return fmt::format("token {}", event.token); });
    for (const Event& event : events) {
      writer.add(0, {&event.token, 1}, {&event.unit, 1}, {&event.value, 1});
    }
    writer.finish(pool);
    EXPECT_EQ(writer.n_dropped(), events.size() - once.size());
    EXPECT_EQ(contents(), expected);

    EventWriter other(folder_, space, 1, memory_bytes);
    other.drop_repeated([](const Event& event) { return fmt::format("token {}", event.token); });
    for (const float value : {1.0f, 2.0f}) {
      const Event event{7, 3, value};
      other.add(0, {&event.token, 1}, {&event.unit, 1}, {&event.value, 1});
    }
    EXPECT_THAT(error_of([&] { other.finish(pool); }), HasSubstr("token 7 has two values"));
  }
}

TEST_F(EventIndexTest, OfNothingIsEmpty) {
  write({}, {0, 0}, 2, kTiny);
  const EventIndex index(folder_);
  EXPECT_EQ(index.n_events() + index.n_units() + index.n_tokens(), 0);
  EXPECT_THAT(problems_of(index), IsEmpty());
}

// Whatever bytes are changed, reading all of it ends, in answers or in an Error.
TEST_F(EventIndexTest, DamageIsAnErrorOrAProblem) {
  std::mt19937 rng(5);
  const EventSpace space{40, 12};
  const Twin twin = random_twin(rng, space, 200);
  write(shuffled(twin, rng), space, 1, EventWriter::kMemoryBytes);
  std::map<std::string, std::string> whole;
  for (const char* file : kFiles) whole[file] = read_file(folder_ + "/" + file);
  size_t n_found = 0;
  constexpr size_t kTries = 400;
  for (size_t i = 0; i < kTries; ++i) {
    const char* file = kFiles[i % 4];
    std::string bytes = whole[file];
    if (i % 10 == 9) bytes.resize(rng() % bytes.size());
    for (size_t j = 0; j < 3 && !bytes.empty(); ++j) {
      bytes[rng() % bytes.size()] = static_cast<char>(rng());
    }
    std::ofstream(folder_ + "/" + file, std::ios::binary) << bytes;
    try {
      const EventIndex index(folder_);
      n_found += !problems_of(index).empty();
      for (uint64_t unit = 0; unit < index.n_units(); ++unit) index.top(unit, 3);
    } catch (const Error&) {
      ++n_found;
    }
    std::ofstream(folder_ + "/" + file, std::ios::binary) << whole[file];
  }
  EXPECT_GT(n_found, kTries / 4);  // the rest fell on padding and metadata
  EXPECT_THAT(problems_of(EventIndex(folder_)), IsEmpty());
}

TEST_F(EventIndexTest, TablesThatDoNotFitAreRefused) {
  write({{1, 1, 1}}, {10, 5}, 1, kTiny);
  const std::string one = read_file(folder_ + "/token_events.arrow");
  write({{1, 1, 1}, {2, 1, 1}}, {10, 5}, 1, kTiny);
  std::ofstream(folder_ + "/token_events.arrow", std::ios::binary) << one;
  EXPECT_THAT(error_of([&] { EventIndex{folder_}; }),
              HasSubstr("token_events.arrow: 1 events; unit_events.arrow has 2"));
}

}  // namespace
}  // namespace actogram
