// The numbers of a unit's page as the JSON of docs/api.md, member by member into an open object.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "codec/json_text.h"
#include "query/excerpt.h"

namespace actogram {

enum class ClassPeaks : uint8_t { all, strongest };

void write_address(JsonText& text, const UnitAddress& address);
void write_classes(JsonText& text, const std::vector<ClassFacts>& classes, ClassPeaks peaks);
void write_weights(JsonText& text, const std::optional<NeuronWeights>& weights);

// "address" to "weights", which come before the groups.
void write_facts(JsonText& text, const UnitPage& page, ClassPeaks peaks);
// What a group is called. `bucket` is -1 where it has no quantiles.
void write_title(JsonText& text, std::string_view name, std::string_view title, int bucket);
// What comes after the groups, where there is any.
void write_rest(JsonText& text, const UnitPage& page);

}  // namespace actogram
