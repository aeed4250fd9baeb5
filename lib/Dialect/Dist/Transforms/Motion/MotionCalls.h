//===- MotionCalls.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions whose calls are all known: their types can change. And all
// calls of functions, to tell of those whose cannot.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONCALLS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONCALLS_H

#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/MapVector.h"

namespace commuter::dist {

/// Values that must have one type, and the operands that are passed to them.
struct JoinClass {
  llvm::SmallVector<mlir::Value, 2> values;
  llvm::SmallVector<mlir::OpOperand *, 2> sources;
};

/// The ops that end the function.
llvm::SmallVector<mlir::Operation *>
getReturns(mlir::FunctionOpInterface function);

/// The calls in some functions of functions by their names, whether or not all
/// calls of these are known.
class NamedCalls {
public:
  /// `calls`: with the functions that are called.
  NamedCalls(
      llvm::ArrayRef<mlir::FunctionOpInterface> functions,
      llvm::ArrayRef<std::pair<mlir::Operation *, mlir::Operation *>> calls);

  bool empty() const { return calleeOf.empty(); }
  /// The calls of a function.
  llvm::ArrayRef<mlir::CallOpInterface> lookup(mlir::Operation *function) const;
  /// The function that is called; null if the call does not name it.
  mlir::FunctionOpInterface getCallee(mlir::CallOpInterface call) const {
    return llvm::dyn_cast_or_null<mlir::FunctionOpInterface>(
        calleeOf.lookup(call));
  }
  /// What would let slices go through a call whose function's types cannot
  /// change.
  llvm::StringRef getSuggestion(mlir::CallOpInterface call) const;

private:
  bool isRecursive(mlir::Operation *function) const;

  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::CallOpInterface, 1>>
      callsOf;
  llvm::DenseMap<mlir::Operation *, mlir::Operation *> calleeOf;
};

/// Of some functions, those that are private, are not recursive, and are used
/// by direct calls in these functions only.
class KnownCalls {
public:
  explicit KnownCalls(llvm::ArrayRef<mlir::FunctionOpInterface> functions);

  bool empty() const { return callsOf.empty(); }
  /// The calls of a function; empty if they are not all known.
  llvm::ArrayRef<mlir::CallOpInterface> lookup(mlir::Operation *function) const;
  /// The function that is called, if all its calls are known.
  mlir::Operation *getCallee(mlir::CallOpInterface call) const {
    return calleeOf.lookup(call);
  }
  llvm::SmallVector<mlir::Operation *> getCallees() const;
  /// The function, and those between which values go by known calls.
  llvm::SmallVector<mlir::FunctionOpInterface, 1>
  getConnected(mlir::FunctionOpInterface function) const;
  /// How often a function is called if one whose calls are not all known runs
  /// once, and so does a loop; as often as can be counted, at most.
  int64_t countCalls(mlir::Operation *function) const;

  /// What is passed to each argument that is a ranked tensor, and what is
  /// returned as each such result.
  llvm::SmallVector<JoinClass>
  getArguments(mlir::FunctionOpInterface function) const;
  llvm::SmallVector<JoinClass>
  getResults(mlir::FunctionOpInterface function) const;

private:
  void dropRecursive();
  int64_t countCalls(mlir::Operation *function,
                     llvm::DenseMap<mlir::Operation *, int64_t> &counted) const;

  llvm::MapVector<mlir::Operation *, llvm::SmallVector<mlir::CallOpInterface>>
      callsOf;
  llvm::DenseMap<mlir::Operation *, mlir::Operation *> calleeOf;
};

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONCALLS_H
