//===- MotionJoins.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What can be had in slices: the values that branches, loops, blocks and calls
// join.
//
//===----------------------------------------------------------------------===//

#include "MotionGraph.h"

#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// The suggestion where ways differ in what they pass on.
static constexpr StringLiteral kPassAlike =
    "gather what each way passes on alike";

/// The joins of a branch op that hold ranked tensors.
SmallVector<JoinClass> MotionGraph::getJoins(RegionBranchOpInterface branch) {
  // Which operands are passed to which values.
  SmallVector<std::pair<OpOperand *, Value>> edges;
  for (RegionBranchPoint point : branch.getAllRegionBranchPoints()) {
    Operation *source = point.isParent()
                            ? branch.getOperation()
                            : point.getTerminatorPredecessorOrNull();
    RegionBranchSuccessorMapping passed;
    branch.getSuccessorOperandInputMapping(passed, point);
    for (OpOperand &operand : source->getOpOperands())
      for (Value input : passed.lookup(&operand))
        if (isa<RankedTensorType>(input.getType()))
          edges.emplace_back(&operand, input);
  }

  // Values that share an operand are one join.
  llvm::EquivalenceClasses<void *> tied;
  for (auto [operand, value] : edges)
    tied.unionSets(operand, value.getAsOpaquePointer());
  llvm::MapVector<void *, JoinClass> joins;
  for (auto [operand, value] : edges) {
    JoinClass &join = joins[tied.getLeaderValue(operand)];
    if (!llvm::is_contained(join.values, value))
      join.values.push_back(value);
    if (!llvm::is_contained(join.sources, operand))
      join.sources.push_back(operand);
  }
  SmallVector<JoinClass> result;
  for (auto &[leader, join] : joins)
    result.push_back(std::move(join));
  return result;
}

/// Law, for a branch op that all ranks of the gather's group take alike:
///
///   join(all_gather(x_i)) = all_gather(join(x_i))
///
/// Precondition: what is passed to the join is gathered alike, or replicated
/// over the gather's axes [it is sliced] and as long as what is gathered: of a
/// static length, which the join's type then has. `isInCall`: nor are there
/// extents, which another call's operand would not be known to split.
bool MotionGraph::isSource(Value value, const Slices &made,
                           bool isInCall) const {
  const SlicedValue *found = find(value);
  if (found && isCutAlike(found->slices, made.dim, made.kind))
    return true;
  const GatherKind &kind = kinds[made.kind];
  if (isInCall && kind.extents)
    return false;
  int64_t size = cast<RankedTensorType>(value.getType()).getDimSize(made.dim);
  return (analysis.isReplicatedOver(value, kind.mesh, kind.axes) ||
          options.ignores(reason::kOperandGatheredDifferently)) &&
         !ShapedType::isDynamic(size) && kind.cuts(size);
}

/// Which of a call's operands is the extents of a kind, or what those are
/// `times` as large as: the largest of these.
std::optional<MotionGraph::PassedExtents>
MotionGraph::findPassed(CallOpInterface call, const GatherKind &kind) {
  std::optional<PassedExtents> passed;
  for (auto [i, operand] : llvm::enumerate(call.getArgOperands())) {
    if (!isa<RankedTensorType>(operand.getType()))
      continue;
    std::optional<int64_t> times = kinds.getTimes(kind, operand);
    if (times && (!passed || *times < passed->times))
      passed = PassedExtents{static_cast<unsigned>(i), *times};
  }
  return passed;
}

/// The kinds that go with `kind`, which `source` comes in. Extents are a value
/// of one function: what is cut by an operand of a call in the caller is cut by
/// the argument in the function. nullopt: they are no such value.
std::optional<JoinKinds> MotionGraph::findKinds(Operation *op,
                                                const JoinClass &join,
                                                OpOperand *source,
                                                unsigned kind) {
  JoinKinds found{kind, SmallVector<unsigned, 2>(join.sources.size(), kind),
                  SmallVector<unsigned, 2>(join.values.size(), kind)};
  auto function = dyn_cast<FunctionOpInterface>(op);
  Value extents = kinds[kind].extents;
  if (!function || !extents)
    return found;
  // Of pieces that are `times` as long as the argument says.
  auto setInCaller = [&](unsigned &inCaller, Operation *call, unsigned argument,
                         int64_t times) {
    std::optional<unsigned> known = kinds.getNumber(
        kind, cast<CallOpInterface>(call).getArgOperands()[argument], times,
        call);
    inCaller = known.value_or(kind);
    return known.has_value();
  };
  if (isa<BlockArgument>(join.values.front())) {
    std::optional<PassedExtents> passed =
        findPassed(cast<CallOpInterface>(source->getOwner()), kinds[kind]);
    if (!passed)
      return std::nullopt;
    found.ofUnit = *kinds.getNumber(
        kind, function.getArgument(passed->argument), passed->times,
        &function.getFunctionBody().front().front());
    found.ofValues.front() = found.ofUnit;
    for (auto [ofSource, other] :
         llvm::zip_equal(found.ofSources, join.sources))
      if (!setInCaller(ofSource, other->getOwner(), passed->argument,
                       passed->times))
        return std::nullopt;
    return found;
  }
  auto argument = dyn_cast<BlockArgument>(extents);
  if (!argument || argument.getOwner() != &function.getFunctionBody().front())
    return std::nullopt;
  const int64_t times = kinds[kind].times;
  for (auto [ofValue, value] : llvm::zip_equal(found.ofValues, join.values))
    if (!setInCaller(ofValue, value.getDefiningOp(), argument.getArgNumber(),
                     times))
      return std::nullopt;
  return found;
}

/// Makes a unit of the join if a source is in slices: one of the `known`
/// sources, which are visited already, or one that an earlier round found to
/// be. The sources that are not known yet are checked after the round, by
/// `findMisfit`. Returns why there is no unit although a gather feeds the join.
std::optional<Refusal> MotionGraph::matchJoin(Operation *op,
                                              const JoinClass &join,
                                              ArrayRef<OpOperand *> known,
                                              JoinCheck check) {
  const Value front = join.values.front();
  if (find(front))
    return std::nullopt;
  auto isSliced = [&](OpOperand *source) { return find(source->get()); };
  auto getRefusal = [&](OpOperand *source) {
    return findRefusal(source->get());
  };
  auto *it = llvm::find_if(known, isSliced);
  OpOperand *first = it == known.end() ? nullptr : *it;
  // What is replicated is sliced, whatever it is made of.
  auto isReplicated = [&](OpOperand *source) {
    const GatherKind &kind = kinds[find(first->get())->slices.kind];
    return analysis.isReplicatedOver(source->get(), kind.mesh, kind.axes);
  };
  auto *refused = llvm::find_if(known, [&](OpOperand *source) {
    return getRefusal(source) && (!first || !isReplicated(source));
  });
  if (refused != known.end())
    return *getRefusal(*refused);
  std::optional<Slices> made;
  if (first) {
    made = find(first->get())->slices;
  } else if (auto late = lateSources.find(front); late != lateSources.end()) {
    const LateSource &passed = late->second;
    const unsigned kind = kinds.getNumber(passed.kind);
    if (auto *refusal = std::get_if<Refusal>(&passed.fate)) {
      Refusal ofJoin = *refusal;
      ofJoin.kind = kind;
      return ofJoin;
    }
    first = passed.source;
    made = std::get<Slices>(passed.fate);
    made->kind = kind;
  } else {
    SmallVector<OpOperand *> unknown;
    llvm::copy_if(
        join.sources, std::back_inserter(unknown),
        [&](OpOperand *source) { return !llvm::is_contained(known, source); });
    if (!unknown.empty())
      awaited.emplace_back(front, std::move(unknown));
    return std::nullopt;
  }
  if (std::optional<Refusal> refusal = check(kinds[made->kind])) {
    refusal->kind = made->kind;
    return refusal;
  }
  const Refusal differently{
      reason::kOperandGatheredDifferently, op, kPassAlike, {}, made->kind};
  if (auto rejected = rejectedJoins.find(front);
      rejected != rejectedJoins.end()) {
    Refusal why = rejected->second.value_or(differently);
    why.kind = made->kind;
    return why;
  }
  std::optional<JoinKinds> ofEach = findKinds(op, join, first, made->kind);
  if (!ofEach)
    return Refusal{reason::kUnsupportedOp,
                   op,
                   "pass the gather's extents to the function, or inline the "
                   "call",
                   {},
                   made->kind};
  // What other sources pass on may be of another length, if the type leaves it
  // open.
  if (known.size() != join.sources.size() &&
      cast<RankedTensorType>(front.getType()).isDynamicDim(made->dim))
    made->localSize = ShapedType::kDynamic;
  const bool isInCall = isa<FunctionOpInterface>(op);
  for (auto [source, kind] : llvm::zip_equal(join.sources, ofEach->ofSources)) {
    if (!llvm::is_contained(known, source))
      continue;
    if (!isSource(source->get(), {kind, made->dim, made->localSize}, isInCall))
      return differently;
    const SlicedValue *passed = find(source->get());
    if (passed && passed->slices.localSize != made->localSize)
      made->localSize = ShapedType::kDynamic;
  }
  const unsigned number = units.size();
  for (auto [source, kind] : llvm::zip_equal(join.sources, ofEach->ofSources))
    joinOf.try_emplace(source, JoinedAs{number, kind});
  Unit unit(Unit::Join, op, ofEach->ofUnit);
  unit.details = sources.size();
  unit.isLate = !llvm::is_contained(known, first);
  joins.push_back(number);
  sources.push_back(join.sources);
  addUnit(unit);
  for (auto [value, kind] : llvm::zip_equal(join.values, ofEach->ofValues))
    addValue(value, {kind, made->dim, made->localSize});
  return std::nullopt;
}

/// What the sources of a join fit better than the slices that they come in.
void MotionGraph::noteAxesOfSources(ArrayRef<OpOperand *> known,
                                    JoinCheck check) {
  const SlicedValue *first = nullptr;
  for (OpOperand *source : known) {
    const SlicedValue *made = find(source->get());
    if (!made)
      continue;
    if (!first)
      first = made;
    else if (first->slices.dim == made->slices.dim)
      noteCommonAxes(*first, *made);
  }
  if (!first || !canBeSplit(*first))
    return;
  auto fits = [&](const Slices &slices) {
    return !check(kinds[slices.kind]) &&
           llvm::all_of(known, [&](OpOperand *source) {
             const SlicedValue *made = find(source->get());
             return (made && made->slices.kind == first->slices.kind &&
                     made->slices.dim == slices.dim) ||
                    isSource(source->get(), slices, /*isInCall=*/false);
           });
  };
  if (!fits(first->slices))
    noteFirstAxes(*first, fits);
}

/// As above, and what the join makes cannot be had in slices if it is refused.
void MotionGraph::visitJoin(Operation *op, const JoinClass &join,
                            ArrayRef<OpOperand *> known, JoinCheck check) {
  std::optional<Refusal> refusal = matchJoin(op, join, known, check);
  noteAxesOfSources(known, check);
  if (!refusal)
    return;
  const unsigned number = addRefusal(*refusal, refusal->kind);
  for (Value value : join.values)
    refuse(value, number);
}

/// The law of joins, for a branch op whose regions from number `next` on are
/// not visited yet: the sources in them are not known. Precondition: all ranks
/// of the gather's group take the same way.
void MotionGraph::visitBranchJoin(RegionBranchOpInterface branch,
                                  const JoinClass &join, unsigned next) {
  SmallVector<OpOperand *> known(join.sources.begin(), join.sources.end());
  llvm::erase_if(known, [&](OpOperand *source) {
    Region *region = source->getOwner()->getParentRegion();
    return source->getOwner() != branch && region->getRegionNumber() >= next;
  });
  visitJoin(branch, join, known, [&](const GatherKind &kind) {
    std::optional<Refusal> refusal =
        findDivergence(branch, &kind - kinds.begin());
    if (refusal)
      return refusal;
    if (!analysis.isUniform(branch, kind.mesh, kind.axes) &&
        !options.ignores(reason::kDivergentControlFlow))
      return std::optional(
          Refusal{reason::kDivergentControlFlow, branch, kBranchUniformly});
    // Extents must be known wherever the join is gathered; and arguments of a
    // block that is visited already were not in slices there.
    auto isInside = [&](Operation *op) { return op && branch->isAncestor(op); };
    if (isInside(kind.ragged) ||
        (kind.extents &&
         isInside(Value(kind.extents).getParentBlock()->getParentOp())))
      return std::optional(
          Refusal{reason::kUnsupportedOp, branch,
                  "compute the gather's extents in front of the branch"});
    const Value front = join.values.front();
    const bool hasArguments =
        llvm::any_of(join.values, llvm::IsaPred<BlockArgument>);
    if (hasArguments && (next == branch->getNumRegions() ||
                         (!takesLoops && rejectedJoins.contains(front))))
      return std::optional(
          Refusal{reason::kOperandGatheredDifferently, branch, kPassAlike});
    if (hasArguments && !takesLoops)
      return std::optional(Refusal{reason::kUnsupportedOp, branch, ""});
    return refusal;
  });
}

/// The joins of a block that hold ranked tensors: its arguments, where all that
/// is passed to them is an operand.
static SmallVector<JoinClass> getBlockJoins(Block &block) {
  SmallVector<JoinClass> joins;
  for (BlockArgument argument : block.getArguments()) {
    if (!isa<RankedTensorType>(argument.getType()))
      continue;
    const unsigned number = argument.getArgNumber();
    JoinClass join;
    join.values.push_back(argument);
    bool areOperands = true;
    for (auto it = block.pred_begin(); it != block.pred_end(); ++it) {
      auto branch = dyn_cast<BranchOpInterface>((*it)->getTerminator());
      areOperands &=
          branch && !branch.getSuccessorOperands(it.getSuccessorIndex())
                         .isOperandProduced(number);
      if (!areOperands)
        break;
      SuccessorOperands passed =
          branch.getSuccessorOperands(it.getSuccessorIndex());
      join.sources.push_back(&branch->getOpOperand(
          passed.getForwardedOperands().getBeginOperandIndex() + number -
          passed.getProducedOperandCount()));
    }
    if (areOperands)
      joins.push_back(std::move(join));
  }
  return joins;
}

/// The law of joins, for a block to which all ranks of the gather's group come
/// from the same predecessor, each time. `visited`: the blocks in front of it,
/// numbered; the others end a round of a loop.
void MotionGraph::visitBlockJoins(Block &block,
                                  const DenseMap<Block *, unsigned> &visited) {
  // Extents must be known at the block's start: those of its region's first
  // block are, and those from outside the region.
  auto isKnownAtStart = [&](Block *of) {
    return of->getParent() != block.getParent() || of->isEntryBlock();
  };
  auto getPlace = [&](OpOperand *source) {
    return std::pair(visited.lookup(source->getOwner()->getBlock()),
                     source->getOperandNumber());
  };
  for (const JoinClass &join : getBlockJoins(block)) {
    SmallVector<OpOperand *> known(join.sources.begin(), join.sources.end());
    llvm::erase_if(known, [&](OpOperand *source) {
      return !visited.contains(source->getOwner()->getBlock());
    });
    llvm::sort(known, [&](OpOperand *a, OpOperand *b) {
      return getPlace(a) < getPlace(b);
    });
    Operation *terminator = known.front()->getOwner();
    visitJoin(
        terminator, join, known,
        [&](const GatherKind &kind) -> std::optional<Refusal> {
          Operation *divergent =
              analysis.findDivergenceOfArguments(&block, kind.mesh, kind.axes);
          if (divergent && !options.ignores(reason::kDivergentControlFlow))
            return Refusal{reason::kDivergentControlFlow, divergent,
                           kBranchUniformly};
          AllGatherOp ragged = kind.ragged;
          if ((ragged && !isKnownAtStart(ragged->getBlock())) ||
              (kind.extents &&
               !isKnownAtStart(Value(kind.extents).getParentBlock())))
            return Refusal{reason::kUnsupportedOp, terminator,
                           "compute the gather's extents in the first "
                           "block"};
          if (known.size() != join.sources.size() && !takesLoops)
            return Refusal{reason::kUnsupportedOp, terminator, ""};
          return std::nullopt;
        });
  }
}

/// Law, for a function f all of whose calls are known:
///
///   f(all_gather(x)) = f'(x), where f' gathers its argument
///
/// and likewise for what it returns. Precondition: each call passes what is
/// gathered alike, or replicated over the gather's axes [it is sliced]; all
/// ranks of the gather's group call the function alike. Where there are
/// extents, they are an argument of the function, and each call passes those of
/// what it gathered.
void MotionGraph::visitFunctionJoin(Operation *function, const JoinClass &join,
                                    ArrayRef<OpOperand *> known) {
  visitJoin(function, join, known, [&](const GatherKind &kind) {
    Operation *first =
        &cast<FunctionOpInterface>(function).getFunctionBody().front().front();
    std::optional<Refusal> refusal =
        findDivergence(first, &kind - kinds.begin());
    if (!refusal && (kind.ragged || !takesLoops))
      refusal = Refusal{reason::kUnsupportedOp, function, "inline the call"};
    return refusal;
  });
}

/// A function is looked at where it is called first; what other calls pass to
/// it is checked later.
void MotionGraph::visitCall(CallOpInterface call, Operation *callee) {
  if (!visitedCallees.insert(callee).second)
    return;
  auto function = cast<FunctionOpInterface>(callee);
  for (const JoinClass &argument : calls.getArguments(function)) {
    auto passed = llvm::find_if(argument.sources, [&](OpOperand *source) {
      return source->getOwner() == call;
    });
    visitFunctionJoin(callee, argument, *passed);
  }
  visitRegion(function.getFunctionBody());
  for (const JoinClass &result : calls.getResults(function))
    visitFunctionJoin(callee, result, result.sources);
}

/// What is passed to a join and, now that everything is visited, does not fit;
/// null: the join holds.
OpOperand *MotionGraph::findMisfit(const Unit &join) const {
  const Slices &made = getValues(join).front().slices;
  for (OpOperand *source : getSources(join))
    if (!isSource(source->get(), {getKindOf(source), made.dim, made.localSize},
                  isa<FunctionOpInterface>(join.op)))
      return source;
  return nullptr;
}

/// Notes what came late to joins, slices before refusals: what is refused may
/// depend on a join that carries slices next time. Returns true if there is
/// something new.
bool MotionGraph::expectLateSources() {
  const size_t numBefore = lateSources.size();
  auto note = [&](auto getFate) {
    for (auto &[joined, unknown] : awaited)
      for (OpOperand *source : unknown)
        if (auto *fate = getFate(source->get()))
          lateSources.try_emplace(joined,
                                  LateSource{source, kinds[fate->kind], *fate});
    return lateSources.size() != numBefore;
  };
  return note([&](Value value) -> const Slices * {
           const SlicedValue *made = find(value);
           return made ? &made->slices : nullptr;
         }) ||
         note([&](Value value) { return findRefusal(value); });
}
