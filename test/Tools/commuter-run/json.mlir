// RUN: %commuter-run %s --json --compare --axis dp=2 > %t.json
// RUN: %python -m json.tool %t.json > /dev/null
// RUN: %figures entry='"main"' ranks=4 device='"cpu"' transport='"threads"' \
// RUN:   meshes='[{"name": "mesh", "axes": ["dp", "tp"], "sizes": [2, 2]}]' \
// RUN:   versions.0.name='"as written"' versions.1.name='"optimize"' \
// RUN:   versions.0.runs=5 versions.0.compile_ms versions.0.norm_ms \
// RUN:   versions.0.collective_ms versions.0.other_ms versions.0.wait_ms \
// RUN:   versions.0.total_ms versions.0.peak_bytes.0 \
// RUN:   versions.0.norm_rows='[8,8,8,8]' versions.1.norm_rows='[4,4,4,4]' \
// RUN:   versions.0.bytes_received='[64,64,64,64]' versions.1.bytes_received='[64,64,64,64]' \
// RUN:   versions.0.bytes_copied='[128,128,128,128]' \
// RUN:   versions.0.collectives='[1,1,1,1]' versions.1.collectives='[1,1,1,1]' \
// RUN:   agrees=True results='[{"bit_exact": True, "exact_ranks": 4, "largest_error": 0}]' < %t.json

// Without --compare there is one version, and nothing to agree. The whole text of
// a pipeline is its name.
// RUN: %commuter-run %s --json --axis dp=2 --pipeline='builtin.module(dist-commute-norms, canonicalize)' > %t.json
// RUN: %figures versions.0.name='"builtin.module(dist-commute-norms, canonicalize)"' versions.0.runs=1 < %t.json
// RUN: FileCheck %s --input-file=%t.json
// CHECK-NOT: agrees
// CHECK-NOT: results

dist.mesh @mesh(dp = ?, tp = 2)

func.func @main(%x: tensor<4x4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> tensor<8x4xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<8x4xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x4xf32>
  return %n : tensor<8x4xf32>
}
