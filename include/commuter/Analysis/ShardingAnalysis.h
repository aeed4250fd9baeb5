//===- ShardingAnalysis.h ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The state of every value along every mesh axis: replicated, sharded, partial
// or varying. What may move is decided from it.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_SHARDINGANALYSIS_H
#define COMMUTER_ANALYSIS_SHARDINGANALYSIS_H

#include "commuter/Analysis/MeshAxes.h"
#include "commuter/Analysis/ValueNumbers.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/BitVector.h"

namespace commuter {

/// A value's state along one axis. A lattice: None is below, Varying above all.
struct AxisState {
  enum Kind : uint8_t {
    None,       ///< not computed yet, or unreachable
    Replicated, ///< R: the same on all ranks along the axis
    Sharded,    ///< S(d): each rank holds its slice of dimension d
    Partial,    ///< P: the value is the sum of what the ranks hold
    Varying     ///< V: differs in an unknown way
  };
  Kind kind = None;
  int16_t level = 0; ///< Sharded: its place among the dimension's axes, 0 major
  int32_t dim = 0;   ///< Sharded: the dimension

  static AxisState replicated() { return {Replicated}; }
  static AxisState sharded(int64_t dim, int64_t level) {
    return {Sharded, static_cast<int16_t>(level), static_cast<int32_t>(dim)};
  }
  static AxisState partial() { return {Partial}; }
  static AxisState varying() { return {Varying}; }

  bool isReplicated() const { return kind == Replicated; }
  bool isSharded() const { return kind == Sharded; }
  bool isPartial() const { return kind == Partial; }
  bool isVarying() const { return kind == Varying; }
  bool operator==(const AxisState &) const = default;
};
llvm::raw_ostream &operator<<(llvm::raw_ostream &os, AxisState state);

/// A value's state along every axis of MeshAxes.
using ValueState = llvm::SmallVector<AxisState, 4>;

/// The states of many values, each in one run of a common array.
class StateTable {
public:
  explicit StateTable(unsigned numAxes) : numAxes(numAxes) {}

  void reserve(unsigned numValues) {
    numbers.reserve(numValues);
    states.reserve(size_t(numValues) * numAxes);
  }
  /// The value's place; the state of a new one is None along every axis.
  unsigned getOrCreate(mlir::Value value) {
    unsigned number = numbers.getOrCreate(value);
    if (size_t(number) * numAxes == states.size())
      states.resize(states.size() + numAxes);
    return number;
  }
  const ValueNumbers &getNumbers() const { return numbers; }
  /// Valid until the next value is entered.
  llvm::MutableArrayRef<AxisState> operator[](unsigned number) {
    return {states.data() + size_t(number) * numAxes, numAxes};
  }
  llvm::ArrayRef<AxisState> operator[](unsigned number) const {
    return {states.data() + size_t(number) * numAxes, numAxes};
  }
  /// Empty if nothing is known of the value.
  llvm::ArrayRef<AxisState> lookup(mlir::Value value) const {
    unsigned number = numbers.lookup(value);
    if (number == ValueNumbers::kNone)
      return {};
    return (*this)[number];
  }

private:
  unsigned numAxes;
  ValueNumbers numbers;
  std::vector<AxisState> states;
};

/// What an op does wrong with the states of its operands; see `findMisuse`.
struct StateMisuse {
  enum Kind {
    NonLinearOnPartial,    ///< a norm, or a maximum, of a pending sum
    ReplicatedPlusPartial, ///< what is added would be counted once per rank
    ReplicatedInit,        ///< so would what it is added to, unless it is zero
    CombinesPartial,       ///< a gather or a slice over the pending sum's axis
    NotReplicated          ///< to_partial of what is sharded or pending
  } kind;
  unsigned axis;
  mlir::Value operand; ///< the pending sum, or what should be replicated
};

/// Which rounds of loops an analysis is of. In the first ones a loop's body
/// takes what the loop begins with; but what is replicated may be a zero to
/// which a sum is added, and is nothing in particular, nor is what comes out of
/// the loop. That is true of these rounds alone: good for finding misuse, and
/// not for a rewrite.
enum class LoopRounds { All, First };

/// Runs the forward data-flow analysis over everything below an op, and answers
/// for its values. Unannotated arguments of functions that may be called from
/// elsewhere vary on every axis; a `dist.sharding` is a promise, whoever calls.
/// Along an axis of size 1 everything is replicated, also where only a branch
/// on `dist.axis_size` makes it one; and what is the same along all axes of one
/// mesh is the same on all ranks, whatever the mesh.
class ShardingAnalysis {
public:
  explicit ShardingAnalysis(mlir::Operation *top,
                            LoopRounds rounds = LoopRounds::All);

  const MeshAxes &getAxes() const { return axes; }
  /// Of the values that the analysis met; others have none.
  const ValueNumbers &getNumbers() const { return states.getNumbers(); }
  /// The calls of functions by their names, with the functions, of which some
  /// may have no body.
  llvm::ArrayRef<std::pair<mlir::Operation *, mlir::Operation *>>
  getCalls() const {
    return calls;
  }
  /// True if there is a `dist.axis_index`: a value that a rank has of its
  /// place.
  bool hasAxisIndex() const { return axisIndex; }
  /// True if there is a `tensor.reshape`.
  bool hasReshape() const { return reshape; }
  /// True if there is a `dist.exchange_extents`.
  bool hasExchange() const { return exchange; }
  AxisState getState(mlir::Value value, unsigned axis) const;
  ValueState getState(mlir::Value value) const;

  /// True if all ranks of the group hold the same value.
  bool isReplicatedOver(mlir::Value value, mlir::FlatSymbolRefAttr mesh,
                        mlir::ArrayAttr names) const;
  /// The first axis along which a sum is pending, if any.
  std::optional<unsigned> findPartialAxis(mlir::Value value) const;
  /// The innermost op around `op` through whose regions, or by whose calls, the
  /// ranks of the group may come to `op` in different ways; null if there is
  /// none: then all of them come to it equally often, and in one order.
  mlir::Operation *findDivergence(mlir::Operation *op,
                                  mlir::FlatSymbolRefAttr mesh,
                                  mlir::ArrayAttr names) const;
  /// The same of what the predecessors of a block pass to it: null if all ranks
  /// of the group come to it from the same one, each time.
  mlir::Operation *findDivergenceOfArguments(mlir::Block *block,
                                             mlir::FlatSymbolRefAttr mesh,
                                             mlir::ArrayAttr names) const;
  /// True if every rank of the group takes the same way through `op`'s regions.
  bool isUniform(mlir::Operation *op, mlir::FlatSymbolRefAttr mesh,
                 mlir::ArrayAttr names) const;
  std::optional<StateMisuse> findMisuse(mlir::Operation *op) const;
  /// True if the value is zero, by whatever way it comes: then it is counted
  /// once per rank as well as once.
  bool isAlwaysZero(mlir::Value value) const;
  /// The first axis along which a structured op sums over a dimension that is
  /// split, so that each rank has a sum of its own, which nothing adds to those
  /// of the others, and of which no `dist.assert_sharding` says what it is.
  std::optional<unsigned> findSplitReduction(mlir::OpResult result) const;

private:
  llvm::BitVector findDivergentAxes(mlir::Block &block) const;
  llvm::BitVector findBranchAxes(mlir::Region &region) const;
  llvm::BitVector findWaysAxes(mlir::RegionBranchOpInterface branch) const;
  void findPartings(llvm::ArrayRef<mlir::Region *> branchingRegions);
  void addNeverLeft(mlir::Operation *op, const llvm::BitVector &ranks);
  void propagateNeverLeft();
  void addVaryingAxes(llvm::BitVector &varying,
                      llvm::ArrayRef<mlir::Value> values) const;
  void propagateDivergence(llvm::ArrayRef<mlir::Operation *> escaping);

  MeshAxes axes;
  StateTable states;
  llvm::SmallVector<std::pair<mlir::Operation *, mlir::Operation *>, 0> calls;
  bool axisIndex, reshape, exchange;
  /// By function: the axes along which ranks may differ in calling it.
  llvm::DenseMap<mlir::Operation *, llvm::BitVector> calledDivergently;
  /// By function: the axes along which some ranks may never return from it.
  llvm::DenseMap<mlir::Operation *, llvm::BitVector> neverLeft;
  /// By block: the axes along which ranks may differ in coming to it, as far as
  /// the blocks around it decide; of a region's first block, to any of them.
  llvm::DenseMap<mlir::Block *, llvm::BitVector> branchAxes;
  /// By branch op, of more than two regions, for each of which it is asked: the
  /// axes along which ranks may differ in the ways that they take.
  llvm::DenseMap<mlir::Operation *, llvm::BitVector> waysAxes;
  /// By block: the axes along which ranks that came different ways meet there.
  llvm::DenseMap<mlir::Block *, llvm::BitVector> meetingAxes;
};

/// Prints the state along each axis: `@mesh[dp]: R, @mesh[tp]: P`.
void printState(llvm::raw_ostream &os, const MeshAxes &axes,
                llvm::ArrayRef<AxisState> state);

/// True if a value in state `found` cannot be what `promised` says. A varying
/// value may be anything; a replicated one is a slice of its own repetition.
bool contradicts(AxisState found, AxisState promised);

/// What is known of a value in state `found` of which `promised` is said: the
/// promise, or, if one of them cannot be right, what lets less move.
AxisState getTrusted(AxisState found, AxisState promised);

/// The state that an annotation promises; what the sharding's mesh does not
/// cover varies.
ValueState getAnnotatedState(const MeshAxes &axes, dist::ShardingAttr sharding);

/// True if nothing orders what is in the regions of `op` with what is around
/// it: each rank may take a parallel loop's iterations in an order of its own,
/// and what runs on other threads, or on a device, whenever they come to it.
bool hasNoOrder(mlir::Operation *op);

/// True if nothing is known of when, or how often, `op` runs its regions: ranks
/// are taken to differ in it.
bool hasUnknownOrder(mlir::Operation *op);

/// The values that decide which region of a branch op runs, and how often, and
/// which way through the blocks of each.
llvm::SmallVector<mlir::Value>
getControlOperands(mlir::RegionBranchOpInterface branch);

/// The values that decide which way is taken through the blocks of a region.
llvm::SmallVector<mlir::Value> getBranchConditions(mlir::Region &region);

} // namespace commuter

#endif // COMMUTER_ANALYSIS_SHARDINGANALYSIS_H
