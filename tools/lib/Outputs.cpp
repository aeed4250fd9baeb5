//===- Outputs.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files that appear under their names only when they are complete.
//
//===----------------------------------------------------------------------===//

#include "Outputs.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

using namespace llvm;
using namespace commuter;
using namespace commuter::tools;
namespace fs = llvm::sys::fs;

static void removeTemporary(StringRef path) {
  fs::remove(path);
  sys::DontRemoveFileOnSignal(path);
}

OutputFiles::~OutputFiles() {
  for (const File &file : files)
    removeTemporary(file.temporary);
  // Only those that are empty go.
  for (const std::string &folder : reverse(folders))
    fs::remove(folder);
}

/// Creates a file that no other has. It goes if the process is interrupted,
/// from the moment on when it is there: its name is registered first.
static FailureOr<std::string> createTemporary(const std::string &path) {
  constexpr int kAttempts = 128;
  std::error_code error;
  for (int i = 0; i < kAttempts; ++i) {
    SmallString<128> temporary;
    fs::createUniquePath(path + ".%%%%%%.tmp", temporary,
                         /*MakeAbsolute=*/false);
    sys::RemoveFileOnSignal(temporary);
    int descriptor;
    error = fs::openFileForWrite(temporary, descriptor, fs::CD_CreateNew);
    if (!error) {
      raw_fd_ostream(descriptor, /*shouldClose=*/true);
      return temporary.str().str();
    }
    sys::DontRemoveFileOnSignal(temporary);
    if (error != std::errc::file_exists)
      break;
  }
  return fail(path + ": " + error.message());
}

LogicalResult OutputFiles::addFolder(StringRef path) {
  SmallVector<StringRef> missing;
  for (StringRef p = path; !p.empty() && !fs::exists(p);
       p = sys::path::parent_path(p))
    missing.push_back(p);
  std::error_code error = fs::create_directories(path);
  for (StringRef folder : reverse(missing))
    if (fs::is_directory(folder))
      folders.push_back(folder.str());
  if (error)
    return fail(path + ": " + error.message());
  if (!fs::is_directory(path))
    return fail(path + ": is no folder");
  FailureOr<std::string> probe = createTemporary((path + "/result").str());
  if (failed(probe))
    return failure();
  removeTemporary(*probe);
  return success();
}

/// The file that a path leads to, be it there or not.
static std::string resolve(const std::string &path) {
  SmallString<128> real;
  if (!fs::real_path(path, real))
    return real.str().str();
  StringRef folder = sys::path::parent_path(path);
  if (fs::real_path(folder.empty() ? "." : folder, real))
    return path;
  sys::path::append(real, sys::path::filename(path));
  return real.str().str();
}

/// What is there, and can only be written to.
static bool isDevice(const std::string &path) {
  fs::file_status status;
  fs::status(path, status);
  return fs::exists(status) && !fs::is_regular_file(status);
}

void OutputFiles::keep(StringRef path) { kept.push_back(resolve(path.str())); }

LogicalResult OutputFiles::check(const Twine &name) const {
  std::string path = name.str();
  if (fs::is_directory(path))
    return fail(path + ": is a folder; expected a file");
  if (isDevice(path))
    return success();
  path = resolve(path);
  if (is_contained(kept, path))
    return fail(name + ": is an input, too");
  if (is_contained(map_range(files, [](const File &file) { return file.path; }),
                   path))
    return fail(name + ": is another output, too");
  return success();
}

FailureOr<std::string> OutputFiles::add(const Twine &name) {
  if (failed(check(name)))
    return failure();
  std::string path = name.str();
  if (isDevice(path))
    return path;
  // A link stays; what it leads to is replaced.
  path = resolve(path);
  FailureOr<std::string> temporary = createTemporary(path);
  if (succeeded(temporary))
    files.push_back({*temporary, path});
  return temporary;
}

LogicalResult OutputFiles::commit() {
  for (const File &file : files) {
    if (std::error_code error = fs::rename(file.temporary, file.path))
      return fail(file.path + ": " + error.message());
    sys::DontRemoveFileOnSignal(file.temporary);
  }
  files.clear();
  folders.clear();
  return success();
}

LogicalResult tools::writeFile(StringRef file, const Twine &path,
                               function_ref<void(raw_fd_ostream &)> write) {
  std::error_code error;
  raw_fd_ostream os(file, error);
  if (!error) {
    write(os);
    os.close();
    error = os.error();
    os.clear_error();
  }
  return error ? fail(path + ": " + error.message()) : success();
}
