// What the exports of all formats are asked.
#pragma once

#include <optional>
#include <string>

#include "actogram/types.h"

namespace actogram {

struct ExportOptions {
  std::string recording;
  std::string folder;  // to make

  GluSigns signs = GluSigns::recorded;  // gluscope

  // sae-tables, and delphi, which without a site exports all SAEs
  std::string site = {};  // of the SAE, where the recording has several: 19.sae:NAME

  // sae-tables
  std::string license = {};  // for the card; empty: that of the data set that was imported, if any

  // delphi
  uint32_t n_splits = 0;  // files a hookpoint; 0: as the cache that was imported had, or else 5

  // tdb, which without a site exports all of them
  std::optional<int> decimals = {};  // all numbers rounded, the published ones to 4; else exact
};

}  // namespace actogram
