//===- ImportStablehlo.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// import-stablehlo: programs of JAX as programs of ranks.
//
//===----------------------------------------------------------------------===//

#include "Program.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"

namespace commuter {
#define GEN_PASS_DEF_IMPORTSTABLEHLOPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

namespace {

/// Who calls whom.
class CallGraph {
public:
  explicit CallGraph(Program &program) : program(program) {}

  /// Adds what `op` calls, and what that calls.
  void addCallees(Operation *op, llvm::SetVector<Operation *> &functions) {
    op->walk([&](Operation *inner) {
      if (func::FuncOp callee = program.getCallee(inner))
        if (functions.insert(callee))
          addCallees(callee, functions);
    });
  }
  bool isRecursive(func::FuncOp function) {
    llvm::SetVector<Operation *> callees;
    addCallees(function, callees);
    return callees.contains(function);
  }

private:
  Program &program;
};

struct ImportStablehlo
    : public commuter::impl::ImportStablehloPassBase<ImportStablehlo> {
  void runOnOperation() override;

private:
  void importFunctions(Program &program);
};

} // namespace

void ImportStablehlo::importFunctions(Program &program) {
  CallGraph calls(program);
  for (auto function : program.source.getOps<func::FuncOp>())
    if (calls.isRecursive(function)) {
      (void)program.lacks.add(function, "'func.func' that calls itself");
      return;
    }
  if (!inlineBoundaries(program)) {
    (void)program.lacks.add(program.source,
                            "too many calls of manual computations");
    return;
  }
  // Functions that are called outside of manual computations, if not there
  // alone, are of no ranks.
  llvm::SetVector<Operation *> inner, outer;
  for (auto function : program.source.getOps<func::FuncOp>()) {
    if (function.isPrivate())
      continue;
    importGlobalFunction(program, function);
    for (Operation &op : function.getOps())
      calls.addCallees(&op, isBoundary(&op) ? inner : outer);
  }
  llvm::SetVector<Operation *> all = inner;
  all.insert(outer.begin(), outer.end());
  for (Operation *function : all) {
    const DeviceMesh *mesh =
        program.mesh && !outer.contains(function) ? &*program.mesh : nullptr;
    if (cast<func::FuncOp>(function).isPrivate())
      importLocalFunction(program, cast<func::FuncOp>(function), mesh);
  }
}

void ImportStablehlo::runOnOperation() {
  ModuleOp module = getOperation();
  OwningOpRef<ModuleOp> copy(module.clone());
  Program program(*copy);
  for (Operation &op : *copy->getBody())
    if (!isa<func::FuncOp>(op) && op.getName().getStringRef() != "sdy.mesh")
      (void)program.lacks.add(&op, "'" + op.getName().getStringRef() + "'");
  importMesh(program);
  dropConstraints(program);
  importFunctions(program);
  if (!program.lacks.empty()) {
    program.lacks.emit(module);
    return signalPassFailure();
  }
  if (failed(verify(*program.target)))
    return signalPassFailure();
  module.getBodyRegion().takeBody(program.target->getBodyRegion());
  for (StringRef name : {"mhlo.num_partitions", "mhlo.num_replicas"})
    module->removeDiscardableAttr(name);
}
