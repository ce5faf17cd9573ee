// What a language model answers, read as each kind of answer; and escaped, as if it were a text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "actogram/error.h"
#include "explain/explainer_prompts.h"
#include "explain/head_prompts.h"
#include "explain/judge_prompts.h"
#include "explain/prompt_text.h"
#include "explain/simulation_prompts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace actogram;
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  for (const ExplainMethod method :
       {ExplainMethod::tokens, ExplainMethod::excerpts, ExplainMethod::heads}) {
    try {
      if (read_explanation(answer, method).text.empty()) __builtin_trap();
    } catch (const Error&) {
    }
  }
  try {
    if (read_judgements(answer, 3).size() != 3) __builtin_trap();
  } catch (const Error&) {
  }
  try {
    const double predicted = read_pair_answer(answer);
    if (!(predicted >= 0 && predicted <= 1)) __builtin_trap();
  } catch (const Error&) {
  }
  UnitExcerpt excerpt;
  excerpt.text = {{"a", 0}, {"<b>", 0}};
  try {
    for (const double level : read_simulation(answer, excerpt)) {
      if (!(level >= 0 && level <= 10)) __builtin_trap();
    }
  } catch (const Error&) {
  }
  const std::string line = escaped(answer);
  for (const char* mark : {"\n", "\t", "<<", ">>", "<|", "<start>", "<end>"}) {
    if (line.find(mark) != line.npos) __builtin_trap();
  }
  return 0;
}
