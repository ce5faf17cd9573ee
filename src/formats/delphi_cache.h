// A folder of Delphi's latent caches, as far as it is known before the events are read: which
// latents there are, numbered as the units of sites, and which tokens they are of.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "base/file.h"
#include "formats/delphi_folder.h"
#include "formats/delphi_split.h"

namespace actogram {

// A file of a cache, mapped as long as this lives.
struct OpenDelphiFile {
  explicit OpenDelphiFile(const DelphiFile& source)
      : file(source.path),
        split(file.bytes(),
              source.last ? std::optional(uint64_t{*source.last} - source.first + 1) : std::nullopt,
              source.path) {}

  MappedFile file;
  DelphiSplit split;
};

// A hookpoint as a site.
struct DelphiLatents {
  const DelphiHookpoint* hookpoint = nullptr;
  std::string hook;      // "blocks.2.hook_mlp_out"
  std::string sae = {};  // as the site's name has it
  Site site = {};
  uint64_t first_unit = 0;
};

struct DelphiCacheOptions {
  std::string folder;
  std::string sae;         // empty: as run_config.json says, or else "delphi"
  uint32_t n_latents = 0;  // of files that do not tell; 0: up to the highest
};

class DelphiCache {
 public:
  // Error{corrupt} or Error{invalid} where the hookpoints do not agree with one another.
  explicit DelphiCache(const DelphiCacheOptions& options);

  const DelphiFolder& folder() const { return folder_; }
  const std::string& model() const { return model_; }                     // empty: not told
  const std::vector<DelphiLatents>& latents() const { return latents_; }  // by first_unit
  uint64_t n_units() const { return n_units_; }
  uint64_t n_rows() const { return n_rows_; }  // of all files

  TokenShape tokens() const { return shape_; }
  // Of the first file that has them.
  std::vector<int32_t> token_ids(uint64_t sequence, uint64_t n_sequences) const {
    return tokens_->split.token_ids(sequence, n_sequences);
  }

 private:
  void read_models();
  void find_tokens();
  void check_context(const DelphiHookpoint& hookpoint) const;
  uint64_t n_latents_of(const DelphiHookpoint& hookpoint) const;
  std::string sae_name(const std::string& module) const;
  void number_latents();

  DelphiCacheOptions options_;
  DelphiFolder folder_;
  std::string model_;
  std::unique_ptr<OpenDelphiFile> tokens_;
  TokenShape shape_;
  std::vector<DelphiLatents> latents_;
  uint64_t n_units_ = 0;
  uint64_t n_rows_ = 0;
};

}  // namespace actogram
