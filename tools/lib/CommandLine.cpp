//===- CommandLine.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading a command line, with errors like all others.
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace commuter;

/// The option whose value is empty, as by a variable of the shell that is not
/// set: no option has a use for that. Empty: there is none.
static StringRef findEmptyOption(ArrayRef<char *> arguments) {
  StringRef last;
  for (StringRef argument : arguments) {
    if (argument == "--")
      break;
    if (argument.empty() && last.starts_with("-"))
      return last;
    last = argument;
    if (argument.starts_with("-") && argument.consume_back("=") &&
        !argument.contains('='))
      return argument;
  }
  return {};
}

LogicalResult tools::parseCommandLine(int argc, char **argv,
                                      cl::OptionCategory &category,
                                      StringRef overview) {
  cl::HideUnrelatedOptions(category);
  std::string errors;
  raw_string_ostream os(errors);
  if (cl::ParseCommandLineOptions(argc, argv, overview, &os)) {
    StringRef option = findEmptyOption(ArrayRef(argv, argc).drop_front());
    return option.empty() ? success() : fail(option + "=: expected a value");
  }
  // Each of its lines starts with the tool's name.
  std::string prefix = (sys::path::filename(argv[0]) + ": ").str();
  SmallVector<StringRef> lines;
  StringRef(errors).split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef &text : lines)
    text.consume_front(prefix);
  return fail(lines.empty() ? "bad command line; see --help"
                            : join(lines, " "));
}

LogicalResult tools::badOption(StringRef option, StringRef value,
                               const Twine &expected) {
  return fail("--" + option + " " + value + ": expected " + expected);
}
