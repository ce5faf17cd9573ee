#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <sstream>
#include <thread>

#include "cli/corpus_flags.h"
#include "cli/help.h"
#include "cli/number_list.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "query/facts.h"
#include "record/record.h"

namespace actogram {
namespace {

// "0/4", the first of four.
Shard parse_shard(const std::string& text) {
  Shard shard;
  char rest = 0;
  const int n = std::sscanf(text.c_str(), "%9u/%9u%c", &shard.index, &shard.count, &rest);
  if (n != 2 || shard.index >= shard.count) {
    fail(Code::invalid, "--shard {}: write i/N with i from 0 to N-1, for example 0/4", text);
  }
  return shard;
}

std::vector<uint32_t> parse_layers(const std::string& text) {
  try {
    return parse_number_list(text);
  } catch (const Error& error) {
    fail(error.code(), "--layers: {}", error.what());
  }
}

void add_corpus_options(CLI::App& app, CorpusPassOptions& corpus) {
  add_corpus_flags(app, corpus);
  app.add_option_function<std::string>(
         "--shard", [&corpus](const std::string& text) { corpus.shard = parse_shard(text); },
         "record every Nth document from the ith on; merge the shards later")
      ->type_name("i/N")
      ->group("The text");
}

// "mlp,attn"
void parse_units(const std::string& text, RecordOptions& options) {
  options.neurons = options.heads = false;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    if (word != "mlp" && word != "attn") {
      fail(Code::invalid, "--units {}: write mlp, attn or mlp,attn", text);
    }
    (word == "mlp" ? options.neurons : options.heads) = true;
  }
}

void add_model_options(CLI::App& app, RecordOptions& options) {
  add_sequence_flags(app, options.corpus.sequences);
  app.add_option_function<std::string>(
         "--units", [&options](const std::string& text) { parse_units(text, options); },
         "what to record: mlp, the neurons; attn, the attention heads (default: mlp)")
      ->type_name("LIST")
      ->group("What the model reads");
  app.add_option_function<std::string>(
         "--layers", [&options](const std::string& text) { options.layers = parse_layers(text); },
         "layers whose neurons and heads to record, for example 0-5,12 (default: all)")
      ->type_name("LIST")
      ->group("What the model reads");
}

void add_sae_options(CLI::App& app, RecordOptions& options) {
  constexpr const char* kGroup = "Sparse autoencoders";
  const auto add = [&options](const std::vector<std::string>& specs) {
    for (const std::string& spec : specs) options.saes.push_back(parse_sae_spec(spec));
  };
  app.add_option_function<std::vector<std::string>>(
         "--sae", add,
         "record its latents too, read at SITE, for example 19.resid_post; may be given\n"
         "again. What files do not tell: name, kind, k, threshold, input_scale, as in\n"
         "ae.pt@8.mlp_out,kind=top_k,k=32 (docs/sae.md)")
      ->type_name("WEIGHTS@SITE[,KEY=VALUE...]")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup);
  app.add_flag("--attribution", options.attribution,
               "of SAEs that read attn_out or z: what each key gave to each event")
      ->group(kGroup);
  app.add_flag_callback(
         "--no-neurons", [&options] { options.neurons = false; }, "record no neurons")
      ->group(kGroup);
}

void add_exemplar_options(CLI::App& app, CollateOptions& collate) {
  constexpr const char* kGroup = "Sequences kept for each unit";
  app.add_option("--top", collate.top, "with the highest maximum")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--bottom", collate.bottom, "with the lowest minimum")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--random", collate.random, "drawn uniformly")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--per-bucket", collate.per_bucket,
                 "drawn from each of five quantile buckets of the maximum")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--window", collate.window, "tokens kept around a peak")
      ->capture_default_str()
      ->check(CLI::Range(1u, 0xffffu))
      ->group(kGroup);
  app.add_option("--samples", collate.samples,
                 "sequences, from the first on, with the values of all units at one token")
      ->capture_default_str()
      ->check(CLI::Range(0u, Sampler::kMostSamples))
      ->group(kGroup);
}

void add_class_options(CLI::App& app, CollateOptions& collate) {
  constexpr const char* kGroup = "Gated neurons by the signs of gate and in";
  app.add_flag("--sign-classes,!--no-sign-classes", collate.sign_classes,
               "statistics of the four sign classes (default: on)")
      ->group(kGroup);
  app.add_option("--class-top", collate.class_top,
                 "sequences kept for each quantity of a class, by magnitude")
      ->capture_default_str()
      ->check(CLI::Range(0u, 255u))
      ->group(kGroup);
  app.add_flag("--class-bos,!--no-class-bos", collate.classes_count_bos,
               "count BOS as a token of its class (default: yes)")
      ->group(kGroup);
}

void add_head_options(CLI::App& app, CollateOptions& collate) {
  app.add_flag("--attn-skip-bos,!--no-attn-skip-bos", collate.attn_skip_bos,
               "leave what heads do with a BOS as key out of sums and ranking; excerpts show\n"
               "it all the same (default: no)")
      ->group("Attention heads");
}

void add_showing_options(CLI::App& app, RecordOptions& options) {
  app.add_flag("--refactor-glu,!--no-refactor-glu", options.refactor_glu,
               "show gated neurons with w_in and w_out negated where w_gate and w_in point\n"
               "apart; the recording holds both (default: no)")
      ->group("Gated neurons by the signs of gate and in");
}

void add_running_options(CLI::App& app, RecordOptions& options) {
  RecorderOptions& recorder = options.recorder;
  add_running_flags(
      app, {recorder.collation.n_threads, options.batch_rows, recorder.checkpoint_seconds}, "run");
  app.add_option("--window-memory", options.recorder.collation.window_memory,
                 "memory for excerpts, such as 500MB; what does not fit waits on the disk\n"
                 "(default: all, if that takes a quarter of the memory or less, or else 256 MB)")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
      ->type_name("SIZE")
      ->group(kRunningGroup);
}

}  // namespace

Action add_record(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<RecordOptions>();
  RecordOptions& options = *typed;
  app.add_option("MODEL", options.model,
                 "a GGUF file; fake:3x40 stands for 3 layers of 40 units of noise, fake:3x40x4\n"
                 "for as many with 4 attention heads each")
      ->required();
  add_corpus_argument(app, options.corpus);
  app.add_option("-o,--output", options.output, "the recording to make")
      ->type_name("NAME.acto")
      ->required();
  add_corpus_options(app, options.corpus);
  add_model_options(app, options);
  add_sae_options(app, options);
  add_exemplar_options(app, options.recorder.collation.collate);
  add_class_options(app, options.recorder.collation.collate);
  add_head_options(app, options.recorder.collation.collate);
  add_showing_options(app, options);
  add_running_options(app, options);

  return [typed, &invocation] {
    RecordOptions& o = *typed;
    o.command = invocation.command;
    RecordReport report;
    {
      ProgressBar bar;
      report = record(o, bar.callback());
    }
    if (invocation.json) {
      std::printf("%s\n", to_json_text(report, o.output).c_str());
      return 0;
    }
    std::printf("%s: %s units over %s tokens, %s\n", o.output.c_str(),
                readable_count(report.n_units).c_str(), readable_count(report.n_tokens).c_str(),
                readable_bytes(report.n_bytes).c_str());
    return 0;
  };
}

}  // namespace actogram
