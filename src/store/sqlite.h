// SQLite, its statuses made Errors that name the file.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace actogram {

// One connection. Not thread-safe.
//
// A writer keeps a log beside the file, PATH-wal, and syncs it now and then: what was committed
// outlives the process at once, and a power cut by some seconds, and others read meanwhile. The log
// goes when the last writer does, so that a finished file can be read where nothing can be written.
class Database {
 public:
  enum class Mode : uint8_t { read, write };  // write makes the file where it is not there
  Database(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }
  void run(const char* sql);  // statements without parameters and rows
  int64_t last_id() const;
  // FTS5's own interface. Error{environment} where this SQLite has none.
  fts5_api* full_text_search() const;
  [[noreturn]] void fail_now() const;

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  // Statements are kept when they are done, since to prepare one costs as much as to run it.
  sqlite3_stmt* take_prepared(const char* sql) const;
  void give_back(sqlite3_stmt* statement) const;

  std::string path_;
  Mode mode_;
  std::unique_ptr<sqlite3, Close> handle_;
  mutable std::unordered_map<std::string_view, sqlite3_stmt*> prepared_;  // by their own SQL
};

// A statement with its parameters, and its rows one after another:
//   Statement rows(database, "SELECT a, b FROM t WHERE c = ?", "x");
//   while (rows.next()) use(rows.integer(0), rows.text(1));
class Statement {
 public:
  template <typename... Values>
  Statement(const Database& database, const char* sql, const Values&... values)
      : Statement(database, sql, nullptr) {
    int place = 0;
    (bind(++place, values), ...);
  }

  bool next();
  void run() {
    while (next()) {
    }
  }
  int64_t integer(int column) const;
  std::string text(int column) const;

 private:
  Statement(const Database& database, const char* sql, std::nullptr_t);
  void bind(int place, std::string_view text);
  void bind(int place, int64_t number);

  struct GiveBack {
    const Database* database;
    void operator()(sqlite3_stmt* statement) const { database->give_back(statement); }
  };
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, GiveBack> statement_;
};

}  // namespace actogram
