#include "formats/tdb_explanations.h"

#include <charconv>
#include <iterator>
#include <string_view>

namespace actogram {
namespace {

// What a class's fields were called, and what the objects in them are.
struct Renamed {
  std::string_view class_name, old_name, name;
};
constexpr Renamed kRenamed[] = {
    {"NeuronId", "idx", "neuron_index"},
    {"NeuronId", "layer", "layer_index"},
    {"SequenceSimulation", "unit", "activation_scale"},
    {"ScoredSequenceSimulation", "simulation", "sequence_simulation"},
    {"ScoredExplanation", "explanation_or_baseline", "explanation"},
    {"NeuronSimulationResults", "scored_explanation_or_baseline_list", "scored_explanations"},
    {"AttentionSimulationResults", "attention_id", "attention_head_id"},
};

struct Part {
  std::string_view class_name, field, of_class;
};
constexpr Part kParts[] = {
    {"NeuronSimulationResults", "neuron_id", "NeuronId"},
    {"NeuronSimulationResults", "scored_explanations", "ScoredExplanation"},
    {"ScoredExplanation", "scored_simulation", "ScoredSimulation"},
    {"ScoredSimulation", "scored_sequence_simulations", "ScoredSequenceSimulation"},
    {"ScoredSequenceSimulation", "sequence_simulation", "SequenceSimulation"},
    {"SequenceSimulation", "uncalibrated_simulation", "SequenceSimulation"},
    {"AttentionSimulationResults", "attention_head_id", "NeuronId"},
    {"AttentionSimulationResults", "scored_explanations", "ScoredAttentionExplanation"},
    {"ScoredAttentionExplanation", "scored_attention_simulation", "ScoredAttentionSimulation"},
    {"ScoredAttentionSimulation", "attention_simulations", "AttentionSimulation"},
};

std::string_view new_name(std::string_view class_name, std::string_view name) {
  for (const Renamed& row : kRenamed) {
    if (row.class_name == class_name && row.old_name == name) return row.name;
  }
  return name;
}

std::string_view class_of(std::string_view class_name, std::string_view field) {
  for (const Part& part : kParts) {
    if (part.class_name == class_name && part.field == field) return part.of_class;
  }
  return "";
}

// An object of a class, or a list of them, by today's names and with its class's name first. What
// is of no class, null among it, stays as it is.
Json as_today(const Json& json, std::string_view class_name) {
  if (class_name.empty()) return json;
  if (json.is_array()) {
    Json list = Json::array();
    for (const Json& entry : json) list.push_back(as_today(entry, class_name));
    return list;
  }
  if (!json.is_object()) return json;
  Json object = {{"dataclass_name", class_name}};
  for (const auto& [key, value] : json.items()) {
    const bool deleted = class_name == "SequenceSimulation" && key == "response";
    if (key == "dataclass_name" || deleted) continue;
    const std::string_view name = new_name(class_name, key);
    object[std::string(name)] = as_today(value, class_of(class_name, name));
  }
  return object;
}

bool is_attention(const Json& json) {
  return json.contains("attention_head_id") || json.contains("attention_id");
}

Json results_of(const Json& json, const std::string& what) {
  if (!json.is_object()) fail(Code::corrupt, "{}: no object of explanations", what);
  return as_today(json,
                  is_attention(json) ? "AttentionSimulationResults" : "NeuronSimulationResults");
}

uint32_t index_in(const Json& id, std::string_view key, const std::string& what) {
  const Json& value = member(id, key, what);
  uint32_t number = 0;
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || after != end) fail_type(value, "a whole number", key, what);
  return number;
}

constexpr const char* kId[] = {"neuron_id", "attention_head_id"};
constexpr const char* kSimulation[] = {"scored_simulation", "scored_attention_simulation"};
constexpr const char* kScore[] = {"ev_correlation_score", "roc_auc_score"};

}  // namespace

TdbUnit unit_of_explanations(const Json& json, const std::string& what) {
  const Json results = results_of(json, what);
  const Json& id = member(results, kId[is_attention(results)], what);
  return {index_in(id, "layer_index", what), index_in(id, "neuron_index", what)};
}

std::vector<TdbExplanation> read_explanations(const Json& json, const std::string& what) {
  const Json results = results_of(json, what);
  const bool attention = is_attention(results);
  const Json& list = member(results, "scored_explanations", what);
  if (!list.is_array()) fail_type(list, "a list", "scored_explanations", what);
  std::vector<TdbExplanation> explanations;
  for (const Json& entry : list) {
    const Json& simulation = member(entry, kSimulation[attention], what);
    explanations.push_back({field<std::string>(entry, "explanation", what),
                            field<double>(simulation, kScore[attention], what),
                            to_text(simulation)});
  }
  return explanations;
}

namespace {

// automated-interpretability knows only the older name of this field; the Transformer Debugger
// both.
void use_older_names(Json& simulation) {
  const auto list = simulation.find("scored_sequence_simulations");
  if (list == simulation.end() || !list->is_array()) return;
  for (Json& sequence : *list) {
    if (!sequence.is_object() || !sequence.contains("sequence_simulation")) continue;
    Json renamed = Json::object();
    for (const auto& [key, value] : sequence.items()) {
      renamed[key == "sequence_simulation" ? "simulation" : key] = value;
    }
    sequence = std::move(renamed);
  }
}

}  // namespace

std::string explanations_line(const TdbUnit& unit,
                              const std::vector<TdbExplanation>& explanations) {
  Json list = Json::array();
  bool attention = false;
  for (const TdbExplanation& explanation : explanations) {
    Json simulation = parse_json(explanation.simulation, "the simulation of an explanation");
    attention = simulation.contains(kScore[1]);
    use_older_names(simulation);
    list.push_back(
        {{"dataclass_name", attention ? "ScoredAttentionExplanation" : "ScoredExplanation"},
         {"explanation", explanation.explanation},
         {kSimulation[attention], std::move(simulation)}});
  }
  const Json id = {
      {"dataclass_name", "NeuronId"}, {"layer_index", unit.layer}, {"neuron_index", unit.index}};
  return to_text(
      Json{{"dataclass_name", attention ? "AttentionSimulationResults" : "NeuronSimulationResults"},
           {kId[attention], id},
           {"scored_explanations", std::move(list)}});
}

}  // namespace actogram
