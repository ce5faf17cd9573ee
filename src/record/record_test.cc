// The whole flow on the fake model: the same bytes from any number of threads, batches, shards and
// stops, and clear errors for what cannot be recorded.
#include "record/record.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "model/fake_model.h"
#include "record/merge_recordings.h"
#include "record/recordings_test.h"
#include "store/recording.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

size_t n_files(const std::string& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST_F(RecordTest, GivesTheSameBytesWhateverTheThreadsBatchesAndBuffers) {
  record(options("one.acto"), kQuiet);
  EXPECT_TRUE(check_recording(path("one.acto"), [](double) {}).problems.empty());
  const auto expected = checksums(path("one.acto"));
  for (const uint32_t n_threads : {2u, 5u}) {
    RecordOptions o = options(fmt::format("threads{}.acto", n_threads));
    o.recorder.collation.n_threads = n_threads;
    o.recorder.collation.window_memory = 1;  // as small as may be: flushes at every site
    o.recorder.checkpoint_seconds = 0;       // after every batch
    record(o, kQuiet);
    EXPECT_EQ(checksums(o.output), expected);
  }
  EXPECT_FALSE(fs::exists(path("one.acto.partial")));
}

TEST_F(RecordTest, LeavesWindowsInMemoryWhereThereIsRoom) {
  for (const bool room : {true, false}) {
    RecordOptions o = options(fmt::format("room{}.acto", room));
    if (!room) o.recorder.collation.window_memory = 1;
    bool on_disk = false;
    record(o, [&](const Progress&) { on_disk |= fs::exists(o.output + ".partial/windows-1"); });
    EXPECT_EQ(on_disk, !room);
  }
}

TEST_F(RecordTest, GivesTheSameBytesFromShardsInAnyOrder) {
  for (const uint64_t max_tokens : {0, 700}) {
    RecordOptions whole = options(fmt::format("whole{}.acto", max_tokens));
    whole.corpus.max_tokens = max_tokens;
    record(whole, kQuiet);
    std::vector<std::string> shards;
    for (const uint32_t i : {2u, 0u, 1u}) {
      RecordOptions shard = options(fmt::format("shard{}-{}.acto", max_tokens, i));
      shard.corpus.max_tokens = max_tokens;
      shard.corpus.shard = {i, 3};
      record(shard, kQuiet);
      shards.push_back(shard.output);
    }
    const std::string merged = path(fmt::format("merged{}.acto", max_tokens));
    merge_recordings({.inputs = shards, .output = merged}, kQuiet);
    EXPECT_EQ(checksums(merged), checksums(whole.output));
    EXPECT_EQ(read_manifest(merged).corpus.at("sources"),
              read_manifest(whole.output).corpus.at("sources"));
    EXPECT_TRUE(check_recording(merged, [](double) {}).problems.empty());
  }
}

// A child process is killed at a random progress call; the next one goes on, until one gets
// through.
TEST_F(RecordTest, GivesTheSameBytesAfterKillsAtRandomMoments) {
  record(options("calm.acto"), kQuiet);
  const auto expected = checksums(path("calm.acto"));
  std::mt19937 rng(11);
  int kills = 0;
  for (int round = 0; round < 6; ++round) {
    RecordOptions o = options(fmt::format("killed{}.acto", round));
    o.recorder.checkpoint_seconds = 0;
    const std::optional<uint64_t> memory[] = {std::nullopt, 1, 1 << 20};
    o.recorder.collation.window_memory = memory[round % 3];
    while (!fs::exists(o.output)) {
      uint32_t calls = 1 + rng() % 12;
      const pid_t child = fork();
      if (child == 0) {
        record(o, [&](const Progress&) {
          if (calls-- == 0) ::kill(::getpid(), SIGKILL);
        });
        ::_exit(0);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      kills += WIFSIGNALED(status);
    }
    EXPECT_EQ(checksums(o.output), expected);
  }
  EXPECT_GT(kills, 5);
}

TEST_F(RecordTest, StartsAgainWhereTheCheckpointIsDamaged) {
  record(options("sound.acto"), kQuiet);
  RecordOptions o = options("damaged.acto");
  o.recorder.checkpoint_seconds = 0;
  int calls = 0;
  const auto stop = [&](const Progress& p) {
    if (p.phase == "recording" && ++calls == 4) throw Error(Code::environment, "stop");
  };
  EXPECT_THROW(record(o, stop), Error);
  const std::string checkpoint = o.output + ".partial/checkpoint";
  {
    std::fstream file(checkpoint, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(checkpoint) / 2));
    file.put('\x55');
  }
  EXPECT_TRUE(record(o, kQuiet).resumed);
  EXPECT_EQ(checksums(o.output), checksums(path("sound.acto")));
}

TEST_F(RecordTest, RefusesASecondWriterAndATakenName) {
  RecordOptions o = options("taken.acto");
  const auto nested = [&](const Progress& progress) {
    if (progress.phase != "recording") return;
    EXPECT_EQ(code_of([&] { record(o, kQuiet); }), Code::exists);
    throw Error(Code::environment, "seen");
  };
  EXPECT_THROW(record(o, nested), Error);
  RecordOptions other = o;
  other.recorder.collation.collate.top = 9;
  EXPECT_EQ(code_of([&] { record(other, kQuiet); }), Code::exists) << "other options, same name";
  record(o, kQuiet);
  EXPECT_EQ(code_of([&] { record(o, kQuiet); }), Code::exists);
}

TEST_F(RecordTest, SaysWhatCannotBeRecorded) {
  const std::ofstream empty(folder_ / "empty.txt");
  RecordOptions o = options("none.acto");
  o.corpus.corpus.inputs = {path("missing")};
  EXPECT_EQ(code_of([&] { record(o, kQuiet); }), Code::not_found);
  o.corpus.corpus.inputs = {path("empty.txt")};
  EXPECT_EQ(code_of([&] { record(o, kQuiet); }), Code::invalid) << "one empty document";
  o = options("context.acto");
  o.corpus.sequences.context = 5000;
  EXPECT_EQ(code_of([&] { record(o, kQuiet); }), Code::invalid) << "the fake model reads 4096";
  o = options("name.txt");
  EXPECT_EQ(code_of([&] { record(o, kQuiet); }), Code::invalid);
  o = options("folder/that/cannot/be.acto");
  o.output = "/proc/none.acto";
  EXPECT_EQ(code_of([&] { record(o, kQuiet); }), Code::environment);
}

TEST_F(RecordTest, CountsNaNAndInfinityAndNeverRanksThem) {
  FakeModel source({.n_layers = 2,
                    .n_units = 20,
                    .batch_rows = 128,
                    .context = 64,
                    .tile = 16,
                    .padding = 3,
                    .n_heads = 4,
                    .nan_every = 11,
                    .infinite_every = 13});
  RecordOptions o = options("broken.acto");
  record_source(source, FakeTokenizer(), {{"name", "fake"}}, o, kQuiet);
  const CheckReport report = check_recording(o.output, [](double) {});
  EXPECT_TRUE(report.problems.empty()) << report.problems.front();
  const Recording recording(o.output);
  uint64_t n_broken = 0, n_heads = 0;
  for (uint64_t row = 0; row < recording.units().n_units(); ++row) {
    const UnitRecord unit = recording.units().unit(row);
    n_broken += unit.summary.n_nan + unit.summary.n_infinite;
    for (const KeptPeak& peak : unit.maximum_peaks) EXPECT_TRUE(std::isfinite(peak.value));
    if (!unit.head) continue;
    ++n_heads;
    for (const HeadPeak& peak : unit.head->peaks) EXPECT_TRUE(std::isfinite(peak.value));
  }
  EXPECT_GT(n_broken, 0u);
  EXPECT_EQ(n_heads, 8u);
}

// A gated model that knows its weights.
class WeighedModel : public FakeModel {
 public:
  explicit WeighedModel(std::vector<NeuronWeights> weights)
      : FakeModel({.n_layers = 2, .n_units = 3, .batch_rows = 128, .gates = true}),
        weights_(std::move(weights)) {}
  std::vector<NeuronWeights> neuron_weights(size_t site) override {
    return {weights_.begin() + 3 * static_cast<ptrdiff_t>(site),
            weights_.begin() + 3 * static_cast<ptrdiff_t>(site) + 3};
  }

 private:
  std::vector<NeuronWeights> weights_;
};

TEST_F(RecordTest, KeepsWhatTheSourceKnowsOfTheWeights) {
  std::vector<NeuronWeights> weights(6);
  for (size_t i = 0; i < weights.size(); ++i) {
    const double x = static_cast<double>(i);
    weights[i] = {x, x + 1, x + 2, x / 10 - 0.25, -x / 20, 1 - x / 7, x < 2.5 ? -1 : 1};
  }
  WeighedModel source(weights);
  std::vector<std::string> shards;
  for (const uint32_t i : {0u, 1u}) {
    RecordOptions shard = options(fmt::format("shard{}.acto", i));
    shard.corpus.shard = {i, 2};
    shard.refactor_glu = true;
    record_source(source, FakeTokenizer(), {{"name", "fake"}}, shard, kQuiet);
    shards.push_back(shard.output);
  }
  RecordOptions whole = options("whole.acto");
  record_source(source, FakeTokenizer(), {{"name", "fake"}}, whole, kQuiet);
  merge_recordings({.inputs = shards, .output = path("merged.acto")}, kQuiet);
  EXPECT_EQ(checksums(path("merged.acto")), checksums(whole.output));
  for (const std::string& name : {whole.output, path("merged.acto")}) {
    EXPECT_EQ(check_recording(name, [](double) {}).problems, std::vector<std::string>());
    const Recording recording(name);
    EXPECT_EQ(recording.refactors(GluSigns::recorded), name != whole.output);
    for (uint64_t row = 0; row < weights.size(); ++row) {
      EXPECT_EQ(recording.weights(row), weights[row]);
      const auto plain = recording.exact_classes(row, GluSigns::model);
      const auto refactored = recording.exact_classes(row, GluSigns::refactored);
      EXPECT_GT(plain[0].count, 0u);
      EXPECT_EQ(refactored[weights[row].sign < 0 ? 1 : 0].count, plain[0].count);
    }
  }
}

TEST_F(RecordTest, CheckFindsWeightsThatCannotBe) {
  const NeuronWeights sound = {1, 2, 3, 0.5, 0.5, 0.5, 1};
  std::vector<NeuronWeights> weights(6, sound);
  weights[0].norm_in = -1;
  weights[1].cos_in_out = 1.5;
  weights[2].sign = 0;
  weights[4].sign = -1;
  weights[5].cos_gate_out = std::nan("");
  WeighedModel source(weights);
  RecordOptions o = options("damaged.acto");
  record_source(source, FakeTokenizer(), {{"name", "fake"}}, o, kQuiet);
  const auto problems = check_recording(o.output, [](double) {}).problems;
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_EQ(problems[0], "0.mlp/0: a weight vector's norm is -1");
  EXPECT_EQ(problems[1], "0.mlp/1: a cosine of its weights is 1.5");
  EXPECT_EQ(problems[2], "0.mlp/2: the sign of its weights is 0, expected 1 or -1");
  EXPECT_EQ(problems[3],
            "1.mlp/1: the sign of its weights is -1, but gate and in have the cosine 0.5");
}

TEST_F(RecordTest, KnowsNoSignsOfRefactorGluWithoutWeights) {
  RecordOptions o = options("plain.acto");
  record(o, kQuiet);
  const Recording recording(o.output);
  EXPECT_FALSE(recording.refactors(GluSigns::recorded));
  EXPECT_EQ(code_of([&] { recording.classes(0, GluSigns::refactored); }), Code::invalid);
  o = options("refactored.acto");
  o.refactor_glu = true;
  EXPECT_EQ(code_of([&] { record(o, kQuiet); }), Code::invalid);
  EXPECT_FALSE(fs::exists(o.output + ".partial"));
}

TEST_F(RecordTest, MergesDifferentCorporaOneAfterTheOther) {
  RecordOptions a = options("a.acto"), b = options("b.acto"), again = options("again.acto");
  a.corpus.corpus.inputs = {path("texts")};
  b.corpus.corpus.inputs = {path("lines.jsonl")};
  again.corpus.corpus.inputs = {path("texts")};
  for (const RecordOptions* o : {&a, &b, &again}) record(*o, kQuiet);
  merge_recordings({.inputs = {a.output, b.output}, .output = path("ab.acto")}, kQuiet);
  EXPECT_TRUE(check_recording(path("ab.acto"), [](double) {}).problems.empty());
  const Json corpus = read_manifest(path("ab.acto")).corpus;
  EXPECT_EQ(corpus.at("sources").size(), 2u);
  EXPECT_EQ(corpus.at("n_tokens").get<uint64_t>(),
            read_manifest(a.output).corpus.at("n_tokens").get<uint64_t>() +
                read_manifest(b.output).corpus.at("n_tokens").get<uint64_t>());
  const auto merge_twice = [&] {
    merge_recordings({.inputs = {a.output, again.output}, .output = path("aa.acto")}, kQuiet);
  };
  EXPECT_EQ(code_of(merge_twice), Code::invalid) << "the same documents twice";
  RecordOptions other = options("other.acto");
  other.recorder.collation.collate.window = 13;
  record(other, kQuiet);
  const auto merge_unlike = [&] {
    merge_recordings({.inputs = {a.output, other.output}, .output = path("ao.acto")}, kQuiet);
  };
  EXPECT_EQ(code_of(merge_unlike), Code::invalid);
}

TEST_F(RecordTest, CheckFindsEveryFlippedByte) {
  RecordOptions o = options("flip.acto");
  record(o, kQuiet);
  std::mt19937 rng(3);
  for (const auto& [name, file] : read_manifest(o.output).files) {
    const std::string whole = read_file(o.output + "/" + name);
    std::string damaged = whole;
    damaged[rng() % damaged.size()] ^= 0x10;
    std::ofstream(o.output + "/" + name, std::ios::binary) << damaged;
    const CheckReport report = check_recording(o.output, [](double) {});
    ASSERT_EQ(report.problems.size(), 1u) << name;
    EXPECT_NE(report.problems[0].find(name), std::string::npos);
    std::ofstream(o.output + "/" + name, std::ios::binary) << whole;
  }
  EXPECT_TRUE(check_recording(o.output, [](double) {}).problems.empty());
}

TEST_F(RecordTest, LatentsAreUnknownWhereTheModelsValuesAreNotNumbers) {
  write_small_sae(path("small.safetensors"));
  FakeModelOptions fake{.n_layers = 3, .n_units = 37, .batch_rows = 512, .context = 64};
  fake.nan_every = 400;
  const auto record_shard = [&](const std::string& name, Shard shard) {
    RecordOptions o = options(name);
    o.corpus.shard = shard;
    o.saes = {{.weights = path("small.safetensors")}};
    FakeModel source(fake);
    record_source(source, FakeTokenizer(), {{"name", "fake"}}, o, kQuiet);
    return o.output;
  };
  const Recording whole(record_shard("whole.acto", {0, 1}));
  EXPECT_TRUE(check_recording(whole.path(), [](double) {}).problems.empty());
  constexpr size_t kSite = 3;
  const auto unknown = whole.token_lists().unknown(kSite);
  const uint64_t n_tokens = whole.corpus().n_tokens();
  EXPECT_GT(unknown.size(), n_tokens / 20);
  EXPECT_LT(unknown.size(), n_tokens / 5);
  const Summary latent = whole.units().unit(whole.units().row_of({"1.sae", 0})).summary;
  EXPECT_EQ(latent.n_nan, unknown.size());
  EXPECT_EQ(latent.count, n_tokens - unknown.size());
  for (const uint32_t token : unknown) EXPECT_EQ(whole.events()->at_token(token).size(), 0u);

  const std::string merged = path("merged.acto");
  merge_recordings({.inputs = {record_shard("b.acto", {1, 2}), record_shard("a.acto", {0, 2})},
                    .output = merged},
                   kQuiet);
  EXPECT_EQ(checksums(merged), checksums(whole.path()));
}

TEST_F(RecordTest, EventsOfOtherUnitsThanTheManifestSaysAreRefused) {
  write_small_sae(path("small.safetensors"));
  RecordOptions o = options("events.acto");
  o.saes = {{.weights = path("small.safetensors")}};
  record(o, kQuiet);
  Manifest manifest = read_manifest(o.output);
  ASSERT_EQ(manifest.sites.back().n_units, 20u);
  manifest.sites.back().n_units = 19;
  write_file_atomically(o.output + "/" + kManifestFile, to_text(manifest));
  EXPECT_EQ(code_of([&] { Recording recording(o.output); }), Code::corrupt);
}

// Wherever it stops after the last checkpoint, of which there are several with runs of events.
TEST_F(RecordTest, GoesOnAfterAStopInEveryPartOfItsEnd) {
  write_small_sae(path("small.safetensors"));
  const auto with_events = [&](const std::string& name) {
    RecordOptions o = options(name);
    o.saes = {{.weights = path("small.safetensors")}};
    o.recorder.checkpoint_seconds = 0;
    return o;
  };
  std::set<std::string> phases;
  record(with_events("calm.acto"), [&](const Progress& p) { phases.emplace(p.phase); });
  const auto expected = checksums(path("calm.acto"));
  EXPECT_TRUE(phases.contains("writing the events"));
  EXPECT_TRUE(phases.contains("writing the latents"));
  for (const std::string& stop : phases) {
    const RecordOptions o = with_events("stopped in " + stop + ".acto");
    EXPECT_EQ(code_of([&] {
                record(o, [&](const Progress& p) {
                  if (p.phase == stop) throw Error(Code::environment, "stop");
                });
              }),
              Code::environment);
    record(o, kQuiet);
    EXPECT_EQ(checksums(o.output), expected) << stop;
    EXPECT_EQ(n_files(o.output), expected.size() + 1) << "and the manifest";
  }
}

TEST_F(RecordTest, GoesOnAfterAStopWhileItRemovesWhatIsOfNoUseAnyMore) {
  RecordOptions o = options("stopped.acto");
  o.recorder.checkpoint_seconds = 0;
  const std::string partial = o.output + ".partial";
  std::string command;
  const auto keep_command = [&](const Progress&) {
    command = read_file(partial + "/command.json");
  };
  const RecordReport whole = record(o, keep_command);
  const auto expected = checksums(o.output);
  fs::rename(o.output, partial);  // as it was before its last two steps, with a segment left
  write_file_atomically(partial + "/command.json", command);
  write_file_atomically(partial + "/windows-3", "of no use");
  const RecordReport again =
      record(o, [](const Progress& p) { ADD_FAILURE() << p.phase << ", although all is there"; });
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(again.n_tokens, whole.n_tokens);
  EXPECT_EQ(again.n_sequences, whole.n_sequences);
  EXPECT_EQ(again.n_units, whole.n_units);
  EXPECT_EQ(again.n_bytes, whole.n_bytes);
  EXPECT_EQ(checksums(o.output), expected);
  EXPECT_EQ(n_files(o.output), expected.size() + 1);
}

TEST_F(RecordTest, RefusesAManifestFromTheFuture) {
  RecordOptions o = options("future.acto");
  record(o, kQuiet);
  const std::string manifest = o.output + "/manifest.json";
  std::string text = read_file(manifest);
  text.replace(text.find("\"version\": 4"), 12, "\"version\": 9");
  write_file_atomically(manifest, text);
  EXPECT_EQ(code_of([&] { Recording recording(o.output); }), Code::unsupported);
  write_file_atomically(manifest, "{\"format\": \"something\"}");
  EXPECT_EQ(code_of([&] { Recording recording(o.output); }), Code::corrupt);
}

}  // namespace
}  // namespace actogram
