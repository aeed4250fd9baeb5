/*===- commuter_program.h - ABI of compiled programs --------------*- C -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entry points that `convert-dist-to-runtime` emits calls to. They act on
// the calling thread's current context (see commuter_context_run) and never
// return on failure: they unwind to commuter_context_run. Outside of it, a
// failure prints its message and aborts the process.
//
// `location` is where what the call stands for is in the program's source,
// "file:line:column", or several of these, or NULL: messages begin with it, or
// have it where they tell what each rank does.
//
// `group` is a group's spec, for example "mesh[dp,attn_tp]". Views point into
// the caller's stack. Optional views are NULL.
//
//===----------------------------------------------------------------------===*/

#ifndef COMMUTER_PROGRAM_H
#define COMMUTER_PROGRAM_H

#include "commuter_rt.h"

#ifdef __cplusplus
extern "C" {
#endif

COMMUTER_API void commuter_program_all_gather(const char *location,
                                              const char *group,
                                              const commuter_gather_t *gathers,
                                              int64_t count);
COMMUTER_API void commuter_program_all_reduce(const char *location,
                                              const char *group,
                                              const commuter_view_t *input,
                                              const commuter_view_t *output,
                                              int32_t reduction);
COMMUTER_API void commuter_program_reduce_scatter(
    const char *location, const char *group, const commuter_view_t *input,
    const commuter_view_t *output, int64_t dim, int32_t reduction);
COMMUTER_API void commuter_program_all_to_all(
    const char *location, const char *group, const commuter_view_t *input,
    const commuter_view_t *output, int64_t split_dim, int64_t concat_dim);
COMMUTER_API void
commuter_program_exchange_extents(const char *location, const char *group,
                                  const commuter_view_t *extents,
                                  int64_t extent);
COMMUTER_API void commuter_program_to_partial(const char *location,
                                              const char *group,
                                              const commuter_view_t *input,
                                              const commuter_view_t *output);
COMMUTER_API int64_t commuter_program_axis_index(const char *location,
                                                 const char *group);
COMMUTER_API int64_t commuter_program_axis_size(const char *location,
                                                const char *group);
/* `expected` is the size that the program counts on, or -1. */
COMMUTER_API int64_t commuter_program_shard_offset(
    const char *location, const char *group, const commuter_view_t *extents,
    int64_t extent, int64_t expected);
COMMUTER_API int64_t commuter_program_shard_size(const char *location,
                                                 const char *group,
                                                 const commuter_view_t *extents,
                                                 int64_t extent,
                                                 int64_t expected);
/* ASSERTION_FAILED unless this rank's `view` (f32, f64, f16, bf16 or integer;
   any shape) is bit-equal on all members: what `dist.assert_sharding` promises
   of a replicated axis. Emitted only when the program was compiled with checks.
 */
COMMUTER_API void
commuter_program_check_replicated(const char *location, const char *group,
                                  const commuter_view_t *view);

COMMUTER_API void commuter_program_layer_norm(
    const char *location, const commuter_view_t *x,
    const commuter_view_t *residual, const commuter_view_t *sum,
    const commuter_view_t *scale, const commuter_view_t *bias,
    const commuter_view_t *output, int64_t axis, double eps);
COMMUTER_API void commuter_program_rms_norm(
    const char *location, const commuter_view_t *x,
    const commuter_view_t *residual, const commuter_view_t *sum,
    const commuter_view_t *scale, const commuter_view_t *output, int64_t axis,
    double eps, double offset);

/* `computed` is a commuter_scales_t, `kind` a commuter_norm_kind_t; else as the
   functions of these names in commuter_rt.h. */
COMMUTER_API void commuter_program_quantize(const char *location,
                                            const commuter_view_t *x,
                                            const commuter_view_t *output,
                                            const commuter_view_t *scales,
                                            int64_t group, int32_t computed);
COMMUTER_API void commuter_program_dequantize(const char *location,
                                              const commuter_view_t *quantized,
                                              const commuter_view_t *scales,
                                              const commuter_view_t *output);
COMMUTER_API void commuter_program_norm_quantize(
    const char *location, const commuter_view_t *x,
    const commuter_view_t *residual, const commuter_view_t *sum,
    const commuter_view_t *scale, const commuter_view_t *bias,
    const commuter_view_t *output, const commuter_view_t *scales, int64_t group,
    int32_t computed, int32_t kind, int64_t axis, double eps, double offset);

/* The program's own assertion does not hold: fails with `message`. */
COMMUTER_API void commuter_program_fail_assertion(const char *location,
                                                  const char *message);

/* As commuter_contract. */
COMMUTER_API void commuter_program_contract(const char *location,
                                            const commuter_view_t *a,
                                            const commuter_view_t *b,
                                            const commuter_view_t *c);

/* Element types must agree and shapes must be equal; any strides. Both are of
   the device's memory. */
COMMUTER_API void commuter_program_copy(const char *location,
                                        const commuter_view_t *source,
                                        const commuter_view_t *target);

/* The names that MLIR's finalize-memref-to-llvm{use-generic-functions} calls:
   they give programs buffers of the current context, in the host's memory, so
   that the runtime owns and counts every one. The last one frees those of the
   device, too. */
COMMUTER_API void *_mlir_memref_to_llvm_alloc(uint64_t size);
COMMUTER_API void *_mlir_memref_to_llvm_aligned_alloc(uint64_t alignment,
                                                      uint64_t size);
COMMUTER_API void _mlir_memref_to_llvm_free(void *data);

/* What memref.copy, in the host's memory, of a non-contiguous memref lowers to:
   two unranked memref descriptors (rank, pointer to the ranked descriptor). */
COMMUTER_API void memrefCopy(int64_t element_size, void *source, void *target);

/* The memory of a global that the program writes to, which is this rank's own:
   `size` bytes, 1 or more, at first as those at `contents`, by whose address it
   is known. `alignment` is a power of two. It keeps what is written as long as
   the context lives; until then the program must stay loaded. */
COMMUTER_API void *commuter_program_global(const char *location,
                                           const void *contents, int64_t size,
                                           int64_t alignment);

/*===----------------------------------------------------------------------===//
// Programs for a device that has memory of its own
//===----------------------------------------------------------------------===*/

/* A buffer of the current context, in the device's memory. */
COMMUTER_API void *commuter_program_device_alloc(const char *location,
                                                 int64_t size);

/* `size` bytes of the device's memory to the host's, and back. They wait for
   what the device does before. */
COMMUTER_API void commuter_program_device_read(const char *location,
                                               void *target, const void *source,
                                               int64_t size);
COMMUTER_API void commuter_program_device_write(const char *location,
                                                void *target,
                                                const void *source,
                                                int64_t size);

/* `size` bytes of a program's constant, in the device's memory. The first call
   in a run copies them; the copy lives as long as the run. */
COMMUTER_API const void *commuter_program_device_constant(const char *location,
                                                          const void *data,
                                                          int64_t size);

/* Between the host's memory and the device's, in either direction; what is the
   device's is dense. Element types must agree and shapes must be equal. Waits
   for the device. */
COMMUTER_API void commuter_program_transfer(const char *location,
                                            const commuter_view_t *source,
                                            const commuter_view_t *target);

/* Kernels in a form that the driver of the device loads: PTX, with a NUL behind
   it. Empty in programs for an emulation. */
typedef struct commuter_image_t {
  const char *data;
  int64_t size;
  void *loaded; /* the device's; NULL at first */
} commuter_image_t;

typedef struct commuter_parameter_t {
  int32_t offset;     /* in the struct of all arguments, in bytes */
  int32_t is_pointer; /* 1: to the device's memory */
} commuter_parameter_t;

/* A kernel takes its arguments one by one, and any number of blocks, which have
   one dimension, as has the grid. */
typedef struct commuter_kernel_t {
  const char *name;
  commuter_image_t *image;
  /* The kernel as a function of the host, which does what one thread does; the
     pointers among the arguments are the host's. NULL unless the program is for
     an emulation. */
  void (*emulated)(const void *arguments, int64_t block, int64_t blocks,
                   int64_t thread);
  const commuter_parameter_t *parameters;
  int32_t parameter_count;
  int32_t arguments_size; /* of the struct, in bytes */
  void *loaded;           /* the device's; NULL at first */
} commuter_kernel_t;

/* Puts a kernel into the order of the device's work. `arguments` may go when
   this returns; `kernel` has to stay until the work is done. No blocks: nothing
   is to be done. */
COMMUTER_API void commuter_program_launch(const char *location,
                                          commuter_kernel_t *kernel,
                                          int64_t blocks, int64_t threads,
                                          const void *arguments);

/* Every entry point above, for a just-in-time compiler's symbol table; the last
   entry's name is NULL. */
typedef struct commuter_symbol_t {
  const char *name;
  void *address;
} commuter_symbol_t;
COMMUTER_API const commuter_symbol_t *commuter_program_symbols(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COMMUTER_PROGRAM_H */
