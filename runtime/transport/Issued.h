//===- Issued.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a rank issued, and what is known of it: what every transport compares
// when ranks meet, and what its messages tell when they do not.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_ISSUED_H
#define COMMUTER_RUNTIME_ISSUED_H

#include "Transport.h"

namespace commuter::rt {

/// A collective as it was issued: what must agree, and what messages tell. Of
/// what an all_gather moves, and of an input, only type and shape mean
/// anything: it may be another process's.
struct Issued {
  uint64_t sequence = 0; // 0: nothing yet
  Operation operation = Operation::Barrier;
  commuter_reduction_t kind = COMMUTER_SUM;
  std::vector<Gather> gathers;
  View input;
  int64_t dim = 0, concatDim = 0;
  std::string spec;     // the group's; may differ where the members agree
  std::string location; // in the program's source; empty if there is none

  Issued() = default;
  explicit Issued(const Collective &call);

  bool agreesWith(const Issued &other) const;

  /// What is said of members that do not agree.
  const char *disagreementWith(const Issued &other) const;

  /// For example "#2 all_gather f32[2x3] dim 0 at f.mlir:3:8".
  std::string describe() const;

  /// For example "all_gather #2 over mesh[dp]": what a message starts with.
  std::string title() const;
};

enum class Presence { Never, Joined, Left };

struct RankState {
  Presence presence = Presence::Never;
  Issued last;
  bool isWaiting = false; // in `last`
  bool hasMet = false;    // the others there: it waits for its data
  bool isLost = false;    // nothing more will be heard of it
  bool isSilent = false;  // it has not answered: where it waits may be past
};

/// Where a rank is, seen from a group that waits.
enum class Place {
  Here,     // a member that is in the call
  Past,     // a member that was there, has met the others, and is no longer
  Away,     // a member that has not been there
  Elsewhere // no member
};

/// Adds the rank's entry to a list such as "rank 0: ...; rank 1: ...".
void appendRank(std::string &text, int32_t rank, const RankState &state,
                Place place);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_ISSUED_H
