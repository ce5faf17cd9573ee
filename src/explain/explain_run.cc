#include "core/unit_address.h"
#include "explain/unit_loop.h"

namespace actogram {

RunReport explain_units(const RunOptions& options, const ExplainRequest& request, ChatModel& model,
                        const ExcerptsOfUnit& excerpts_of, const ProgressFn& progress) {
  ExplanationStore store(options.recording, Database::Mode::write);
  Journal journal(store, model, options.chat);
  const std::string task = fmt::format("explain {}", name_of(request.method));
  return for_each_unit(options, task, journal, store, progress, [&](const UnitAddress& unit) {
    const uint64_t key = unit_key(unit.site, unit.index);
    const auto wants = [key](uint64_t document) { return part_of(key, document) == Part::explain; };
    const SplitExcerpts split = split_excerpts(key, excerpts_of(unit, wants));
    const Prompt prompt = explainer_prompt(unit, split.explain, request);
    Explanation explanation;
    const JournalledAnswer answer = journal.ask(prompt, [&](std::string_view text) {
      explanation = read_explanation(text, request.method);
    });
    Json parameters = journal.parameters();
    parameters["excerpts"] = request.most_excerpts;
    store.keep(StoredExplanation{.unit = unit,
                                 .method = std::string(name_of(request.method)),
                                 .prompt_version = prompt.version,
                                 .model = journal.model_name(),
                                 .parameters = to_text(parameters),
                                 .text = std::move(explanation.text),
                                 .concept_label = std::move(explanation.concept_label),
                                 .request = answer.request_hash});
  });
}

}  // namespace actogram
