// explain and score: what units are about, in words, and how true the words are.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "actogram/error.h"
#include "cli/help.h"
#include "cli/named_units.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "explain/open_model.h"
#include "explain/run.h"
#include "query/facts.h"
#include "query/open_recording.h"
#include "query/unit_list.h"

namespace actogram {
namespace {

// What explain and score share.
struct Asked {
  std::vector<std::string> units;
  UnitListQuestion top = {.column = unit_column("max"), .limit = 0};
  std::string site;  // of the top ones
  RunOptions run;
  ModelAddress model;
  uint32_t timeout_s = 120;
};

void add_asked(CLI::App& app, Asked& asked) {
  app.add_option("RECORDING", asked.run.recording, "NAME.acto")->required();
  app.add_option("UNITS", asked.units, "12.mlp/345, 12.mlp/0-99, or a file of such lines");
  CLI::Option* top = app.add_option("--top", asked.top.limit,
                                    "instead: the first so many units, the highest first")
                         ->type_name("N");
  add_choice<size_t>(app, "--by", asked.top.column,
                     {{"peak", unit_column("max")},
                      {"frequency", unit_column("positive_share")},
                      {"mean", unit_column("mean")},
                      {"std", unit_column("std")},
                      {"skewness", unit_column("skewness")},
                      {"kurtosis", unit_column("kurtosis")}},
                     "what --top goes by: their highest value, the share of values above 0, or a "
                     "moment")
      ->needs(top);
  app.add_option("--site", asked.site, "with --top: of this site alone")
      ->type_name("SITE")
      ->needs(top);
  app.add_option(
         "--llm", asked.model.where,
         "a model's file, x.gguf, or an endpoint of OpenAI's kind, http://localhost:8080/v1; a key "
         "for it is read from ACTOGRAM_LLM_KEY")
      ->type_name("FILE|URL")
      ->required();
  app.add_option("--llm-model", asked.model.model, "the model's name at an endpoint")
      ->type_name("NAME");
  app.add_option("--llm-context", asked.model.context,
                 "tokens of question and answer, for a file; 0: as trained, but 8,192 at most")
      ->capture_default_str();
  app.add_option("--at-once", asked.run.n_at_once, "questions under way")
      ->capture_default_str()
      ->check(CLI::Range(1u, 256u));
  app.add_option("--attempts", asked.model.n_attempts, "tries for each question")
      ->capture_default_str()
      ->check(CLI::Range(1u, 100u));
  app.add_option("--timeout", asked.timeout_s, "seconds for an answer")
      ->capture_default_str()
      ->check(CLI::Range(1u, 86400u));
  app.add_option("--temperature", asked.run.chat.temperature, "of the model's choice of words")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 2.0));
  app.add_option("--max-tokens", asked.run.chat.max_tokens, "of an answer")->capture_default_str();
  app.add_option("--seed", asked.run.chat.seed, "for the model, and another answer")
      ->capture_default_str();
}

// `kind`: what --top takes.
void complete(Asked& asked, const UnitTexts& texts, UnitKind kind) {
  if (asked.units.empty() == (asked.top.limit == 0)) {
    fail(Code::invalid, "write the units, or --top N, and not both");
  }
  if (asked.top.limit == 0) {
    asked.run.units = parse_units(asked.units, texts);
  } else {
    asked.top.kind = kind;
    asked.top.site = asked.site;
    asked.run.units = UnitLists(*open_recording(asked.run.recording)).units(asked.top);
    if (asked.run.units.empty()) {
      fail(Code::not_found, "--top: there is no such unit of which that number is known");
    }
  }
  asked.model.timeout = std::chrono::seconds(asked.timeout_s);
  if (const char* key = std::getenv("ACTOGRAM_LLM_KEY")) asked.model.key = key;
}

int print_report(const RunReport& report, const char* done, bool json) {
  if (json) {
    std::printf("%s\n", to_json_text(report).c_str());
  } else {
    for (const RunFailure& failure : report.failures) {
      std::printf("%s/%u: failed: %s\n", failure.unit.site.c_str(), failure.unit.index,
                  failure.reason.c_str());
    }
    std::printf("%s %s, %zu failed; %s questions, %s answered before, %s tokens\n",
                readable_count(report.n_done).c_str(), done, report.failures.size(),
                readable_count(report.n_asked).c_str(), readable_count(report.n_known).c_str(),
                readable_count(report.n_tokens).c_str());
  }
  return report.failures.empty() ? 0 : 1;
}

}  // namespace

Action add_explain(CLI::App& app, const Invocation& invocation) {
  struct Typed {
    Asked asked;
    ExplainRequest request;
  };
  auto typed = std::make_shared<Typed>();
  add_asked(app, typed->asked);
  add_choice<ExplainMethod>(
      app, "--method", typed->request.method,
      {{"tokens", ExplainMethod::tokens},
       {"excerpts", ExplainMethod::excerpts},
       {"heads", ExplainMethod::heads}},
      "tokens with levels from 0 to 10, or 200 tokens around each maximum; of attention heads the "
      "pairs of tokens where they are strongest");
  app.add_option("--excerpts", typed->request.most_excerpts, "how many are shown")
      ->capture_default_str()
      ->check(CLI::Range(1u, 100u));
  return [typed, &invocation] {
    const auto recording = open_recording(typed->asked.run.recording);
    const UnitTexts texts(*recording);
    const bool heads = typed->request.method == ExplainMethod::heads;
    complete(typed->asked, texts, heads ? UnitKind::heads : UnitKind::of_tokens);
    const auto model = open_model(typed->asked.model);
    RunReport report;
    {
      ProgressBar bar;
      report = explain_units(typed->asked.run, typed->request, *model, excerpts_from(texts),
                             bar.callback());
    }
    return print_report(report, "explained", invocation.json);
  };
}

Action add_score(CLI::App& app, const Invocation& invocation) {
  struct Typed {
    Asked asked;
    ScoreOptions score;
  };
  auto typed = std::make_shared<Typed>();
  add_asked(app, typed->asked);
  add_choice<Scorer>(app, "--scorer", typed->score.scorer,
                     {{"detect", Scorer::detect},
                      {"fuzz", Scorer::fuzz},
                      {"embed", Scorer::embed},
                      {"simulate", Scorer::simulate},
                      {"pairs", Scorer::pairs}},
                     "the model says in which excerpts the unit is active, in which its tokens are "
                     "marked; it compares texts; it says how active the unit is at each token; or "
                     "at which pairs of tokens an attention head is");
  app.add_option("--excerpts", typed->score.most_of_a_kind,
                 "at most so many where it is active, and where not")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1000u));
  app.add_option("--per-question", typed->score.at_once, "excerpts to judge in one question")
      ->capture_default_str()
      ->check(CLI::Range(1u, 100u));
  app.add_option("--pairs", typed->score.n_pairs,
                 "--scorer pairs: at most so many strong ones, and weak ones, a question each")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1000u));
  return [typed, &invocation] {
    const auto recording = open_recording(typed->asked.run.recording);
    const UnitTexts texts(*recording);
    const bool heads = typed->score.scorer == Scorer::pairs;
    complete(typed->asked, texts, heads ? UnitKind::heads : UnitKind::of_tokens);
    const auto model = open_model(typed->asked.model);
    RunReport report;
    {
      ProgressBar bar;
      report =
          score_units(typed->asked.run, typed->score, *model, excerpts_from(texts), bar.callback());
    }
    return print_report(report, "scored", invocation.json);
  };
}

}  // namespace actogram
