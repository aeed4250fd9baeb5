//===- LinalgToKernels.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-linalg-to-kernels: linalg ops on the device's memory to launches of
// GPU kernels.
//
//===----------------------------------------------------------------------===//

#include "../RuntimeCalls.h"
#include "DeviceMemory.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Utils/GPUUtils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/StringMap.h"

namespace commuter {
#define GEN_PASS_DEF_CONVERTLINALGTOKERNELSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

static constexpr StringLiteral kModuleName("commuter_kernels");
/// A kernel steps by the whole grid, so that any number of blocks will do.
static constexpr int64_t kThreads = 256;

//===----------------------------------------------------------------------===//
// Memory that an op uses
//===----------------------------------------------------------------------===//

/// The op's operands, and what its body takes from around it.
static SetVector<Value> getMemrefs(linalg::LinalgOp op) {
  SetVector<Value> values(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  values.remove_if(
      [](Value value) { return !isa<MemRefType>(value.getType()); });
  return values;
}

//===----------------------------------------------------------------------===//
// Host memory in kernels
//===----------------------------------------------------------------------===//

namespace {
/// Gives an op that needs both memories copies, in the device's, of what is the
/// host's: i64 instead of index, cast where the body uses them.
class HostOperands {
public:
  HostOperands(RewriterBase &rewriter, linalg::GenericOp op,
               SharedByCalls &shared)
      : rewriter(rewriter), op(op), shared(shared), converter(op.getContext()) {
  }

  LogicalResult copy();

private:
  Value makeCopy(Value host);
  LogicalResult transfer(Value source, Value target);
  LogicalResult replaceLoads(Value host, Value copy);

  RewriterBase &rewriter;
  linalg::GenericOp op;
  SharedByCalls &shared;
  LLVMTypeConverter converter;
};
} // namespace

Value HostOperands::makeCopy(Value host) {
  return memref::AllocOp::create(
      rewriter, op.getLoc(), memref::getMixedSizes(rewriter, op.getLoc(), host),
      rewriter.getI64Type());
}

LogicalResult HostOperands::transfer(Value source, Value target) {
  CallBuilder call(rewriter, op, shared);
  for (Value memref : {source, target}) {
    Value descriptor = UnrealizedConversionCastOp::create(
                           rewriter, op.getLoc(),
                           converter.convertType(memref.getType()), memref)
                           .getResult(0);
    call.view(memref, descriptor);
  }
  return call.call("transfer");
}

/// What the body reads by itself.
LogicalResult HostOperands::replaceLoads(Value host, Value copy) {
  for (OpOperand &use : llvm::make_early_inc_range(host.getUses())) {
    Operation *user = use.getOwner();
    if (!op.getRegion().isAncestor(user->getParentRegion()))
      continue;
    auto load = dyn_cast<memref::LoadOp>(user);
    if (!load)
      return op.emitOpError("has a body that uses the host's memory (elements "
                            "of index) by ")
             << user->getName() << ", for which there is no kernel";
    rewriter.setInsertionPoint(load);
    Value number = memref::LoadOp::create(rewriter, load.getLoc(), copy,
                                          load.getIndices());
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(
        load, rewriter.getIndexType(), number);
  }
  return success();
}

LogicalResult HostOperands::copy() {
  Block *body = op.getBody();
  Location loc = op.getLoc();
  llvm::MapVector<Value, Value> copies;
  rewriter.setInsertionPoint(op);
  for (Value memref : getMemrefs(op))
    if (isHostMemref(memref.getType())) {
      Value &copy = copies[memref];
      copy = makeCopy(memref);
      if (failed(transfer(memref, copy)))
        return failure();
    }
  for (auto [host, copy] : copies)
    if (failed(replaceLoads(host, copy)))
      return failure();

  auto yield = cast<linalg::YieldOp>(body->getTerminator());
  for (OpOperand &operand : op->getOpOperands()) {
    auto found = copies.find(operand.get());
    if (found == copies.end())
      continue;
    operand.set(found->second);
    BlockArgument element = op.getMatchingBlockArgument(&operand);
    element.setType(rewriter.getI64Type());
    rewriter.setInsertionPointToStart(body);
    auto cast = arith::IndexCastOp::create(rewriter, loc,
                                           rewriter.getIndexType(), element);
    rewriter.replaceAllUsesExcept(element, cast, cast);
    if (!op.isDpsInit(&operand))
      continue;
    OpOperand &result =
        yield->getOpOperand(operand.getOperandNumber() - op.getNumDpsInputs());
    rewriter.setInsertionPoint(yield);
    result.set(arith::IndexCastOp::create(rewriter, loc, rewriter.getI64Type(),
                                          result.get()));
  }
  rewriter.setInsertionPointAfter(op);
  for (auto [host, copy] : copies) {
    if (llvm::is_contained(op.getOutputs(), copy) &&
        failed(transfer(copy, host)))
      return failure();
    memref::DeallocOp::create(rewriter, loc, copy);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The loops of a kernel
//===----------------------------------------------------------------------===//

namespace {
/// Emits what a launch does for an op. A thread has elements of the loops that
/// no two of whose points write one element; the other loops it runs through in
/// their order. So each element is computed as the loops of the host do it.
class KernelBody {
public:
  KernelBody(RewriterBase &b, linalg::LinalgOp op)
      : b(b), op(op), loc(op.getLoc()), points(op.getNumLoops()) {
    for (Range range : op.createLoopRanges(b, loc))
      sizes.push_back(getValueOrCreateConstantIndexOp(b, loc, range.size));
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      (isParallel(loop) ? parallel : sequential).push_back(loop);
  }

  /// How many threads there is work for; emitted in front of the launch.
  Value countElements();

  /// `thread` of `threads`.
  void emit(Value thread, Value threads, Value elements);

private:
  bool isParallel(unsigned loop);
  bool isSummedInRegisters();
  void emitElement(Value element);
  SmallVector<Value> emitSequential(ArrayRef<unsigned> loops,
                                    ArrayRef<Value> sums);
  SmallVector<Value> emitPoint(ArrayRef<Value> sums);
  SmallVector<Value> makeIndices(OpOperand *operand);
  Value load(OpOperand *operand);
  SmallVector<Value> loadOutputs();
  void storeOutputs(ArrayRef<Value> values);
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  RewriterBase &b;
  linalg::LinalgOp op;
  Location loc;
  SmallVector<Value> sizes, points; // by loop
  SmallVector<unsigned> parallel, sequential;
};
} // namespace

/// True if the loop is parallel and selects the element of every output.
bool KernelBody::isParallel(unsigned loop) {
  if (op.getIteratorTypesArray()[loop] != utils::IteratorType::parallel)
    return false;
  AffineExpr expression = b.getAffineDimExpr(loop);
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &output) {
    return llvm::is_contained(op.getMatchingIndexingMap(&output).getResults(),
                              expression);
  });
}

/// True if no output's element changes within the sequential loops.
bool KernelBody::isSummedInRegisters() {
  return !sequential.empty() &&
         llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &output) {
           AffineMap map = op.getMatchingIndexingMap(&output);
           return llvm::none_of(sequential, [&](unsigned loop) {
             return map.isFunctionOfDim(loop);
           });
         });
}

Value KernelBody::countElements() {
  Value count = index(1);
  for (unsigned loop : parallel)
    count = b.createOrFold<arith::MulIOp>(loc, count, sizes[loop]);
  return count;
}

void KernelBody::emit(Value thread, Value threads, Value elements) {
  auto loop = scf::ForOp::create(b, loc, thread, elements, threads);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  emitElement(loop.getInductionVar());
}

void KernelBody::emitElement(Value element) {
  for (unsigned loop : llvm::reverse(parallel)) {
    if (loop == parallel.front()) {
      points[loop] = element;
      break;
    }
    points[loop] = arith::RemUIOp::create(b, loc, element, sizes[loop]);
    element = arith::DivUIOp::create(b, loc, element, sizes[loop]);
  }
  if (!isSummedInRegisters()) {
    emitSequential(sequential, {});
    return;
  }
  storeOutputs(emitSequential(sequential, loadOutputs()));
}

/// The loops, which carry `sums`: the outputs, or nothing where these are read
/// and written at each point.
SmallVector<Value> KernelBody::emitSequential(ArrayRef<unsigned> loops,
                                              ArrayRef<Value> sums) {
  if (loops.empty()) {
    if (!sums.empty())
      return emitPoint(sums);
    storeOutputs(emitPoint(loadOutputs()));
    return {};
  }
  auto loop = scf::ForOp::create(b, loc, index(0), sizes[loops.front()],
                                 index(1), sums);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  points[loops.front()] = loop.getInductionVar();
  SmallVector<Value> next = emitSequential(
      loops.drop_front(), llvm::to_vector_of<Value>(loop.getRegionIterArgs()));
  if (!sums.empty())
    scf::YieldOp::create(b, loc, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// The values that the body yields at `points`.
SmallVector<Value> KernelBody::emitPoint(ArrayRef<Value> sums) {
  IRMapping mapping;
  for (OpOperand *input : op.getDpsInputOperands())
    mapping.map(op.getMatchingBlockArgument(input), load(input));
  for (auto [output, sum] : llvm::zip_equal(op.getDpsInitsMutable(), sums))
    mapping.map(op.getMatchingBlockArgument(&output), sum);
  Block *body = op.getBlock();
  for (Operation &inner : body->without_terminator()) {
    if (auto point = dyn_cast<linalg::IndexOp>(inner))
      mapping.map(point.getResult(), points[point.getDim()]);
    else
      b.clone(inner, mapping);
  }
  return llvm::map_to_vector(
      body->getTerminator()->getOperands(),
      [&](Value value) { return mapping.lookupOrDefault(value); });
}

SmallVector<Value> KernelBody::makeIndices(OpOperand *operand) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  SmallVector<Value> indices;
  for (AffineExpr expression : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expression)) {
      indices.push_back(points[dim.getPosition()]);
      continue;
    }
    // Other loops may not be entered yet, or be left.
    SmallVector<Value> known(points);
    for (auto [loop, point] : llvm::enumerate(known))
      if (!expression.isFunctionOfDim(loop))
        point = index(0);
    indices.push_back(affine::AffineApplyOp::create(
        b, loc, AffineMap::get(map.getNumDims(), 0, expression), known));
  }
  return indices;
}

Value KernelBody::load(OpOperand *operand) {
  if (!isa<MemRefType>(operand->get().getType()))
    return operand->get();
  return memref::LoadOp::create(b, loc, operand->get(), makeIndices(operand));
}

SmallVector<Value> KernelBody::loadOutputs() {
  SmallVector<Value> values;
  for (OpOperand &output : op.getDpsInitsMutable())
    values.push_back(load(&output));
  return values;
}

void KernelBody::storeOutputs(ArrayRef<Value> values) {
  for (auto [output, value] : llvm::zip_equal(op.getDpsInitsMutable(), values))
    memref::StoreOp::create(b, loc, value, output.get(), makeIndices(&output));
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static gpu::LaunchOp makeLaunch(RewriterBase &rewriter, linalg::LinalgOp op) {
  Location loc = op.getLoc();
  KernelBody body(rewriter, op);
  Value elements = body.countElements();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(rewriter, loc, value);
  };
  Value one = index(1), threads = index(kThreads);
  Value blocks =
      rewriter.createOrFold<arith::CeilDivUIOp>(loc, elements, threads);
  auto launch =
      gpu::LaunchOp::create(rewriter, loc, blocks, one, one, threads, one, one);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(&launch.getBody().front());
  Value size = index(kThreads);
  Value first =
      arith::MulIOp::create(rewriter, loc, launch.getBlockIds().x, size);
  Value thread =
      arith::AddIOp::create(rewriter, loc, first, launch.getThreadIds().x);
  Value all =
      arith::MulIOp::create(rewriter, loc, launch.getGridSize().x, size);
  body.emit(thread, all, elements);
  gpu::TerminatorOp::create(rewriter, loc);
  return launch;
}

namespace {
/// The module of all kernels. Equal ones, as layers have them, are one.
class Kernels {
public:
  explicit Kernels(ModuleOp module) : module(module), symbols(module) {}

  /// Makes a launch of a kernel.
  LogicalResult outline(gpu::LaunchOp launch);

private:
  gpu::GPUFuncOp insert(gpu::GPUFuncOp kernel, StringRef function);
  LogicalResult takeUsed(Operation *function);
  LogicalResult takeCallee(func::CallOp call);
  LogicalResult takeConstant(memref::GetGlobalOp op);

  ModuleOp module;
  SymbolTable symbols;
  gpu::GPUModuleOp kernels;
  llvm::StringMap<gpu::GPUFuncOp> known; // by their text
};
} // namespace

gpu::GPUFuncOp Kernels::insert(gpu::GPUFuncOp kernel, StringRef function) {
  if (!kernels) {
    OpBuilder builder(module.getContext());
    kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), kModuleName);
    symbols.insert(kernels, module.getBody()->begin());
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    builder.getUnitAttr());
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  kernel->print(os, OpPrintingFlags().useLocalScope());
  auto [entry, isNew] = known.try_emplace(text, kernel);
  if (!isNew) {
    kernel.erase();
    return entry->second;
  }
  kernel.setName(function);
  SymbolTable(kernels).insert(kernel); // by another name if it is taken
  return kernel;
}

/// How the messages of generate-runtime-verification begin.
static constexpr StringLiteral kRuntimeVerification =
    "ERROR: Runtime op verification failed";

/// What a kernel lacks that the op needs; empty: nothing.
static StringRef findLack(Operation *op) {
  if (isa<cf::AssertOp>(op))
    return "cannot end the program";
  if (isa<linalg::LinalgOp, gpu::LaunchFuncOp>(op))
    return "cannot launch another";
  if (isa<memref::AllocOp>(op))
    return "cannot allocate memory";
  if (isa_and_nonnull<dist::DistDialect>(op->getDialect()))
    return "knows no mesh";
  return "";
}

/// What the body calls and reads by name goes with it. What is checked besides
/// of what it takes out of tensors is not.
LogicalResult Kernels::takeUsed(Operation *function) {
  WalkResult result = function->walk([&](Operation *op) {
    auto assertion = dyn_cast<cf::AssertOp>(op);
    if (assertion && assertion.getMsg().starts_with(kRuntimeVerification)) {
      assertion.erase();
      return WalkResult::skip();
    }
    if (StringRef lack = findLack(op); !lack.empty()) {
      op->emitOpError() << "is in a kernel, which " << lack;
      return WalkResult::interrupt();
    }
    auto call = dyn_cast<func::CallOp>(op);
    auto constant = dyn_cast<memref::GetGlobalOp>(op);
    if ((call && failed(takeCallee(call))) ||
        (constant && failed(takeConstant(constant))))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult Kernels::takeCallee(func::CallOp call) {
  auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
  if (!callee || callee.isExternal())
    return call.emitOpError("is in a kernel, but what it calls is not here");
  if (Operation *known = kernels.lookupSymbol(call.getCallee())) {
    if (isa<gpu::GPUFuncOp>(known)) // of an op in the callee
      return call.emitOpError("is in a kernel, which cannot launch another");
    return success();
  }
  auto copy = callee.clone();
  copy.setPrivate();
  copy->removeAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName());
  kernels.push_back(copy);
  return takeUsed(copy);
}

LogicalResult Kernels::takeConstant(memref::GetGlobalOp op) {
  auto global = symbols.lookup<memref::GlobalOp>(op.getName());
  if (!global || !global.getConstant() || global.isExternal())
    return op.emitOpError("is in a kernel, which has constants only");
  if (!kernels.lookupSymbol(op.getName()))
    kernels.push_back(global.clone());
  return success();
}

LogicalResult Kernels::outline(gpu::LaunchOp launch) {
  StringRef function = launch->getParentOfType<FunctionOpInterface>().getName();
  if (failed(sinkOperationsIntoLaunchOp(launch, [](Operation *op) {
        return op->hasTrait<OpTrait::ConstantLike>();
      })))
    return failure();
  SmallVector<Value> operands;
  gpu::GPUFuncOp kernel =
      insert(outlineKernelFunc(launch, "kernel", operands), function);
  if (failed(takeUsed(kernel)))
    return failure();
  OpBuilder builder(launch);
  gpu::LaunchFuncOp::create(builder, launch.getLoc(), kernel,
                            launch.getGridSizeOperandValues(),
                            launch.getBlockSizeOperandValues(),
                            /*dynamicSharedMemorySize=*/Value(), operands);
  launch.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ConvertLinalgToKernels
    : public commuter::impl::ConvertLinalgToKernelsPassBase<
          ConvertLinalgToKernels> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics() &&
          llvm::any_of(getMemrefs(op), [](Value memref) {
            return isDeviceMemref(memref.getType());
          }))
        ops.push_back(op);
    });
    Kernels kernels(getOperation());
    SharedByCalls shared;
    for (linalg::LinalgOp op : ops)
      if (failed(convert(op, kernels, shared)))
        return signalPassFailure();
  }

private:
  static LogicalResult convert(linalg::LinalgOp op, Kernels &kernels,
                               SharedByCalls &shared);
};

} // namespace

LogicalResult ConvertLinalgToKernels::convert(linalg::LinalgOp op,
                                              Kernels &kernels,
                                              SharedByCalls &shared) {
  IRRewriter rewriter(op);
  if (llvm::any_of(getMemrefs(op), [](Value memref) {
        return isHostMemref(memref.getType());
      })) {
    auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
    if (!generic) {
      FailureOr<linalg::GenericOp> made =
          linalg::generalizeNamedOp(rewriter, op);
      if (failed(made))
        return op.emitOpError("has no kernel: it takes elements of index");
      generic = *made;
    }
    if (failed(HostOperands(rewriter, generic, shared).copy()))
      return failure();
    op = generic;
    rewriter.setInsertionPoint(op);
  }
  // What depends on nothing but the rank is asked for on the host.
  for (Operation &inner : llvm::make_early_inc_range(*op.getBlock()))
    if (isa<dist::AxisIndexOp, dist::AxisSizeOp>(inner))
      inner.moveBefore(op);
  gpu::LaunchOp launch = makeLaunch(rewriter, op);
  op->erase();
  return kernels.outline(launch);
}
