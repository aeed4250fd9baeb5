//===- MotionRounds.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Motion in front of gathers of what is gathered: one gather a round, and
// another round for gathers that are split.
//
//===----------------------------------------------------------------------===//

#include "MotionRounds.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

/// What became of the ops in all rounds so far, by what they are now.
class OutcomesOfRounds final : public NumbersOfOps {
public:
  explicit OutcomesOfRounds(bool tellsOfGathers)
      : tellsOfGathers(tellsOfGathers) {}

  void add(const MotionOutcome &outcome) {
    // It stands for gathers that were told of in the round that made it.
    if (outcome.isOfGather && made.contains(outcome.op))
      return;
    auto [it, isNew] = numbers.try_emplace(outcome.op, outcomes.size());
    if (isNew)
      outcomes.push_back(outcome);
    else
      join(outcomes[it->second], outcome);
  }
  void notifyGathered(AllGatherOp gather) override {
    if (tellsOfGathers)
      made.insert(gather);
    if (splitsAny)
      parts.insert(gather);
  }
  void notifySplit(AllGatherOp outer, AllGatherOp inner) override {
    splitsAny = true;
    parts.insert(outer);
    notifyGathered(inner);
  }
  void notifyErased(Operation *op) override {
    NumbersOfOps::notifyErased(op);
    erasesAny = true;
    made.erase(op);
    parts.remove(op);
  }

  /// The parts of gathers, and what became of them, are one again where nothing
  /// has come between.
  void mergeParts() {
    for (Operation *op : llvm::to_vector(parts))
      while (parts.contains(op) && mergeWithInput(cast<AllGatherOp>(op)))
        ;
  }

  SmallVector<MotionOutcome> outcomes;
  bool erasesAny = false; ///< as whatever moves does

private:
  bool mergeWithInput(AllGatherOp outer) {
    auto inner = outer.getInput().getDefiningOp<AllGatherOp>();
    if (!inner || !parts.contains(inner) || !canMergeGathers(outer, inner))
      return false;
    parts.remove(inner);
    mergeGathers(outer, inner);
    inner->erase();
    return true;
  }

  /// An op that has moved and moves no further has moved.
  static void join(MotionOutcome &sofar, const MotionOutcome &next) {
    if (!sofar.reason.empty()) {
      sofar = next;
      return;
    }
    if (!next.reason.empty())
      return;
    auto add = [](std::optional<int64_t> &sum, std::optional<int64_t> bytes) {
      sum = sum && bytes ? std::optional(*sum + *bytes) : std::nullopt;
    };
    sofar.rowsAfter = next.rowsAfter;
    add(sofar.bytesBefore, next.bytesBefore);
    add(sofar.bytesAfter, next.bytesAfter);
  }

  const bool tellsOfGathers;
  DenseSet<Operation *> made; ///< gathers, if they are told of
  /// Gathers: those that were split, and all that was made since.
  SetVector<Operation *> parts;
  bool splitsAny = false;
};

} // namespace

/// A round takes a gather off the ways to what moved in it, or splits gathers
/// so that there are more, over fewer axes each, or takes reshapes behind what
/// may then move. So the rounds are as many as gathers are nested, axes are
/// split off, and reshapes follow each other, not as there are gathers. Each
/// needs the states anew.
bool commuter::dist::moveInFrontOfNestedGathers(
    Operation *top, ArrayRef<FunctionOpInterface> functions,
    const ShardingAnalysis &analysis, MotionOptions options,
    function_ref<void(MotionOutcome &, DescribeOutcome)> emit) {
  constexpr unsigned kMostRounds = 32;
  OutcomesOfRounds rounds(options.placesEveryGather);
  options.listener = &rounds;
  options.prepares = true;
  auto tell = [&](MotionOutcome &outcome, DescribeOutcome describe) {
    // Where nothing is nested there is one round, and nothing is held.
    if (!outcome.isAmongNested && rounds.outcomes.empty())
      return emit(outcome, describe);
    describe(outcome);
    rounds.add(outcome);
  };
  bool movesOn = moveInFrontOfGathers(functions, analysis, options, tell);
  for (unsigned round = 1; movesOn && round < kMostRounds; ++round)
    movesOn =
        moveInFrontOfGathers(functions, ShardingAnalysis(top), options, tell);
  rounds.mergeParts();
  for (MotionOutcome &outcome : rounds.outcomes)
    emit(outcome, /*describe=*/{});
  return rounds.erasesAny;
}
