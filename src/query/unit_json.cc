#include "query/unit_json.h"

#include <array>
#include <cmath>
#include <span>

#include "collate/merge.h"
#include "core/rw_class.h"
#include "core/unit_address.h"

namespace actogram {
namespace {

void write(JsonText& text, const Place& place) {
  text.open('{').member("sequence", place.sequence).member("position", place.position).close('}');
}

// What others publish of a unit has no counts and no minimum: not known, rather than 0.
void write(JsonText& text, const Summary& s, bool published) {
  const auto known = [&](const auto& value) {
    return published ? std::nullopt : std::optional(value);
  };
  text.open('{')
      .member("count", known(s.count))
      .member("n_nan", known(s.n_nan))
      .member("n_infinite", known(s.n_infinite))
      .member("n_positive", known(s.n_positive))
      .member("positive_share",
              known(static_cast<double>(s.n_positive) / static_cast<double>(s.count)))
      .member("mean", s.mean)
      .member("variance", s.variance)
      .member("std", std::sqrt(s.variance))
      .member("skewness", s.skewness)
      .member("kurtosis", s.kurtosis)
      .member("min", known(s.min))
      .member("max", s.max);
  text.key("min_at");
  published ? void(text.null()) : write(text, s.min_at);
  text.key("max_at");
  write(text, s.max_at);
  text.close('}');
}

void write(JsonText& text, const HistogramView& view) {
  text.member("edges", std::span(view.edges)).member("counts", std::span(view.counts));
}

void write(JsonText& text, const ClassFacts::Peak& peak) {
  text.open('{')
      .member("sequence", peak.sequence)
      .member("position", peak.position)
      .member("value", peak.value)
      .close('}');
}

void write(JsonText& text, std::span<const ClassFacts::Peak> peaks) {
  text.open('[');
  for (const ClassFacts::Peak& peak : peaks) write(text, peak);
  text.close(']');
}

void write(JsonText& text, const ClassFacts& facts, std::string_view name, ClassPeaks peaks) {
  text.open('{').member("name", name).member("count", facts.count).member("share", facts.share);
  text.key("means").open('{');
  for (size_t q = 0; q < kNumGatedQuantities; ++q) {
    text.member(kGatedQuantityNames[q], facts.means[q]);
  }
  text.close('}').key("peaks").open('{');
  for (size_t q = 0; q < kNumGatedQuantities; ++q) {
    const std::span all(facts.peaks[q]);
    if (all.empty()) continue;
    text.key(kGatedQuantityNames[q]);
    write(text, peaks == ClassPeaks::all ? all : all.first(1));
  }
  text.close('}').close('}');
}

void write(JsonText& text, const std::vector<TokenWeight>& tokens) {
  text.open('[');
  for (const TokenWeight& token : tokens) {
    text.open('{')
        .member("id", token.id)
        .member("text", token.text)
        .member("weight", token.weight)
        .close('}');
  }
  text.close(']');
}

void write(JsonText& text, const HeadView& view) {
  const HeadScores& scores = view.scores;
  std::array<double, kNumDistanceBins> pattern{}, value{};
  for (size_t bin = 0; bin < kNumDistanceBins; ++bin) {
    pattern[bin] = scores.sums[kPatternByDistance + bin].value();
    value[bin] = scores.sums[kValueByDistance + bin].value();
  }
  text.open('{')
      .member("n_queries", scores.n_queries)
      .member("entropy", scores.mean(kEntropy))
      .member("self", scores.mean(kSelf))
      .member("previous", scores.mean(kPrevious))
      .member("first", scores.mean(kFirst))
      .member("n_repeats", scores.n_repeats)
      .member("induction", scores.mean(kInduction));
  text.key("distance")
      .open('{')
      .member("pattern", std::span(pattern))
      .member("value", std::span(value))
      .close('}');
  text.key("query_tokens");
  write(text, view.query_tokens);
  text.key("key_tokens");
  write(text, view.key_tokens);
  text.close('}');
}

}  // namespace

void write_address(JsonText& text, const UnitAddress& address) {
  text.member("address", fmt::format("{}/{}", address.site, address.index))
      .member("short", fmt::format("{}/{}", short_site_name(address.site), address.index));
}

void write_classes(JsonText& text, const std::vector<ClassFacts>& classes, ClassPeaks peaks) {
  text.key("sign_classes").open('[');
  for (size_t c = 0; c < classes.size(); ++c) write(text, classes[c], kSignClassNames[c], peaks);
  text.close(']');
}

void write_weights(JsonText& text, const std::optional<NeuronWeights>& weights) {
  text.key("weights");
  if (!weights) return void(text.null());
  text.open('{')
      .member("norm_gate", weights->norm_gate)
      .member("norm_in", weights->norm_in)
      .member("norm_out", weights->norm_out)
      .member("cos_gate_in", weights->cos_gate_in)
      .member("cos_gate_out", weights->cos_gate_out)
      .member("cos_in_out", weights->cos_in_out)
      .member("sign", weights->sign)
      .member("rw_class", kRwClassNames[rw_class(*weights)])
      .close('}');
}

void write_facts(JsonText& text, const UnitPage& page, ClassPeaks peaks) {
  write_address(text, page.address);
  text.member("previous", page.previous).member("next", page.next).key("summary");
  write(text, page.summary, page.published);
  text.key("histogram").open('{');
  write(text, page.histogram);
  text.close('}').key("sequence_maxima").open('{');
  write(text, page.maxima);
  text.member("boundaries", std::span(page.bounds)).close('}');
  write_classes(text, page.classes, peaks);
  text.member("refactor_glu", page.refactored);
  write_weights(text, page.weights);
}

void write_title(JsonText& text, std::string_view name, std::string_view title, int bucket) {
  text.member("name", name).member("title", title);
  if (bucket < 0) return;
  const std::array bounds = {kBucketQuantiles[bucket], kBucketQuantiles[bucket + 1]};
  text.member("quantiles", std::span(bounds));
}

void write_rest(JsonText& text, const UnitPage& page) {
  if (page.head) {
    text.key("head");
    write(text, *page.head);
  }
  if (page.explanations.empty()) return;
  text.key("explanations").open('[');
  for (const ScoredText& e : page.explanations) {
    text.open('{').member("explanation", e.text).member("score", e.score).close('}');
  }
  text.close(']');
}

}  // namespace actogram
