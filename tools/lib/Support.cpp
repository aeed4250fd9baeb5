//===- Support.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the tools share: errors, files, sizes and the size of the machine.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <unistd.h>

using namespace llvm;
using namespace commuter;
using namespace commuter::tools;

static StringRef toolName;
static std::string reporter; // "rank 3: "

void tools::startTool(StringLiteral name) {
  toolName = name;
  std::set_new_handler([] {
    (void)fail("out of memory");
    leave();
  });
  install_fatal_error_handler(
      [](void *, const char *reason, bool) {
        (void)fail(reason);
        leave();
      },
      nullptr);
  // Too large a file is an error of the write.
  std::signal(SIGXFSZ, SIG_IGN);
}

void tools::setReportingRank(int32_t rank) {
  reporter = "rank " + std::to_string(rank) + ": ";
}

LogicalResult tools::fail(const Twine &message) {
  SmallVector<StringRef> lines;
  std::string text = message.str();
  StringRef(text).split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  // One write, lest the output of other threads comes between.
  errs() << toolName.str() + ": error: " + reporter + join(lines, "; ") + "\n";
  return failure();
}

FailureOr<std::unique_ptr<MemoryBuffer>> tools::readFile(StringRef path) {
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

std::optional<int64_t> tools::getNumBytes(ArrayRef<int64_t> shape,
                                          unsigned width) {
  // The others must not overflow on their own.
  if (is_contained(shape, 0))
    return 0;
  int64_t bytes = width;
  for (int64_t size : shape)
    if (MulOverflow(bytes, size, bytes))
      return std::nullopt;
  return bytes;
}

int64_t tools::getMemoryLimit() {
  int64_t limit = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<int64_t>(sysconf(_SC_PAGESIZE));
  // Of the control group, "max" if there is none.
  auto group = MemoryBuffer::getFileAsStream("/sys/fs/cgroup/memory.max");
  int64_t max;
  if (group && !(*group)->getBuffer().trim().getAsInteger(10, max))
    limit = std::min(limit, max);
  return limit;
}

std::string tools::printBytes(int64_t bytes) {
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

void tools::leave() {
  sys::RunInterruptHandlers();
  outs().flush();
  std::_Exit(1);
}
