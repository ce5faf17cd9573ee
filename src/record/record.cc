#include "record/record.h"

#include <algorithm>

#include "core/unit_address.h"
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

// What of an SAE the numbers depend on: not where its weights lie.
Json identity_of(const RecordedSae& sae) {
  Json facts = sae.facts;
  facts.erase("weights");
  return facts;
}

// Everything the numbers depend on besides the model and the text.
Json options_json(const RecordOptions& options, const std::vector<Site>& dense,
                  const std::vector<RecordedSae>& saes) {
  Json json = to_json(options.corpus);
  json["layers"] = Json::array();
  for (const Site& site : dense) {
    json[is_attention_site(site.name) ? "head_layers" : "layers"].push_back(site.layer);
  }
  for (const RecordedSae& sae : saes) json["saes"].push_back(identity_of(sae));
  return json;
}

Json identity_of(const RecordOptions& options, const Json& options_json, const Json& model) {
  return {{"model", model},
          {"corpus", corpus_fingerprint(options.corpus.corpus)},
          {"options", options_json},
          {"shard", {options.corpus.shard.index, options.corpus.shard.count}},
          {"collate", to_json(options.recorder.collation.collate)},
          {"format", kFormatVersion}};
}

// What the weights of all neurons say; empty where the source does not know. Before anything is
// written, so that a damaged model leaves nothing behind.
std::vector<NeuronWeights> weights_of(ActivationSource& source, const std::vector<Site>& dense,
                                      const ProgressFn& progress) {
  std::vector<NeuronWeights> weights;
  uint64_t n_done = 0;
  for (size_t s = 0; s < source.sites().size(); ++s) {
    if (std::ranges::find(dense, source.sites()[s]) == dense.end()) continue;
    if (is_attention_site(source.sites()[s].name)) continue;
    const std::vector<NeuronWeights> of_site = source.neuron_weights(s);
    if (of_site.empty()) return {};
    weights.insert(weights.end(), of_site.begin(), of_site.end());
    progress({"reading weights", ++n_done, dense.size(), 0, "sites"});
  }
  return weights;
}

// Those that read what attention writes are attributed where that is asked for.
std::vector<RecordedSae> open_saes(const RecordOptions& options) {
  std::vector<RecordedSae> saes = open_saes(options.saes);
  if (!options.attribution) return saes;
  size_t n_attributed = 0;
  for (RecordedSae& sae : saes) {
    sae.attribution = reads_attention(sae);
    if (sae.attribution) sae.facts["attribution"] = true;
    n_attributed += sae.attribution;
  }
  if (n_attributed == 0) {
    fail(Code::invalid,
         "--attribution: it needs an SAE of what attention writes: --sae WEIGHTS@5.attn_out or "
         "WEIGHTS@5.z");
  }
  return saes;
}

// The sites that a llama.cpp model is read at: of neurons and heads, and of what SAEs read.
struct SiteNames {
  std::vector<std::string> dense, all;
};
SiteNames site_names(const RecordOptions& options, const LlamaModel& model,
                     const std::vector<RecordedSae>& saes) {
  std::vector<uint32_t> layers = options.layers;
  for (uint32_t layer = 0; options.layers.empty() && layer < model.info().n_layers; ++layer) {
    layers.push_back(layer);
  }
  SiteNames names;
  for (const uint32_t layer : layers) {
    if (options.neurons) names.dense.push_back(fmt::format("blocks.{}.mlp.hook_post", layer));
    if (options.heads) names.dense.push_back(fmt::format("blocks.{}.attn.hook_pattern", layer));
  }
  names.all = names.dense;
  for (const RecordedSae& sae : saes) {
    names.all.push_back(sae.hook);
    if (sae.attribution) names.all.push_back(attention_site_of(sae));
  }
  return names;
}

RecordReport report_of(const Manifest& manifest, bool resumed) {
  const auto n_of = [&](const char* what) {
    return field<uint64_t>(manifest.corpus, what, kManifestFile);
  };
  RecordReport report{.n_tokens = n_of("n_tokens"),
                      .n_sequences = n_of("n_sequences"),
                      .n_units = manifest.n_units(),
                      .resumed = resumed};
  for (const auto& [name, file] : manifest.files) report.n_bytes += file.n_bytes;
  return report;
}

RecordReport record_with(ActivationSource& source, const Tokenizer& tokenizer, const Json& model,
                         std::vector<RecordedSae> saes, const RecordOptions& options,
                         const ProgressFn& progress) {
  check_recording_name(options.output);
  if (options.corpus.sequences.context > source.max_context()) {
    fail(Code::invalid, "a context of {} tokens is asked for; the model reads {} at most",
         options.corpus.sequences.context, source.max_context());
  }
  for (const RecordedSae& sae : saes) {
    source_site_of(sae, source.sites());
    if (sae.attribution) attention_read_by(sae, source);
  }
  const std::vector<Site> dense = dense_sites(source, options.recorder);
  checked_collate(options.recorder.collation.collate, dense);
  const std::vector<NeuronWeights> weights = weights_of(source, dense, progress);
  if (options.refactor_glu && weights.empty()) {
    fail(Code::invalid, "--refactor-glu: {} is no gated model whose weights can be read",
         options.model);
  }
  Manifest manifest;
  manifest.options = options_json(options, dense, saes);
  for (const RecordedSae& sae : saes) manifest.saes.push_back(sae.facts);
  const Json identity = identity_of(options, manifest.options, model);
  WorkFolder folder(options.output, identity, options.command);
  if (const auto committed = folder.committed()) {
    folder.finish(*committed);
    return report_of(*committed, folder.resumed());
  }
  Json corpus = ensure_corpus(folder, options.corpus, tokenizer, progress);

  manifest.files = files_from_json(corpus.at("files"));
  corpus.erase("files");
  if (!weights.empty()) {
    manifest.files[weights_table().file] = write_weights(folder.path(), weights);
  }
  manifest.refactor_glu = options.refactor_glu;
  const CorpusTables tables(folder.path());
  {
    RecorderOptions recorder_options = options.recorder;
    recorder_options.bos = bos_of(tokenizer, options.corpus.sequences.bos);
    Recorder recorder(folder.path(), sha256_of(to_text(identity)), tables, source, std::move(saes),
                      recorder_options);
    recorder.run(progress);
    manifest.files.merge(recorder.finish(progress));
    manifest.sites = recorder.sites();
  }
  manifest.model = model;
  manifest.corpus = std::move(corpus);
  manifest.provenance = provenance(options.command);
  if (options.corpus.shard.count > 1) {
    manifest.provenance["shards"] = {
        fmt::format("{}/{}", options.corpus.shard.index, options.corpus.shard.count)};
  }
  manifest.collate = options.recorder.collation.collate;
  if (manifest.collate.sign_classes && !manifest.token_sites().empty()) {
    manifest.gate_function = source.gate_function();
  }
  folder.finish(manifest);
  return report_of(manifest, folder.resumed());
}

}  // namespace

RecordReport record_source(ActivationSource& source, const Tokenizer& tokenizer, const Json& model,
                           const RecordOptions& options, const ProgressFn& progress) {
  return record_with(source, tokenizer, model, open_saes(options), options, progress);
}

RecordReport record(const RecordOptions& options, const ProgressFn& progress) {
  check_recording_name(options.output);
  if (!options.neurons && !options.heads && options.saes.empty()) {
    fail(Code::invalid, "--no-neurons: then there is nothing to record; add --sae or --units attn");
  }
  RecordOptions chosen = options;
  if (auto fake = parse_fake(options.model)) {
    if (options.saes.empty()) fake->layers = options.layers;
    fake->gates = options.recorder.collation.collate.sign_classes;
    if (options.heads && fake->n_heads == 0) {
      fail(Code::invalid, "{0}: it has no attention heads; {0}x4 has four a layer", options.model);
    }
    FakeModel source(*fake);
    chosen.recorder.dense_sites.emplace();
    for (const Site& site : source.sites()) {
      const bool wanted = is_attention_site(site.name) ? options.heads : options.neurons;
      if (wanted) chosen.recorder.dense_sites->push_back(site.name);
    }
    const Json model = {
        {"name", options.model}, {"architecture", "fake"}, {"n_layers", fake->n_layers}};
    return record_source(source, FakeTokenizer(), model, chosen, progress);
  }
  const LlamaModel model(options.model);
  std::vector<RecordedSae> saes = open_saes(options);
  const SiteNames names = site_names(options, model, saes);
  LlamaSource source(model, {.sites = names.all,
                             .context = options.corpus.sequences.context,
                             .batch_rows = options.batch_rows,
                             .n_threads = options.recorder.collation.n_threads,
                             .gates = LlamaSourceOptions::Gates::where_gated});
  chosen.recorder.dense_sites = names.dense;
  const LlamaTokenizer tokenizer(model);
  return record_with(source, tokenizer, model_json(model), std::move(saes), chosen, progress);
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
