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

#include <algorithm>

using namespace commuter::rt;

Issued::Issued(const Collective &call)
    : sequence(call.sequence), operation(call.operation), kind(call.kind),
      gathers(call.gathers), input(call.input), dim(call.dim),
      concatDim(call.concatDim), spec(call.spec),
      location(call.location ? call.location : "") {}

static bool haveSameType(const View &a, const View &b) {
  return a.dtype == b.dtype && a.rank == b.rank;
}

static bool agree(const Gather &a, const Gather &b) {
  if (!haveSameType(a.input, b.input) || a.dim != b.dim ||
      a.extents != b.extents)
    return false;
  for (int32_t d = 0; d < a.input.rank; ++d)
    // The gathered dimension is the extents' business.
    if (d != a.dim && a.input.sizes[d] != b.input.sizes[d])
      return false;
  return true;
}

bool Issued::agreesWith(const Issued &other) const {
  if (operation != other.operation)
    return false;
  if (operation == Operation::Barrier ||
      operation == Operation::ExchangeExtents)
    return true;
  if (operation == Operation::AllGather)
    return std::equal(gathers.begin(), gathers.end(), other.gathers.begin(),
                      other.gathers.end(), agree);
  return kind == other.kind && dim == other.dim &&
         concatDim == other.concatDim && haveSameType(input, other.input) &&
         input.hasShapeOf(other.input);
}

const char *Issued::disagreementWith(const Issued &other) const {
  return operation == Operation::CheckReplicated && operation == other.operation
             ? "what should be replicated has different types"
             : "ranks issued different collectives";
}

static std::string describe(const Gather &gather) {
  std::string text =
      gather.input.describe() + " dim " + std::to_string(gather.dim);
  const std::vector<int64_t> &extents = gather.extents;
  if (std::all_of(extents.begin(), extents.end(),
                  [&](int64_t extent) { return extent == extents[0]; }))
    return text;
  constexpr size_t kShown = 16;
  text += " extents [";
  for (size_t i = 0; i < extents.size() && i < kShown; ++i)
    text.append(i ? "," : "").append(std::to_string(extents[i]));
  return text.append(extents.size() > kShown ? ",...]" : "]");
}

std::string Issued::describe() const {
  std::string text("#");
  text.append(std::to_string(sequence)).append(" ");
  text += operationName(operation);
  switch (operation) {
  case Operation::Barrier:
  case Operation::ExchangeExtents:
    break;
  case Operation::AllGather:
    for (size_t i = 0; i < gathers.size(); ++i)
      text.append(i ? ", " : " ").append(::describe(gathers[i]));
    break;
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
    text.append(" ").append(input.describe());
    text += " split " + std::to_string(dim) + " concat " +
            std::to_string(concatDim);
    break;
  case Operation::CheckReplicated:
    text.append(" ").append(input.describe());
    break;
  }
  if (!location.empty())
    text.append(" at ").append(location);
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
