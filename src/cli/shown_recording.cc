#include "cli/shown_recording.h"

#include <optional>
#include <thread>

#include "actogram/error.h"
#include "explain/explanation_pages.h"
#include "explain/label_list.h"
#include "query/document_views.h"
#include "query/event_views.h"
#include "query/open_recording.h"
#include "query/pages.h"
#include "query/text_search.h"
#include "query/token_means.h"
#include "query/typed_pages.h"
#include "query/unit_list.h"
#include "record/live_model.h"
#include "record/reopened_sae.h"
#include "record/similar_units.h"
#include "record/written_tokens.h"

namespace actogram {
namespace {

constexpr const char* kNoModel =
    "this server runs no model; started with --model MODEL.gguf, it shows what units do on a text";
constexpr const char* kNoLens =
    "this server runs no model; started with --model MODEL.gguf, it shows which tokens a unit "
    "writes";
constexpr const char* kNoSimilar =
    "this server runs no model; started with --model MODEL.gguf, it shows which neurons write in "
    "the same direction";

}  // namespace

struct ShownRecording::Parts {
  explicit Parts(const std::string& path_of_recording)
      : path(path_of_recording),
        recording(open_recording(path)),
        pages(*recording),
        lists(*recording),
        means(*recording),
        texts(*recording),
        search(*recording),
        explanations(path),
        typed(*recording),
        saes(std::make_unique<ReopenedSaes>(path)) {
    if (pages.has_events()) events.emplace(*recording);
    // So that the first pages come as soon as later ones.
    checking = std::jthread([this](const std::stop_token& stop) { check_ahead(*recording, stop); });
  }

  const EventViews& events_or_fail() const {
    if (events) return *events;
    fail(Code::not_found,
         "this recording has no events: those of SAE latents are recorded with --sae WEIGHTS@SITE");
  }

  LiveModel& live_or_fail() const {
    if (live) return *live;
    fail(Code::unsupported, "{}", why_not(kNoModel));
  }

  std::string typed_unit(std::string_view address, std::string_view body,
                         const IsLeft& is_left) const {
    const UnitAddress unit = pages.address(address);
    return typed.unit_json(unit, live_or_fail().unit(unit, sent_text(body), is_left));
  }

  std::string lens(std::string_view address, size_t limit) const {
    const UnitAddress unit = pages.address(address);
    return written ? written->json(unit, limit) : no_written_tokens_json(unit, why_not(kNoLens));
  }

  std::string similar(std::string_view address, size_t limit) const {
    const LlamaModel* model = live ? live->llama() : nullptr;
    const std::string_view none = live ? "the fake model has no weights" : why_not(kNoSimilar);
    return similar_json(*recording, *saes, model, none, pages.address(address), limit);
  }

  // Why no model runs: what was wrong with the one that was given, if one was.
  std::string_view why_not(std::string_view none_given) const {
    return problem.empty() ? none_given : problem;
  }

  std::string path;
  std::shared_ptr<const Recording> recording;  // read by all that follow
  Pages pages;
  UnitLists lists;
  TokenMeans means;
  DocumentViews texts;
  TextSearch search;
  ExplanationPages explanations;
  TypedPages typed;
  std::optional<EventViews> events;
  std::unique_ptr<ReopenedSaes> saes;
  std::string problem;  // with the model that was given; "" where it runs or none was
  std::unique_ptr<LiveModel> live;
  std::unique_ptr<WrittenTokens> written;  // where there is a live model
  std::jthread checking;                   // last: it ends before what it reads
};

ShownRecording::ShownRecording(const std::string& path) : parts_(std::make_unique<Parts>(path)) {
  if (parts_->pages.has_summaries()) return;
  fail(Code::invalid,
       "{}: imported, so there are no summaries and windows to make pages of; "
       "actogram show UNIT --by-class shows what there is",
       path);
}

ShownRecording::~ShownRecording() = default;

void ShownRecording::run_live(const std::string& model) {
  try {
    parts_->live = std::make_unique<LiveModel>(model, parts_->path, LiveLimits{});
  } catch (const Error& error) {
    parts_->problem = error.what();
    throw;
  }
  parts_->written =
      std::make_unique<WrittenTokens>(*parts_->recording, *parts_->live, *parts_->saes);
}

Documents ShownRecording::documents() const {
  const Parts& all = *parts_;
  const Pages& pages = all.pages;
  return {
      .recording = [&] { return pages.recording_json(); },
      .site = [&](std::string_view site) { return pages.site_json(site); },
      .entropy = [&](std::string_view site) { return pages.entropy_json(site); },
      .unit = [&](std::string_view address) { return pages.unit_json(address); },
      .packed = [&](std::string_view address) { return pages.packed_unit_json(address); },
      .feature = [&](std::string_view address) { return pages.feature_json(address); },
      .units = [&](const UnitListQuestion& question) { return all.lists.json(question); },
      .classes = [&](std::string_view address,
                     size_t limit) { return pages.class_exemplars_json(address, limit); },
      .partners =
          [&](std::string_view address, PartnerOrder order, size_t limit) {
            return to_json_text(all.events_or_fail().partners(address, order, limit));
          },
      .similar = [&](std::string_view address,
                     size_t limit) { return all.similar(address, limit); },
      .lens = [&](std::string_view address, size_t limit) { return all.lens(address, limit); },
      .tokens = [&](std::string_view address, size_t least,
                    size_t limit) { return all.means.json(address, least, limit); },
      .document =
          [&](const DocumentQuestion& question) { return all.texts.document_json(question); },
      .place = [&](const Place& at, FiringOrder order,
                   size_t limit) { return all.texts.place_json(at, order, limit); },
      .search = [&](const TextQuestion& question,
                    const SearchStep& step) { return all.search.json(question, step); },
      .explanations =
          [&](std::string_view address) {
            return all.explanations.unit_json(pages.address(address));
          },
      .explanations_with = [&](std::string_view text,
                               size_t limit) { return all.explanations.found_json(text, limit); },
      .label =
          [&](std::string_view address) { return label_json(all.path, pages.address(address)); },
      .labels = [&](std::string_view text,
                    size_t limit) { return labels_json(all.path, text, limit); },
      .set_label =
          [&](std::string_view address, std::string_view body) {
            return set_label(all.path, pages.address(address), body);
          },
      .live = [&] { return live_json(all.live.get(), all.why_not(kNoModel)); },
      .typed_unit = [&](std::string_view address, std::string_view body,
                        const IsLeft& is_left) { return all.typed_unit(address, body, is_left); },
      .typed_units =
          [&](std::string_view body, FiringOrder order, size_t limit, const IsLeft& is_left) {
            return all.typed.units_json(all.live_or_fail().units(sent_text(body), is_left), order,
                                        limit);
          }};
}

}  // namespace actogram
