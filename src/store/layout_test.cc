// docs/format.md lists every table's columns; this holds the list to the writer.
#include "store/layout.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "base/file.h"

namespace actogram {
namespace {

const char* name_of(ColumnType type) {
  switch (type) {
    case ColumnType::u8:
      return "u8";
    case ColumnType::u16:
      return "u16";
    case ColumnType::u32:
      return "u32";
    case ColumnType::i32:
      return "i32";
    case ColumnType::i64:
      return "i64";
    case ColumnType::u64:
      return "u64";
    case ColumnType::f32:
      return "f32";
    case ColumnType::f64:
      return "f64";
    case ColumnType::utf8:
      return "utf8";
    case ColumnType::bytes:
      return "bytes";
    case ColumnType::fixed_bytes:
      return "fixed_bytes";
    case ColumnType::list_u16:
      return "list_u16";
    case ColumnType::list_u32:
      return "list_u32";
    case ColumnType::list_i32:
      return "list_i32";
    case ColumnType::list_i64:
      return "list_i64";
    case ColumnType::list_u64:
      return "list_u64";
    case ColumnType::list_f32:
      return "list_f32";
    case ColumnType::list_f64:
      return "list_f64";
  }
  return "";
}

// "## units.arrow" opens a table; "| `site` | utf8 | ..." is a column of it.
std::map<std::string, std::vector<std::string>> documented() {
  std::map<std::string, std::vector<std::string>> tables;
  std::istringstream lines(read_file(std::string(ACTOGRAM_SOURCE_DIR) + "/docs/format.md"));
  std::string line, table;
  while (std::getline(lines, line)) {
    if (line.starts_with("## ")) table = line.substr(3);
    if (!line.starts_with("| `")) continue;
    const size_t name_end = line.find('`', 3);
    const size_t type_end = line.find(" |", name_end + 4);
    tables[table].push_back(line.substr(3, name_end - 3) + " " +
                            line.substr(name_end + 4, type_end - name_end - 4));
  }
  return tables;
}

TEST(FormatDocument, ListsTheColumnsThatAreWritten) {
  const auto tables = documented();
  for (const TableSpec* table : {&documents_table(),
                                 &sequences_table(),
                                 &tokens_table(),
                                 &units_table(),
                                 &histograms_table(),
                                 &peaks_table(),
                                 &classes_table(),
                                 &weights_table(),
                                 &shares_table(),
                                 &samples_table(),
                                 &sample_places_table(),
                                 &heads_table(),
                                 &head_peaks_table(),
                                 &unit_events_table(),
                                 &unit_spans_table(),
                                 &token_events_table(),
                                 &token_spans_table(),
                                 &attributions_table(),
                                 &sampled_tokens_table(),
                                 &unknown_tokens_table(),
                                 &prompts_table(),
                                 &sampled_positions_table(),
                                 &explanation_inputs_table(),
                                 &explanations_table(),
                                 &published_records_table(),
                                 &published_values_table(),
                                 &scored_explanations_table()}) {
    SCOPED_TRACE(table->file);
    std::vector<std::string> written;
    for (const ColumnSpec& column : table->columns) {
      written.push_back(column.name + " " + name_of(column.type));
    }
    ASSERT_TRUE(tables.contains(table->file));
    EXPECT_EQ(tables.at(table->file), written);
  }
}

}  // namespace
}  // namespace actogram
