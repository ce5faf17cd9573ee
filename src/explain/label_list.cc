#include "explain/label_list.h"

#include <algorithm>
#include <array>

#include "codec/json.h"
#include "codec/sent_strings.h"
#include "core/unit_address.h"
#include "store/label_store.h"

namespace actogram {
namespace {

constexpr std::array<std::string_view, 2> kMembers = {"label", "note"};
constexpr size_t kMostLabelBytes = 200;
constexpr size_t kMostNoteBytes = size_t{16} << 10;

std::string short_address(const UnitAddress& unit) {
  return fmt::format("{}/{}", short_site_name(unit.site), unit.index);
}

void check(std::string_view name, std::string_view text) {
  if (name == "note") {
    if (text.size() <= kMostNoteBytes) return;
    fail(Code::invalid, "a note has up to {} bytes, this has {}", kMostNoteBytes, text.size());
  }
  if (text.size() <= kMostLabelBytes && text.find('\n') == text.npos) return;
  fail(Code::invalid, "a label is one line of up to {} bytes, this has {}; a note takes more",
       kMostLabelBytes, text.size());
}

std::optional<StoredLabel> stored_label(const std::string& recording, const UnitAddress& unit) {
  const auto store = LabelStore::to_read(recording);
  return store ? store->label_of(unit) : std::nullopt;
}

}  // namespace

std::string label_json(const std::string& recording, const UnitAddress& unit) {
  const auto found = stored_label(recording, unit);
  return to_text(Json{{"address", fmt::format("{}/{}", unit.site, unit.index)},
                      {"short", short_address(unit)},
                      {"label", found ? found->label : ""},
                      {"note", found ? found->note : ""},
                      {"changed", found ? Json(found->changed) : Json()}});
}

std::string labels_json(const std::string& recording, std::string_view text, size_t limit) {
  const auto store = LabelStore::to_read(recording);
  std::vector<StoredLabel> found;
  if (store) found = text.empty() ? store->labels() : store->search(text);
  Json list = Json::array();
  for (size_t i = 0; i < std::min(limit, found.size()); ++i) {
    list.push_back({{"unit", short_address(found[i].unit)},
                    {"label", found[i].label},
                    {"note", found[i].note},
                    {"changed", found[i].changed}});
  }
  return to_text(Json{{"text", text}, {"n_labels", found.size()}, {"labels", std::move(list)}});
}

std::string set_label(const std::string& recording, const UnitAddress& unit,
                      std::string_view body) {
  const SentStrings sent = parse_sent_strings(body, kMembers);
  for (const auto& [name, text] : sent) check(name, text);
  {
    LabelStore store = LabelStore::to_write(recording);
    StoredLabel label = store.label_of(unit).value_or(StoredLabel{});
    if (sent.contains("label")) label.label = sent.at("label");
    if (sent.contains("note")) label.note = sent.at("note");
    store.keep(unit, label.label, label.note);
  }
  return label_json(recording, unit);
}

}  // namespace actogram
