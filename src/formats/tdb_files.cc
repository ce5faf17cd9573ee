#include "formats/tdb_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "base/file.h"
#include "codec/compression.h"
#include "codec/json.h"
#include "codec/neuron_record_reader.h"
#include "formats/tdb_explanations.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostBytes = NeuronRecordReader::kMostBytes;
constexpr size_t kPadding = NeuronRecordReader::kPadding;
constexpr uint64_t kFilesAtOnce = 4096;  // between two reports

std::optional<uint32_t> number(std::string_view text) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || after != end || value == UINT32_MAX) return std::nullopt;
  return value;
}

// The name without .gz, and then without its extension, which is handed back.
std::string_view cut_extension(std::string_view& name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  const size_t dot = name.rfind('.');
  if (dot == name.npos) return "";
  const std::string_view extension = name.substr(dot + 1);
  name = name.substr(0, dot);
  return extension;
}

// Of a path that ends in LAYER/INDEX.EXT.
std::optional<TdbUnit> unit_of(const fs::path& path) {
  const std::string name = path.filename().string();
  std::string_view stem = name;
  const std::string_view extension = cut_extension(stem);
  if (extension != "json" && extension != "jsonl" && extension != "pt") return std::nullopt;
  const auto index = number(stem), layer = number(path.parent_path().filename().string());
  if (!index || !layer) return std::nullopt;
  return TdbUnit{*layer, *index};
}

bool has_lines(const fs::path& path) {
  const std::string name = path.filename().string();
  std::string_view stem = name;
  return cut_extension(stem) == "jsonl";
}

// JSON's first bytes, or an error that says what else it is.
void check_is_json(std::string_view text, const std::string& path) {
  using namespace std::string_view_literals;
  if (text.starts_with("PK\x03\x04"sv)) {
    fail(Code::unsupported, "{}: a zip of PyTorch's, not JSON: save the record as JSON", path);
  }
  if (text.starts_with("\x80\x02"sv)) {
    fail(Code::unsupported, "{}: a pickle, not JSON: save the record as JSON", path);
  }
}

std::string_view without_mark(std::string_view text) {
  return text.starts_with("\xef\xbb\xbf") ? text.substr(3) : text;
}

class Finding {
 public:
  explicit Finding(const ProgressFn& progress) : progress_(progress) {}

  void add(const fs::path& path) {
    if (!fs::exists(path)) fail(Code::not_found, "{}: no such file or folder", path.string());
    if (!fs::is_directory(path)) {
      add_file(path, fs::file_size(path), true);
      return;
    }
    const size_t before = found_.paths.size();
    const auto options = fs::directory_options::follow_directory_symlink;
    for (const auto& entry : fs::recursive_directory_iterator(path, options)) {
      if (entry.is_regular_file()) add_file(entry.path(), entry.file_size(), false);
    }
    if (found_.paths.size() > before) return;
    fail(Code::not_found, "{}: no LAYER/INDEX.json (or .jsonl, .pt, .gz) and no .jsonl in it",
         path.string());
  }

  // In an order that the file system has no part in.
  TdbFiles finish() {
    std::ranges::sort(found_.documents, [&](const TdbDocument& a, const TdbDocument& b) {
      return a.unit != b.unit ? a.unit < b.unit : found_.paths[a.file] < found_.paths[b.file];
    });
    std::ranges::sort(found_.unread, {}, [&](uint32_t file) { return found_.paths[file]; });
    std::ranges::sort(listed_);
    std::string listing;
    for (const std::string& line : listed_) listing += line;
    const Hash128 hash = hash128(std::as_bytes(std::span(listing)));
    found_.listing = fmt::format("{:016x}{:016x}", hash.high, hash.low);
    return std::move(found_);
  }

 private:
  void add_file(const fs::path& path, uint64_t n_bytes, bool named) {
    const auto unit = unit_of(path);
    if (!unit && !has_lines(path) && !named) return;
    if (found_.paths.size() % kFilesAtOnce == 0) {
      progress_({"finding the files", found_.paths.size(), 0, 0, "files"});
    }
    const auto file = static_cast<uint32_t>(found_.paths.size());
    found_.paths.push_back(path.string());
    found_.n_bytes += n_bytes;
    listed_.push_back(fmt::format("{} {}\n", path.string(), n_bytes));
    if (unit) {
      found_.documents.push_back({*unit, file});
      if (found_.dataset.empty()) found_.dataset = path.parent_path().parent_path().string();
    } else {
      found_.unread.push_back(file);
    }
  }

  const ProgressFn& progress_;
  TdbFiles found_;
  std::vector<std::string> listed_;
};

class UnitsOfLines {
 public:
  UnitsOfLines(TdbFiles& files, const std::string& scratch, const ProgressFn& progress)
      : files_(files), scratch_(scratch), progress_(progress) {}

  void read(uint32_t file) {
    if (!has_lines(files_.paths[file])) {
      add({{}, file});
      return;
    }
    auto mapped = std::make_unique<MappedFile>(files_.paths[file]);
    if (const Compression how = compression_of(mapped->bytes()); how == Compression::gzip) {
      const std::string plain = fmt::format("{}/lines-{}.jsonl", scratch_, file);
      write_file_atomically(plain,
                            decompress(mapped->bytes(), how, kMostBytes, files_.paths[file]));
      files_.paths[file] = plain;
      mapped = std::make_unique<MappedFile>(plain);
    }
    const std::string_view text = mapped->text();
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      const bool blank = text.substr(begin, end - begin).find_first_not_of(" \t\r") == text.npos;
      if (!blank) add({{}, file, begin, end});
      begin = end + 1;
    }
  }

 private:
  void add(TdbDocument document) {
    const std::string what = name_of(files_, document);
    const std::string_view text = reader_.read(files_, document);
    if (records_.read(text, what, record_) == NeuronDocument::record) {
      document.unit = {record_.layer, record_.index};
    } else {
      document.unit = unit_of_explanations(parse_json(text, what), what);
    }
    files_.documents.push_back(document);
    if (files_.documents.size() % kFilesAtOnce == 0) {
      progress_({"finding the records", files_.documents.size(), 0, 0, "records"});
    }
  }

  TdbFiles& files_;
  const std::string& scratch_;
  const ProgressFn& progress_;
  TdbDocumentReader reader_;
  NeuronRecordReader records_;
  NeuronRecord record_;
};

}  // namespace

TdbFiles find_tdb_files(const std::vector<std::string>& paths, const ProgressFn& progress) {
  Finding finding(progress);
  for (const std::string& path : paths) finding.add(path);
  return finding.finish();
}

void read_tdb_units(TdbFiles& files, const std::string& scratch, const ProgressFn& progress) {
  if (files.unread.empty()) return;
  UnitsOfLines lines(files, scratch, progress);
  for (const uint32_t file : files.unread) lines.read(file);
  files.unread.clear();
  std::ranges::stable_sort(files.documents, {}, &TdbDocument::unit);
}

std::string_view TdbDocumentReader::read(const TdbFiles& files, const TdbDocument& document) {
  const std::string& path = files.paths[document.file];
  if (document.end > 0) {
    const size_t n = document.end - document.begin;
    if (n > kMostBytes) fail(Code::unsupported, "{}: a line of {} bytes", path, n);
    bytes_.resize(std::max(bytes_.size(), n + kPadding));
    const MappedFile file(path);
    std::memcpy(bytes_.data(), file.text().substr(document.begin, n).data(), n);
    return without_mark({bytes_.data(), n});
  }
  const size_t n = read_file(path, kPadding, kMostBytes, bytes_);
  const std::span bytes = std::as_bytes(std::span(bytes_)).first(n);
  if (compression_of(bytes) != Compression::gzip) {
    check_is_json({bytes_.data(), n}, path);
    return without_mark({bytes_.data(), n});
  }
  decompressed_ = decompress(bytes, Compression::gzip, kMostBytes, path);
  const size_t n_decompressed = decompressed_.size();
  decompressed_.append(kPadding, '\0');
  return without_mark(std::string_view(decompressed_).substr(0, n_decompressed));
}

std::string name_of(const TdbFiles& files, const TdbDocument& document) {
  if (document.end == 0) return files.paths[document.file];
  return fmt::format("{}: byte {}", files.paths[document.file], document.begin);
}

}  // namespace actogram
