// What the imports of all formats are asked and what they tell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/json.h"
#include "formats/import_texts.h"

namespace actogram {

struct ImportOptions {
  std::string folder;      // of tdb also a file
  std::string output;      // NAME.acto
  std::string model = {};  // what the model is called, where the data set is of others
  std::vector<std::string> command = {};

  // gluscope
  std::string samples = {};  // a data set of sampled activations beside it; empty: as FOLDER has it
  uint64_t n_tokens = 0;     // behind the frequencies of a data set of others; 0: not known
  TextOptions texts = {};    // of sae-tables the tokenizer alone

  // sae-tables and delphi; of tdb the units of a layer
  std::string sae = {};    // the SAE's name in addresses; empty: as the data set says
  uint32_t n_latents = 0;  // that the SAE has; 0: up to the highest that the data set names

  // sae-tables
  bool every_token = false;  // were all tokens decomposed, so that a value that is absent is 0?

  // tdb
  std::string site = {};          // what follows "blocks.5."; empty: as the path says
  std::string explanations = {};  // a folder or file of them beside it
};

struct ImportReport {
  uint64_t n_units = 0;
  uint64_t n_bytes = 0;
  Json details = Json::object();       // what else there is to tell, for programs
  std::vector<std::string> remarks{};  // and for people: what was not read, or does not agree
};

std::string to_json_text(const ImportReport& report, const std::string& output);

}  // namespace actogram
