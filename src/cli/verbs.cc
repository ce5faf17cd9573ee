#include "cli/verbs.h"

namespace actogram {

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> table = {
      {"record", "Record what every unit of a model does over a corpus",
       "actogram record SmolLM2.gguf texts/ chats.jsonl -o smollm2.acto --tokens 1000000",
       add_record},
      {"info", "Tell what is inside a recording, and where it comes from",
       "actogram info smollm2.acto", add_info},
      {"show", "Show a unit: summary, histogram, excerpts as a heat map",
       "actogram show smollm2.acto 12.mlp/345", add_show},
      {"events", "List every place where an SAE latent fired, with its text",
       "actogram events smollm2.acto 15.sae/42 --limit 100", add_events},
      {"at", "List every SAE latent that fired at a token, strongest first",
       "actogram at smollm2.acto --document 12 --position 7", add_at},
      {"partners", "Find the units that fire together with an SAE latent",
       "actogram partners smollm2.acto 15.sae/42", add_partners},
      {"classes", "Tabulate gated neurons: frequencies, weights, classes, correlations",
       "actogram classes smollm2.acto --layer 12 --sort cos_in_out --limit 10", add_classes},
      {"explain", "Ask a language model what units are about",
       "actogram explain smollm2.acto 12.mlp/0-99 --llm http://localhost:8080/v1 --llm-model qwen3",
       add_explain},
      {"score", "Score explanations on excerpts that their explainer never saw",
       "actogram score smollm2.acto 12.mlp/0-99 --llm http://localhost:8080/v1 --llm-model qwen3",
       add_score},
      {"explanations", "List what units are about, and how their explanations scored",
       "actogram explanations smollm2.acto --search weather", add_explanations},
      {"check", "Verify a recording's checksums and invariants", "actogram check smollm2.acto",
       add_check},
      {"merge", "Make one recording of several: shards, or different corpora",
       "actogram merge shard0.acto shard1.acto -o whole.acto", add_merge},
      {"export", "Write a recording in a format that others read",
       "actogram export smollm2.acto smollm2-neurons --format gluscope", add_export},
      {"import", "Make a recording of a data set that others published",
       "actogram import neuron-activations -o olmo.acto --format gluscope --corpus texts.parquet",
       add_import},
      {"serve", "Serve a recording's pages to a browser on this machine",
       "actogram serve smollm2.acto --port 7878", add_serve},
      {"tokens", "List a text's tokens as the recorder sees them",
       "actogram tokens SmolLM2.gguf 'The quick brown fox'", add_tokens},
      {"train-sae", "Train a sparse autoencoder at a site of a model",
       "actogram train-sae SmolLM2.gguf texts/ --site 15.resid_post --latents 4096 --k 32 -o sae",
       add_train_sae},
      {"sae", "Look at the weights of a sparse autoencoder", "actogram sae info layers.10",
       add_sae},
  };
  return table;
}

}  // namespace actogram
