//===- RuntimeCalls.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls of the runtime's entry points (commuter_program.h).
//
//===----------------------------------------------------------------------===//

#include "RuntimeCalls.h"

#include "commuter/Conversion/RuntimeTypes.h"
#include "commuter_rt.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace commuter;

std::optional<int32_t> commuter::getRuntimeDtype(Type type) {
  if (type.isF32())
    return COMMUTER_F32;
  if (type.isF64())
    return COMMUTER_F64;
  if (type.isF16())
    return COMMUTER_F16;
  if (type.isBF16())
    return COMMUTER_BF16;
  if (isa<Float8E4M3FNType>(type))
    return COMMUTER_F8E4M3FN;
  if (isa<Float8E5M2Type>(type))
    return COMMUTER_F8E5M2;
  if (type.isSignlessInteger(1))
    return COMMUTER_I1;
  if (type.isInteger(8))
    return COMMUTER_I8;
  if (type.isInteger(16))
    return COMMUTER_I16;
  if (type.isInteger(32))
    return COMMUTER_I32;
  if (type.isInteger(64) || type.isIndex())
    return COMMUTER_I64;
  return std::nullopt;
}

std::optional<int32_t> commuter::getMovedDtype(Type type) {
  if (std::optional<int32_t> dtype = getRuntimeDtype(type))
    return dtype;
  if (!type.isIntOrFloat() || isa<FloatTF32Type>(type)) // LLVM has no tf32
    return std::nullopt;
  switch (dist::getElementBytes(type)) {
  case 1:
    return COMMUTER_I8;
  case 2:
    return COMMUTER_I16;
  case 4:
    return COMMUTER_I32;
  case 8:
    return COMMUTER_I64;
  default:
    return std::nullopt;
  }
}

Value SharedByCalls::getSlot(OpBuilder &builder, Operation *op, Type type,
                             unsigned index) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  Value &slot = slots[{function, type.getAsOpaquePointer(), index}];
  if (slot)
    return slot;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getFunctionBody().front());
  Location loc = function.getLoc();
  Value one = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), 1);
  slot = LLVM::AllocaOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), type,
      one);
  return slot;
}

LLVM::GlobalOp SharedByCalls::getString(OpBuilder &builder, Operation *op,
                                        StringRef prefix, StringRef text) {
  auto module = op->getParentOfType<ModuleOp>();
  SymbolTable &table = symbols.getSymbolTable(module);
  std::string name = (prefix + text).str();
  if (auto global = table.lookup<LLVM::GlobalOp>(name))
    return global;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  std::string bytes = text.str();
  bytes.push_back('\0');
  auto global = LLVM::GlobalOp::create(
      builder, module.getLoc(),
      LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size()),
      /*isConstant=*/true, LLVM::Linkage::Private, name,
      builder.getStringAttr(bytes));
  table.insert(global);
  return global;
}

CallBuilder::CallBuilder(OpBuilder &builder, Operation *op,
                         SharedByCalls &shared)
    : builder(builder), op(op), shared(shared), loc(op->getLoc()),
      pointer(LLVM::LLVMPointerType::get(builder.getContext())) {
  location();
}

/// Where the ops stand of which one was made; of what was inlined, in the
/// callee, unless nothing is known of that.
static SetVector<FileLineColRange> findSources(Location top) {
  SetVector<FileLineColRange> sources;
  SmallVector<Location> next = {top};
  DenseSet<Location> seen; // locations have parts in common
  while (!next.empty()) {
    Location loc = next.pop_back_val();
    if (!seen.insert(loc).second)
      continue;
    if (auto source = dyn_cast<FileLineColRange>(loc)) {
      sources.insert(source);
    } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
      llvm::append_range(next, llvm::reverse(fused.getLocations()));
    } else if (auto name = dyn_cast<NameLoc>(loc)) {
      next.push_back(name.getChildLoc());
    } else if (auto opaque = dyn_cast<OpaqueLoc>(loc)) {
      next.push_back(opaque.getFallbackLocation());
    } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
      SetVector<FileLineColRange> inner = findSources(call.getCallee());
      if (inner.empty())
        next.push_back(call.getCaller());
      sources.insert_range(inner);
    }
  }
  return sources;
}

CallBuilder &CallBuilder::location() {
  SetVector<FileLineColRange> sources = findSources(loc);
  if (sources.empty())
    return add(LLVM::ZeroOp::create(builder, loc, pointer));
  std::string spelling;
  llvm::raw_string_ostream os(spelling);
  llvm::interleaveComma(sources, os, [&](FileLineColRange source) {
    os << source.getFilename().getValue() << ':' << source.getStartLine() << ':'
       << source.getStartColumn();
  });
  return text("commuter.location.", spelling);
}

CallBuilder &CallBuilder::i64(int64_t value) { return add(makeI64(value)); }

CallBuilder &CallBuilder::i32(int32_t value) { return add(makeI32(value)); }

CallBuilder &CallBuilder::f64(APFloat value) {
  return add(LLVM::ConstantOp::create(
      builder, loc, builder.getF64Type(),
      builder.getFloatAttr(builder.getF64Type(), value)));
}

CallBuilder &CallBuilder::add(Value value) {
  arguments.push_back(value);
  return *this;
}

CallBuilder &CallBuilder::group(dist::MeshGroupOpInterface group) {
  std::string spec = (group.getMeshAttr().getValue() + "[").str();
  llvm::interleave(
      group.getAxesAttr().getAsValueRange<StringAttr>(),
      [&](StringRef axis) { spec += axis; }, [&] { spec += ','; });
  spec += ']';
  return text("commuter.group.", spec);
}

CallBuilder &CallBuilder::text(StringRef prefix, StringRef text) {
  LLVM::GlobalOp global = shared.getString(
      builder, op, prefix, text.take_until([](char c) { return c == '\0'; }));
  return add(LLVM::AddressOfOp::create(builder, loc, global));
}

/// An integer type of an element's size, which is all that addresses need.
static Type getStorageType(OpBuilder &builder, Type element) {
  return builder.getIntegerType(
      element.isIndex() ? 64 : element.getIntOrFloatBitWidth());
}

Value CallBuilder::makeView(Value memref, Value converted) {
  if (!memref)
    return LLVM::ZeroOp::create(builder, loc, pointer);
  auto type = cast<MemRefType>(memref.getType());
  Value descriptor = slot(converted.getType());
  LLVM::StoreOp::create(builder, loc, converted, descriptor);
  // The descriptor: allocated, aligned, offset, sizes, strides.
  auto field = [&](int32_t index) -> Value {
    if (type.getRank() == 0 && index > 2)
      return LLVM::ZeroOp::create(builder, loc, pointer);
    return LLVM::GEPOp::create(builder, loc, pointer, converted.getType(),
                               descriptor, ArrayRef<LLVM::GEPArg>{0, index});
  };
  MemRefDescriptor memrefDescriptor(converted);
  Value data = LLVM::GEPOp::create(
      builder, loc, pointer, getStorageType(builder, type.getElementType()),
      memrefDescriptor.alignedPtr(builder, loc),
      ArrayRef<LLVM::GEPArg>{memrefDescriptor.offset(builder, loc)});
  return makeStructs(
      {{data, makeI32(*getMovedDtype(type.getElementType())),
        makeI32(static_cast<int32_t>(type.getRank())), field(3), field(4)}});
}

Value CallBuilder::makeStructs(ArrayRef<Struct> values) {
  Type type = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), llvm::to_vector(ValueRange(values[0]).getTypes()));
  // One struct is an array of one: all calls share its slot.
  if (values.size() > 1)
    type = LLVM::LLVMArrayType::get(type, values.size());
  Value array = slot(type);
  for (auto [i, fields] : llvm::enumerate(values))
    for (auto [j, value] : llvm::enumerate(fields)) {
      SmallVector<LLVM::GEPArg> path = {0};
      if (values.size() > 1)
        path.push_back(static_cast<int32_t>(i));
      path.push_back(static_cast<int32_t>(j));
      Value address =
          LLVM::GEPOp::create(builder, loc, pointer, type, array, path);
      LLVM::StoreOp::create(builder, loc, value, address);
    }
  return array;
}

FailureOr<LLVM::CallOp> CallBuilder::call(StringRef name, Type result) {
  if (!result)
    result = LLVM::LLVMVoidType::get(builder.getContext());
  SmallVector<Type> types =
      llvm::map_to_vector(arguments, [](Value v) { return v.getType(); });
  FailureOr<LLVM::LLVMFuncOp> callee = LLVM::lookupOrCreateFn(
      builder, op->getParentOfType<ModuleOp>(),
      ("commuter_program_" + name).str(), types, result,
      /*isVarArg=*/false, /*isReserved=*/false, &shared.symbols);
  if (failed(callee))
    return failure();
  return LLVM::CallOp::create(builder, loc, *callee, arguments);
}

Value CallBuilder::makeI64(int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value);
}

Value CallBuilder::makeI32(int32_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), value);
}

Value CallBuilder::slot(Type type) {
  return shared.getSlot(builder, op, type, used[type]++);
}

LogicalResult commuter::replaceByCopy(memref::GetGlobalOp op, StringRef name,
                                      const LLVMTypeConverter &converter,
                                      SharedByCalls &shared,
                                      std::optional<int64_t> alignment) {
  MemRefType type = op.getType();
  OpBuilder builder(op.getContext());
  builder.setInsertionPointAfter(op);
  Location loc = op.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto address =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, op);
  Value number =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
  CallBuilder call(builder, op, shared);
  // As far as an array of so many elements reaches.
  Value end = LLVM::GEPOp::create(
      builder, loc, pointer, converter.convertType(type.getElementType()),
      LLVM::ZeroOp::create(builder, loc, pointer),
      ArrayRef<LLVM::GEPArg>{call.makeI64(type.getNumElements())});
  call.add(LLVM::IntToPtrOp::create(builder, loc, pointer, number))
      .add(LLVM::PtrToIntOp::create(builder, loc, builder.getI64Type(), end));
  if (alignment)
    call.i64(*alignment);
  auto copy = call.call(name, pointer);
  if (failed(copy))
    return failure();
  Value descriptor = MemRefDescriptor::fromStaticShape(builder, loc, converter,
                                                       type, copy->getResult());
  Value memref =
      UnrealizedConversionCastOp::create(builder, loc, Type(type), descriptor)
          .getResult(0);
  op.getResult().replaceAllUsesExcept(memref, address);
  return success();
}
