#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "cli/corpus_flags.h"
#include "cli/help.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "query/facts.h"
#include "record/train_sae.h"

namespace actogram {
namespace {

void add_sae_shape(CLI::App& app, TrainSaeOptions& options) {
  app.add_option("--site", options.site,
                 "where it reads: 15.resid_post, and likewise resid_pre, resid_mid, attn_out,\n"
                 "mlp_out, z, mlp; or a name such as blocks.15.hook_resid_post")
      ->type_name("SITE")
      ->required();
  app.add_option("--latents", options.n_latents, "latents to learn")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 24));
  app.add_option("--k", options.k, "latents that are on at a token, at most")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 16));
}

void add_training_options(CLI::App& app, TrainSaeOptions& options) {
  constexpr const char* kGroup = "Training";
  add_choice<InputNorm>(app, "--input-norm", options.input_norm,
                        {{"layer_norm", InputNorm::layer_norm}, {"scale", InputNorm::scale}},
                        "each token to mean 0 and variance 1, or all by one number")
      ->group(kGroup);
  app.add_option("--epochs", options.epochs, "how often each token is trained on")
      ->capture_default_str()
      ->check(CLI::Range(1u, 100'000u))
      ->group(kGroup);
  app.add_option("--batch", options.batch, "tokens of a step")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 20))
      ->group(kGroup);
  app.add_option("--lr", options.learning_rate,
                 "learning rate (default: 2e-4 times the root of 16384 / latents)")
      ->type_name("X")
      ->group(kGroup);
  app.add_option("--k-aux", options.k_aux,
                 "dead latents that learn from what is missing (default: half the site's width)")
      ->type_name("N")
      ->group(kGroup);
  app.add_option("--dead-tokens", options.dead_tokens,
                 "a latent is dead that was off for so many (default: a tenth of all trained on,\n"
                 "at most 10 million)")
      ->type_name("N")
      ->group(kGroup);
  app.add_option("--seed", options.seed, "of the first directions and the order of tokens")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--buffer-bytes", options.buffer_bytes,
                 "disk for the model's values; what does not fit is trained on in turns")
      ->capture_default_str()
      ->group(kGroup);
}

}  // namespace

Action add_train_sae(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<TrainSaeOptions>();
  TrainSaeOptions& options = *typed;
  app.add_option("MODEL", options.model,
                 "a GGUF file; fake:3x40 stands for 3 layers of 40 values of noise")
      ->required();
  add_corpus_argument(app, options.corpus);
  app.add_option("-o,--output", options.output,
                 "what to make: NAME.safetensors, or a folder as SAELens has them")
      ->type_name("NAME")
      ->required();
  add_sae_shape(app, options);
  add_corpus_flags(app, options.corpus);
  add_sequence_flags(app, options.corpus.sequences);
  add_training_options(app, options);
  add_running_flags(app, {options.n_threads, options.batch_rows, options.checkpoint_seconds},
                    "training");

  return [typed, &invocation] {
    TrainSaeOptions& o = *typed;
    o.command = invocation.command;
    TrainSaeReport report;
    {
      ProgressBar bar;
      report = train_sae(o, bar.callback());
    }
    if (invocation.json) {
      std::printf("%s\n", to_json_text(report, o.output).c_str());
      return 0;
    }
    std::printf("%s: %s latents after %s steps over %s tokens\n", o.output.c_str(),
                readable_count(o.n_latents).c_str(), readable_count(report.n_steps).c_str(),
                readable_count(report.n_tokens).c_str());
    std::printf("of %s tokens held out: FVU %.3f, L0 %.1f; dead latents %.1f %%\n",
                readable_count(report.n_held_out).c_str(), report.fvu, report.l0,
                100 * report.dead_share);
    return 0;
  };
}

}  // namespace actogram
