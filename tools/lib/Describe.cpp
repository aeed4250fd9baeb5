//===- Describe.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a program's entry takes and returns, and on which meshes it runs, as the
// runtime describes it (commuter_model.h).
//
//===----------------------------------------------------------------------===//

#include "Describe.h"

#include "commuter/Conversion/RuntimeTypes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::tools;

//===----------------------------------------------------------------------===//
// The entry
//===----------------------------------------------------------------------===//

static FailureOr<func::FuncOp> findEntry(ModuleOp module, StringRef name) {
  SmallVector<func::FuncOp> candidates;
  std::string names;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPrivate() || function.isDeclaration())
      continue;
    candidates.push_back(function);
    names += (names.empty() ? "@" : ", @") + function.getName().str();
  }
  std::string known = "; it has " + (names.empty() ? "none" : names);
  if (!module.getOps<ModuleOp>().empty())
    known += ", besides those of the module in it, which do not count";
  if (!name.empty()) {
    auto function = module.lookupSymbol<func::FuncOp>(name);
    if (!function)
      return fail("the program has no function @" + name + known);
    if (function.isDeclaration())
      return fail("@" + name +
                  " is a declaration; expected a function with a "
                  "body");
    if (function.isPrivate())
      return fail("@" + name + " is private; expected a public function");
    return function;
  }
  for (func::FuncOp function : candidates)
    if (function.getName() == "main")
      return function;
  if (candidates.size() == 1)
    return candidates[0];
  return fail("no entry: name one of the program's public functions with "
              "--entry" +
              known);
}

//===----------------------------------------------------------------------===//
// Meshes and shardings
//===----------------------------------------------------------------------===//

namespace {
class Describer {
public:
  Describer(ModuleOp module, func::FuncOp entry)
      : meshOps(llvm::to_vector(module.getOps<dist::MeshOp>())), entry(entry) {}

  FailureOr<std::unique_ptr<Description>> describe();

private:
  ArrayRef<commuter_model_mesh_t> describeMeshes();
  /// The mesh's number.
  int32_t findMesh(FlatSymbolRefAttr name);
  commuter_model_axes_t keepAxes(ArrayRef<int32_t> numbers);
  commuter_model_axes_t describeAxes(int32_t mesh, ArrayAttr names);
  const commuter_model_sharding_t *describeSharding(dist::ShardingAttr);
  const commuter_model_extents_t *describeExtents(BlockArgument argument);
  FailureOr<commuter_model_value_t> describeValue(Type type, Attribute sharding,
                                                  const Twine &what);
  LogicalResult describeValues(TypeRange types,
                               function_ref<Attribute(unsigned)> getSharding,
                               StringRef what,
                               SmallVector<commuter_model_value_t> &values);

  SmallVector<dist::MeshOp> meshOps;
  func::FuncOp entry;
  std::unique_ptr<Description> result = std::make_unique<Description>();
};
} // namespace

ArrayRef<commuter_model_mesh_t> Describer::describeMeshes() {
  SmallVector<commuter_model_mesh_t> meshes;
  for (dist::MeshOp mesh : meshOps) {
    SmallVector<commuter_model_axis_t> axes;
    for (unsigned i = 0; i < mesh.getNumAxes(); ++i) {
      int64_t size = mesh.getAxisSize(i);
      axes.push_back({result->keep(mesh.getAxisName(i)),
                      ShapedType::isDynamic(size) ? -1 : size});
    }
    meshes.push_back({result->keep(mesh.getSymName()), int32_t(axes.size()),
                      result->keep(ArrayRef(axes)).data()});
  }
  return result->keep(ArrayRef(meshes));
}

int32_t Describer::findMesh(FlatSymbolRefAttr name) {
  auto mesh = llvm::find_if(meshOps, [&](dist::MeshOp mesh) {
    return mesh.getSymName() == name.getValue();
  });
  assert(mesh != meshOps.end() && "verified");
  return mesh - meshOps.begin();
}

commuter_model_axes_t Describer::keepAxes(ArrayRef<int32_t> numbers) {
  return {int32_t(numbers.size()), result->keep(numbers).data()};
}

commuter_model_axes_t Describer::describeAxes(int32_t mesh, ArrayAttr names) {
  SmallVector<int32_t> numbers;
  for (Attribute name : names)
    numbers.push_back(llvm::find(meshOps[mesh].getAxisNames(), name) -
                      meshOps[mesh].getAxisNames().begin());
  return keepAxes(numbers);
}

const commuter_model_sharding_t *
Describer::describeSharding(dist::ShardingAttr sharding) {
  int32_t mesh = findMesh(sharding.getMesh());
  SmallVector<commuter_model_axes_t> dims;
  llvm::SmallDenseSet<int32_t> named;
  auto describe = [&](ArrayAttr names) {
    commuter_model_axes_t axes = describeAxes(mesh, names);
    named.insert(axes.numbers, axes.numbers + axes.count);
    return axes;
  };
  for (ArrayAttr names : sharding.getDimAxes().getAsRange<ArrayAttr>())
    dims.push_back(describe(names));
  commuter_model_axes_t unreduced = describe(sharding.getUnreduced());
  SmallVector<int32_t> replicated;
  for (int32_t axis = 0, e = meshOps[mesh].getNumAxes(); axis < e; ++axis)
    if (!named.contains(axis))
      replicated.push_back(axis);
  commuter_model_sharding_t described{mesh, result->keep(ArrayRef(dims)).data(),
                                      unreduced, keepAxes(replicated)};
  return result->keep(ArrayRef(described)).data();
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static std::string print(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

FailureOr<commuter_model_value_t>
Describer::describeValue(Type type, Attribute attribute, const Twine &what) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Type element = tensor ? tensor.getElementType() : type;
  std::optional<int32_t> dtype = getRuntimeDtype(element);
  if (!dtype || (tensor && tensor.getEncoding()))
    return fail(what + " has type " + print(type) +
                "; expected a number or a ranked tensor without encoding, of "
                "index, i1, integers of 8, 16, 32 or 64 bits, f16, bf16, f32, "
                "f64, f8E4M3FN or f8E5M2");
  commuter_model_value_t value{};
  value.dtype = *dtype;
  value.is_number = !tensor;
  value.element = result->keep(print(element));
  if (tensor) {
    auto sizes = llvm::map_to_vector(tensor.getShape(), [](int64_t size) {
      return ShapedType::isDynamic(size) ? int64_t(-1) : size;
    });
    value.rank = sizes.size();
    value.sizes = result->keep(ArrayRef<int64_t>(sizes)).data();
  }
  if (auto sharding = dyn_cast_or_null<dist::ShardingAttr>(attribute))
    value.sharding = describeSharding(sharding);
  return value;
}

LogicalResult Describer::describeValues(
    TypeRange types, function_ref<Attribute(unsigned)> getSharding,
    StringRef what, SmallVector<commuter_model_value_t> &values) {
  for (auto [i, type] : llvm::enumerate(types)) {
    auto value =
        describeValue(type, getSharding(i),
                      what + " " + Twine(i) + " of @" + entry.getName());
    if (failed(value))
      return failure();
    values.push_back(*value);
  }
  return success();
}

static bool isUseAsExtents(OpOperand &use) {
  if (auto gather = dyn_cast<dist::AllGatherOp>(use.getOwner()))
    return gather.getExtents() == use.get();
  if (auto slice = dyn_cast<dist::AllSliceOp>(use.getOwner()))
    return slice.getExtents() == use.get();
  return false;
}

/// Whose extents an argument gives: null, or those of the first use.
const commuter_model_extents_t *
Describer::describeExtents(BlockArgument argument) {
  auto use = llvm::find_if(argument.getUses(), isUseAsExtents);
  if (use == argument.getUses().end())
    return nullptr;
  auto group = cast<dist::MeshGroupOpInterface>(use->getOwner());
  int32_t mesh = findMesh(group.getMeshAttr());
  commuter_model_extents_t extents{
      mesh, describeAxes(mesh, group.getAxesAttr()),
      use->getOwner()->getAttrOfType<IntegerAttr>("dim").getInt()};
  return result->keep(ArrayRef(extents)).data();
}

FailureOr<std::unique_ptr<Description>> Describer::describe() {
  StringRef sharding = dist::ShardingAttr::kAttrName;
  SmallVector<commuter_model_value_t> arguments, results;
  if (failed(describeValues(
          entry.getArgumentTypes(),
          [&](unsigned i) { return entry.getArgAttr(i, sharding); }, "argument",
          arguments)) ||
      failed(describeValues(
          entry.getResultTypes(),
          [&](unsigned i) { return entry.getResultAttr(i, sharding); },
          "result", results)))
    return failure();
  for (auto [value, argument] :
       llvm::zip_equal(arguments, entry.getArguments()))
    value.extents = describeExtents(argument);

  commuter_model_t &model = result->model;
  model.abi_version = COMMUTER_MODEL_ABI_VERSION;
  model.entry = result->keep(entry.getName());
  model.device = "cpu";
  ArrayRef<commuter_model_mesh_t> meshes = describeMeshes();
  model.mesh_count = meshes.size();
  model.meshes = meshes.data();
  model.argument_count = arguments.size();
  model.arguments = result->keep(ArrayRef(arguments)).data();
  model.result_count = results.size();
  model.results = result->keep(ArrayRef(results)).data();
  return std::move(result);
}

FailureOr<std::unique_ptr<Description>> tools::describe(ModuleOp module,
                                                        StringRef name) {
  FailureOr<func::FuncOp> entry = findEntry(module, name);
  if (failed(entry))
    return failure();
  return Describer(module, *entry).describe();
}
