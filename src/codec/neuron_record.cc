#include "codec/neuron_record.h"

#include <fmt/format.h>

namespace actogram {

void NeuronRecord::clear() {
  layer = index = 0;
  mean = variance = skewness = kurtosis = kUnknown;
  has_buckets = false;
  n_buckets = 0;
  boundaries.clear(), excerpts.clear(), text.clear(), tokens_end.clear(), values.clear();
}

std::string name_of_list(uint32_t list) {
  if (list == RecordExcerpt::kTop) return "most_positive_activation_records";
  if (list == RecordExcerpt::kRandom) return "random_sample";
  return fmt::format("random_sample_by_quantile {}", list - RecordExcerpt::kFirstBucket);
}

}  // namespace actogram
