//===- CudaDevice.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The CUDA device: a stream of a GPU, on which everything that a rank does has
// its place. It is a module of its own, which the library loads when a context
// asks for it; over the emulation it is another one, for tests.
//
//===----------------------------------------------------------------------===//

#include "../src/Device.h"
#include "../src/GpuStream.h"
#include "Contractions.h"
#include "Family.h"
#include "Runtime.h"
#include "Views.h"

#include <algorithm>
#include <new>
#include <string>
#include <thread>
#include <vector>

using namespace commuter::rt;
using namespace commuter::rt::cuda;

// One stream is enough: a collective's result is what the next call reads, so
// that work of a second stream would be waited for at once.

namespace {

/// Makes a GPU the calling thread's, and the one it had before afterwards.
class UseDevice {
public:
  explicit UseDevice(int number) { status = useDevice(number, previous); }
  ~UseDevice() {
    int used;
    (void)useDevice(previous, used);
  }
  UseDevice(const UseDevice &) = delete;

  LaunchStatus status;

private:
  int previous = 0;
};

/// Memory for the duration of a call's work: freeing it takes its turn, too.
class Scratch {
public:
  Scratch(void *pool, void *stream) : pool(pool), stream(stream) {}
  ~Scratch() {
    for (void *block : blocks)
      (void)freeMemory(block, stream);
  }
  Scratch(const Scratch &) = delete;

  LaunchStatus take(int64_t bytes, void *&data) {
    LaunchStatus status = allocateMemory(
        pool, static_cast<size_t>(std::max<int64_t>(bytes, 1)), stream, data);
    if (status.ok())
      blocks.push_back(data);
    return status;
  }

private:
  void *const pool, *const stream;
  std::vector<void *> blocks;
};

class RowOperands;

std::string nameOf(int number) {
  std::string name = COMMUTER_CUDA_NAME;
  if (number)
    name.append(":").append(std::to_string(number));
  return name;
}

class CudaDevice final : public Device, GpuStream {
public:
  explicit CudaDevice(int number) : number(number), label(nameOf(number)) {}
  ~CudaDevice() override;

  Status open();

  const char *name() const override { return label.c_str(); }
  bool isHost() const override { return false; }
  Status checkMemory(const View &view, const char *what) override;
  bool isHidden(const void *address) override {
    return ownerOf(address, number) != Owner::Host;
  }
  Status write(void *target, const void *source, size_t size) override {
    return transfer("write", target, source, size);
  }
  Status read(void *target, const void *source, size_t size) override {
    return transfer("read", target, source, size);
  }
  Status synchronize() override;
  Status failure() override { return fault; }
  const void *mark() noexcept override;
  void await(const void *mark) noexcept override;
  GpuStream *gpuStream() override { return this; }
  void *allocate(size_t alignment, size_t size) override;
  void deallocate(void *data) override;
  void copy(const View &source, const View &target) noexcept override {
    copyRange(source, target, 0, source.elements());
  }
  void copyRange(const View &source, const View &target, int64_t begin,
                 int64_t end) noexcept override;
  void fillIdentity(const View &target) noexcept override;
  void reduce(commuter_reduction_t kind, const View *const *inputs,
              int64_t count, int64_t begin, int64_t end,
              const View &output) noexcept override;
  int64_t firstDifference(const View &a, const View &b) noexcept override;
  Status norm(const NormCall &call) override;
  Status quantize(const QuantizeCall &call) override;
  Status dequantize(const QuantizeCall &call) override;
  Status contract(const ContractCall &call) override;
  Status launch(commuter_kernel_t &kernel, int64_t blocks, int64_t threads,
                const void *arguments) override {
    const std::string what = std::string("kernel ") + kernel.name;
    return perform(what.c_str(), [&] {
      return launchKernel(kernel, blocks, threads, arguments, stream);
    });
  }

private:
  void *handle() const override { return stream; }
  bool isEmulated() const override;
  std::string gpu() const override { return busId; }
  Status use(const std::function<Status()> &body) override;
  Status setPoint(Point point) override;
  Status hasPassed(Point point, bool &hasPassed) override;
  void setWatch(StreamWatch *theWatch) override { watch = theWatch; }
  void leaveBehind() override { isLeftBehind = true; }
  void *&eventOf(Point point) {
    return point == Point::Oldest ? oldest : latest;
  }

  Status awaitWatched();
  template <typename Body>
  Status perform(const char *what, Body body);
  template <typename Body>
  void submit(const char *what, Body body) noexcept;
  Status transfer(const char *what, void *target, const void *source,
                  size_t size);
  LaunchStatus copyElements(const View &source, const View &target,
                            int64_t begin, int64_t end);
  LaunchStatus reduceInParts(commuter_reduction_t kind,
                             const View *const *inputs, int64_t count,
                             int64_t begin, int64_t end, const View &output,
                             void *partial);
  template <typename Body>
  LaunchStatus withRows(const QuantizeCall &call, Body body);

  friend class RowOperands;

  const int number;
  const std::string label;
  std::string busId;
  void *stream = nullptr, *event = nullptr, *pool = nullptr;
  void *oldest = nullptr, *latest = nullptr; // points of the stream
  void *watched = nullptr;                   // where a watched wait ends
  StreamWatch *watch = nullptr;
  bool isLeftBehind = false;
  /// The first one. A failing GPU has no later work that could be trusted.
  Status fault;
};

} // namespace

//===----------------------------------------------------------------------===//
// Work and its failure
//===----------------------------------------------------------------------===//

/// Runs `body` on this GPU, unless it has failed. What the caller did wrong,
/// and what there is no kernel or memory for, leaves the device as it was.
template <typename Body>
Status CudaDevice::perform(const char *what, Body body) {
  if (!fault.ok())
    return fault;
  UseDevice use(number);
  LaunchStatus status = use.status.ok() ? body() : use.status;
  if (status.ok())
    return {};
  Status failed = fail(status.code, "device %s: %s: %s", label.c_str(), what,
                       status.message);
  if (status.code == COMMUTER_INTERNAL)
    fault = failed;
  return failed;
}

/// For work whose caller goes on in any case: each failure is the device's.
template <typename Body>
void CudaDevice::submit(const char *what, Body body) noexcept {
  Status status;
  try {
    status = perform(what, body);
  } catch (const std::bad_alloc &) {
    status = {COMMUTER_OUT_OF_MEMORY, "out of memory"};
  }
  if (!status.ok() && fault.ok())
    fault = std::move(status);
}

Status CudaDevice::open() {
  return perform("it cannot be used", [&]() -> LaunchStatus {
    DeviceLimits limits;
    char text[kBusIdBytes] = "";
    TRY_LAUNCH(readLimits(limits));
    TRY_LAUNCH(readBusId(number, text));
    busId = text;
    TRY_LAUNCH(createStream(stream));
    for (void **created : {&event, &oldest, &latest, &watched})
      TRY_LAUNCH(createEvent(*created));
    return createPool(number, pool);
  });
}

CudaDevice::~CudaDevice() {
  // Each of these would wait for the stream.
  if (isLeftBehind)
    return;
  UseDevice use(number);
  if (stream)
    (void)cuda::synchronize(stream);
  destroyPool(pool);
  for (void *created : {event, oldest, latest, watched})
    destroyEvent(created);
  destroyStream(stream);
}

Status CudaDevice::synchronize() {
  COMMUTER_TRY(awaitWatched());
  return perform("synchronize", [&] { return cuda::synchronize(stream); });
}

//===----------------------------------------------------------------------===//
// For a transport with work of its own on the stream
//===----------------------------------------------------------------------===//

bool CudaDevice::isEmulated() const {
#ifdef COMMUTER_CUDA_EMULATION
  return true;
#else
  return false;
#endif
}

Status CudaDevice::use(const std::function<Status()> &body) {
  if (!fault.ok())
    return fault;
  UseDevice use(number);
  return use.status.ok() ? body()
                         : fail(use.status.code, "device %s: %s", label.c_str(),
                                use.status.message);
}

// These are called on other threads, too, and leave the failure alone.

Status CudaDevice::setPoint(Point point) {
  UseDevice use(number);
  LaunchStatus status = recordEvent(eventOf(point), stream);
  return {status.code, status.message};
}

Status CudaDevice::hasPassed(Point point, bool &hasPassed) {
  UseDevice use(number);
  LaunchStatus status = queryEvent(eventOf(point), hasPassed);
  return {status.code, status.message};
}

/// What the host waits for may be held up by other ranks: unless nobody has a
/// watch on it, waits here until it is done, so that no call of CUDA has to
/// wait for more than this GPU.
Status CudaDevice::awaitWatched() {
  typedef std::chrono::steady_clock Clock;
  constexpr std::chrono::microseconds kAwake(500), kPause(50);
  if (!watch)
    return {};
  COMMUTER_TRY(perform("await", [&] { return recordEvent(watched, stream); }));
  const Clock::time_point start = Clock::now();
  bool isDone = false;
  while (!isDone) {
    Status failed =
        perform("synchronize", [&] { return queryEvent(watched, isDone); });
    // What the watch knows is the reason.
    Status status = isDone || Clock::now() - start > kAwake || !failed.ok()
                        ? watch->check(start, isDone)
                        : Status();
    if (status.ok())
      status = failed;
    if (!status.ok()) {
      fault = status;
      return status;
    }
    if (!isDone && Clock::now() - start > kAwake)
      std::this_thread::sleep_for(kPause);
    else
      std::this_thread::yield();
  }
  return {};
}

const void *CudaDevice::mark() noexcept {
  submit("mark", [&] { return recordEvent(event, stream); });
  return event;
}

void CudaDevice::await(const void *mark) noexcept {
  submit("await", [&] { return awaitEvent(const_cast<void *>(mark), stream); });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Status CudaDevice::checkMemory(const View &view, const char *what) {
  if (view.elements() == 0)
    return {};
  switch (ownerOf(view.data, number)) {
  case Owner::Device:
    return {};
  case Owner::OtherDevice:
    return fail(COMMUTER_INVALID_ARGUMENT,
                "%s is memory of another GPU than the context's, %s", what,
                label.c_str());
  case Owner::Host:
    break;
  }
  return fail(COMMUTER_INVALID_ARGUMENT,
              "%s is the host's memory, which device %s does not access: use "
              "commuter_buffer_alloc and commuter_buffer_write",
              what, label.c_str());
}

/// CUDA stages what is not pinned itself.
Status CudaDevice::transfer(const char *what, void *target, const void *source,
                            size_t size) {
  COMMUTER_TRY(awaitWatched());
  return perform(what, [&]() -> LaunchStatus {
    if (size)
      TRY_LAUNCH(copyMemory(target, source, size, stream));
    return cuda::synchronize(stream);
  });
}

// CUDA aligns to 256 bytes. More would need a place for the block's start.
static constexpr size_t kAlignment = 256;

void *CudaDevice::allocate(size_t alignment, size_t size) {
  void *data = nullptr;
  if (alignment > kAlignment)
    return nullptr;
  Status status = perform(
      "allocate", [&] { return allocateMemory(pool, size, stream, data); });
  return status.ok() ? data : nullptr;
}

void CudaDevice::deallocate(void *data) {
  // Even of a device that has failed. On any thread: not through `perform`.
  UseDevice use(number);
  (void)freeMemory(data, stream);
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

namespace {

/// One shape for several views, outermost dimension first, without dimensions
/// of size 1 and with those merged that all views walk evenly. Allocates
/// nothing: members of a collective that have met must not throw.
struct Merged {
  Shape shape = {};
  Operand operands[kMaxReduced + 1];

  explicit Merged(std::initializer_list<const View *> views)
      : Merged(views.begin(), static_cast<int64_t>(views.size())) {}

  Merged(const View *const *views, int64_t count) {
    for (int64_t k = 0; k < count; ++k)
      operands[k].data = views[k]->data;
    for (int32_t d = 0; d < views[0]->rank; ++d) {
      const int64_t size = views[0]->sizes[d];
      if (size == 1)
        continue;
      bool isEven = shape.rank > 0;
      for (int64_t k = 0; isEven && k < count; ++k)
        isEven =
            operands[k].strides[shape.rank - 1] == size * views[k]->strides[d];
      if (isEven) {
        shape.sizes[shape.rank - 1] *= size;
      } else {
        shape.sizes[shape.rank++] = size;
      }
      for (int64_t k = 0; k < count; ++k)
        operands[k].strides[shape.rank - 1] = views[k]->strides[d];
    }
  }
};

} // namespace

/// CUDA's own copies where the elements lie in lines of one length, which those
/// of gathers do.
LaunchStatus CudaDevice::copyElements(const View &source, const View &target,
                                      int64_t begin, int64_t end) {
  if (begin >= end)
    return {};
  const Merged both({&source, &target});
  const Shape &shape = both.shape;
  const Operand &from = both.operands[0], &to = both.operands[1];
  const int64_t size = source.elementSize;
  const int inner = shape.rank - 1;
  const bool isLine =
      shape.rank > 0 && from.strides[inner] == 1 && to.strides[inner] == 1;
  if (shape.rank == 0 || (shape.rank == 1 && isLine))
    return copyMemory(to.data + begin * size, from.data + begin * size,
                      static_cast<size_t>((end - begin) * size), stream);
  if (shape.rank == 2 && isLine && begin == 0 && end == source.elements()) {
    const int64_t width = shape.sizes[1] * size,
                  fromPitch = from.strides[0] * size,
                  toPitch = to.strides[0] * size;
    if (fromPitch >= width && toPitch >= width && fromPitch <= kMaxPitch &&
        toPitch <= kMaxPitch)
      return copyLines(to.data, toPitch, from.data, fromPitch, width,
                       shape.sizes[0], stream);
  }
  return launchCopy(static_cast<int>(size), {shape, from, to, begin, end},
                    stream);
}

void CudaDevice::copyRange(const View &source, const View &target,
                           int64_t begin, int64_t end) noexcept {
  submit("copy", [&] { return copyElements(source, target, begin, end); });
}

void CudaDevice::fillIdentity(const View &target) noexcept {
  const Merged one({&target});
  FillParameters p = {one.shape, one.operands[0], 0, 0, target.elements()};
  // Of floating-point types -0.0, whose only set bit is the sign.
  if (isFloat(target.dtype))
    p.bits = uint64_t(1) << (8 * target.elementSize - 1);
  submit("fill", [&] {
    return launchFill(static_cast<int>(target.elementSize), p, stream);
  });
}

void CudaDevice::reduce(commuter_reduction_t kind, const View *const *inputs,
                        int64_t count, int64_t begin, int64_t end,
                        const View &output) noexcept {
  submit("reduce", [&]() -> LaunchStatus {
    if (begin >= end)
      return {};
    void *partial = nullptr;
    if (count > kMaxReduced)
      TRY_LAUNCH(allocateMemory(
          pool,
          static_cast<size_t>(
              (end - begin) *
              partialSize(output.elementSize, isFloat(output.dtype))),
          stream, partial));
    LaunchStatus status =
        reduceInParts(kind, inputs, count, begin, end, output, partial);
    if (partial) {
      LaunchStatus freed = freeMemory(partial, stream);
      if (status.ok())
        status = freed;
    }
    return status;
  });
}

/// The output is written by the last launch: it may be an input of any.
LaunchStatus CudaDevice::reduceInParts(commuter_reduction_t kind,
                                       const View *const *inputs, int64_t count,
                                       int64_t begin, int64_t end,
                                       const View &output, void *partial) {
  for (int64_t first = 0; first < count; first += kMaxReduced) {
    const int64_t part = std::min<int64_t>(count - first, kMaxReduced);
    const View *views[kMaxReduced + 1];
    *std::copy_n(inputs + first, part, views) = &output;
    const Merged all(views, part + 1);
    ReduceParameters p = {};
    p.shape = all.shape;
    std::copy_n(all.operands, part, p.inputs);
    p.output = all.operands[part];
    p.partial = static_cast<char *>(partial);
    p.isFirst = first == 0;
    p.isLast = first + part == count;
    p.count = static_cast<int>(part);
    p.kind = kind;
    p.begin = begin;
    p.end = end;
    TRY_LAUNCH(
        launchReduce(static_cast<commuter_dtype_t>(output.dtype), p, stream));
  }
  return {};
}

int64_t CudaDevice::firstDifference(const View &a, const View &b) noexcept {
  constexpr uint64_t kNone = UINT64_MAX;
  uint64_t first = kNone;
  if (!awaitWatched().ok())
    return -1;
  submit("compare", [&]() -> LaunchStatus {
    const Merged both({&a, &b});
    Scratch scratch(pool, stream);
    void *found = nullptr;
    TRY_LAUNCH(scratch.take(sizeof(first), found));
    TRY_LAUNCH(copyMemory(found, &first, sizeof(first), stream));
    TRY_LAUNCH(launchCompare(static_cast<int>(a.elementSize),
                             {both.shape, both.operands[0], both.operands[1],
                              static_cast<uint64_t *>(found), 0, a.elements()},
                             stream));
    TRY_LAUNCH(copyMemory(&first, found, sizeof(first), stream));
    return cuda::synchronize(stream);
  });
  return first == kNone ? -1 : static_cast<int64_t>(first);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

namespace {

/// The operands of one call as the kernels take them: elements of a row lie one
/// after the other, and rows at even distances. A view that is otherwise goes
/// through a dense copy of it.
class RowOperands {
public:
  explicit RowOperands(CudaDevice &device)
      : device(device), scratch(device.pool, device.stream) {}

  enum class Access { Reads, Writes };

  /// `view`, whose dimensions from `axis` on are a row. Of a view without data
  /// the result has none.
  LaunchStatus add(const View &view, int64_t axis, Access access, Rows &rows) {
    rows = {};
    if (!view.data || view.elements() == 0)
      return {};
    if (findRows(view, axis, rows))
      return {};
    void *data = nullptr;
    TRY_LAUNCH(scratch.take(view.bytes(), data));
    const View dense = view.denseAt(static_cast<char *>(data));
    if (access == Access::Reads)
      TRY_LAUNCH(device.copyElements(view, dense, 0, view.elements()));
    else
      written.push_back({dense, view});
    findRows(dense, axis, rows);
    return {};
  }

  /// A vector that all rows have in common.
  LaunchStatus add(const View &view, Columns &columns) {
    Rows row;
    TRY_LAUNCH(add(view, 0, Access::Reads, row));
    columns = {row.data, static_cast<commuter_dtype_t>(view.dtype)};
    return {};
  }

  /// `rows` rows of `length` elements have these scales; of rows without
  /// elements each scale becomes that of a row.
  LaunchStatus add(const Quantization &quantization, int64_t &rows,
                   int64_t length, Scales &scales) {
    const View &view = quantization.scales;
    scales = {};
    if (!view.data)
      return {};
    Rows each;
    TRY_LAUNCH(add(
        view, 0, quantization.computes ? Access::Writes : Access::Reads, each));
    scales.data = static_cast<float *>(each.data);
    scales.computes = quantization.computes;
    if (view.rank == 0)
      return {};
    if (length == 0)
      rows = view.elements();
    scales.group = length ? quantization.group : 0;
    scales.stride = length ? length / quantization.group : 1;
    return {};
  }

  /// Copies back what went through a dense copy.
  LaunchStatus finish() {
    for (const auto &[dense, view] : written)
      TRY_LAUNCH(device.copyElements(dense, view, 0, view.elements()));
    return {};
  }

private:
  static bool findRows(const View &view, int64_t axis, Rows &rows) {
    int64_t length = 1;
    for (int32_t d = view.rank - 1; d >= axis; --d) {
      if (view.sizes[d] != 1 && view.strides[d] != length)
        return false;
      length *= view.sizes[d];
    }
    int64_t count = 1, stride = length;
    for (int32_t d = static_cast<int32_t>(axis) - 1; d >= 0; --d) {
      if (view.sizes[d] == 1)
        continue;
      if (count == 1)
        stride = view.strides[d];
      else if (view.strides[d] != stride * count)
        return false;
      count *= view.sizes[d];
    }
    if (count > 1 && stride < length)
      return false;
    rows = {view.data, stride};
    return true;
  }

  CudaDevice &device;
  Scratch scratch;
  std::vector<std::pair<View, View>> written;
};

} // namespace

Status CudaDevice::norm(const NormCall &call) {
  return perform("norm", [&]() -> LaunchStatus {
    typedef RowOperands::Access Access;
    RowOperands operands(*this);
    NormArguments a;
    a.kind = call.kind;
    a.type = static_cast<commuter_dtype_t>(call.x.dtype);
    a.outputType = static_cast<commuter_dtype_t>(call.output.dtype);
    a.rows = call.rows;
    a.length = call.length;
    a.eps = call.eps;
    a.offset = call.offset;
    TRY_LAUNCH(operands.add(call.x, call.axis, Access::Reads, a.x));
    TRY_LAUNCH(
        operands.add(call.residual, call.axis, Access::Reads, a.residual));
    TRY_LAUNCH(operands.add(call.sum, call.axis, Access::Writes, a.sum));
    TRY_LAUNCH(operands.add(call.scale, a.scale));
    TRY_LAUNCH(operands.add(call.bias, a.bias));
    TRY_LAUNCH(operands.add(call.output, call.axis, Access::Writes, a.output));
    TRY_LAUNCH(operands.add(call.quantization, a.rows, a.length, a.scales));
    TRY_LAUNCH(launchNorm(a, stream));
    return operands.finish();
  });
}

/// Calls body(arguments), which settles the types.
template <typename Body>
LaunchStatus CudaDevice::withRows(const QuantizeCall &call, Body body) {
  typedef RowOperands::Access Access;
  const int64_t axis = call.x.rank - 1;
  if (call.x.elements() == 0 && call.quantization.scales.elements() == 0)
    return {};
  RowOperands operands(*this);
  QuantizeArguments a;
  a.rows = call.rows;
  a.length = call.length;
  TRY_LAUNCH(operands.add(call.x, axis, Access::Reads, a.input));
  TRY_LAUNCH(operands.add(call.output, axis, Access::Writes, a.output));
  TRY_LAUNCH(operands.add(call.quantization, a.rows, a.length, a.scales));
  TRY_LAUNCH(body(a));
  return operands.finish();
}

Status CudaDevice::quantize(const QuantizeCall &call) {
  return perform("quantize", [&] {
    return withRows(call, [&](QuantizeArguments &a) {
      a.type = static_cast<commuter_dtype_t>(call.x.dtype);
      a.format = static_cast<commuter_dtype_t>(call.output.dtype);
      return launchQuantize(a, stream);
    });
  });
}

Status CudaDevice::dequantize(const QuantizeCall &call) {
  return perform("dequantize", [&] {
    return withRows(call, [&](QuantizeArguments &a) {
      a.type = static_cast<commuter_dtype_t>(call.output.dtype);
      a.format = static_cast<commuter_dtype_t>(call.x.dtype);
      return launchDequantize(a, stream);
    });
  });
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

static Loops toLoops(const std::vector<Loop> &loops) {
  Loops result = {};
  for (const Loop &loop : loops)
    result.loops[result.rank++] = loop;
  return result;
}

static int64_t stepsOf(const std::vector<Loop> &loops) {
  int64_t steps = 1;
  for (const Loop &loop : loops)
    steps *= loop.size;
  return steps;
}

static LaunchStatus launchNest(const ContractCall &call, const LoopNest &nest,
                               void *stream) {
  ContractParameters p = {};
  p.a = call.a.data;
  p.b = call.b.data;
  p.c = call.c.data;
  p.typeA = call.a.dtype;
  p.typeB = call.b.dtype;
  p.outer = toLoops(nest.outer);
  p.sums = toLoops(nest.sums);
  p.rows = nest.rows;
  p.columns = nest.columns;
  p.depth = nest.depth;
  p.sumCount = stepsOf(nest.sums);
  p.end = stepsOf(nest.outer) * nest.rows.size * nest.columns.size;
  return launchContract(static_cast<commuter_dtype_t>(call.c.dtype), p, stream);
}

Status CudaDevice::contract(const ContractCall &call) {
  return perform("contract", [&] {
    LoopNest nest(call);
    if (nest.rows.size <= nest.columns.size)
      return launchNest(call, nest, stream);
    const ContractCall swapped{call.b, call.a, call.c};
    return launchNest(swapped, LoopNest(swapped), stream);
  });
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

extern "C" __attribute__((visibility("default"))) void
commuter_open_device(int number, Device **outDevice, Status *outStatus) {
  *outDevice = nullptr;
  try {
    auto device = std::make_unique<CudaDevice>(number);
    *outStatus = device->open();
    if (outStatus->ok())
      *outDevice = device.release();
  } catch (const std::bad_alloc &) {
    outStatus->code = COMMUTER_OUT_OF_MEMORY;
  }
}

extern "C" __attribute__((visibility("default"))) int commuter_count_devices() {
  int count = 0;
  return countDevices(count).ok() ? count : 0;
}
