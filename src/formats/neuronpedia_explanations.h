// Explanations as Neuronpedia's bulk import reads them and its public exports have them:
//
//   v1/config/explanation_type.jsonl         what the methods are, which explanations refer to
//   v1/config/explanation_model_type.jsonl   and the models that wrote them
//   v1/MODEL/SOURCE/explanations/batch-N.jsonl.gz   1,024 lines each, one explanation a line
//
// SOURCE is a layer of neurons, "5", or of an SAE, "5-NAME". The import takes its columns from a
// file's first line, so each line has all of them. The units themselves must be there before it:
// explanations refer to them.
#pragma once

#include <string>
#include <vector>

#include "formats/explained_units.h"
#include "formats/export_report.h"

namespace actogram {

// What Neuronpedia calls the recording's model: `typed`, or where that is empty the recording's
// own name for it in small letters, with "-" for what is no letter, digit or one of "._-".
// Error{invalid} where there is neither.
std::string neuronpedia_model(const std::string& typed, const Manifest& manifest);

// Attention heads, which have no pages there, are left out; the report says so. Error{invalid}
// where two sites would be one source.
ExportReport write_neuronpedia_explanations(const std::string& folder, const std::string& model,
                                            const std::vector<ExplainedUnit>& units);

}  // namespace actogram
