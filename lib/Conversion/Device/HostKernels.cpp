//===- HostKernels.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels as functions of the host, for the emulation of a GPU.
//
//===----------------------------------------------------------------------===//

#include "KernelCalls.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace commuter;

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

LLVM::LLVMStructType
commuter::getParameterType(const LLVMTypeConverter &converter,
                           TypeRange types) {
  SmallVector<Type> members;
  for (Type type : types) {
    if (auto memref = dyn_cast<MemRefType>(type))
      llvm::append_range(members, converter.getMemRefDescriptorFields(
                                      memref, /*unpackAggregates=*/true));
    else
      members.push_back(converter.convertType(type));
  }
  return LLVM::LLVMStructType::getLiteral(&converter.getContext(), members);
}

static Value castTo(OpBuilder &builder, Location loc, Type type, Value value) {
  if (value.getType() == type)
    return value;
  return UnrealizedConversionCastOp::create(builder, loc, type, value)
      .getResult(0);
}

SmallVector<Value> commuter::packArguments(OpBuilder &builder, Location loc,
                                           const LLVMTypeConverter &converter,
                                           ValueRange arguments) {
  SmallVector<Value> members;
  for (Value argument : arguments) {
    Value value = castTo(builder, loc,
                         converter.convertType(argument.getType()), argument);
    if (auto memref = dyn_cast<MemRefType>(argument.getType()))
      MemRefDescriptor::unpack(builder, loc, value, memref, members);
    else
      members.push_back(value);
  }
  return members;
}

SmallVector<Value> commuter::unpackArguments(OpBuilder &builder, Location loc,
                                             const LLVMTypeConverter &converter,
                                             TypeRange types,
                                             ValueRange members) {
  SmallVector<Value> arguments;
  for (Type type : types) {
    Value value = members.front();
    unsigned count = 1;
    if (auto memref = dyn_cast<MemRefType>(type)) {
      count = MemRefDescriptor::getNumUnpackedValues(memref);
      value = MemRefDescriptor::pack(builder, loc, converter, memref,
                                     members.take_front(count));
    }
    arguments.push_back(castTo(builder, loc, type, value));
    members = members.drop_front(count);
  }
  return arguments;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

std::string commuter::getHostKernelName(StringRef kernel) {
  return ("commuter.kernel.host." + kernel).str();
}

/// The kernel's body as a function that gets, behind its arguments, the block's
/// number, how many there are, and the thread's number.
static func::FuncOp makeBody(gpu::GPUFuncOp kernel) {
  OpBuilder builder(kernel.getContext());
  Location loc = kernel.getLoc();
  Type index = builder.getIndexType();
  SmallVector<Type> types(kernel.getArgumentTypes());
  types.append(3, index);
  auto body = func::FuncOp::create(
      loc, ("commuter.kernel.body." + kernel.getName()).str(),
      builder.getFunctionType(types, {}));
  body.setPrivate();
  body.getBody().takeBody(kernel.getBody());
  Block &entry = body.getBody().front();
  Value block = entry.addArgument(index, loc),
        blocks = entry.addArgument(index, loc),
        thread = entry.addArgument(index, loc);
  body.walk([&](Operation *op) {
    OpBuilder at(op);
    auto replace = [&](gpu::Dimension dimension, Value x, int64_t other) {
      Value value = x;
      if (dimension != gpu::Dimension::x)
        value = arith::ConstantIndexOp::create(at, loc, other);
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
    };
    if (auto id = dyn_cast<gpu::BlockIdOp>(op))
      replace(id.getDimension(), block, 0);
    else if (auto id = dyn_cast<gpu::ThreadIdOp>(op))
      replace(id.getDimension(), thread, 0);
    else if (auto size = dyn_cast<gpu::GridDimOp>(op))
      replace(size.getDimension(), blocks, 1);
    else if (isa<gpu::BlockDimOp>(op) && op->use_empty())
      op->erase();
    else if (isa<gpu::ReturnOp>(op)) {
      func::ReturnOp::create(at, op->getLoc());
      op->erase();
    }
  });
  return body;
}

/// What the emulation calls: it reads the arguments and calls the body.
static LLVM::LLVMFuncOp makeEntry(StringRef kernel, func::FuncOp body,
                                  const LLVMTypeConverter &converter) {
  OpBuilder builder(body.getContext());
  Location loc = body.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type i64 = builder.getI64Type();
  auto entry = LLVM::LLVMFuncOp::create(
      builder, loc, getHostKernelName(kernel),
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                  {pointer, i64, i64, i64}),
      LLVM::Linkage::Internal);
  builder.setInsertionPointToStart(entry.addEntryBlock(builder));
  TypeRange types = TypeRange(body.getArgumentTypes()).drop_back(3);
  auto parameters = getParameterType(converter, types);
  SmallVector<Value> members;
  for (auto [i, type] : llvm::enumerate(parameters.getBody())) {
    Value at = LLVM::GEPOp::create(
        builder, loc, pointer, parameters, entry.getArgument(0),
        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
    members.push_back(LLVM::LoadOp::create(builder, loc, type, at));
  }
  SmallVector<Value> arguments =
      unpackArguments(builder, loc, converter, types, members);
  for (BlockArgument number : entry.getArguments().drop_front())
    arguments.push_back(castTo(builder, loc, builder.getIndexType(), number));
  func::CallOp::create(builder, loc, body, arguments);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  return entry;
}

void commuter::makeHostKernels(gpu::GPUModuleOp kernels,
                               const LLVMTypeConverter &converter) {
  SymbolTable symbols(kernels->getParentOp());
  SymbolTable ofKernels(kernels);
  // What the kernels call and read, beside what has its name on the host.
  SmallVector<Operation *> used;
  for (Operation &op : *kernels.getBody())
    if (isa<func::FuncOp, memref::GlobalOp>(op))
      used.push_back(&op);
  for (Operation *op : used) {
    [[maybe_unused]] auto renamed = ofKernels.renameToUnique(op, {&symbols});
    assert(succeeded(renamed) && "of a symbol in the table");
  }
  for (Operation *op : used) {
    op->remove();
    symbols.insert(op);
  }
  for (auto kernel :
       llvm::make_early_inc_range(kernels.getOps<gpu::GPUFuncOp>())) {
    func::FuncOp body = makeBody(kernel);
    symbols.insert(body);
    symbols.insert(makeEntry(kernel.getName(), body, converter));
    kernel.erase();
  }
}
