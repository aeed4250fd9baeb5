//===- GatherInPlace.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-gather-in-place: the input of a gather is made in its slot of the
// gathered buffer.
//
//===----------------------------------------------------------------------===//

#include "OpOrder.h"
#include "WholeViews.h"

#include "commuter/Dialect/Dist/IR/BufferUses.h"
#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

namespace commuter::dist {
#define GEN_PASS_DEF_GATHERINPLACEPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter::dist;

namespace {

/// True if `made` is other memory than `memory`, an allocation or an argument:
/// another allocation's; or made after the argument was there, as all that a
/// function makes is, and what its own block does.
bool isOtherMemory(memref::AllocOp made, Value memory) {
  auto argument = dyn_cast<BlockArgument>(memory);
  if (!argument)
    return made.getMemref() != memory;
  Block *owner = argument.getOwner();
  return (owner->isEntryBlock() &&
          isa<FunctionOpInterface>(owner->getParentOp())) ||
         owner->findAncestorOpInBlock(*made);
}

/// True if the memref is a constant of the program.
bool isConstant(Value memory) {
  auto get = memory.getDefiningOp<memref::GetGlobalOp>();
  auto global = get ? SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
                          get, get.getNameAttr())
                    : memref::GlobalOp();
  return global && global.getConstant();
}

/// True if nothing from `from` up to `to` may write to what `view` shows: a
/// constant, or an allocation or an argument, whose writers are known.
bool isUnchanged(Value view, Operation *from, Operation *to) {
  Value memory = memref::skipViewLikeOps(cast<MemrefValue>(view));
  if (isConstant(memory))
    return true;
  if (!isa<BlockArgument>(memory) && !memory.getDefiningOp<memref::AllocOp>())
    return false;
  for (Operation *op = from; op != to; op = op->getNextNode()) {
    auto effects = getEffectsRecursively(op);
    if (!effects)
      return false;
    for (const MemoryEffects::EffectInstance &effect : *effects) {
      if (!isa<MemoryEffects::Write>(effect.getEffect()))
        continue;
      auto written = dyn_cast_or_null<MemrefValue>(effect.getValue());
      auto made = written ? memref::skipViewLikeOps(written)
                                .getDefiningOp<memref::AllocOp>()
                          : memref::AllocOp();
      if (!made || !isOtherMemory(made, memory))
        return false;
    }
  }
  return true;
}

/// True if `op` may end the process where the program would not have come to
/// it: a division does, by zero.
bool mayTrap(Operation *op) {
  return op
      ->walk([](ConditionallySpeculatable inner) {
        return inner.getSpeculatability() == Speculation::NotSpeculatable
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// True if the program comes from `from` to `to`, as far as effects tell. (An
/// assertion writes, but not to memory.)
bool comesTo(Operation *from, Operation *to) {
  for (Operation *op = from; op != to; op = op->getNextNode()) {
    auto effects = getEffectsRecursively(op);
    if (!effects || llvm::any_of(*effects, [](const auto &effect) {
          return isa<MemoryEffects::Write>(effect.getEffect()) &&
                 !effect.getValue();
        }))
      return false;
  }
  return true;
}

/// True if `op` would compute the same in front of `place`: it has no effect
/// but to read memory that is not written in between, and ends as it would
/// have.
bool mayStandBefore(Operation *op, Operation *place) {
  auto effects = getEffectsRecursively(op);
  return effects && (!mayTrap(op) || comesTo(place, op)) &&
         llvm::all_of(*effects, [&](const auto &effect) {
           return isa<MemoryEffects::Read>(effect.getEffect()) &&
                  effect.getValue() &&
                  isUnchanged(effect.getValue(), place, op);
         });
}

/// The ops from `place` on, in program order, that `op` (included) needs and
/// that may stand in front of `place`; nullopt if one may not.
std::optional<SmallVector<Operation *>>
getHoistable(OpOrder &order, Operation *op, Operation *place) {
  llvm::SetVector<Operation *> needed;
  needed.insert(op);
  for (unsigned i = 0; i < needed.size(); ++i) {
    if (needed[i] != op && !mayStandBefore(needed[i], place))
      return std::nullopt;
    WalkResult walk = needed[i]->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        Operation *def = operand.getDefiningOp();
        Operation *ancestor =
            def ? place->getBlock()->findAncestorOpInBlock(*def) : nullptr;
        if (!ancestor || order.isBefore(ancestor, place) ||
            needed[i]->isAncestor(def))
          continue;
        if (ancestor == place)
          return WalkResult::interrupt();
        needed.insert(ancestor);
      }
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return std::nullopt;
  }
  SmallVector<Operation *> ordered = needed.takeVector();
  llvm::sort(ordered,
             [&](Operation *a, Operation *b) { return order.isBefore(a, b); });
  return ordered;
}

/// Moves ops in front of a place, and back if that was in vain.
class Hoister {
public:
  Hoister(OpOrder &order, Operation *place) : order(order), place(place) {}

  /// Moves `op`, and what it needs, unless it is there.
  bool hoist(Operation *op) {
    if (order.isBefore(op, place))
      return true;
    auto hoistable = getHoistable(order, op, place);
    if (!hoistable)
      return false;
    for (Operation *needed : *hoistable) {
      moved.emplace_back(needed, needed->getNextNode());
      move(needed, place);
    }
    return true;
  }

  /// The exchange that makes `extents` goes in front: it needs no more than the
  /// number of rows.
  ///
  /// Precondition: they are allocated in the block of the place for the
  /// exchange, which is the first to use them; and no collective is between, so
  /// that their order stays.
  void hoistExchange(Value extents) {
    auto buffer = extents.getDefiningOp<memref::AllocOp>();
    if (!buffer || buffer->getBlock() != place->getBlock())
      return;
    Operation *first = nullptr;
    for (Operation *user : buffer->getUsers()) {
      Operation *ancestor = place->getBlock()->findAncestorOpInBlock(*user);
      if (!ancestor)
        continue; // in a block behind this one, which the allocation dominates
      if (!first || order.isBefore(ancestor, first))
        first = ancestor;
    }
    auto exchange = dyn_cast<ExchangeExtentsIntoOp>(first);
    if (!exchange || order.isBefore(exchange, place))
      return;
    for (Operation *op = place; op != exchange; op = op->getNextNode())
      if (mayCommunicate(op))
        return;
    if (hoist(buffer))
      (void)hoist(exchange);
  }

  void undo() {
    for (auto [op, next] : llvm::reverse(moved))
      move(op, next);
    moved.clear();
  }

private:
  void move(Operation *op, Operation *next) {
    order.forget(op);
    op->moveBefore(next);
  }

  OpOrder &order;
  Operation *const place;
  SmallVector<std::pair<Operation *, Operation *>>
      moved; ///< with what was next
};

/// One of the gathers of an op.
struct Gather {
  AllGatherIntoOp op;
  size_t index;

  OpOperand &getUse() { return op.getInputsMutable()[index]; }
  Value getInput() { return op.getInputs()[index]; }
  Value getOutput() { return op.getOutputs()[index]; }
  int64_t getDim() { return op.getDims()[index]; }
  /// Null if there are none.
  Value getExtents() {
    return op.getExtents().empty() ? Value() : op.getExtents()[index];
  }
};

/// What a gather reads: memory, through views that show all of it in another
/// shape.
struct Part {
  memref::AllocOp memory;
  SmallVector<Operation *> views; ///< from the memory to the gather

  Value getViewed(unsigned view) const { return views[view]->getOperand(0); }
};

std::optional<Part> findPart(Gather gather) {
  Part part;
  for (Operation *op = gather.getInput().getDefiningOp(); op;
       op = op->getOperand(0).getDefiningOp()) {
    if ((part.memory = dyn_cast<memref::AllocOp>(op))) {
      std::reverse(part.views.begin(), part.views.end());
      return part;
    }
    if (!isWholeView(op))
      return std::nullopt;
    part.views.push_back(op);
  }
  return std::nullopt;
}

/// True if the users of what `memory` shows, but for the view `known`, take any
/// layout and are done with it when they end, and none of them writes to it
/// behind the gather. `last` becomes the last of them, if it was before.
bool isCompleteAt(OpOrder &order, Value memory, Operation *known, Gather gather,
                  Operation *&last) {
  return llvm::all_of(memory.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (user == known || &use == &gather.getUse())
      return true;
    // What else the gather reads may not be where it writes.
    if (user == gather.op || !isDoneWithOp(use) || user->hasAttr("alignment"))
      return false;
    Operation *ancestor = gather.op->getBlock()->findAncestorOpInBlock(*user);
    if (!ancestor)
      return false;
    if (order.isBefore(last, ancestor))
      last = ancestor;
    return !order.isBefore(gather.op, ancestor) || !writesThrough(use);
  });
}

/// The last op that uses the part; null if it is not complete at the gather.
Operation *findLastUse(OpOrder &order, const Part &part, Gather gather) {
  Operation *last = gather.op;
  for (unsigned i = 0; i < part.views.size(); ++i)
    if (!isCompleteAt(order, part.getViewed(i), part.views[i], gather, last))
      return nullptr;
  return isCompleteAt(order, gather.getInput(), nullptr, gather, last)
             ? last
             : nullptr;
}

/// True if nothing but the gather writes to `memory` up to `last`, also through
/// views of it, or hands it on to who may.
bool isOnlyReadUntil(OpOrder &order, Value memory, Operation *gather,
                     Operation *last) {
  return llvm::all_of(memory.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (user == gather)
      return true;
    Operation *ancestor = last->getBlock()->findAncestorOpInBlock(*user);
    // Other blocks that see the memory come behind this one.
    if (!ancestor || order.isBefore(last, ancestor))
      return true;
    if (makesViews(use))
      return llvm::all_of(user->getResults(), [&](Value view) {
        return isOnlyReadUntil(order, view, gather, last);
      });
    return isDoneWithOp(use) && !writesThrough(use);
  });
}

/// all_gather_into(view(part), whole) with view(part) = slot(whole): nothing is
/// copied for this rank's own part.
///
/// Precondition: both are allocated in the gather's block; nothing writes to
/// `part` after the gather, and nothing but the gather writes to `whole` as
/// long as `part` is used, so that the slot holds what `part` holds whenever
/// either is read; what the size of `whole` is computed from is known where
/// `part` is allocated; the slot can be seen in the shape of `part`, and is
/// laid out as its users expect; and `whole` has no dimension of size 0, in
/// which no offset is a place.
bool placeInput(OpOrder &order, Gather gather) {
  std::optional<Part> part = findPart(gather);
  auto whole = gather.getOutput().getDefiningOp<memref::AllocOp>();
  Block *block = gather.op->getBlock();
  if (!part || !whole || part->memory == whole ||
      part->memory->getBlock() != block || whole->getBlock() != block ||
      llvm::is_contained(whole.getType().getShape(), 0) ||
      !whole.getType().getLayout().isIdentity() ||
      whole.getType().getMemorySpace() !=
          part->memory.getType().getMemorySpace())
    return false;
  Operation *last = findLastUse(order, *part, gather);
  if (!last || !isOnlyReadUntil(order, whole, gather.op, last) ||
      !llvm::all_of(part->views, knowsViewSizes))
    return false;
  MemRefType type = whole.getType();
  const int64_t dim = gather.getDim();
  SmallVector<int64_t> places(type.getRank(), 0), steps(type.getRank(), 1);
  places[dim] = ShapedType::kDynamic;
  const MemRefType slotType = memref::SubViewOp::inferResultType(
      type, places, cast<MemRefType>(gather.getInput().getType()).getShape(),
      steps);
  // Of what the views are of, from the gather back.
  SmallVector<MemRefType> types;
  for (Operation *view : llvm::reverse(part->views)) {
    types.push_back(
        getViewedType(view, types.empty() ? slotType : types.back()));
    if (!types.back())
      return false;
  }
  Hoister hoister(order, part->memory);
  auto hoistAll = [&] {
    if (Value extents = gather.getExtents()) {
      hoister.hoistExchange(extents);
      if (!isUnchanged(extents, part->memory, gather.op))
        return false;
      Operation *def = extents.getDefiningOp();
      if (def && def->getBlock() == block && !hoister.hoist(def))
        return false;
    }
    return hoister.hoist(whole);
  };
  if (!hoistAll()) {
    hoister.undo();
    return false;
  }

  OpBuilder builder(part->memory);
  Location loc = gather.op.getLoc();
  SmallVector<SmallVector<OpFoldResult>> sizes{part->memory.getMixedSizes()};
  for (Operation *view : part->views)
    sizes.push_back(getViewSizes(builder, view, sizes.back()));
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
  Value extent = memref::DimOp::create(builder, loc, whole, dim);
  // Checked before anything is written to the slot.
  Value expected =
      getValueOrCreateConstantIndexOp(builder, loc, sizes.back()[dim]);
  offsets[dim] =
      ShardBoundsOp::create(builder, loc, extent, gather.getExtents(), expected,
                            gather.op.getMeshAttr(), gather.op.getAxesAttr())
          .getOffset();
  Value slot = memref::SubViewOp::create(builder, loc, slotType, whole, offsets,
                                         sizes.back(), strides);
  for (MemRefType viewedType : types) {
    Operation *view = part->views.pop_back_val();
    sizes.pop_back();
    Value viewed = createViewed(builder, view, viewedType, slot, sizes.back());
    view->getResult(0).replaceAllUsesWith(slot);
    order.forget(view);
    view->erase();
    slot = viewed;
  }
  part->memory.replaceAllUsesWith(slot);
  order.forget(part->memory);
  part->memory.erase();
  return true;
}

/// True if a gather reads what `memory` shows.
bool isGathered(Value memory) {
  return llvm::any_of(memory.getUses(), [](OpOperand &use) {
    auto gather = dyn_cast<AllGatherIntoOp>(use.getOwner());
    if (gather && llvm::is_contained(gather.getInputs(), use.get()))
      return true;
    return makesViews(use) &&
           llvm::any_of(use.getOwner()->getResults(), isGathered);
  });
}

struct GatherInPlace
    : public commuter::dist::impl::GatherInPlacePassBase<GatherInPlace> {
  using GatherInPlacePassBase::GatherInPlacePassBase;

  void runOnOperation() override {
    SmallVector<Gather> gathers;
    getOperation()->walk([&](AllGatherIntoOp op) {
      for (size_t i = 0; i < op.getInputs().size(); ++i)
        gathers.push_back({op, i});
    });
    // A buffer is placed in one that holds more before another is placed in it.
    std::stable_partition(gathers.begin(), gathers.end(), [](Gather gather) {
      return !isGathered(gather.getOutput());
    });
    OpOrder order;
    bool isChanged = false;
    for (Gather gather : gathers)
      if (placeInput(order, gather)) {
        isChanged = true;
        ++numPlaced;
      }
    if (!isChanged)
      markAllAnalysesPreserved();
  }
};

} // namespace
