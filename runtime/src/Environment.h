//===- Environment.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Variables of the environment that are numbers. All of it is inline: modules
// that do not link the library read theirs, too.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_ENVIRONMENT_H
#define COMMUTER_RUNTIME_ENVIRONMENT_H

#include "Support.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace commuter::rt {

/// The variable's value, null if it is not set. What is empty is not set.
inline const char *getVariable(const char *name) {
  const char *text = name ? std::getenv(name) : nullptr;
  return text && *text ? text : nullptr;
}

/// False unless all of `text` is a number from `least` to `most`.
template <typename Number>
bool parseNumber(std::string_view text, Number least, Number most,
                 Number &value) {
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value >= least && value <= most;
}

/// Sets `value` to the number that variable `name` is, and leaves it if that is
/// not set. The error says that `what` was expected, such as "milliseconds".
template <typename Number>
Status readNumber(const char *name, const char *what, Number least, Number most,
                  Number &value) {
  const char *text = getVariable(name);
  if (!text)
    return {};
  Number number;
  if (parseNumber<Number>(text, least, most, number)) {
    value = number;
    return {};
  }
  std::string range = most == std::numeric_limits<Number>::max()
                          ? " or more"
                          : " to " + std::to_string(most);
  return {COMMUTER_INVALID_ARGUMENT, std::string(name) + "=" + text +
                                         ": expected " + what + ", " +
                                         std::to_string(least) + range};
}

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_ENVIRONMENT_H
