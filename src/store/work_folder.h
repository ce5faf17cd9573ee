// The folder in which a recording is made, NAME.acto.partial, and the step by which it becomes
// NAME.acto: everything synced, the manifest written last, one rename. What else takes long to make
// is made in the same way.
//
// A process that is killed leaves the folder; the same command finds it and goes on. The lock keeps
// a second writer out and dies with its process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "store/manifest.h"

namespace actogram {

// Error{invalid} for a name that does not end in .acto, Error{exists} for one that is taken. For
// those who would otherwise learn it after minutes.
void check_recording_name(const std::string& recording);

// Error{exists} where something has this name.
void check_free(const std::string& output);

class WorkFolder {
 public:
  // `identity` is everything the result depends on; `command` is kept to be told. Error{exists} if
  // the recording is there, if another process is at it, or if what was left behind has another
  // identity.
  WorkFolder(const std::string& recording, const Json& identity,
             const std::vector<std::string>& command);

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  bool resumed() const { return resumed_; }

  // Removes the folder, where nothing in it is worth going on from.
  void discard() const { remove_tree(path_); }

  // Commits the manifest, removes what is only of use while recording and takes the final name.
  void finish(const Manifest& manifest);
  // What a process of this identity committed that was stopped in finish(); call it again.
  std::optional<Manifest> committed() const;

  // Where the result is one file or folder in here, already synced: it takes the final name, and
  // the rest is removed.
  void finish_with(const std::string& name);

 private:
  std::string recording_;
  std::string path_;
  bool resumed_ = false;
  FileLock lock_;
};

}  // namespace actogram
