// What the exports of all formats are asked.
#pragma once

#include <string>

#include "actogram/types.h"

namespace actogram {

struct ExportOptions {
  std::string recording;
  std::string folder;  // to make

  GluSigns signs = GluSigns::recorded;  // gluscope

  // sae-tables
  std::string site = {};     // of the SAE, where the recording has several: 19.sae:NAME
  std::string license = {};  // for the card; empty: that of the data set that was imported, if any
};

}  // namespace actogram
