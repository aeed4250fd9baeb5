//===- EmitModel.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model's description as constants of an LLVM module. The members of each
// structure are those of commuter_model.h, in order: a structure of LLVM that
// is not packed is laid out as C does it.
//
//===----------------------------------------------------------------------===//

#include "EmitModel.h"

#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalAlias.h"
#include "llvm/IR/GlobalVariable.h"

using namespace llvm;
using namespace commuter;

namespace {
class ModelEmitter {
public:
  explicit ModelEmitter(Module &module)
      : module(module), context(module.getContext()) {}

  Constant *emit(const commuter_model_t &model, Function *run);

private:
  Constant *emit(int32_t number) {
    return ConstantInt::getSigned(Type::getInt32Ty(context), number);
  }
  Constant *emit(int64_t number) {
    return ConstantInt::getSigned(Type::getInt64Ty(context), number);
  }
  Constant *emit(const char *text) {
    return addGlobal(ConstantDataArray::getString(context, text));
  }
  Constant *emit(const commuter_model_axis_t &axis) {
    return emitStruct(axis.name, axis.size);
  }
  Constant *emit(const commuter_model_mesh_t &mesh) {
    return emitStruct(mesh.name, mesh.axis_count,
                      ArrayRef(mesh.axes, mesh.axis_count));
  }
  Constant *emit(const commuter_model_axes_t &axes) {
    return emitStruct(axes.count, ArrayRef(axes.numbers, axes.count));
  }
  Constant *emit(const commuter_model_extents_t &extents) {
    return emitStruct(extents.mesh, extents.axes, extents.dim);
  }
  Constant *emit(const commuter_model_value_t &value) {
    return emitStruct(value.dtype, value.is_number, value.element, value.rank,
                      ArrayRef(value.sizes, value.rank),
                      emitSharding(value.sharding, value.rank),
                      value.extents ? addGlobal(emit(*value.extents))
                                    : emitNull());
  }
  Constant *emit(Constant *constant) { return constant; }

  /// A pointer to the entries.
  template <typename T>
  Constant *emit(ArrayRef<T> list) {
    if (list.empty())
      return emitNull();
    auto entries = map_to_vector(list, [&](const T &e) { return emit(e); });
    auto *type = ArrayType::get(entries[0]->getType(), entries.size());
    return addGlobal(ConstantArray::get(type, entries));
  }

  template <typename... Members>
  Constant *emitStruct(const Members &...members) {
    return ConstantStruct::getAnon(context, {emit(members)...});
  }

  Constant *emitSharding(const commuter_model_sharding_t *sharding,
                         int32_t rank) {
    if (!sharding)
      return emitNull();
    return addGlobal(emitStruct(sharding->mesh, ArrayRef(sharding->dims, rank),
                                sharding->unreduced, sharding->replicated));
  }

  Constant *emitNull() {
    return ConstantPointerNull::get(PointerType::getUnqual(context));
  }
  Constant *addGlobal(Constant *value) {
    auto *global = new GlobalVariable(module, value->getType(),
                                      /*isConstant=*/true,
                                      GlobalValue::PrivateLinkage, value);
    global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return global;
  }

  Module &module;
  LLVMContext &context;
};
} // namespace

Constant *ModelEmitter::emit(const commuter_model_t &model, Function *run) {
  return emitStruct(
      model.abi_version, model.entry, model.pipeline, model.target,
      model.device, model.mesh_count, ArrayRef(model.meshes, model.mesh_count),
      model.argument_count, ArrayRef(model.arguments, model.argument_count),
      model.result_count, ArrayRef(model.results, model.result_count),
      static_cast<Constant *>(run));
}

void compile::emitModel(Module &module, const commuter_model_t &model,
                        StringRef run, StringRef symbol) {
  Constant *value = ModelEmitter(module).emit(model, module.getFunction(run));
  auto *global =
      new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                         GlobalValue::ExternalLinkage, value, symbol);
  GlobalAlias::create(value->getType(), /*AddressSpace=*/0,
                      GlobalValue::WeakAnyLinkage, "commuter_model", global,
                      &module);
}
