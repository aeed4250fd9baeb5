//===- Contract.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions in front of the devices: the checks of shapes and types.
//
//===----------------------------------------------------------------------===//

#include "Objects.h"

using namespace commuter::rt;

/// c's own type, or any that is f32's after widening.
static bool isFactorType(int32_t factor, int32_t c) {
  if (factor != COMMUTER_F32 && factor != COMMUTER_F16 &&
      factor != COMMUTER_BF16)
    return false;
  return factor == c || c == COMMUTER_F32;
}

static Status readContraction(commuter_context_t *context,
                              const commuter_view_t *a,
                              const commuter_view_t *b,
                              const commuter_view_t *c, ContractCall &call) {
  COMMUTER_TRY(readOperand(context, a, "a", call.a));
  COMMUTER_TRY(readOperand(context, b, "b", call.b));
  COMMUTER_TRY(readOperand(context, c, "c", call.c));
  if (!isFactorType(call.a.dtype, call.c.dtype) ||
      !isFactorType(call.b.dtype, call.c.dtype))
    return fail(COMMUTER_UNSUPPORTED, "no contraction of %s and %s to %s",
                call.a.describe().c_str(), call.b.describe().c_str(),
                call.c.describe().c_str());
  for (const View *factor : {&call.a, &call.b})
    if (!factor->hasShapeOf(call.c))
      return fail(COMMUTER_INVALID_ARGUMENT,
                  "a factor is %s, but the loops are those of %s",
                  factor->describe().c_str(), call.c.describe().c_str());
  return {};
}

commuter_status_t commuter_contract(commuter_context_t *context,
                                    const commuter_view_t *a,
                                    const commuter_view_t *b,
                                    const commuter_view_t *c) {
  return guarded(context, [&]() -> Status {
    if (!context)
      return fail(COMMUTER_INVALID_ARGUMENT, "context is NULL");
    ContractCall call;
    COMMUTER_TRY(readContraction(context, a, b, c, call));
    return context->device->contract(call);
  });
}
