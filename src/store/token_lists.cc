#include "store/token_lists.h"

#include <algorithm>
#include <functional>

#include "store/layout.h"

namespace actogram {
namespace {

void write_table(const std::string& folder, const TableSpec& table,
                 std::initializer_list<std::span<const uint32_t>> columns, StoredFiles& into) {
  const size_t n = columns.begin()->size();
  if (n == 0) return;
  TableWriter writer(folder + "/" + table.file, table.columns);
  for (size_t begin = 0; begin < n; begin += kRowsPerBatch) {
    const size_t rows = std::min(kRowsPerBatch, n - begin);
    std::vector<ColumnData> batch;
    for (const auto column : columns) batch.emplace_back(column.subspan(begin, rows));
    writer.write(rows, batch);
  }
  writer.finish();
  into[table.file] = {writer.n_rows(), writer.n_bytes(), writer.checksum()};
}

void check_ascending(const std::vector<uint32_t>& tokens, const std::string& folder,
                     const TableSpec& table) {
  if (std::ranges::adjacent_find(tokens, std::greater_equal()) == tokens.end()) return;
  fail(Code::corrupt, "{}: the tokens of {} do not ascend", folder, table.file);
}

}  // namespace

void write_sampled_tokens(const std::string& folder, std::span<const uint32_t> tokens,
                          StoredFiles& into) {
  write_table(folder, sampled_tokens_table(), {tokens}, into);
}

void write_unknown_tokens(const std::string& folder, std::vector<UnknownToken> unknown,
                          StoredFiles& into) {
  std::ranges::sort(unknown);
  std::vector<uint32_t> sites, tokens;
  for (const UnknownToken& u : unknown) sites.push_back(u.site), tokens.push_back(u.token);
  write_table(folder, unknown_tokens_table(), {sites, tokens}, into);
}

TokenLists::TokenLists(const std::string& folder, const StoredFiles& files) {
  if (files.contains(sampled_tokens_table().file)) {
    is_sampled_ = true;
    const TableReader table(folder + "/" + sampled_tokens_table().file,
                            sampled_tokens_table().columns);
    for (size_t b = 0; b < table.n_batches(); ++b) {
      const TableBatch batch = table.batch(b);
      const auto tokens = batch.column<uint32_t>(0);
      sampled_.insert(sampled_.end(), tokens.begin(), tokens.end());
    }
    check_ascending(sampled_, folder, sampled_tokens_table());
  }
  if (!files.contains(unknown_tokens_table().file)) return;
  const TableReader table(folder + "/" + unknown_tokens_table().file,
                          unknown_tokens_table().columns);
  for (size_t b = 0; b < table.n_batches(); ++b) {
    const TableBatch batch = table.batch(b);
    const auto sites = batch.column<uint32_t>(0), tokens = batch.column<uint32_t>(1);
    for (size_t i = 0; i < sites.size(); ++i) {
      constexpr uint32_t kMostSites = 1 << 20;
      if (sites[i] >= kMostSites) {
        fail(Code::corrupt, "{}: {} names the site {}", folder, unknown_tokens_table().file,
             sites[i]);
      }
      if (unknown_.size() <= sites[i]) unknown_.resize(sites[i] + 1);
      unknown_[sites[i]].push_back(tokens[i]);
    }
  }
  for (const auto& of_site : unknown_) check_ascending(of_site, folder, unknown_tokens_table());
}

std::span<const uint32_t> TokenLists::unknown(size_t site) const {
  return site < unknown_.size() ? std::span(unknown_[site]) : std::span<const uint32_t>();
}

KnownTokens TokenLists::known(size_t site) const {
  if (is_sampled_) return KnownTokens::only(sampled_);
  const auto unknown_here = unknown(site);
  return unknown_here.empty() ? KnownTokens::all() : KnownTokens::all_but(unknown_here);
}

}  // namespace actogram
