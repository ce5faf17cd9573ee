#include "store/label_store.h"

#include <filesystem>
#include <utility>

#include "store/explanation_store.h"
#include "store/search_words.h"

namespace actogram {
namespace {

using Mode = Database::Mode;

// Programs that know nothing of labels leave these tables alone, so the file's version stays.
constexpr const char* kSchema = R"(
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS labels (
  id INTEGER PRIMARY KEY, site TEXT NOT NULL, unit INTEGER NOT NULL, label TEXT NOT NULL,
  note TEXT NOT NULL, changed TEXT NOT NULL, UNIQUE (site, unit));
CREATE VIRTUAL TABLE IF NOT EXISTS label_words USING fts5(
  label, note, content = 'labels', content_rowid = 'id');
CREATE TRIGGER IF NOT EXISTS label_added AFTER INSERT ON labels BEGIN
  INSERT INTO label_words (rowid, label, note) VALUES (new.id, new.label, new.note);
END;
CREATE TRIGGER IF NOT EXISTS label_removed AFTER DELETE ON labels BEGIN
  INSERT INTO label_words (label_words, rowid, label, note)
  VALUES ('delete', old.id, old.label, old.note);
END;
CREATE TRIGGER IF NOT EXISTS label_changed AFTER UPDATE ON labels BEGIN
  INSERT INTO label_words (label_words, rowid, label, note)
  VALUES ('delete', old.id, old.label, old.note);
  INSERT INTO label_words (rowid, label, note) VALUES (new.id, new.label, new.note);
END;
COMMIT;)";

constexpr const char* kColumns =
    "SELECT site, unit, labels.label, labels.note, changed FROM labels ";

StoredLabel read_row(const Statement& rows) {
  return {.unit = {rows.text(0), static_cast<uint32_t>(rows.integer(1))},
          .label = rows.text(2),
          .note = rows.text(3),
          .changed = rows.text(4)};
}

std::vector<StoredLabel> read_all(Statement rows) {
  std::vector<StoredLabel> found;
  while (rows.next()) found.push_back(read_row(rows));
  return found;
}

}  // namespace

LabelStore LabelStore::to_write(const std::string& recording) {
  { const ExplanationStore makes_and_checks_it(recording, Mode::write); }
  LabelStore store(ExplanationStore::path_for(recording), Mode::write);
  store.database_->run(kSchema);
  return store;
}

std::optional<LabelStore> LabelStore::to_read(const std::string& recording) {
  const std::string path = ExplanationStore::path_for(recording);
  if (!std::filesystem::exists(path)) return std::nullopt;
  { const ExplanationStore checks_it(recording, Mode::read); }
  LabelStore store(path, Mode::read);
  return store.has_table() ? std::optional(std::move(store)) : std::nullopt;
}

bool LabelStore::has_table() const {
  return Statement(*database_, "SELECT 1 FROM sqlite_master WHERE name = 'labels'").next();
}

void LabelStore::keep(const UnitAddress& unit, std::string_view label, std::string_view note) {
  if (label.empty() && note.empty()) {
    Statement(*database_, "DELETE FROM labels WHERE site = ? AND unit = ?", unit.site,
              int64_t{unit.index})
        .run();
    return;
  }
  Statement(*database_,
            "INSERT INTO labels (site, unit, label, note, changed) "
            "VALUES (?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now')) "
            "ON CONFLICT (site, unit) DO UPDATE SET label = excluded.label, note = excluded.note, "
            "changed = excluded.changed",
            unit.site, int64_t{unit.index}, label, note)
      .run();
}

std::optional<StoredLabel> LabelStore::label_of(const UnitAddress& unit) const {
  const std::string sql = std::string(kColumns) + "WHERE site = ? AND unit = ?";
  Statement rows(*database_, sql.c_str(), unit.site, int64_t{unit.index});
  if (!rows.next()) return std::nullopt;
  return read_row(rows);
}

std::vector<StoredLabel> LabelStore::labels() const {
  const std::string sql = std::string(kColumns) + "ORDER BY site, unit";
  return read_all(Statement(*database_, sql.c_str()));
}

std::vector<StoredLabel> LabelStore::search(std::string_view text) const {
  const std::string sql = std::string(kColumns) +
                          "JOIN (SELECT rowid AS found, rank FROM label_words WHERE label_words "
                          "MATCH ?) ON found = id ORDER BY rank, id";
  return read_all(Statement(*database_, sql.c_str(), quoted_words(text)));
}

}  // namespace actogram
