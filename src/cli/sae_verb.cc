// `actogram sae`: what can be asked of SAE weights before a recording.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/help.h"
#include "cli/verbs.h"
#include "record/sae_facts.h"

namespace actogram {
namespace {

struct Typed {
  std::string weights;
  SaeOptions options;
  bool json = false;
};

// A number that is absent unless it is typed.
template <typename T>
CLI::Option* add_number(CLI::App& app, const std::string& name, std::optional<T>& into,
                        const std::string& description) {
  return app
      .add_option_function<T>(
          name, [&into](const T& value) { into = value; }, description)
      ->type_name("N");
}

// What files of some formats do not tell; docs/sae.md.
void add_sae_options(CLI::App& app, SaeOptions& options) {
  using DecoderNorm = SaeOptions::DecoderNorm;
  add_choice<SaeOptions::Kind>(app, "--kind", options.kind,
                               {std::begin(kSaeKindWords), std::end(kSaeKindWords)},
                               "what makes a latent");
  add_number(app, "--k", options.k, "latents that top_k keeps");
  add_number(app, "--threshold", options.threshold, "what all latents are compared with");
  add_number(app, "--input-scale", options.input_scale, "multiply the model's values by it first");
  app.add_option("--site", options.site, "where it reads, for example blocks.19.hook_resid_post")
      ->type_name("SITE");
  app.add_flag_callback(
      "--fold-decoder-norm", [&options] { options.decoder_norm = DecoderNorm::fold; },
      "latents as if each decoder row had length 1");
}

}  // namespace

Action add_sae(CLI::App& app, const Invocation& invocation) {
  auto typed = std::make_shared<Typed>();
  app.require_subcommand(0, 1);
  CLI::App* info = app.add_subcommand("info", "Tell what a file or folder of weights holds");
  info->footer("Example:\n  actogram sae info ae.pt --kind top_k --json");
  info->add_option("WEIGHTS", typed->weights,
                   "a file or folder of OpenAI's, Goodfire's, SAELens, sparsify, Gemma Scope,\n"
                   "dictionary_learning or Llama Scope")
      ->required();
  info->add_flag("--json", typed->json, "print one JSON document on stdout");
  add_sae_options(*info, typed->options);
  return [typed, info, &app, &invocation] {
    if (!info->parsed()) {
      constexpr int kUsage = 2;
      std::fputs(app.help().c_str(), stderr);
      return kUsage;
    }
    const SaeFacts facts = sae_facts(typed->weights, typed->options);
    if (typed->json || invocation.json) {
      std::printf("%s\n", facts.json.c_str());
      return 0;
    }
    for (const auto& [label, text] : facts.lines) {
      std::printf("%-12s %s\n", label.c_str(), text.c_str());
    }
    return 0;
  };
}

}  // namespace actogram
