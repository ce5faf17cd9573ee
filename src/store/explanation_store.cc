#include "store/explanation_store.h"

#include <filesystem>

#include "actogram/error.h"
#include "base/hash.h"
#include "store/search_words.h"

namespace actogram {
namespace {

using Mode = Database::Mode;

constexpr int64_t kVersion = 1;

constexpr const char* kSchema = R"(
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS recording (manifest_sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
  request_hash TEXT PRIMARY KEY, request TEXT NOT NULL, text TEXT NOT NULL, model TEXT NOT NULL,
  prompt_tokens INTEGER NOT NULL, answer_tokens INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS explanations (
  id INTEGER PRIMARY KEY, site TEXT NOT NULL, unit INTEGER NOT NULL, method TEXT NOT NULL,
  prompt_version TEXT NOT NULL, model TEXT NOT NULL, parameters TEXT NOT NULL,
  explanation TEXT NOT NULL, concept TEXT NOT NULL, request_hash TEXT NOT NULL,
  UNIQUE (site, unit, method, prompt_version, model, parameters));
CREATE TABLE IF NOT EXISTS scores (
  explanation INTEGER NOT NULL REFERENCES explanations (id), scorer TEXT NOT NULL,
  prompt_version TEXT NOT NULL, model TEXT NOT NULL, parameters TEXT NOT NULL, "of" TEXT NOT NULL,
  text TEXT NOT NULL, numbers TEXT NOT NULL, excerpts TEXT NOT NULL,
  PRIMARY KEY (explanation, scorer, prompt_version, model, parameters, "of"));
CREATE TABLE IF NOT EXISTS failures (
  site TEXT NOT NULL, unit INTEGER NOT NULL, task TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (site, unit, task));
CREATE VIRTUAL TABLE IF NOT EXISTS explanation_words USING fts5(
  explanation, concept, content = 'explanations', content_rowid = 'id');
CREATE TRIGGER IF NOT EXISTS explanation_added AFTER INSERT ON explanations BEGIN
  INSERT INTO explanation_words (rowid, explanation, concept)
  VALUES (new.id, new.explanation, new.concept);
END;
CREATE TRIGGER IF NOT EXISTS explanation_changed AFTER UPDATE ON explanations BEGIN
  INSERT INTO explanation_words (explanation_words, rowid, explanation, concept)
  VALUES ('delete', old.id, old.explanation, old.concept);
  INSERT INTO explanation_words (rowid, explanation, concept)
  VALUES (new.id, new.explanation, new.concept);
  DELETE FROM scores WHERE explanation = old.id AND new.explanation <> old.explanation;
END;
COMMIT;)";

constexpr const char* kColumns =
    "SELECT id, site, unit, method, prompt_version, model, parameters, explanation, "
    "explanations.concept, request_hash FROM explanations ";

std::vector<StoredExplanation> read_all(Statement rows) {
  std::vector<StoredExplanation> found;
  while (rows.next()) {
    found.push_back({.id = rows.integer(0),
                     .unit = {rows.text(1), static_cast<uint32_t>(rows.integer(2))},
                     .method = rows.text(3),
                     .prompt_version = rows.text(4),
                     .model = rows.text(5),
                     .parameters = rows.text(6),
                     .text = rows.text(7),
                     .concept_label = rows.text(8),
                     .request = rows.text(9)});
  }
  return found;
}

std::string trimmed(const std::string& recording) {
  std::string path = recording;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string opened_path(const std::string& recording, Mode mode) {
  std::string path = ExplanationStore::path_for(recording);
  if (mode == Mode::read && !std::filesystem::exists(path)) {
    fail(Code::not_found, "{}: nothing is explained yet (no {}); actogram explain does it",
         recording, path);
  }
  return path;
}

}  // namespace

std::string ExplanationStore::path_for(const std::string& recording) {
  constexpr std::string_view kSuffix = ".acto";
  std::string path = trimmed(recording);
  if (path.ends_with(kSuffix)) path.resize(path.size() - kSuffix.size());
  return path + ".explanations.sqlite";
}

ExplanationStore::ExplanationStore(const std::string& recording, Mode mode)
    : database_(opened_path(recording, mode), mode) {
  Statement version(database_, "PRAGMA user_version");
  version.next();
  const int64_t found = version.integer(0);
  if (found > kVersion) {
    fail(Code::unsupported, "{}: version {}; this actogram reads up to {}", database_.path(), found,
         kVersion);
  }
  if (mode == Mode::write) {
    database_.run(kSchema);
    database_.run("PRAGMA user_version = 1");
  }
  check_recording(recording, mode);
}

void ExplanationStore::check_recording(const std::string& recording, Mode mode) {
  const std::string hash = sha256_of_file(trimmed(recording) + "/manifest.json");
  Statement known(database_, "SELECT manifest_sha256 FROM recording");
  if (!known.next()) {
    if (mode == Mode::write) {
      Statement(database_, "INSERT INTO recording VALUES (?)", hash).run();
    }
    return;
  }
  if (known.text(0) != hash) {
    fail(Code::invalid, "{}: its explanations are of another recording than {}; move it away",
         database_.path(), recording);
  }
}

std::optional<StoredAnswer> ExplanationStore::answer(std::string_view request_hash) const {
  const std::lock_guard lock(mutex_);
  Statement rows(database_,
                 "SELECT text, model, prompt_tokens, answer_tokens FROM answers "
                 "WHERE request_hash = ?",
                 request_hash);
  if (!rows.next()) return std::nullopt;
  return StoredAnswer{rows.text(0), rows.text(1), static_cast<uint64_t>(rows.integer(2)),
                      static_cast<uint64_t>(rows.integer(3))};
}

void ExplanationStore::keep_answer(std::string_view request_hash, std::string_view request,
                                   const StoredAnswer& answer) {
  const std::lock_guard lock(mutex_);
  Statement(database_, "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", request_hash,
            request, answer.text, answer.model, static_cast<int64_t>(answer.prompt_tokens),
            static_cast<int64_t>(answer.answer_tokens))
      .run();
}

void ExplanationStore::keep(const StoredExplanation& e) {
  const std::lock_guard lock(mutex_);
  Statement(database_,
            "INSERT INTO explanations (site, unit, method, prompt_version, model, parameters, "
            "explanation, concept, request_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (site, unit, method, prompt_version, model, parameters) DO UPDATE SET "
            "explanation = excluded.explanation, concept = excluded.concept, "
            "request_hash = excluded.request_hash",
            e.unit.site, int64_t{e.unit.index}, e.method, e.prompt_version, e.model, e.parameters,
            e.text, e.concept_label, e.request)
      .run();
}

void ExplanationStore::keep(const StoredScore& s) {
  const std::lock_guard lock(mutex_);
  Statement(database_, "INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            s.explanation, s.scorer, s.prompt_version, s.model, s.parameters, s.of, s.text,
            s.numbers, s.excerpts)
      .run();
}

void ExplanationStore::keep(const StoredFailure& f) {
  const std::lock_guard lock(mutex_);
  Statement(database_, "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", f.unit.site,
            int64_t{f.unit.index}, f.task, f.reason)
      .run();
}

void ExplanationStore::forget_failure(const UnitAddress& unit, std::string_view task) {
  const std::lock_guard lock(mutex_);
  Statement(database_, "DELETE FROM failures WHERE site = ? AND unit = ? AND task = ?", unit.site,
            int64_t{unit.index}, task)
      .run();
}

std::vector<StoredExplanation> ExplanationStore::explanations() const {
  const std::lock_guard lock(mutex_);
  const std::string sql = std::string(kColumns) + "ORDER BY site, unit, id";
  return read_all(Statement(database_, sql.c_str()));
}

std::vector<StoredExplanation> ExplanationStore::explanations_of(const UnitAddress& unit) const {
  const std::lock_guard lock(mutex_);
  const std::string sql = std::string(kColumns) + "WHERE site = ? AND unit = ? ORDER BY id";
  return read_all(Statement(database_, sql.c_str(), unit.site, int64_t{unit.index}));
}

std::vector<StoredExplanation> ExplanationStore::search(std::string_view text) const {
  const std::string words = quoted_words(text);
  const std::lock_guard lock(mutex_);
  const std::string sql = std::string(kColumns) +
                          "JOIN (SELECT rowid AS found, rank FROM explanation_words WHERE "
                          "explanation_words MATCH ?) ON found = id ORDER BY rank, id";
  return read_all(Statement(database_, sql.c_str(), words));
}

std::vector<StoredScore> ExplanationStore::scores_of(int64_t explanation) const {
  const std::lock_guard lock(mutex_);
  Statement rows(database_,
                 "SELECT explanation, scorer, prompt_version, model, parameters, \"of\", text, "
                 "numbers, excerpts FROM scores WHERE explanation = ? ORDER BY rowid",
                 explanation);
  std::vector<StoredScore> found;
  while (rows.next()) {
    found.push_back({rows.integer(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4),
                     rows.text(5), rows.text(6), rows.text(7), rows.text(8)});
  }
  return found;
}

std::vector<StoredFailure> ExplanationStore::failures() const {
  const std::lock_guard lock(mutex_);
  Statement rows(database_, "SELECT site, unit, task, reason FROM failures ORDER BY 1, 2, 3");
  std::vector<StoredFailure> found;
  while (rows.next()) {
    found.push_back(
        {{rows.text(0), static_cast<uint32_t>(rows.integer(1))}, rows.text(2), rows.text(3)});
  }
  return found;
}

}  // namespace actogram
