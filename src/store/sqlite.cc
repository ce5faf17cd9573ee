#include "store/sqlite.h"

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr int kBusyMilliseconds = 10'000;  // how long to wait for another process that writes

}  // namespace

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close(handle); }

Database::Database(const std::string& path, Mode mode) : path_(path), mode_(mode) {
  const int flags =
      mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  handle_.reset(opened);
  if (opened == nullptr) fail(Code::environment, "{}: SQLite does not start", path);
  if (status == SQLITE_CANTOPEN && mode == Mode::write) {
    fail(Code::environment, "{}: cannot be written: {}; its folder must be writable", path,
         sqlite3_errmsg(opened));
  }
  if (status != SQLITE_OK) fail_now();
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
  if (mode == Mode::write) run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
}

// Where others have the file open the log stays, and goes with them.
Database::~Database() {
  for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
  if (mode_ != Mode::write) return;
  sqlite3_busy_timeout(handle_.get(), 0);
  sqlite3_exec(handle_.get(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
}

void Database::fail_now() const {
  const int status = sqlite3_errcode(handle_.get());
  const char* why = sqlite3_errmsg(handle_.get());
  switch (status & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      fail(Code::corrupt, "{}: {}", path_, why);
    case SQLITE_BUSY:
      fail(Code::exists, "{}: another process writes it: {}", path_, why);
    case SQLITE_CANTOPEN:
      fail(Code::not_found, "{}: {}", path_, why);
    default:
      fail(Code::environment, "{}: {}", path_, why);
  }
}

void Database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail_now();
}

sqlite3_stmt* Database::take_prepared(const char* sql) const {
  if (const auto kept = prepared_.extract(sql)) return kept.mapped();
  sqlite3_stmt* prepared = nullptr;
  const int status =
      sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (status != SQLITE_OK) fail_now();
  return prepared;
}

// A second one of the same SQL, that was in use beside the first, goes.
void Database::give_back(sqlite3_stmt* statement) const {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (!prepared_.emplace(sqlite3_sql(statement), statement).second) sqlite3_finalize(statement);
}

int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }

fts5_api* Database::full_text_search() const {
  fts5_api* found = nullptr;
  sqlite3_stmt* asked = take_prepared("SELECT fts5(?)");
  sqlite3_bind_pointer(asked, 1, static_cast<void*>(&found), "fts5_api_ptr", nullptr);
  sqlite3_step(asked);
  give_back(asked);
  if (found == nullptr) fail(Code::environment, "{}: SQLite without FTS5", path_);
  return found;
}

Statement::Statement(const Database& database, const char* sql, std::nullptr_t)
    : database_(database), statement_(database.take_prepared(sql), {&database}) {}

void Statement::bind(int place, std::string_view text) {
  const int status = sqlite3_bind_text64(statement_.get(), place, text.data(), text.size(),
                                         SQLITE_TRANSIENT, SQLITE_UTF8);
  if (status != SQLITE_OK) database_.fail_now();
}

void Statement::bind(int place, int64_t number) {
  if (sqlite3_bind_int64(statement_.get(), place, number) != SQLITE_OK) database_.fail_now();
}

bool Statement::next() {
  const int status = sqlite3_step(statement_.get());
  if (status != SQLITE_ROW && status != SQLITE_DONE) database_.fail_now();
  return status == SQLITE_ROW;
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return bytes == nullptr
             ? ""
             : std::string(bytes,
                           static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

}  // namespace actogram
