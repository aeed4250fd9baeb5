//===- Boundary.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From functions of whole tensors to those that each rank runs.
//
//===----------------------------------------------------------------------===//

#include "AttributeText.h"
#include "Program.h"

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

static constexpr StringLiteral kBoundary = "sdy.manual_computation";
static constexpr StringLiteral kShardingAttr = "sdy.sharding";

bool stablehlo::isBoundary(Operation *op) {
  return op->getName().getStringRef() == kBoundary;
}

//===----------------------------------------------------------------------===//
// The mesh
//===----------------------------------------------------------------------===//

static std::optional<DeviceMesh> readDeviceMesh(Operation *op,
                                                const MeshText &text) {
  auto name = op->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
  if (!name)
    return std::nullopt;
  SmallVector<MeshAxis> axes;
  int64_t ranks = 1;
  for (auto [axis, size] : llvm::zip_equal(text.axes, text.sizes)) {
    if (size < 1 || llvm::MulOverflow(ranks, size, ranks) ||
        ranks > INT32_MAX || llvm::count(text.axes, axis) != 1)
      return std::nullopt;
    axes.push_back({StringAttr::get(op->getContext(), axis), size});
  }
  return DeviceMesh(FlatSymbolRefAttr::get(name), std::move(axes));
}

/// The program's counts of devices, where it has them, are those of the mesh.
static void checkCounts(Program &program) {
  ModuleOp source = program.source;
  auto isOther = [&](StringRef name, int64_t expected) {
    auto count = source->getAttrOfType<IntegerAttr>(name);
    return count && count.getValue().getSExtValue() != expected;
  };
  if (isOther("mhlo.num_replicas", 1))
    (void)program.lacks.add(source, "several replicas");
  const int64_t ranks = program.mesh ? program.mesh->getNumRanks() : 1;
  if (isOther("mhlo.num_partitions", ranks))
    (void)program.lacks.add(source, "partitions that are not those of a mesh");
}

void stablehlo::importMesh(Program &program) {
  for (Operation &op : *program.source.getBody()) {
    if (op.getName().getStringRef() != "sdy.mesh")
      continue;
    std::optional<MeshText> text = readMesh(op.getAttr("mesh"));
    if (text && text->axes.empty())
      continue; // of no ranks: nothing is said by it
    std::optional<DeviceMesh> mesh =
        text ? readDeviceMesh(&op, *text) : std::nullopt;
    if (!mesh)
      (void)program.lacks.add(&op, "'sdy.mesh' that is malformed");
    else if (!llvm::equal(text->deviceIds,
                          llvm::seq<int64_t>(0, text->deviceIds.size())))
      (void)program.lacks.add(&op, "'sdy.mesh' of devices in another order");
    else if (program.mesh)
      (void)program.lacks.add(&op, "'sdy.mesh' beside another one");
    else
      program.mesh = std::move(mesh);
  }
  checkCounts(program);
  if (!program.mesh)
    return;
  OpBuilder builder = OpBuilder::atBlockEnd(program.target->getBody());
  auto sizes = llvm::map_to_vector(
      program.mesh->getAxes(), [](const MeshAxis &axis) { return axis.size; });
  dist::MeshOp::create(builder, program.source.getLoc(),
                       program.mesh->getSymbol().getValue(),
                       program.mesh->getAllAxes(), sizes);
}

//===----------------------------------------------------------------------===//
// Shardings
//===----------------------------------------------------------------------===//

/// What the text says of a value of `type`; null if it is of no such value.
static dist::ShardingAttr toSharding(const DeviceMesh &mesh,
                                     const ShardingText &text,
                                     RankedTensorType type) {
  MLIRContext *context = type.getContext();
  if (text.mesh != mesh.getSymbol().getValue() ||
      static_cast<int64_t>(text.dimAxes.size()) != type.getRank())
    return {};
  SmallVector<Attribute> dims;
  SmallVector<StringAttr> seen;
  for (auto [axes, size] : llvm::zip_equal(text.dimAxes, type.getShape())) {
    SmallVector<Attribute> names;
    int64_t parts = 1;
    for (StringRef name : axes) {
      const MeshAxis *axis = mesh.findAxis(name);
      if (!axis || llvm::is_contained(seen, axis->name))
        return {};
      seen.push_back(axis->name);
      names.push_back(axis->name);
      parts *= axis->size;
    }
    if (size % parts != 0)
      return {};
    dims.push_back(ArrayAttr::get(context, names));
  }
  return dist::ShardingAttr::get(context, mesh.getSymbol(),
                                 ArrayAttr::get(context, dims),
                                 ArrayAttr::get(context, {}));
}

static dist::ShardingAttr getReplicated(const DeviceMesh &mesh, int64_t rank) {
  MLIRContext *context = mesh.getSymbol().getContext();
  auto none = ArrayAttr::get(context, {});
  SmallVector<Attribute> dims(rank, none);
  return dist::ShardingAttr::get(context, mesh.getSymbol(),
                                 ArrayAttr::get(context, dims), none);
}

static bool isReplicated(dist::ShardingAttr sharding) {
  return llvm::all_of(sharding.getDimAxes().getAsRange<ArrayAttr>(),
                      [](ArrayAttr axes) { return axes.empty(); });
}

/// The type of a rank's part of a value of `type`.
static RankedTensorType getPart(const DeviceMesh &mesh,
                                dist::ShardingAttr sharding,
                                RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  for (auto [dim, size] : llvm::enumerate(shape))
    for (StringAttr axis : sharding.getAxesOfDim(dim).getAsRange<StringAttr>())
      size /= mesh.findAxis(axis)->size;
  return type.clone(shape);
}

static bool isShardedOver(dist::ShardingAttr sharding, StringAttr axis) {
  for (int64_t dim = 0; dim < sharding.getRank(); ++dim)
    if (llvm::is_contained(sharding.getAxesOfDim(dim), axis))
      return true;
  return false;
}

/// True if the value may have `sharding` by what the program says of it: the
/// axes of a dimension, or the first of them if it is open.
static bool agrees(const ShardingText &text, dist::ShardingAttr sharding) {
  for (auto [dim, axes] : llvm::enumerate(text.dimAxes)) {
    ArrayAttr actual = sharding.getAxesOfDim(dim);
    if (axes.size() > actual.size() ||
        (axes.size() < actual.size() && !text.isOpen[dim]))
      return false;
    for (auto [name, axis] : llvm::zip(axes, actual.getAsRange<StringAttr>()))
      if (axis.getValue() != name)
        return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Manual computations
//===----------------------------------------------------------------------===//

namespace {

/// A manual computation whose form is known to be right.
struct Boundary {
  SmallVector<dist::ShardingAttr> in, out;
};

/// A function at the level of whole tensors. Each value has a sharding, by
/// which the ranks hold it; outside of manual computations it is replicated.
class GlobalImporter {
public:
  GlobalImporter(Program &program, func::FuncOp function)
      : program(program), source(function) {}

  void run();

private:
  const DeviceMesh &getMesh() const { return *program.mesh; }
  LogicalResult lack(Operation *op, const Twine &what) {
    return program.lacks.add(op,
                             "'" + op->getName().getStringRef() + "' " + what);
  }
  FailureOr<Boundary> readBoundary(Operation *op);
  std::optional<SmallVector<dist::ShardingAttr>>
  readShardings(Operation *op, StringRef name, TypeRange types);
  FailureOr<dist::ShardingAttr> getArgumentSharding(BlockArgument argument);
  void checkDeclared(Attribute declared, dist::ShardingAttr sharding,
                     StringRef what);
  void importArguments();
  void importBoundary(Operation *op);
  void importOuterOp(Operation *op);
  void importReturn(Operation *op);
  FailureOr<Value> getWithSharding(Operation *user, Value value,
                                   dist::ShardingAttr sharding);

  Program &program;
  func::FuncOp source, target;
  std::optional<BlockImporter> outer;
  /// Without a mesh there are none.
  llvm::DenseMap<Value, dist::ShardingAttr> shardings;
  llvm::DenseMap<Operation *, Boundary> boundaries;
};

} // namespace

std::optional<SmallVector<dist::ShardingAttr>>
GlobalImporter::readShardings(Operation *op, StringRef name, TypeRange types) {
  auto texts = readShardingPerValue(op->getAttr(name));
  if (!texts || texts->size() != types.size())
    return std::nullopt;
  SmallVector<dist::ShardingAttr> result;
  for (auto [text, type] : llvm::zip_equal(*texts, types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    dist::ShardingAttr sharding = tensor && tensor.hasStaticShape()
                                      ? toSharding(getMesh(), text, tensor)
                                      : nullptr;
    if (!sharding)
      return std::nullopt;
    result.push_back(sharding);
  }
  return result;
}

FailureOr<Boundary> GlobalImporter::readBoundary(Operation *op) {
  if (!program.mesh)
    return lack(op, "without a mesh");
  auto axes = readManualAxes(op->getAttr("manual_axes"));
  auto in = readShardings(op, "in_shardings", op->getOperandTypes()),
       out = readShardings(op, "out_shardings", op->getResultTypes());
  if (!axes || !in || !out)
    return lack(op, "with shardings that are not understood");
  // Ranks along the other axes compute the same: nothing may be sharded there.
  for (const MeshAxis &axis : getMesh().getAxes()) {
    auto shards = [&](dist::ShardingAttr sharding) {
      return isShardedOver(sharding, axis.name);
    };
    if (axis.size > 1 && !llvm::is_contained(*axes, axis.name.getValue()) &&
        (llvm::any_of(*in, shards) || llvm::any_of(*out, shards)))
      return lack(op, "with a sharding over an axis that is not manual");
  }
  if (op->getNumRegions() != 1 || !op->getRegion(0).hasOneBlock())
    return lack(op, "that is malformed");
  Block &block = op->getRegion(0).front();
  if (block.empty() || block.back().getName().getStringRef() != "sdy.return")
    return lack(op, "that is malformed");
  auto areParts = [&](ArrayRef<dist::ShardingAttr> shardings, TypeRange whole,
                      TypeRange parts) {
    if (parts.size() != whole.size())
      return false;
    for (auto [sharding, type, part] : llvm::zip(shardings, whole, parts))
      if (part != getPart(getMesh(), sharding, cast<RankedTensorType>(type)))
        return false;
    return true;
  };
  if (!areParts(*in, op->getOperandTypes(), block.getArgumentTypes()) ||
      !areParts(*out, op->getResultTypes(), block.back().getOperandTypes()))
    return lack(op, "whose parts are not those of its shardings");
  return Boundary{std::move(*in), std::move(*out)};
}

void stablehlo::dropConstraints(Program &program) {
  program.source.walk([](Operation *op) {
    auto function = dyn_cast_or_null<func::FuncOp>(op->getParentOp());
    if (op->getName().getStringRef() != "sdy.sharding_constraint" ||
        (function && !function.isPrivate()) ||
        op->getOperandTypes() != op->getResultTypes() ||
        op->getNumOperands() != 1)
      return;
    std::optional<ShardingText> sharding =
        readSharding(op->getAttr("sharding"));
    if (!sharding || llvm::any_of(sharding->dimAxes, [](const auto &axes) {
          return !axes.empty();
        }))
      return;
    op->replaceAllUsesWith(op->getOperands());
    op->erase();
  });
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// The one that all manual computations take it with; replicated where they
/// differ, or where it is used outside of them.
FailureOr<dist::ShardingAttr>
GlobalImporter::getArgumentSharding(BlockArgument argument) {
  auto tensor = dyn_cast<RankedTensorType>(argument.getType());
  if (!tensor)
    return failure();
  dist::ShardingAttr replicated = getReplicated(getMesh(), tensor.getRank());
  dist::ShardingAttr sharding;
  for (OpOperand &use : argument.getUses()) {
    auto boundary = boundaries.find(use.getOwner());
    dist::ShardingAttr wanted =
        boundary == boundaries.end()
            ? replicated
            : boundary->second.in[use.getOperandNumber()];
    if (sharding && sharding != wanted)
      return replicated;
    sharding = wanted;
  }
  return sharding ? sharding : replicated;
}

/// What the program says of where an argument or a result is: another sharding
/// than the manual computations' would take communication.
void GlobalImporter::checkDeclared(Attribute declared,
                                   dist::ShardingAttr sharding,
                                   StringRef what) {
  if (!declared)
    return;
  std::optional<ShardingText> text = readSharding(declared);
  if (!text || !program.mesh ||
      text->mesh != getMesh().getSymbol().getValue() ||
      static_cast<int64_t>(text->dimAxes.size()) != sharding.getRank() ||
      !agrees(*text, sharding))
    (void)lack(source, "whose " + what +
                           " has another sharding than in its manual "
                           "computation");
}

void GlobalImporter::importArguments() {
  StringRef name = dist::ShardingAttr::kAttrName;
  Block &block = source.getBody().front();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  Builder builder(source.getContext());
  for (BlockArgument argument : block.getArguments()) {
    Type type = importTypeOrSame(argument.getType());
    SmallVector<NamedAttribute> entries;
    if (program.mesh) {
      FailureOr<dist::ShardingAttr> sharding = getArgumentSharding(argument);
      if (succeeded(sharding)) {
        shardings[argument] = *sharding;
        checkDeclared(source.getArgAttr(argument.getArgNumber(), kShardingAttr),
                      *sharding, "argument");
        type = getPart(getMesh(), *sharding, cast<RankedTensorType>(type));
        entries.push_back(builder.getNamedAttr(name, *sharding));
      }
    }
    if (!importType(argument.getType()))
      (void)lack(source, "with an argument of " + toText(argument.getType()));
    if (source.getArgAttr(argument.getArgNumber(), "mhlo.sharding"))
      (void)lack(source, "with an mhlo.sharding");
    types.push_back(type);
    attributes.push_back(builder.getDictionaryAttr(entries));
  }
  OpBuilder moduleBuilder = OpBuilder::atBlockEnd(program.target->getBody());
  target =
      func::FuncOp::create(moduleBuilder, source.getLoc(), source.getName(),
                           builder.getFunctionType(types, {}));
  target.setAllArgAttrs(attributes);
  Block *body = target.addEntryBlock();
  outer.emplace(program, source, body, /*mesh=*/nullptr);
  for (auto [from, to] :
       llvm::zip_equal(block.getArguments(), body->getArguments()))
    outer->map(from, to);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// Each rank takes its slice of what all have; anything else that changes a
/// sharding communicates, which is for the program to say.
FailureOr<Value> GlobalImporter::getWithSharding(Operation *user, Value value,
                                                 dist::ShardingAttr sharding) {
  dist::ShardingAttr has = shardings.lookup(value);
  Value imported = outer->lookup(user, value);
  if (!has || has == sharding)
    return imported;
  if (!isReplicated(has))
    return lack(user, "of a value that has another sharding");
  ImplicitLocOpBuilder &builder = outer->getBuilder();
  builder.setLoc(user->getLoc());
  for (int64_t dim = 0; dim < sharding.getRank(); ++dim) {
    ArrayAttr axes = sharding.getAxesOfDim(dim);
    if (axes.empty())
      continue;
    auto type = cast<RankedTensorType>(imported.getType());
    SmallVector<int64_t> shape(type.getShape());
    for (StringAttr axis : axes.getAsRange<StringAttr>())
      shape[dim] /= getMesh().findAxis(axis)->size;
    imported = dist::AllSliceOp::create(
        builder, type.clone(shape), imported, builder.getI64IntegerAttr(dim),
        /*extents=*/Value(), sharding.getMesh(), axes);
  }
  return imported;
}

void GlobalImporter::importBoundary(Operation *op) {
  auto found = boundaries.find(op);
  if (found == boundaries.end())
    return outer->mapToPlaceholders(op);
  const Boundary &boundary = found->second;
  Block &block = op->getRegion(0).front();
  BlockImporter inner(program, op, outer->getBuilder().getBlock(), &getMesh());
  for (auto [argument, operand, sharding] :
       llvm::zip_equal(block.getArguments(), op->getOperands(), boundary.in)) {
    FailureOr<Value> part = getWithSharding(op, operand, sharding);
    if (failed(part))
      return outer->mapToPlaceholders(op);
    inner.map(argument, *part);
  }
  inner.importOps(block);
  for (auto [result, part, sharding] : llvm::zip_equal(
           op->getResults(), block.back().getOperands(), boundary.out)) {
    outer->map(result, inner.lookup(&block.back(), part));
    shardings[result] = sharding;
  }
}

/// Every rank computes it on the whole tensors that it has.
void GlobalImporter::importOuterOp(Operation *op) {
  WalkResult isOfParts = op->walk([&](Operation *inner) {
    return llvm::any_of(inner->getOperands(),
                        [&](Value operand) {
                          dist::ShardingAttr sharding =
                              shardings.lookup(operand);
                          return sharding && !isReplicated(sharding);
                        })
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (isOfParts.wasInterrupted()) {
    (void)lack(op, "of a part, outside of sdy.manual_computation");
    return outer->mapToPlaceholders(op);
  }
  outer->importOp(op);
  if (!program.mesh)
    return;
  for (Value result : op->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType()))
      shardings[result] = getReplicated(getMesh(), type.getRank());
}

void GlobalImporter::importReturn(Operation *op) {
  SmallVector<Value> results;
  for (auto [i, value] : llvm::enumerate(op->getOperands())) {
    results.push_back(outer->lookup(op, value));
    if (dist::ShardingAttr sharding = shardings.lookup(value))
      checkDeclared(source.getResultAttr(i, kShardingAttr), sharding, "result");
    if (source.getResultAttr(i, "mhlo.sharding"))
      (void)lack(source, "with an mhlo.sharding");
  }
  func::ReturnOp::create(outer->getBuilder(), results);
  target.setFunctionType(FunctionType::get(
      op->getContext(), target.getArgumentTypes(), TypeRange(results)));
  for (auto [i, value] : llvm::enumerate(op->getOperands()))
    if (dist::ShardingAttr sharding = shardings.lookup(value))
      target.setResultAttr(i, dist::ShardingAttr::kAttrName, sharding);
}

void GlobalImporter::run() {
  if (!source.getBody().hasOneBlock()) {
    (void)lack(source, "without one block");
    return;
  }
  Block &block = source.getBody().front();
  for (Operation &op : block)
    if (isBoundary(&op))
      if (FailureOr<Boundary> boundary = readBoundary(&op); succeeded(boundary))
        boundaries[&op] = std::move(*boundary);
  importArguments();
  for (Operation &op : block.without_terminator())
    isBoundary(&op) ? importBoundary(&op) : importOuterOp(&op);
  importReturn(block.getTerminator());
}

void stablehlo::importGlobalFunction(Program &program, func::FuncOp function) {
  GlobalImporter(program, function).run();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// A guard for time and memory: bodies double where they are called twice.
static constexpr unsigned kMaxInlinedCalls = 1000;

/// Precondition: no function calls itself.
static bool reachesBoundary(Program &program, func::FuncOp function,
                            llvm::DenseMap<Operation *, bool> &known) {
  auto [found, isNew] = known.try_emplace(function, false);
  if (!isNew)
    return found->second;
  const bool reaches =
      function
          ->walk([&](Operation *op) {
            func::FuncOp callee = program.getCallee(op);
            return isBoundary(op) ||
                           (callee && reachesBoundary(program, callee, known))
                       ? WalkResult::interrupt()
                       : WalkResult::advance();
          })
          .wasInterrupted();
  return known[function] = reaches;
}

/// Puts the body of the function before the call, and in its place.
static void inlineCall(Operation *call, func::FuncOp callee) {
  Block &body = callee.getBody().front();
  IRMapping mapping;
  mapping.map(body.getArguments(), call->getOperands());
  OpBuilder builder(call);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> results;
  for (Value result : body.getTerminator()->getOperands())
    results.push_back(mapping.lookupOrDefault(result));
  call->replaceAllUsesWith(results);
  call->erase();
}

bool stablehlo::inlineBoundaries(Program &program) {
  llvm::DenseMap<Operation *, bool> known;
  unsigned numCalls = 0;
  for (auto function : program.source.getOps<func::FuncOp>()) {
    if (function.isPrivate() || !function.getBody().hasOneBlock())
      continue;
    Block &block = function.getBody().front();
    for (Operation *op = &block.front(); op;) {
      func::FuncOp callee = program.getCallee(op);
      if (!callee || !callee.getBody().hasOneBlock() ||
          !reachesBoundary(program, callee, known) ||
          op->getOperandTypes() != callee.getArgumentTypes() ||
          op->getResultTypes() != callee.getResultTypes()) {
        op = op->getNextNode();
        continue;
      }
      if (++numCalls > kMaxInlinedCalls)
        return false;
      Operation *before = op->getPrevNode();
      inlineCall(op, callee);
      op = before ? before->getNextNode() : &block.front();
    }
  }
  return true;
}
