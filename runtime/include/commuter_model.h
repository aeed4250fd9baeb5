/*===- commuter_model.h - Programs compiled ahead of time ---------*- C -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a compiled program is described by, and how a host runs it. A library
// or an object of `commuter-compile` has one public symbol, a commuter_model_t
// by the name `commuter_model_<name>`, and a weak second name for it,
// `commuter_model`, by which dlsym finds it.
//
// A host opens a model, creates one context per rank, adds the model's meshes
// to each (commuter_context_add_mesh), and lets each rank's thread or process
// call commuter_model_run.
//
// Ownership
//   * All of a commuter_model_t is constant and lives as long as the library.
//     The library must stay open while a rank runs the model.
//   * Arguments are the host's. A run only reads them, and keeps none.
//   * On a device that works later, what a run has put in order may read
//     arguments and constants of the library after it has returned: both stay
//     until commuter_context_synchronize has.
//   * Results are one object, which the host releases. It may outlive the
//     context and the library.
//
//===----------------------------------------------------------------------===*/

#ifndef COMMUTER_MODEL_H
#define COMMUTER_MODEL_H

#include "commuter_rt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with each change of the structures below, of what
   commuter_model_t::run is called with, and of an entry point of
   commuter_program.h that is there already. */
#define COMMUTER_MODEL_ABI_VERSION 4

/*===----------------------------------------------------------------------===//
// Description
//===----------------------------------------------------------------------===*/

typedef struct commuter_model_axis_t {
  const char *name;
  int64_t size; /* -1: open, the host chooses it */
} commuter_model_axis_t;

/* The meshes of a model have equally many ranks. */
typedef struct commuter_model_mesh_t {
  const char *name;
  int32_t axis_count;
  const commuter_model_axis_t *axes;
} commuter_model_mesh_t;

/* Axes of one mesh, by number; the last one is the fastest. */
typedef struct commuter_model_axes_t {
  int32_t count;
  const int32_t *numbers;
} commuter_model_axes_t;

/* How the ranks' local arrays make up a global one. Each axis of the mesh is in
   exactly one of the lists. */
typedef struct commuter_model_sharding_t {
  int32_t mesh;                      /* by number */
  const commuter_model_axes_t *dims; /* by dimension: who holds which slice */
  commuter_model_axes_t unreduced;   /* the ranks hold summands */
  commuter_model_axes_t replicated;  /* the ranks hold the same bits */
} commuter_model_sharding_t;

/* Of an argument that gives the extents of ragged dimensions: entry i is the
   size of dimension `dim` on the i-th rank of the group over `axes`. */
typedef struct commuter_model_extents_t {
  int32_t mesh;
  commuter_model_axes_t axes;
  int64_t dim;
} commuter_model_extents_t;

/* An argument or a result: a rank's local array, or a number. */
typedef struct commuter_model_value_t {
  int32_t dtype;       /* commuter_dtype_t */
  int32_t is_number;   /* 1: a number, of rank 0; 0: an array */
  const char *element; /* as the program spells it: "bf16", "index", "ui8" */
  int32_t rank;
  const int64_t *sizes;                      /* -1: open, may differ by rank */
  const commuter_model_sharding_t *sharding; /* NULL: nothing is known */
  const commuter_model_extents_t *extents;   /* NULL: gives no extents */
} commuter_model_value_t;

typedef struct commuter_model_t {
  int32_t abi_version;  /* always the first member */
  const char *entry;    /* the function */
  const char *pipeline; /* what was done before the lowering: "optimize" */
  const char *target;   /* triple and processor */
  const char *device;   /* "cpu", or where arrays are: "cuda" */
  int32_t mesh_count;
  const commuter_model_mesh_t *meshes;
  int32_t argument_count;
  const commuter_model_value_t *arguments;
  int32_t result_count;
  const commuter_model_value_t *results;
  /* MLIR's packed calling convention over memref descriptors; for
     commuter_model_run. */
  void (*run)(void **packed);
} commuter_model_t;

/*===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===*/

/* UNSUPPORTED if the model is of another ABI version than this runtime; then
   nothing of it but `abi_version` may be read. The message is in
   commuter_last_error. */
COMMUTER_API commuter_status_t
commuter_model_check(const commuter_model_t *model);

typedef struct commuter_results_t commuter_results_t;

/* Runs the model as the context's rank, whose device is the model's.
   `arguments` are `argument_count` views of the described types, ranks and
   sizes, with dense row-major elements: in the device's memory, but for numbers
   and arrays of "index", which are the host's. On COMMUTER_OK the caller gets
   one reference to the results. Errors: as commuter_model_check; UNSUPPORTED
   (the context has another device); INVALID_ARGUMENT (an argument is not as
   described); those of the runtime's calls in the program (see
   commuter_context_run); INTERNAL if the program leaves a buffer behind. On an
   error nothing of the run is left. */
COMMUTER_API commuter_status_t commuter_model_run(
    commuter_context_t *context, const commuter_model_t *model,
    const commuter_view_t *arguments, commuter_results_t **out_results);

/* Result i, dense and row-major; NULL if there is none. It lives as long as the
   results. It is where an argument would be; who can may write to it. */
COMMUTER_API const commuter_view_t *
commuter_results_get(const commuter_results_t *results, int32_t i);
COMMUTER_API void commuter_results_retain(commuter_results_t *results);
COMMUTER_API void commuter_results_release(commuter_results_t *results);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COMMUTER_MODEL_H */
