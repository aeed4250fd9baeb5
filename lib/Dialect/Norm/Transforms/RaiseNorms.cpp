//===- RaiseNorms.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// norm-raise: norms that are spelled out become ops of their own.
//
//===----------------------------------------------------------------------===//

#include "NormMatch.h"

#include "commuter/Dialect/Norm/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <deque>

namespace commuter::norm {
#define GEN_PASS_DEF_RAISENORMSPASS
#include "commuter/Dialect/Norm/Transforms/Passes.h.inc"
} // namespace commuter::norm

using namespace mlir;
using namespace commuter;
using namespace commuter::norm;

namespace {

/// Bounds on the slices that are searched: a norm is of some twenty ops.
constexpr size_t kMaxSlice = 256, kMaxInputs = 24;

/// An op on tensors that takes a root of a statistic: what a norm has one of.
struct Candidate {
  Operation *op;
  bool isRaised = false;
  /// Where rounding alone keeps a larger part of the norm from being raised.
  Operation *rounded = nullptr;
  NormMismatch mismatch;
};

/// The op itself, or the structured op in whose body it is.
Operation *getWhole(Operation *op) {
  while (isa_and_nonnull<linalg::LinalgOp>(op->getParentOp()))
    op = op->getParentOp();
  return op;
}

/// The ops that `start` is computed from, nearest first, as far as expressions
/// reach.
SmallVector<Operation *> getSlice(Operation *start) {
  llvm::SetVector<Operation *> slice;
  slice.insert(start);
  auto add = [&](Value operand) {
    if (Operation *op = operand.getDefiningOp();
        op && isRowExpressionOp(op) && getWhole(op) == op)
      slice.insert(op);
  };
  for (size_t i = 0; i < slice.size() && slice.size() < kMaxSlice; ++i) {
    Operation *op = slice[i];
    llvm::for_each(op->getOperands(), add);
    // What a body captures.
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      for (Operation &inner : *structured.getBlock())
        llvm::for_each(inner.getOperands(), add);
  }
  return slice.takeVector();
}

/// A power that no constant of the op tells may be one of 1/2, too.
bool takesRoot(Operation *op) {
  auto power = dyn_cast<math::PowFOp>(op);
  if (!power)
    return isa<math::SqrtOp, math::RsqrtOp>(op);
  APFloat exponent(0.0);
  return !matchPattern(power.getRhs(), m_ConstantFloat(&exponent)) ||
         abs(exponent).isExactlyValue(0.5);
}

/// A root is taken, in the body of a structured op or outside, of what a
/// reduction goes into.
bool isCandidate(Operation *op) {
  if (!isRowExpressionOp(op) || isReduction(op) || getWhole(op) != op)
    return false;
  bool hasRoot = takesRoot(op);
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    hasRoot = llvm::any_of(*structured.getBlock(),
                           [](Operation &inner) { return takesRoot(&inner); });
  return hasRoot && llvm::any_of(getSlice(op), isReduction);
}

/// The values of `root`'s shape that a norm could be taken of: what reductions
/// in its slice are taken of, nearest to the reduction first.
SmallVector<Value> getInputs(Value root) {
  auto type = cast<RankedTensorType>(root.getType());
  auto isInput = [&](Value value) {
    auto candidate = dyn_cast<RankedTensorType>(value.getType());
    if (!candidate || value == root ||
        candidate.getShape() != type.getShape() ||
        candidate.getEncoding() != type.getEncoding())
      return false;
    // f64 has statistics of its own.
    Type from = candidate.getElementType(), to = type.getElementType();
    auto isNarrow = [](Type type) {
      return isa<Float16Type, BFloat16Type, Float32Type>(type);
    };
    return from == to || (isNarrow(from) && isNarrow(to));
  };
  llvm::SetVector<Value> inputs;
  SmallVector<Operation *> slice = getSlice(root.getDefiningOp());
  auto collect = [&](ArrayRef<Operation *> ops) {
    for (Operation *op : ops)
      for (Value operand : op->getOperands())
        if (isInput(operand) && inputs.size() < kMaxInputs)
          inputs.insert(operand);
  };
  for (Operation *op : slice)
    if (isReduction(op))
      collect(getSlice(op));
  // What was widened apart from the reduction.
  collect(slice);
  // An exact match of the type keeps a widening where the program has it.
  SmallVector<Value> sorted = inputs.takeVector();
  llvm::stable_sort(sorted, [&](Value a, Value b) {
    return (a.getType() == type) > (b.getType() == type);
  });
  return sorted;
}

class Raiser {
public:
  Raiser(Operation *scope, bool allowsRoundingChanges)
      : scope(scope), rewriter(scope->getContext()),
        allowsRoundingChanges(allowsRoundingChanges) {}

  /// The number of norms raised.
  unsigned run();

private:
  void findRoots();
  void raise(Value root);
  std::optional<NormMatch> match(Value root, bool ignoresRounding,
                                 NormMismatch &nearest);
  bool isLive(Operation *op);
  void emitMissed(const Candidate &candidate);
  remark::RemarkOpts getRemarkOptions(Operation *op, StringRef &name);

  Operation *scope;
  IRRewriter rewriter;
  bool allowsRoundingChanges;
  SmallVector<Candidate> candidates;
  /// What may be a norm, the last first.
  SmallVector<Value> roots;
  SmallVector<Operation *> raised;
  /// Ops that nothing uses any more.
  llvm::SetVector<Operation *> dead;
};

/// Everything that is computed of a candidate, as far as expressions reach.
void Raiser::findRoots() {
  llvm::DenseMap<Operation *, unsigned> numbers;
  llvm::SetVector<Value> found;
  scope->walk<WalkOrder::PreOrder>([&](Operation *op) {
    numbers[op] = numbers.size();
    if (isCandidate(op))
      candidates.push_back({op, false, nullptr, {}});
  });
  for (const Candidate &candidate : candidates) {
    llvm::SetVector<Operation *> users;
    users.insert(candidate.op);
    for (size_t i = 0; i < users.size() && users.size() < kMaxSlice; ++i)
      for (Operation *user : users[i]->getUsers())
        if (Operation *whole = getWhole(user);
            isRowExpressionOp(whole) && !isReduction(whole))
          users.insert(whole);
    for (Operation *user : users)
      for (Value result : user->getResults())
        if (auto type = dyn_cast<RankedTensorType>(result.getType());
            type && type.getRank() > 0 &&
            isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(
                type.getElementType()))
          found.insert(result);
  }
  roots = found.takeVector();
  llvm::stable_sort(roots, [&](Value a, Value b) {
    return numbers.lookup(a.getDefiningOp()) >
           numbers.lookup(b.getDefiningOp());
  });
}

std::optional<NormMatch> Raiser::match(Value root, bool ignoresRounding,
                                       NormMismatch &nearest) {
  for (Value input : getInputs(root)) {
    NormMismatch mismatch;
    if (std::optional<NormMatch> found =
            matchNorm(root, input, ignoresRounding, mismatch))
      return found;
    if (mismatch.rank > nearest.rank || nearest.ops.empty())
      nearest = std::move(mismatch);
  }
  return std::nullopt;
}

bool Raiser::isLive(Operation *op) {
  for (; op; op = op->getParentOp())
    if (dead.contains(op))
      return false;
  return true;
}

/// The outermost value that is a norm is raised: what it was made of goes, as
/// far as nothing else uses it.
void Raiser::raise(Value root) {
  NormMismatch mismatch;
  std::optional<NormMatch> found = match(root, allowsRoundingChanges, mismatch);
  if (!found) {
    NormMismatch other;
    std::optional<NormMatch> rounded;
    if (!allowsRoundingChanges)
      rounded = match(root, /*ignoresRounding=*/true, other);
    for (Candidate &candidate : candidates) {
      if (rounded && !candidate.rounded && rounded->ops.contains(candidate.op))
        candidate.rounded = root.getDefiningOp();
      if (mismatch.ops.contains(candidate.op) &&
          mismatch.rank >= candidate.mismatch.rank)
        candidate.mismatch = mismatch;
    }
    return;
  }
  Operation *norm = nullptr;
  rewriter.replaceAllUsesWith(root, found->create(rewriter, root, norm));
  for (Candidate &candidate : candidates)
    candidate.isRaised |= found->ops.contains(candidate.op);

  raised.push_back(norm);
  std::deque<Operation *> unused = {root.getDefiningOp()};
  while (!unused.empty()) {
    Operation *op = unused.front();
    unused.pop_front();
    if (dead.contains(op) || !isMemoryEffectFree(op) ||
        llvm::any_of(op->getUsers(),
                     [&](Operation *user) { return isLive(user); }))
      continue;
    dead.insert(op);
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (Operation *def = operand.getDefiningOp();
            def && !op->isAncestor(def))
          unused.push_back(def);
    });
  }
}

remark::RemarkOpts Raiser::getRemarkOptions(Operation *op, StringRef &name) {
  if (auto function = op->getParentOfType<FunctionOpInterface>())
    name = function.getName();
  return remark::RemarkOpts::name("norm-raise").category("norm").function(name);
}

void Raiser::emitMissed(const Candidate &candidate) {
  // A part of the norm was raised, or nothing.
  const bool isRounded = candidate.rounded && isLive(candidate.rounded);
  if (candidate.isRaised && !isRounded)
    return;
  Operation *op = isRounded ? candidate.rounded : candidate.op;
  StringRef name;
  auto options = getRemarkOptions(op, name);
  auto missed = remark::missed(op->getLoc(), options);
  if (isRounded)
    missed << remark::reason("{0}", "rounding-between")
           << remark::suggest("{0}", "allow-rounding-changes=true");
  else
    missed << remark::reason("{0}", candidate.mismatch.reason.str());
}

unsigned Raiser::run() {
  findRoots();
  for (Value root : roots)
    if (isLive(root.getDefiningOp()))
      raise(root);
  for (Operation *norm : llvm::reverse(raised)) {
    StringRef name;
    remark::passed(norm->getLoc(), getRemarkOptions(norm, name))
        << remark::add("raised to {0}", norm->getName());
  }
  for (const Candidate &candidate : candidates)
    if (candidate.isRaised || isLive(candidate.op))
      emitMissed(candidate);
  // Users before what they use.
  for (Operation *op : dead)
    if (op->use_empty())
      rewriter.eraseOp(op);
  return raised.size();
}

struct RaiseNorms
    : public commuter::norm::impl::RaiseNormsPassBase<RaiseNorms> {
  using RaiseNormsPassBase::RaiseNormsPassBase;

  void runOnOperation() override {
    const unsigned raised = Raiser(getOperation(), allowRoundingChanges).run();
    numNorms += raised;
    if (raised == 0)
      markAllAnalysesPreserved();
  }
};

} // namespace
