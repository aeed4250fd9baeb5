//===- CoalesceGathers.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-coalesce-gathers: gathers that follow each other take one meeting.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/IR/BufferUses.h"
#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Analysis/AliasAnalysis.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace commuter::dist {
#define GEN_PASS_DEF_COALESCEGATHERSPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter::dist;

namespace {

/// Of more there is little left to gain, and each is compared with all.
constexpr size_t kMostGathers = 16;

bool haveSameGroup(AllGatherIntoOp a, AllGatherIntoOp b) {
  return a.getMeshAttr() == b.getMeshAttr() &&
         a.getAxesAttr() == b.getAxesAttr() &&
         a.getExtents().empty() == b.getExtents().empty();
}

/// True if `op`, or anything in it, may free `memory`.
bool mayFree(Operation *op, Value memory, AliasAnalysis &aliases) {
  auto effects = getEffectsRecursively(op);
  return !effects || llvm::any_of(*effects, [&](const auto &effect) {
    return isa<MemoryEffects::Free>(effect.getEffect()) &&
           (!effect.getValue() ||
            !aliases.alias(effect.getValue(), memory).isNo());
  });
}

/// What `op`, and anything in it, may do to `memory`. MLIR's analysis says
/// nothing of an op that has the effects of those in it.
ModRefResult getModRef(Operation *op, Value memory, AliasAnalysis &aliases) {
  ModRefResult result = ModRefResult::getNoModRef();
  op->walk([&](Operation *inner) {
    if (!inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>() ||
        isa<MemoryEffectOpInterface>(inner))
      result = result.merge(aliases.getModRef(inner, memory));
  });
  return result;
}

/// True if the gather can go behind `op`, which follows it: `op` neither uses
/// what the gather writes, nor changes or frees what it reads; and it does not
/// communicate, so that the order of collectives stays.
bool maySinkBehind(AllGatherIntoOp gather, Operation *op,
                   AliasAnalysis &aliases) {
  if (op->hasTrait<OpTrait::IsTerminator>() || mayCommunicate(op))
    return false;
  return llvm::all_of(gather.getOutputs(),
                      [&](Value output) {
                        return getModRef(op, output, aliases).isNoModRef();
                      }) &&
         llvm::none_of(gather->getOperands(), [&](Value operand) {
           return getModRef(op, operand, aliases).isMod() ||
                  mayFree(op, operand, aliases);
         });
}

/// True if two gathers of one group, of which the first could stand where the
/// second does, have no memory in common that either writes; what each has in
/// common by itself, a slot of its output, is its own business.
bool areApart(AllGatherIntoOp first, AllGatherIntoOp second,
              AliasAnalysis &aliases) {
  auto writesTo = [&](AllGatherIntoOp a, AllGatherIntoOp b) {
    return llvm::any_of(a.getOutputs(), [&](Value output) {
      return llvm::any_of(b->getOperands(), [&](Value memory) {
        return !aliases.alias(output, memory).isNo();
      });
    });
  };
  return !writesTo(first, second) && !writesTo(second, first);
}

/// all_gather_into(a, b); all_gather_into(c, d) = all_gather_into(a, b, c, d)
///
/// Precondition: they are of one group and of the same kind of extents, in one
/// block; the first may go behind all that is between; they are apart.
AllGatherIntoOp coalesce(AllGatherIntoOp first, AllGatherIntoOp second) {
  auto both = [](auto a, auto b) {
    auto list = llvm::to_vector(a);
    llvm::append_range(list, b);
    return list;
  };
  OpBuilder builder(second);
  auto joined = AllGatherIntoOp::create(
      builder, builder.getFusedLoc({first.getLoc(), second.getLoc()}),
      both(first.getInputs(), second.getInputs()),
      both(first.getOutputs(), second.getOutputs()),
      builder.getDenseI64ArrayAttr(both(first.getDims(), second.getDims())),
      both(first.getExtents(), second.getExtents()), second.getMeshAttr(),
      second.getAxesAttr());
  first.erase();
  second.erase();
  return joined;
}

struct CoalesceGathers
    : public commuter::dist::impl::CoalesceGathersPassBase<CoalesceGathers> {
  using CoalesceGathersPassBase::CoalesceGathersPassBase;

  void runOnOperation() override {
    auto &aliases = getAnalysis<AliasAnalysis>();
    bool isChanged = false;
    getOperation()->walk([&](Block *block) {
      AllGatherIntoOp open; // what the next gather may join
      for (Operation &op : llvm::make_early_inc_range(*block)) {
        auto gather = dyn_cast<AllGatherIntoOp>(op);
        if (gather && open && haveSameGroup(open, gather) &&
            open.getInputs().size() + gather.getInputs().size() <=
                kMostGathers &&
            areApart(open, gather, aliases)) {
          open = coalesce(open, gather);
          isChanged = true;
          ++numCoalesced;
        } else if (gather) {
          open = gather;
        } else if (open && !maySinkBehind(open, &op, aliases)) {
          open = {};
        }
      }
    });
    if (!isChanged)
      markAllAnalysesPreserved();
  }
};

} // namespace
