//===- Issued.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How collectives agree, and how messages describe them and their ranks.
//
//===----------------------------------------------------------------------===//

#include "Issued.h"

using namespace commuter::rt;

Issued::Issued(const Collective &call)
    : sequence(call.sequence), operation(call.operation), kind(call.kind),
      input(call.input), dim(call.dim), concatDim(call.concatDim),
      extents(call.extents), spec(call.spec) {}

bool Issued::agreesWith(const Issued &other) const {
  if (operation != other.operation)
    return false;
  if (operation == Operation::Barrier ||
      operation == Operation::ExchangeExtents)
    return true;
  if (kind != other.kind || input.dtype != other.input.dtype ||
      input.rank != other.input.rank || dim != other.dim ||
      concatDim != other.concatDim || extents != other.extents)
    return false;
  for (int32_t d = 0; d < input.rank; ++d) {
    // The gathered dimension is the extents' business.
    if (operation == Operation::AllGather && d == dim)
      continue;
    if (input.sizes[d] != other.input.sizes[d])
      return false;
  }
  return true;
}

std::string Issued::describe() const {
  std::string text =
      "#" + std::to_string(sequence) + " " + operationName(operation);
  auto list = [&](const std::vector<int64_t> &values) {
    constexpr size_t kShown = 16;
    for (size_t i = 0; i < values.size() && i < kShown; ++i)
      text += (i ? "," : "") + std::to_string(values[i]);
    if (values.size() > kShown)
      text += ",...";
  };
  switch (operation) {
  case Operation::Barrier:
  case Operation::ExchangeExtents:
    break;
  case Operation::AllGather: {
    text += " " + input.describe() + " dim " + std::to_string(dim);
    bool ragged = false;
    for (int64_t extent : extents)
      ragged |= extent != extents[0];
    if (ragged) {
      text += " extents [";
      list(extents);
      text += "]";
    }
    break;
  }
  case Operation::AllReduce:
  case Operation::ReduceScatter:
    text += kind == COMMUTER_SUM   ? " sum "
            : kind == COMMUTER_MAX ? " max "
                                   : " min ";
    text += input.describe();
    if (operation == Operation::ReduceScatter)
      text += " dim " + std::to_string(dim);
    break;
  case Operation::AllToAll:
    text += " " + input.describe() + " split " + std::to_string(dim) +
            " concat " + std::to_string(concatDim);
    break;
  case Operation::CheckReplicated:
    text += " " + input.describe();
    break;
  }
  return text;
}

std::string Issued::title() const {
  return std::string(operationName(operation)) + " #" +
         std::to_string(sequence) + " over " + spec;
}

void commuter::rt::appendRank(std::string &text, int32_t rank,
                              const RankState &state, Place place) {
  text += (text.empty() ? "rank " : "; rank ") + std::to_string(rank) + ": ";
  auto appendWait = [&] {
    if (state.hasMet)
      text += ", its data under way";
    if (state.isSilent)
      text += ", then no answer";
  };
  if (place == Place::Here && !state.isLost) {
    text += state.last.describe();
    appendWait();
    return;
  }
  if (state.presence == Presence::Never) {
    text += "has no context";
    return;
  }
  if (state.isLost)
    text += "lost, ";
  else if (state.presence == Presence::Left)
    text += "left, ";
  else if (place == Place::Past)
    text += "met and went on, ";
  else
    text += place == Place::Away ? "did not arrive, " : "not in this group, ";
  if (state.isWaiting) {
    text += "waits in " + state.last.describe() + " over " + state.last.spec;
    appendWait();
  } else if (state.last.sequence) {
    text += "last " + state.last.describe();
  } else {
    text += "no collective yet";
  }
}
