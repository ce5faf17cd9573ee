#include "codec/torch_file.h"

#include <algorithm>
#include <string_view>

#include "actogram/error.h"
#include "codec/zip_archive.h"

namespace actogram {
namespace {

// What torch.save() wrote before version 1.6: a pickle of a magic number first.
constexpr std::string_view kBefore16 = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Entries lie in a folder named as the file was when it was saved: "relu/data.pkl". Returns
// "relu/".
std::string folder_of(const ZipArchive& archive, const std::string& what) {
  constexpr std::string_view kPickle = "/data.pkl";
  for (const auto& [name, entry] : archive.entries()) {
    const size_t slash = name.find('/');
    if (slash != name.npos && name.substr(slash) == kPickle) return name.substr(0, slash + 1);
  }
  fail(Code::corrupt, "{}: a ZIP archive, but not of torch.save(): it has no data.pkl", what);
}

}  // namespace

StateDict read_torch_file(std::span<const std::byte> file, const std::string& what) {
  if (text_of(file).starts_with(kBefore16)) {
    fail(Code::unsupported,
         "{}: saved by PyTorch before 1.6; load it in Python and torch.save() it again", what);
  }
  if (!ZipArchive::looks_like(file)) {
    fail(Code::corrupt, "{}: not a file of torch.save(): it does not begin like a ZIP archive",
         what);
  }
  const ZipArchive archive(file, what);
  const std::string folder = folder_of(archive, what);
  if (archive.has(folder + "byteorder")) {
    const TensorBytes order = archive.read(folder + "byteorder");
    if (text_of(order.bytes) != "little") {
      fail(Code::unsupported, "{}: its numbers are not little-endian", what);
    }
  }
  const TensorBytes pickle = archive.read(folder + "data.pkl");
  std::map<std::string, TensorBytes> storages;  // several tensors may share one
  const FindStorage find_storage = [&](const std::string& key) {
    const auto known = storages.find(key);
    if (known != storages.end()) return known->second;
    return storages.emplace(key, archive.read(folder + "data/" + key)).first->second;
  };
  return read_torch_pickle(pickle.bytes, find_storage, what);
}

}  // namespace actogram
