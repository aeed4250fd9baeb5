//===- LaunchesToRuntime.cpp ----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-launches-to-runtime: launches of kernels to calls of the runtime, and
// the kernels to data that the calls refer to.
//
//===----------------------------------------------------------------------===//

#include "../RuntimeCalls.h"
#include "KernelCalls.h"

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"

namespace commuter {
#define GEN_PASS_DEF_CONVERTLAUNCHESTORUNTIMEPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

/// Of PTX 8.1, for sm_70 and later.
static constexpr uint64_t kMaxParameterBytes = 32764;

namespace {

struct ConvertLaunchesToRuntime
    : public commuter::impl::ConvertLaunchesToRuntimePassBase<
          ConvertLaunchesToRuntime> {
  void runOnOperation() override;

private:
  LogicalResult convert(gpu::LaunchFuncOp launch);
  FailureOr<LLVM::GlobalOp> getKernel(gpu::LaunchFuncOp launch,
                                      LLVM::LLVMStructType parameters);
  FailureOr<LLVM::GlobalOp> getImage(Operation *kernels);
  LLVM::GlobalOp makeGlobal(StringRef name, Type type, bool isConstant,
                            function_ref<Value(OpBuilder &, Type)> makeValue);
  LLVM::GlobalOp makeString(StringRef name, StringRef text);
  Value makeStruct(OpBuilder &builder, Type type, ArrayRef<Value> members);

  const LLVMTypeConverter *converter;
  SharedByCalls *shared;
  llvm::StringMap<LLVM::GlobalOp> kernels;
  DenseMap<Operation *, LLVM::GlobalOp> images;
};

} // namespace

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

LLVM::GlobalOp ConvertLaunchesToRuntime::makeGlobal(
    StringRef name, Type type, bool isConstant,
    function_ref<Value(OpBuilder &, Type)> makeValue) {
  OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
  Location loc = getOperation().getLoc();
  auto global =
      LLVM::GlobalOp::create(builder, loc, type, isConstant,
                             LLVM::Linkage::Internal, name, Attribute());
  builder.createBlock(&global.getInitializerRegion());
  LLVM::ReturnOp::create(builder, loc, makeValue(builder, type));
  return global;
}

LLVM::GlobalOp ConvertLaunchesToRuntime::makeString(StringRef name,
                                                    StringRef text) {
  std::string bytes = text.str();
  bytes.push_back('\0');
  OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
  return LLVM::GlobalOp::create(
      builder, getOperation().getLoc(),
      LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size()),
      /*isConstant=*/true, LLVM::Linkage::Internal, name,
      builder.getStringAttr(bytes));
}

Value ConvertLaunchesToRuntime::makeStruct(OpBuilder &builder, Type type,
                                           ArrayRef<Value> members) {
  Location loc = getOperation().getLoc();
  Value value = LLVM::UndefOp::create(builder, loc, type);
  for (auto [i, member] : llvm::enumerate(members))
    value = LLVM::InsertValueOp::create(builder, loc, value, member,
                                        ArrayRef<int64_t>{int64_t(i)});
  return value;
}

/// A commuter_image_t of the module's kernels.
FailureOr<LLVM::GlobalOp>
ConvertLaunchesToRuntime::getImage(Operation *kernels) {
  LLVM::GlobalOp &image = images[kernels];
  if (image)
    return image;
  auto pointer = LLVM::LLVMPointerType::get(&getContext());
  StringRef text;
  if (auto binary = dyn_cast<gpu::BinaryOp>(kernels)) {
    auto object = dyn_cast<gpu::ObjectAttr>(binary.getObjects()[0]);
    if (!object)
      return binary.emitOpError("has no object");
    text = object.getObject().getValue();
  }
  LLVM::GlobalOp bytes = makeString("commuter.image.text", text);
  Location loc = kernels->getLoc();
  auto type = LLVM::LLVMStructType::getLiteral(
      &getContext(), {pointer, IntegerType::get(&getContext(), 64), pointer});
  image = makeGlobal(
      "commuter.image", type, /*isConstant=*/false,
      [&](OpBuilder &builder, Type type) {
        return makeStruct(builder, type,
                          {LLVM::AddressOfOp::create(builder, loc, bytes),
                           LLVM::ConstantOp::create(
                               builder, loc, builder.getI64Type(), text.size()),
                           LLVM::ZeroOp::create(builder, loc, pointer)});
      });
  return image;
}

/// True for pointers, of which the emulation checks that they are the device's.
static bool isPointer(Type type) { return isa<LLVM::LLVMPointerType>(type); }

/// The size of a member, and its alignment, on hosts and GPUs of 64 bits.
static uint64_t getBytes(Type type) {
  return isPointer(type) ? 8 : dist::getElementBytes(type);
}

/// A commuter_kernel_t.
FailureOr<LLVM::GlobalOp>
ConvertLaunchesToRuntime::getKernel(gpu::LaunchFuncOp launch,
                                    LLVM::LLVMStructType parameters) {
  StringRef name = launch.getKernelName();
  LLVM::GlobalOp &kernel = kernels[name];
  if (kernel)
    return kernel;
  ModuleOp module = getOperation();
  FailureOr<LLVM::GlobalOp> image =
      getImage(SymbolTable::lookupNearestSymbolFrom(
          launch, launch.getKernelModuleName()));
  if (failed(image))
    return failure();

  // Offsets, each with whether a pointer is there.
  SmallVector<int32_t> places;
  uint64_t size = 0;
  for (Type type : parameters.getBody()) {
    const uint64_t bytes = getBytes(type);
    size = llvm::alignTo(size, bytes);
    places.append({static_cast<int32_t>(size), isPointer(type)});
    size += bytes;
  }
  size = llvm::alignTo(size, 8);
  if (size > kMaxParameterBytes)
    return launch.emitOpError()
           << "has arguments of " << size << " bytes; a kernel takes no more "
           << "than " << kMaxParameterBytes;

  Location loc = launch.getLoc();
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto pointer = LLVM::LLVMPointerType::get(&getContext());
  Type i32 = builder.getI32Type();
  auto listType = LLVM::LLVMArrayType::get(i32, places.size());
  LLVM::GlobalOp list;
  if (!places.empty())
    list = LLVM::GlobalOp::create(builder, loc, listType, /*isConstant=*/true,
                                  LLVM::Linkage::Internal,
                                  ("commuter.kernel.parameters." + name).str(),
                                  builder.getI32TensorAttr(places));
  LLVM::GlobalOp text =
      makeString(("commuter.kernel.name." + name).str(), name);
  auto host = module.lookupSymbol<LLVM::LLVMFuncOp>(getHostKernelName(name));
  auto type = LLVM::LLVMStructType::getLiteral(
      &getContext(), {pointer, pointer, pointer, pointer, i32, i32, pointer});
  kernel = makeGlobal(
      ("commuter.kernel." + name).str(), type, /*isConstant=*/false,
      [&](OpBuilder &builder, Type type) {
        auto address = [&](auto symbol) -> Value {
          if (!symbol)
            return LLVM::ZeroOp::create(builder, loc, pointer);
          return LLVM::AddressOfOp::create(builder, loc, pointer,
                                           symbol.getSymName());
        };
        auto number = [&](int64_t value) -> Value {
          return LLVM::ConstantOp::create(builder, loc, i32, value);
        };
        return makeStruct(builder, type,
                          {address(text), address(*image), address(host),
                           address(list), number(places.size() / 2),
                           number(size), address(LLVM::GlobalOp())});
      });
  return kernel;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

LogicalResult ConvertLaunchesToRuntime::convert(gpu::LaunchFuncOp launch) {
  OpBuilder builder(launch);
  Location loc = launch.getLoc();
  ValueRange operands = launch.getKernelOperands();
  LLVM::LLVMStructType parameters =
      getParameterType(*converter, operands.getTypes());
  FailureOr<LLVM::GlobalOp> kernel = getKernel(launch, parameters);
  if (failed(kernel))
    return failure();
  auto pointer = LLVM::LLVMPointerType::get(&getContext());
  Type i64 = builder.getI64Type();
  auto asI64 = [&](Value index) {
    return arith::IndexCastOp::create(builder, loc, i64, index).getResult();
  };
  CallBuilder call(builder, launch, *shared);
  Value arguments = call.slot(parameters);
  for (auto [i, member] :
       llvm::enumerate(packArguments(builder, loc, *converter, operands))) {
    Value at =
        LLVM::GEPOp::create(builder, loc, pointer, parameters, arguments,
                            ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
    LLVM::StoreOp::create(builder, loc, member, at);
  }
  Value description = LLVM::AddressOfOp::create(builder, loc, *kernel);
  if (failed(call.add(description)
                 .add(asI64(launch.getGridSizeX()))
                 .add(asI64(launch.getBlockSizeX()))
                 .add(arguments)
                 .call("launch")))
    return failure();
  launch.erase();
  return success();
}

void ConvertLaunchesToRuntime::runOnOperation() {
  ModuleOp module = getOperation();
  LLVMTypeConverter types(&getContext());
  converter = &types;
  SharedByCalls sharedByCalls;
  shared = &sharedByCalls;
  kernels.clear();
  images.clear();
  for (auto kernels :
       llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>()))
    makeHostKernels(kernels, types);
  SmallVector<gpu::LaunchFuncOp> launches;
  module.walk([&](gpu::LaunchFuncOp launch) { launches.push_back(launch); });
  for (gpu::LaunchFuncOp launch : launches)
    if (failed(convert(launch)))
      return signalPassFailure();
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<gpu::GPUModuleOp, gpu::BinaryOp>(op))
      op.erase();
  module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
}
