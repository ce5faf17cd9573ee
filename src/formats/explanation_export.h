// What `actogram explain` and `actogram score` made of a recording's units, in others' formats:
//
//   llm-explanations-output   Parquet: feature_id, explanation, concept; the fourth table of
//                             sae_tables_folder.h
//   tdb                       DATASET/explanations/LAYER/INDEX.jsonl, with scores, as
//                             tdb_explanations.h has them
//   neuronpedia               v1/MODEL/SOURCE/explanations/batch-N.jsonl.gz, as its import reads
//                             them (neuronpedia_explanations.h)
//
// How to add one: a word here, and its row in the table of explanation_export.cc.
#pragma once

#include <cstdint>
#include <string>

#include "formats/explained_units.h"
#include "formats/export_report.h"

namespace actogram {

enum class ExplanationFormat : uint8_t { llm_explanations_output, tdb, neuronpedia, count };

struct ExplanationExportOptions {
  std::string recording;
  // A folder to make; or one file, X.parquet of llm-explanations-output, X.jsonl of tdb.
  std::string output;
  ExplanationFormat format = ExplanationFormat::llm_explanations_output;
  WantedExplanations wanted = {};
  std::string model_id = {};  // neuronpedia: what it calls the model; empty: the recording's name
};

// The output must not exist; it appears when it is complete. Error{invalid} for units that the
// format cannot tell apart: llm-explanations-output has no column for the site.
ExportReport export_explanations(const ExplanationExportOptions& options);

}  // namespace actogram
