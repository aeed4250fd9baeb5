//===- Support.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the runner's files share: errors, files and the size of the machine.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace llvm;
using namespace commuter;

static std::string reporter; // "rank 3: "

void run::setReportingRank(int32_t rank) {
  reporter = "rank " + std::to_string(rank) + ": ";
}

LogicalResult run::fail(const Twine &message) {
  SmallVector<StringRef> lines;
  std::string text = message.str();
  StringRef(text).split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  // One write, lest the output of other threads comes between.
  errs() << "commuter-run: error: " + reporter + join(lines, "; ") + "\n";
  return failure();
}

FailureOr<std::unique_ptr<MemoryBuffer>> run::readFile(StringRef path) {
  if (path != "-") {
    sys::fs::file_status status;
    if (std::error_code error = sys::fs::status(path, status))
      return fail(path + ": " + error.message());
    if (status.type() == sys::fs::file_type::character_file ||
        status.type() == sys::fs::file_type::block_file)
      return fail(path + ": is a device; expected a file");
  }
  auto buffer = MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false,
                                             /*RequiresNullTerminator=*/true);
  if (!buffer)
    return fail(path + ": " + buffer.getError().message());
  return std::move(*buffer);
}

int64_t run::getMemoryLimit() {
  int64_t limit = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<int64_t>(sysconf(_SC_PAGESIZE));
  // Of the control group, "max" if there is none.
  auto group = MemoryBuffer::getFileAsStream("/sys/fs/cgroup/memory.max");
  int64_t max;
  if (group && !(*group)->getBuffer().trim().getAsInteger(10, max))
    limit = std::min(limit, max);
  return limit;
}

std::string run::printBytes(int64_t bytes) {
  const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = bytes;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  char text[64];
  std::snprintf(text, sizeof(text), unit ? "%.1f %s" : "%.0f %s", value,
                units[unit]);
  return text;
}

void run::leave() {
  sys::RunInterruptHandlers();
  outs().flush();
  std::_Exit(1);
}
