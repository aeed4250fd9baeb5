// What the runner takes beside the program, at the size of DeepSeek-V3 on 8 ranks:
// the results of both versions are 1152 x 7168 bf16 on each rank, 252 MiB in all,
// and are not copied.

// A sanitizer takes address space of its own.
// UNSUPPORTED: sanitizer
// RUN: %python %S/Inputs/peak.py 800 %commuter-run %S/../../../examples/deepseek_v3_dp_attention.mlir --compare --iterations 1 --output-dir=%t | FileCheck %s
// CHECK: 2 results: bit-exact on 8/8 ranks

// Memory that is not there is an error, be it for threads or for arrays.
// RUN: bash -c "ulimit -v 6000000; %fails %commuter-run %s --axis dp=1024" | FileCheck %s --check-prefix=THREADS
// THREADS: commuter-run: error: rank {{[0-9]+}}: cannot start a thread: Resource temporarily unavailable

dist.mesh @mesh(dp = ?)
func.func @main() { return }
