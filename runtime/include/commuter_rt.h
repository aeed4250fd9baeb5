/*===- commuter_rt.h - Commuter runtime: host API -----------------*- C -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a host program needs to run SPMD tensor programs: a world of ranks, one
// context per rank, meshes, collectives, norms, buffers, counters and a trace.
// Compiled programs enter through commuter_program.h, which sits on this API.
//
// Ownership and threads
//   * Objects are reference counted: `_create` returns one reference,
//     `_retain` adds one, `_release` drops one (NULL is ignored).
//   * Groups are borrowed from their context and live as long as it does.
//   * A context belongs to one rank and is used by one thread at a time. A
//     world may be used by all its ranks' threads at once.
//   * Views (commuter_view_t) never own memory. The caller keeps the memory,
//     and the size and stride arrays, alive until the call returns.
//   * Strings passed in are copied. Strings returned are owned by the object
//     that returned them and are valid until its next failing call.
//
// Memory and devices
//   * The data of views is memory of the context's device, of
//     commuter_buffer_alloc or any other; a GPU's context refuses the host's
//     with INVALID_ARGUMENT. `extents` alone are the host's memory on every
//     device, and so is what commuter_exchange_extents writes.
//   * A GPU does the work of a context's calls in their order, and a call may
//     return before that is done: read results by commuter_buffer_read, or
//     after commuter_context_synchronize. Work that fails later makes every
//     later call of its context fail, and in a collective the world. Times in
//     counters and traces are those of the calls.
//   * Between processes (transport `nccl`) a GPU's work may be held up by other
//     ranks: the calls that wait for it end when a collective would, too,
//     unless nothing but the GPU's own kernels is left to wait for.
//
// Errors
//   Every call that can fail returns a commuter_status_t. On anything but
//   COMMUTER_OK the outputs are unspecified, and
//   commuter_context_error(context) (or commuter_last_error() where there is no
//   context) says what was wrong, in one line.
//
// Fault contract
//   Every collective ends within the world's deadline and at most two seconds.
//   When a rank leaves, stalls, or issues a different collective than its peers
//   (operation, kind, element type, count), the world is poisoned: the call
//   fails on *every* rank, with a message naming each rank's sequence number
//   and operation, and every later collective of that world fails at once with
//   the same message. Between processes, the other ranks learn of a fault
//   within a second, and a rank that answers nothing is described by what was
//   last heard of it. If the fault left a transfer unfinished, the process does
//   not enter MPI again: its other worlds fail, too.
//
//===----------------------------------------------------------------------===*/

#ifndef COMMUTER_RT_H
#define COMMUTER_RT_H

#include <stddef.h>
#include <stdint.h>

#define COMMUTER_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/*===----------------------------------------------------------------------===//
// Status
//===----------------------------------------------------------------------===*/

typedef enum commuter_status_t {
  COMMUTER_OK = 0,
  COMMUTER_INVALID_ARGUMENT = 1, /* shape, type, dim, kind, name */
  COMMUTER_OUT_OF_MEMORY = 2,
  COMMUTER_MISMATCH = 3,    /* ranks issued different collectives */
  COMMUTER_TIMEOUT = 4,     /* a rank, or its data, did not come in time */
  COMMUTER_RANK_LEFT = 5,   /* a rank released its context or failed */
  COMMUTER_UNSUPPORTED = 6, /* device, transport or type not in this build */
  COMMUTER_INTERNAL = 7,
  COMMUTER_ASSERTION_FAILED = 8 /* of the program: cf.assert, or a promise */
} commuter_status_t;

/* A static string, for example "invalid argument". */
COMMUTER_API const char *commuter_status_string(commuter_status_t status);

/* The calling thread's last error message; "" if there was none. */
COMMUTER_API const char *commuter_last_error(void);

/*===----------------------------------------------------------------------===//
// Element types and views
//===----------------------------------------------------------------------===*/

/* The values are part of the ABI of compiled programs: never renumber. */
typedef enum commuter_dtype_t {
  COMMUTER_F32 = 0,
  COMMUTER_F64 = 1,
  COMMUTER_F16 = 2,
  COMMUTER_BF16 = 3,
  COMMUTER_F8E4M3FN = 4, /* moved and (de)quantised; no other arithmetic */
  COMMUTER_F8E5M2 = 5,   /* moved and (de)quantised; no other arithmetic */
  COMMUTER_I1 = 6,       /* one byte an element */
  COMMUTER_I8 = 7,
  COMMUTER_I16 = 8,
  COMMUTER_I32 = 9,
  COMMUTER_I64 = 10 /* also `index` */
} commuter_dtype_t;

COMMUTER_API size_t commuter_dtype_size(commuter_dtype_t dtype);
COMMUTER_API const char *commuter_dtype_string(commuter_dtype_t dtype);

/* A strided view of `rank` dimensions. `data` is the element at index 0 of
   every dimension; strides count elements. A rank of 0 is a scalar (sizes and
   strides may then be NULL). The layout is part of the ABI of compiled
   programs. */
typedef struct commuter_view_t {
  void *data;
  int32_t dtype; /* commuter_dtype_t */
  int32_t rank;
  const int64_t *sizes;
  const int64_t *strides;
} commuter_view_t;

/*===----------------------------------------------------------------------===//
// World: the ranks that run a program together, and their transport
//===----------------------------------------------------------------------===*/

typedef struct commuter_world_t commuter_world_t;

typedef struct commuter_world_options_t {
  /* Deadline of a collective in milliseconds; 0: COMMUTER_TIMEOUT_MS from the
     environment, else 60000. */
  int64_t timeout_ms;
} commuter_world_options_t;

/* Transport `threads`: `size` ranks that are threads of this process. `options`
   may be NULL. Errors: INVALID_ARGUMENT if size < 1. */
COMMUTER_API commuter_status_t commuter_threads_world_create(
    int32_t size, const commuter_world_options_t *options,
    commuter_world_t **out_world);

/* Transport `mpi`: the ranks are the processes of an MPI job, one each; this
   process's rank is its rank in MPI_COMM_WORLD.

   commuter_mpi_init loads the transport's module and starts MPI, unless the
   host has (with MPI_THREAD_SERIALIZED or more); at the first call all
   processes take part. Outputs may be NULL. Errors: UNSUPPORTED (no such module
   or thread level), INVALID_ARGUMENT (COMMUTER_MPI_MAX_BYTES, or MPI has been
   finalized), INTERNAL (MPI's own, where it returns them: until the transport
   has a communicator of its own, they are for the error handler of
   MPI_COMM_WORLD, which ends the process unless the host has set another).

   commuter_mpi_world_create is local, but every process creates its worlds in
   the same order. Errors: as commuter_mpi_init and
   commuter_threads_world_create, and INVALID_ARGUMENT if `size` is not the
   number of processes.

   commuter_mpi_finalize comes last: the process has then left all worlds, and
   collectives that wait for it there fail, on all ranks. It waits for the other
   processes to come there, too, and ends MPI, unless the host started it. If
   one of them does not come within `timeout_ms`, or MPI is in no state to be
   entered (see below), it fails, and the process should end by _exit:
   MPI_Finalize would hang. A later call returns the same. Errors:
   INVALID_ARGUMENT if `timeout_ms` is below 0, TIMEOUT, RANK_LEFT (a process is
   lost), INTERNAL. */
COMMUTER_API commuter_status_t commuter_mpi_init(int32_t *out_rank,
                                                 int32_t *out_size);
COMMUTER_API commuter_status_t
commuter_mpi_world_create(int32_t size, const commuter_world_options_t *options,
                          commuter_world_t **out_world);
COMMUTER_API commuter_status_t commuter_mpi_finalize(int64_t timeout_ms);

/* Transport `tcp`: the ranks are processes that any launcher has started, one
   each, and that reach each other over TCP. Rank, size and where they meet come
   from the environment: COMMUTER_RANK, COMMUTER_WORLD_SIZE and
   COMMUTER_RENDEZVOUS=host:port, where rank 0 listens, or what mpirun, torchrun
   or srun set (see runtime/README.md). Always there.

   commuter_tcp_init connects the processes, at the first call. It ends within
   COMMUTER_TIMEOUT_MS and half a second, but for what name servers take; where
   not all come, each that came is told of all that did not. Outputs may be
   NULL. Errors: INVALID_ARGUMENT (a variable, which the message names; the port
   is in use), MISMATCH (two processes of one rank, sizes that differ, another
   job's process), TIMEOUT, RANK_LEFT, INTERNAL.

   commuter_tcp_world_create and commuter_tcp_finalize are what those of `mpi`
   are. A process that ends before commuter_tcp_finalize is lost: that is a
   fault of all worlds that it has not left, at once. Where
   commuter_tcp_finalize fails, the process may end in any way. */
COMMUTER_API commuter_status_t commuter_tcp_init(int32_t *out_rank,
                                                 int32_t *out_size);
COMMUTER_API commuter_status_t
commuter_tcp_world_create(int32_t size, const commuter_world_options_t *options,
                          commuter_world_t **out_world);
COMMUTER_API commuter_status_t commuter_tcp_finalize(int64_t timeout_ms);

/* Transport `nccl`: the ranks are processes, each with a GPU of its own,
   between which NCCL moves the data; 2.14 or later, which is loaded when it is
   asked for (libnccl.so.2, or what COMMUTER_NCCL_LIBRARY names). Device "cuda"
   is then the GPU of the process's number on its host, as the launcher tells it
   (runtime/README.md); "cuda:N" is GPU N.

   The processes meet by the messages of another transport: mpi if the host has
   called commuter_mpi_init, else tcp. All that is said of that one holds, and
   worlds of both may be used beside each other: one for the host's memory, say.
   Worlds of both count in the order in which they are created.

   Errors: those of that transport, and UNSUPPORTED (no NCCL, or too old a one),
   INVALID_ARGUMENT (COMMUTER_NCCL_REDUCTIONS is neither `ordered` nor
   `library`). Two ranks that have the same GPU are an error of their first
   collective. commuter_nccl_finalize is that of the other transport. */
COMMUTER_API commuter_status_t commuter_nccl_init(int32_t *out_rank,
                                                  int32_t *out_size);
COMMUTER_API commuter_status_t commuter_nccl_world_create(
    int32_t size, const commuter_world_options_t *options,
    commuter_world_t **out_world);
COMMUTER_API commuter_status_t commuter_nccl_finalize(int64_t timeout_ms);

COMMUTER_API void commuter_world_retain(commuter_world_t *world);
COMMUTER_API void commuter_world_release(commuter_world_t *world);
COMMUTER_API int32_t commuter_world_size(const commuter_world_t *world);
/* The one rank that lives in this process; -1 if all do. */
COMMUTER_API int32_t commuter_world_rank(const commuter_world_t *world);
/* Writes what a rank of this process is waiting for, and what is known of every
   rank, as a fault's message would tell it: for a host that is being stopped.
   The text is cut to `size` and ends in 0; it is empty if none waits. */
COMMUTER_API void commuter_world_describe(commuter_world_t *world, char *buffer,
                                          size_t size);

/* Poisons the world: every rank's pending and later collective fails with
   RANK_LEFT and `reason`. For a host that gives up on a run. */
COMMUTER_API void commuter_world_abort(commuter_world_t *world,
                                       const char *reason);

/*===----------------------------------------------------------------------===//
// Context: one rank
//===----------------------------------------------------------------------===*/

typedef struct commuter_context_t commuter_context_t;
typedef struct commuter_group_t commuter_group_t;

/* `device` is "cpu", or, for GPU number N, "cuda:N" ("cuda": number 0, but see
   transport `nccl`), or "cuda-emulated", for tests: a GPU that the host's
   processor plays. Each rank of a world has at most one context. Errors:
   INVALID_ARGUMENT (rank out of range, taken or another process's; a variable
   of the environment, which the message names), UNSUPPORTED (no such device in
   this build or machine; one whose memory the transport does not carry; another
   one than ranks of this process have), OUT_OF_MEMORY, INTERNAL (the GPU's
   own). */
COMMUTER_API commuter_status_t
commuter_context_create(commuter_world_t *world, int32_t rank,
                        const char *device, commuter_context_t **out_context);
COMMUTER_API void commuter_context_retain(commuter_context_t *context);
COMMUTER_API void commuter_context_release(commuter_context_t *context);
COMMUTER_API int32_t commuter_context_rank(const commuter_context_t *context);
/* Waits for all that the context's calls have given its device to do. Errors:
   of that, what failed. */
COMMUTER_API commuter_status_t
commuter_context_synchronize(commuter_context_t *context);
COMMUTER_API const char *
commuter_context_error(const commuter_context_t *context);

/* Names the axes of a mesh; the product of the sizes must be the world's size.
   Rank r has the mixed-radix coordinates of r, the last axis fastest. Errors:
   INVALID_ARGUMENT (name taken, repeated axis, size < 1, wrong product). */
COMMUTER_API commuter_status_t commuter_context_add_mesh(
    commuter_context_t *context, const char *name, int32_t axis_count,
    const char *const *axis_names, const int64_t *axis_sizes);

/* The group of this rank over some axes of a mesh, for example
   "mesh[dp,attn_tp]": the ranks that differ from it in those axes only, ordered
   with the last *named* axis fastest. Cached: the second look-up is cheap.
   Errors: INVALID_ARGUMENT (syntax, unknown mesh or axis, repeated axis). */
COMMUTER_API commuter_status_t
commuter_context_group(commuter_context_t *context, const char *spec,
                       commuter_group_t **out_group);
COMMUTER_API int64_t commuter_group_size(const commuter_group_t *group);
COMMUTER_API int64_t commuter_group_index(const commuter_group_t *group);

/*===----------------------------------------------------------------------===//
// Collectives
//
// Blocking; every member of the group calls with the same operation. An input
// may be any strided view. An output must not overlap an input, except where
// said. Sums of f16 and bf16 accumulate in f32 and round once; integers wrap.
// All reductions add in group order, starting from index 0's value, so that
// they are deterministic and equal for all_reduce and reduce_scatter; but for
// transport `nccl` where COMMUTER_NCCL_REDUCTIONS is `library`: then the order,
// and what becomes of NaN, is NCCL's.
//
// Errors of this rank's call, which meets nobody and leaves the world as it is:
// INVALID_ARGUMENT (NULL, another context's group, memory that is not the
// device's, types or ranks that differ, shapes, dims, extents, kind),
// UNSUPPORTED (reductions of 8-bit floating-point types), OUT_OF_MEMORY. Faults
// of the world (see above): MISMATCH, TIMEOUT, RANK_LEFT, OUT_OF_MEMORY (once
// they have met), UNSUPPORTED (`nccl`: two ranks on one GPU), INTERNAL (the
// transport's or a device's own).
//===----------------------------------------------------------------------===*/

typedef enum commuter_reduction_t {
  COMMUTER_SUM = 0,
  COMMUTER_MAX = 1, /* NaN if any input is NaN */
  COMMUTER_MIN = 2
} commuter_reduction_t;

/* output = concatenation of the members' inputs along `dim` in group order.
   `extents` (i64, rank 1, one entry per member; NULL: all equal) gives each
   member's size of `dim`; a size may be 0. The input may be this rank's own
   slot of the output: then nothing is copied for it. */
COMMUTER_API commuter_status_t
commuter_all_gather(commuter_context_t *context, commuter_group_t *group,
                    const commuter_view_t *input, const commuter_view_t *output,
                    int64_t dim, const commuter_view_t *extents);

/* The arguments of an all_gather. */
typedef struct commuter_gather_t {
  const commuter_view_t *input;
  const commuter_view_t *output;
  const commuter_view_t *extents; /* NULL: all equal */
  int64_t dim;
} commuter_gather_t;

/* `count` all_gathers of any types and shapes in one meeting of the members:
   for what is short, such as quantised rows and their scales, it takes the time
   of one. Counts as one collective, of all their bytes. `count` is at least 1,
   and the same on all members. No output may overlap another, or an input but
   its own. */
COMMUTER_API commuter_status_t commuter_all_gather_coalesced(
    commuter_context_t *context, commuter_group_t *group,
    const commuter_gather_t *gathers, int64_t count);

/* output = reduction over the members' inputs; same shape; may be the input. */
COMMUTER_API commuter_status_t
commuter_all_reduce(commuter_context_t *context, commuter_group_t *group,
                    commuter_reduction_t kind, const commuter_view_t *input,
                    const commuter_view_t *output);

/* output = this member's slice along `dim` of the all_reduce. The input's size
   of `dim` must be divisible by the group's size. */
COMMUTER_API commuter_status_t
commuter_reduce_scatter(commuter_context_t *context, commuter_group_t *group,
                        commuter_reduction_t kind, const commuter_view_t *input,
                        const commuter_view_t *output, int64_t dim);

/* Splits the input along `split_dim`, sends the i-th part to member i, and
   concatenates what arrives along `concat_dim` in group order. The input's size
   of `split_dim` must be divisible by the group's size. */
COMMUTER_API commuter_status_t
commuter_all_to_all(commuter_context_t *context, commuter_group_t *group,
                    const commuter_view_t *input, const commuter_view_t *output,
                    int64_t split_dim, int64_t concat_dim);

/* extents[i] = member i's `extent` (i64, rank 1, one entry per member). */
COMMUTER_API commuter_status_t
commuter_exchange_extents(commuter_context_t *context, commuter_group_t *group,
                          int64_t extent, const commuter_view_t *extents);

/* Returns when every member has arrived. */
COMMUTER_API commuter_status_t commuter_barrier(commuter_context_t *context,
                                                commuter_group_t *group);

/* Local: member 0 keeps the input; the others hold the identity of the sum
   (-0.0 for floating point, so that x + identity is x for x = -0.0 too). The
   output may be the input. */
COMMUTER_API commuter_status_t commuter_to_partial(
    commuter_context_t *context, commuter_group_t *group,
    const commuter_view_t *input, const commuter_view_t *output);

/* Local: where this member's slice of a dimension of `extent` elements starts,
   and its size. Without `extents` the dimension splits evenly. Errors:
   INVALID_ARGUMENT if `extent` is not divisible by the group's size, or the
   extents do not add up to it. */
COMMUTER_API commuter_status_t commuter_shard_bounds(
    commuter_context_t *context, const commuter_group_t *group, int64_t extent,
    const commuter_view_t *extents, int64_t *out_offset, int64_t *out_size);

/*===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===*/

typedef enum commuter_norm_kind_t {
  COMMUTER_LAYER_NORM = 0, /* y = (x - mean) / sqrt(var + eps) * scale + bias */
  COMMUTER_RMS_NORM = 1 /* y = x / sqrt(mean(x^2) + eps) * (offset + scale) */
} commuter_norm_kind_t;

/* Normalises dimensions axis .. rank-1 of `x`; the others count rows.
   - x, output, residual, sum: same shape and type (f32, f64, f16 or bf16).
   - residual and sum are both given or both NULL: sum = x + residual, rounded
     to x's type, and the norm is taken of the rounded sum.
   - scale, bias: NULL, or the shape of the normalised dimensions; x's type or a
     wider one. `offset` is added to scale (0 unless Gemma's 1 + w).
   - Statistics: f32 (f64 for f64), two passes over the row; the result is
     rounded once. A row's result depends on that row and the parameters alone,
     bit for bit, whatever the number of rows, strides or alignment.
   `output` may be `x`; `sum` may be `x` or `residual`. Errors: INVALID_ARGUMENT
   (kind, axis, shapes, a parameter's or the output's type, residual without sum
   or sum without residual, memory that is not the device's), UNSUPPORTED (x's
   type), OUT_OF_MEMORY (scratch). */
COMMUTER_API commuter_status_t
commuter_norm(commuter_context_t *context, commuter_norm_kind_t kind,
              const commuter_view_t *x, const commuter_view_t *residual,
              const commuter_view_t *sum, const commuter_view_t *scale,
              const commuter_view_t *bias, const commuter_view_t *output,
              int64_t axis, double eps, double offset);

/*===----------------------------------------------------------------------===//
// Quantisation
//
// To f8E4M3FN, f8E5M2 or i8, whose largest number M is 448, 57344 or 127; from
// and to f32, f16 or bf16. All arithmetic is that of f32, each step rounded to
// nearest, ties to even, so that the bits are the same on every processor:
//
//   scale = max(max|x| / M, 2^-126)      over the elements that share a scale
//   q     = saturate(x * (1 / scale))    1 / scale is rounded, too
//   x'    = q * scale                    then rounded to x's type
//
// saturate rounds to the type and takes what lies beyond for the nearest number
// (i8: [-128, 127]). A NaN is 0x7f, and 0 for i8. A NaN or an infinity in x
// makes the computed scale NaN (0x7fc00000) or infinite, and what shares it
// dequantises to NaN: it is never hidden. A NaN that dequantising gives is the
// positive quiet one without payload.
//
// Scales are f32. A view of rank 0: one for all elements. Else it has x's
// shape, with K / G instead of K as the last size: one for every G elements of
// a row. K / G = 1 makes one a row.
//===----------------------------------------------------------------------===*/

typedef enum commuter_scales_t {
  COMMUTER_SCALES_GIVEN = 0,   /* the scales are an input */
  COMMUTER_SCALES_COMPUTED = 1 /* the scales are an output */
} commuter_scales_t;

/* output = quantised x; same shape, rank 1 or more, any strides, no overlap.
   `group` is G above; 0: what the shape of scales says. Where scales are
   computed for rows or parts of them, a row's result depends on that row alone,
   bit for bit. Errors: INVALID_ARGUMENT (shapes, group, the scales' type,
   memory that is not the device's), UNSUPPORTED (types), OUT_OF_MEMORY
   (scratch). */
COMMUTER_API commuter_status_t commuter_quantize(commuter_context_t *context,
                                                 const commuter_view_t *x,
                                                 const commuter_view_t *output,
                                                 commuter_scales_t scales_kind,
                                                 const commuter_view_t *scales,
                                                 int64_t group);

/* output = x' above; same shape, rank 1 or more, any strides, no overlap. G is
   what the shape of scales says. Errors: as commuter_quantize. */
COMMUTER_API commuter_status_t commuter_dequantize(
    commuter_context_t *context, const commuter_view_t *quantized,
    const commuter_view_t *scales, const commuter_view_t *output);

/* commuter_norm and commuter_quantize in one: the norm's result is rounded to
   x's type and quantised while it is in the cache. The bits are those of the
   two calls. `output` is of a quantised type; x is not f64. Computed scales are
   of rows or parts of them: one for all elements is INVALID_ARGUMENT. Other
   errors: those of the two. */
COMMUTER_API commuter_status_t commuter_norm_quantize(
    commuter_context_t *context, commuter_norm_kind_t kind,
    const commuter_view_t *x, const commuter_view_t *residual,
    const commuter_view_t *sum, const commuter_view_t *scale,
    const commuter_view_t *bias, const commuter_view_t *output,
    commuter_scales_t scales_kind, const commuter_view_t *scales, int64_t group,
    int64_t axis, double eps, double offset);

/*===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===*/

/* c[i] = c[i] + a[i] * b[i] for every index i of the views, which have one
   shape, in row-major order. A matrix product of M x K and K x N is a
   contraction of M x N x K: a has stride 0 in the second dimension, b in the
   first, c in the third, which is summed. Batches and transposed forms are
   other strides; several summed dimensions are summed in row-major order.
   - a and b are f32, f16 or bf16, c is f32; or all are f16, or all bf16.
   - a and b are converted to c's type; products and sums are rounded to it one
     by one, so that the bits are those of the loops (a NaN is a NaN). An
     element's bits depend on its own row and column alone, whatever the number
     of rows and columns, strides or alignment.
   - c must not overlap a or b, and its elements not each other, but for the
     dimensions of stride 0.
   Runs on the calling thread. Errors: INVALID_ARGUMENT (shapes), UNSUPPORTED
   (types), OUT_OF_MEMORY (scratch). */
COMMUTER_API commuter_status_t commuter_contract(commuter_context_t *context,
                                                 const commuter_view_t *a,
                                                 const commuter_view_t *b,
                                                 const commuter_view_t *c);

/*===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===*/

/* 64-byte aligned memory of the context's device, counted in its stats. A size
   of 0 gives a valid pointer. Free with commuter_buffer_free, on any thread. */
COMMUTER_API commuter_status_t commuter_buffer_alloc(
    commuter_context_t *context, size_t size, void **out_data);
COMMUTER_API void commuter_buffer_free(void *data);

/* Between the host's memory and the device's, at any place in a buffer: after
   the calls before it, and done when it returns. Errors: INVALID_ARGUMENT
   (`data` is not the device's), and what the device's earlier work failed of.
 */
COMMUTER_API commuter_status_t commuter_buffer_write(
    commuter_context_t *context, void *data, const void *source, size_t size);
COMMUTER_API commuter_status_t commuter_buffer_read(commuter_context_t *context,
                                                    const void *data,
                                                    void *target, size_t size);

/*===----------------------------------------------------------------------===//
// Running a compiled program
//===----------------------------------------------------------------------===*/

/* Makes `context` the calling thread's current one, calls entry(argument), and
   restores the previous one. When a runtime call inside fails, control returns
   here at once (nothing after the failure executes), every buffer that the
   program allocated in this run is freed, and the failing status is returned.
 */
COMMUTER_API commuter_status_t commuter_context_run(commuter_context_t *context,
                                                    void (*entry)(void *),
                                                    void *argument);

/*===----------------------------------------------------------------------===//
// Counters and trace
//===----------------------------------------------------------------------===*/

typedef struct commuter_stats_t {
  /* Elapsed times, and of these the processor time of the rank's threads: what
     counts where ranks share cores. Nanoseconds. Those of norms contain those
     of quantisations: where one call does both, they cannot be told apart. The
     processor time of a norm of less than 1 MiB is taken to be the elapsed one,
     up to 1 ms: to ask for it would take longer than many of them. */
  int64_t norm_ns;
  int64_t norm_cpu_ns;
  int64_t collective_ns; /* waiting included */
  int64_t collective_cpu_ns;
  int64_t wait_ns;          /* of collective_ns: waiting for the other ranks */
  int64_t norm_rows;        /* rows normalised */
  int64_t collective_count; /* collectives over groups of more than one */
  int64_t bytes_received;   /* payload received from other ranks */
  int64_t bytes_copied;     /* bytes this rank's collectives wrote */
  int64_t live_buffers;     /* allocated and not freed */
  int64_t live_bytes;
  int64_t peak_bytes;
  int64_t quantize_rows; /* rows quantised */
  /* Of norm_cpu_ns: that of the rank's other threads. */
  int64_t worker_cpu_ns;
} commuter_stats_t;

COMMUTER_API void commuter_context_stats(const commuter_context_t *context,
                                         commuter_stats_t *out_stats);
/* Sets all but the live counts to zero; peak_bytes starts from live_bytes. */
COMMUTER_API void commuter_context_reset_stats(commuter_context_t *context);

/* One finished runtime call. The strings are static or live as long as the
   context. Times are of a monotonic clock, in nanoseconds. */
typedef struct commuter_event_t {
  const char *name; /* "all_gather", "rms_norm", "quantize", … */
  const char
      *category;     /* "collective", or "norm" for norms and quantisations */
  const char *group; /* the group's spec, or "" */
  int64_t start_ns;
  int64_t end_ns;
  int64_t bytes; /* received (collective) or read and written (norm) */
  int64_t rows;  /* norm: rows; else 0 */
  /* Of a compiled program: where the op is in its source, "file:line:column",
     or several of these, if it was made of several; the text lives as long as
     the program. Else NULL. */
  const char *location;
} commuter_event_t;

typedef void (*commuter_trace_fn)(void *user, const commuter_event_t *event);

/* Calls `fn` on the context's thread after each runtime call; NULL: stop. */
COMMUTER_API void commuter_context_set_trace(commuter_context_t *context,
                                             commuter_trace_fn fn, void *user);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COMMUTER_RT_H */
