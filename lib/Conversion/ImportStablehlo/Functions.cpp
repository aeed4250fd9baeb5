//===- Functions.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The import of blocks, calls and the functions that they call.
//
//===----------------------------------------------------------------------===//

#include "Program.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

static constexpr StringLiteral kComposite = "stablehlo.composite";
static constexpr StringLiteral kWhile = "stablehlo.while";

func::FuncOp Program::getCallee(Operation *op) {
  FlatSymbolRefAttr symbol;
  if (auto call = dyn_cast<func::CallOp>(op))
    symbol = call.getCalleeAttr();
  else if (op->getName().getStringRef() == kComposite)
    symbol = op->getAttrOfType<FlatSymbolRefAttr>("decomposition");
  return symbol ? functions.lookup<func::FuncOp>(symbol.getAttr()) : nullptr;
}

Type stablehlo::importTypeOrSame(Type type) {
  RankedTensorType imported = importType(type);
  return imported ? imported : type;
}

void BlockImporter::mapToPlaceholders(Operation *op) {
  if (op->getNumResults() == 0)
    return;
  auto types = llvm::map_to_vector(op->getResultTypes(), importTypeOrSame);
  auto placeholder =
      UnrealizedConversionCastOp::create(builder, types, ValueRange());
  mapping.map(op->getResults(), placeholder.getResults());
}

/// What an op is called in messages: a custom call is as many ops as it has
/// targets.
static std::string getFullName(Operation *op) {
  std::string name = ("'" + op->getName().getStringRef() + "'").str();
  if (auto target = op->getAttrOfType<StringAttr>("call_target_name"))
    name += " @" + target.str();
  return name;
}

static bool isKnown(Program &program, Operation *op) {
  return findHandler(op->getName()) || program.getCallee(op) ||
         llvm::is_contained({"stablehlo.return", "sdy.return", kWhile.data()},
                            op->getName().getStringRef());
}

void BlockImporter::importOp(Operation *op) {
  builder.setLoc(op->getLoc());
  if (func::FuncOp callee = program.getCallee(op))
    return importCall(op, callee);
  if (op->getName().getStringRef() == "stablehlo.optimization_barrier" &&
      op->getOperandTypes() == op->getResultTypes()) {
    for (auto [operand, result] :
         llvm::zip_equal(op->getOperands(), op->getResults()))
      mapping.map(result, lookup(op, operand));
    return;
  }
  if (op->getName().getStringRef() == kWhile)
    return importWhile(op);
  if (Handler handler = findHandler(op->getName()))
    return importHandled(op, handler);
  // It may be one that is known inside of an unknown one that is lacking, too.
  op->walk<WalkOrder::PreOrder>([&](Operation *inner) {
    if (inner == op || !isKnown(program, inner))
      (void)program.lacks.add(inner, getFullName(inner));
  });
  mapToPlaceholders(op);
}

Value BlockImporter::lookup(Operation *user, Value value) {
  if (Value imported = mapping.lookupOrNull(value))
    return imported;
  (void)program.lacks.add(user, getFullName(user) +
                                    " of a value from outside, or of a later "
                                    "one");
  return UnrealizedConversionCastOp::create(
             builder, importTypeOrSame(value.getType()), ValueRange())
      .getResult(0);
}

void BlockImporter::importOps(Block &block) {
  for (Operation &op : llvm::drop_end(block))
    importOp(&op);
}

void BlockImporter::importHandled(Operation *op, Handler handler) {
  SourceOp source{op, builder, mesh, program.lacks, {}, {}, {}};
  auto refuseType = [&](Type type) {
    (void)source.lackType(type);
    mapToPlaceholders(op);
  };
  for (Value operand : op->getOperands()) {
    if (!importType(operand.getType()))
      return refuseType(operand.getType());
    source.operands.push_back(lookup(op, operand));
  }
  for (Type type : op->getResultTypes()) {
    source.resultTypes.push_back(importType(type));
    if (!source.resultTypes.back())
      return refuseType(type);
  }
  if (failed(handler(source)))
    return mapToPlaceholders(op);
  mapping.map(op->getResults(), source.results);
}

void BlockImporter::importCall(Operation *op, func::FuncOp callee) {
  auto refuse = [&](const Twine &what) {
    (void)program.lacks.add(op, getFullName(op) + " " + what);
    mapToPlaceholders(op);
  };
  if (op->getOperandTypes() != callee.getArgumentTypes() ||
      op->getResultTypes() != callee.getResultTypes())
    return refuse("that is malformed");
  if (!callee.isPrivate())
    return refuse("of a public function");
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(lookup(op, operand));
  auto types = llvm::map_to_vector(op->getResultTypes(), importTypeOrSame);
  auto call = func::CallOp::create(builder, callee.getName(), types, operands);
  mapping.map(op->getResults(), call.getResults());
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

void stablehlo::importLocalFunction(Program &program, func::FuncOp function,
                                    const DeviceMesh *mesh) {
  if (!function.getBody().hasOneBlock()) {
    (void)program.lacks.add(function, "'func.func' without one block");
    return;
  }
  auto import = [](TypeRange types) {
    return llvm::map_to_vector(types, importTypeOrSame);
  };
  OpBuilder builder = OpBuilder::atBlockEnd(program.target->getBody());
  auto imported = func::FuncOp::create(
      builder, function.getLoc(), function.getName(),
      builder.getFunctionType(import(function.getArgumentTypes()),
                              import(function.getResultTypes())));
  imported.setPrivate();
  Block &source = function.getBody().front();
  Block *target = imported.addEntryBlock();
  BlockImporter importer(program, function, target, mesh);
  for (auto [from, to] :
       llvm::zip_equal(source.getArguments(), target->getArguments()))
    importer.map(from, to);
  importer.importOps(source);
  SmallVector<Value> results;
  Operation *end = source.getTerminator();
  for (Value result : end->getOperands())
    results.push_back(importer.lookup(end, result));
  func::ReturnOp::create(importer.getBuilder(), results);
}
