// The events of a data set of SAE activations, out of the two tables that have them: a row an
// event, and the pairs that the table of prompts has for each sampled position.
//
// The same event in both is one. Where a sampled position has a pair and no event, the pair is an
// event. Where both have one and the values differ, the event is the row's and the pair stays as
// it was published, in sampled_positions.arrow: neither is lost, and how many there are is told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/threads.h"
#include "formats/event_files.h"
#include "formats/sae_prompt_pass.h"
#include "store/corpus_tables.h"

namespace actogram {

struct EventPass {
  StoredFiles files;
  NoEvents left_out;            // rows whose value is no event
  uint64_t n_repeated = 0;      // rows that are there again with the same value: left out
  std::vector<uint32_t> known;  // tokens that were decomposed for certain: sampled, or with events

  // The pairs against the rows, at sampled positions:
  uint64_t n_pairs = 0;                  // that are events
  uint64_t n_pairs_no_events = 0;        // 0, or beyond float32
  uint64_t n_added = 0;                  // pairs without a row
  uint64_t n_without_pair = 0;           // rows without a pair, where the position has pairs
  uint64_t n_different = 0;              // pairs whose value, as float32, is not the row's
  std::vector<std::string> differences;  // the first of them
};

// `layers` have all features; units are numbered layer after layer. Writes the four tables of
// events into `folder`. Error{invalid} where one table has two values for an event.
EventPass read_events(const SaeTablesFolder& tables, const PromptPass& prompts,
                      const std::vector<EventLayer>& layers, const std::string& folder,
                      ThreadPool& pool, const ProgressFn& progress);

}  // namespace actogram
