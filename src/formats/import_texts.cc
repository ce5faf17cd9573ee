#include "formats/import_texts.h"

#include "codec/utf8.h"
#include "core/unit_address.h"
#include "corpus/corpus.h"
#include "formats/token_texts.h"

namespace actogram {

ImportedTexts import_texts(const TextOptions& options, const std::string& folder,
                           const ProgressFn& progress) {
  const std::string& input = options.corpus.inputs.front();
  if (options.corpus.inputs.size() > 1) {
    fail(Code::invalid, "{} and {}: row numbers are of one file or folder of texts", input,
         options.corpus.inputs[1]);
  }
  const TokenTexts texts_of_ids(options.tokenizer);
  Corpus corpus(options.corpus);
  CorpusWriter writer(folder);
  uint64_t n_bytes = 0, n_invalid_bytes = 0;
  const std::string source = corpus.sources().front().name;
  while (auto document = corpus.next()) {
    if (!document->messages.empty()) {
      fail(Code::invalid, "{}: chats; an imported data set's rows are texts or token ids",
           document->name);
    }
    const auto tokens = texts_of_ids.tokens_of(document->ids, document->text);
    const uint64_t row = writer.n_documents(), n_invalid = count_invalid_bytes(document->text);
    n_bytes += document->text.size(), n_invalid_bytes += n_invalid;
    writer.add_document({row, 0, row, document->name, document->text, n_invalid});
    writer.add_sequence(0, sequence_key(source, row, 0), tokens);
    if (row % 1024 == 0) progress({"reading the texts", row, 0, 0, "rows"});
  }
  if (const uint64_t n_null = corpus.n_null_rows(); n_null > 0) {
    fail(Code::invalid, "{}: {} rows have no text, so that row numbers do not fit", input, n_null);
  }
  ImportedTexts texts;
  texts.n_rows = writer.n_sequences(), texts.n_tokens = writer.n_tokens();
  texts.sources = {{{"name", source},
                    {"n_documents", texts.n_rows},
                    {"n_bytes", n_bytes},
                    {"n_invalid_bytes", n_invalid_bytes}}};
  texts.files = writer.finish();
  return texts;
}

}  // namespace actogram
