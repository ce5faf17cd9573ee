#include "record/record.h"

#include "model/fake_model.h"
#include "model/llama_model.h"
#include "model/llama_source.h"
#include "model/llama_tokenizer.h"
#include "record/named_model.h"
#include "record/work_corpus.h"
#include "store/layout.h"
#include "store/provenance.h"
#include "store/weight_table.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

// Everything the numbers depend on besides the model and the text.
Json options_json(const RecordOptions& options, const ActivationSource& source) {
  const SequenceOptions& sequences = options.corpus.sequences;
  constexpr const char* kLong[] = {"split", "truncate"};
  constexpr const char* kBos[] = {"auto", "always", "never"};
  Json layers = Json::array();
  for (const Site& site : source.sites()) layers.push_back(site.layer);
  return {{"context", sequences.context},
          {"long_documents", kLong[static_cast<int>(sequences.long_documents)]},
          {"bos", kBos[static_cast<int>(sequences.bos)]},
          {"max_tokens", options.corpus.max_tokens},
          {"layers", std::move(layers)}};
}

Json identity_of(const RecordOptions& options, const ActivationSource& source, const Json& model) {
  return {{"model", model},
          {"corpus", corpus_fingerprint(options.corpus.corpus)},
          {"options", options_json(options, source)},
          {"shard", {options.corpus.shard.index, options.corpus.shard.count}},
          {"collate", to_json(options.recorder.collation.collate)},
          {"format", kFormatVersion}};
}

// What the weights of all units say; empty where the source does not know. Before anything is
// written, so that a damaged model leaves nothing behind.
std::vector<NeuronWeights> weights_of(ActivationSource& source, const ProgressFn& progress) {
  std::vector<NeuronWeights> weights;
  const size_t n_sites = source.sites().size();
  for (size_t site = 0; site < n_sites; ++site) {
    const std::vector<NeuronWeights> of_site = source.neuron_weights(site);
    if (of_site.empty()) return {};
    weights.insert(weights.end(), of_site.begin(), of_site.end());
    progress({"reading weights", site + 1, n_sites, 0, "sites"});
  }
  return weights;
}

}  // namespace

RecordReport record_source(ActivationSource& source, const Tokenizer& tokenizer, const Json& model,
                           const RecordOptions& options, const ProgressFn& progress) {
  check_recording_name(options.output);
  if (options.corpus.sequences.context > source.max_context()) {
    fail(Code::invalid, "a context of {} tokens is asked for; the model reads {} at most",
         options.corpus.sequences.context, source.max_context());
  }
  const std::vector<NeuronWeights> weights = weights_of(source, progress);
  if (options.refactor_glu && weights.empty()) {
    fail(Code::invalid, "--refactor-glu: {} is no gated model whose weights can be read",
         options.model);
  }
  const Json identity = identity_of(options, source, model);
  WorkFolder folder(options.output, identity, options.command);
  Json corpus = ensure_corpus(folder, options.corpus, tokenizer, progress);

  Manifest manifest;
  manifest.files = files_from_json(corpus.at("files"));
  corpus.erase("files");
  if (!weights.empty()) {
    manifest.files[weights_table().file] = write_weights(folder.path(), weights);
  }
  manifest.refactor_glu = options.refactor_glu;
  const CorpusTables tables(folder.path());
  {
    RecorderOptions recorder_options = options.recorder;
    recorder_options.bos = tokenizer.bos();
    Recorder recorder(folder.path(), sha256_of(to_text(identity)), tables, source,
                      recorder_options);
    recorder.run(progress);
    manifest.files.merge(recorder.finish(progress));
  }
  manifest.model = model;
  manifest.corpus = std::move(corpus);
  manifest.options = options_json(options, source);
  manifest.provenance = provenance(options.command);
  if (options.corpus.shard.count > 1) {
    manifest.provenance["shards"] = {
        fmt::format("{}/{}", options.corpus.shard.index, options.corpus.shard.count)};
  }
  manifest.sites = source.sites();
  manifest.collate = options.recorder.collation.collate;
  if (manifest.collate.sign_classes) manifest.gate_function = source.gate_function();
  folder.finish(manifest);

  RecordReport report{.n_tokens = tables.n_tokens(),
                      .n_sequences = tables.n_sequences(),
                      .resumed = folder.resumed()};
  for (const Site& site : source.sites()) report.n_units += site.n_units;
  for (const auto& [name, file] : manifest.files) report.n_bytes += file.n_bytes;
  return report;
}

RecordReport record(const RecordOptions& options, const ProgressFn& progress) {
  check_recording_name(options.output);
  if (auto fake = parse_fake(options.model)) {
    fake->layers = options.layers;
    fake->gates = options.recorder.collation.collate.sign_classes;
    FakeModel source(*fake);
    const Json model = {
        {"name", options.model}, {"architecture", "fake"}, {"n_layers", fake->n_layers}};
    return record_source(source, FakeTokenizer(), model, options, progress);
  }
  const LlamaModel model(options.model);
  LlamaSource source(model, {.layers = options.layers,
                             .context = options.corpus.sequences.context,
                             .batch_rows = options.batch_rows,
                             .n_threads = options.recorder.collation.n_threads,
                             .gates = LlamaSourceOptions::Gates::where_gated});
  const LlamaTokenizer tokenizer(model);
  return record_source(source, tokenizer, model_json(model), options, progress);
}

std::string to_json_text(const RecordReport& report, const std::string& output) {
  return to_text(Json{{"recording", output},
                      {"n_tokens", report.n_tokens},
                      {"n_sequences", report.n_sequences},
                      {"n_units", report.n_units},
                      {"n_bytes", report.n_bytes},
                      {"resumed", report.resumed}});
}

}  // namespace actogram
