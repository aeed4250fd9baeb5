// Ragged groups: ranks with different numbers of rows, some with none, on meshes
// whose sizes are known at run time only. The rewritten program gives the same
// bits on every rank.

// RUN: %commuter-run %s --entry exchanged --compare --axis dp=4 --axis tp=1 --extent 0.0=5,0,1,17 | FileCheck %s --check-prefixes=CHECK,FOUR
// RUN: %commuter-run %s --entry exchanged --compare --axis dp=2 --axis tp=3 --extent 0.0=0,0,0,3,3,3 | FileCheck %s --check-prefixes=CHECK,SIX
// RUN: %commuter-run %s --entry exchanged --compare --axis dp=3 --axis tp=1 --extent 0.0=0 | FileCheck %s --check-prefix=EMPTY
// RUN: %commuter-run %s --entry given --compare --axis dp=4 --axis tp=1 --extent 0.0=5,0,1,17 --extent 1.0=5,0,1,17 | FileCheck %s --check-prefixes=CHECK,FOUR
// RUN: %commuter-run %s --entry implicit --compare --axis dp=4 --axis tp=1 --extent 0.0=5,0,1,17 | FileCheck %s --check-prefixes=CHECK,FOUR
// RUN: %commuter-run %s --entry sums --compare --axis dp=2 --axis tp=2 --extent 0.0=0,0,7,7 --pipeline='commuter-optimize{complete-sums=true}' | FileCheck %s --check-prefix=SUMS
// RUN: %commuter-run %s --entry equal_extents --compare --pipeline=dist-commute-norms --axis dp=4 --axis tp=1 --extent 0.0=5,0,1,17 --extent 1.0=5,0,1,17 | FileCheck %s --check-prefix=EQUAL
// RUN: %commuter-run %s --entry own_extents --compare --pipeline=dist-commute-norms --axis dp=4 --axis tp=1 --extent 0.0=5,0,1,17 | FileCheck %s --check-prefix=EQUAL
// RUN: %commuter-run %s --entry cast_extents --compare --pipeline=dist-commute-norms --axis dp=4 --axis tp=1 --extent 0.0=5,0,1,17 --extent 1.0=5,0,1,17 | FileCheck %s --check-prefix=EQUAL
// RUN: %commuter-run %s --entry size_asked --compare --pipeline=dist-commute-norms --axis dp=4 --axis tp=1 --extent 0.0=5,0,1,17 | FileCheck %s --check-prefix=EQUAL
// RUN: %commuter-run %s --entry quantized --compare --axis dp=4 --axis tp=1 --extent 0.0=1,0,0,1 | FileCheck %s --check-prefix=QUANTIZED

// EQUAL: norm rows per rank 23 17 0.739
// EQUAL: 2 results: bit-exact
// FOUR: norm rows per rank 69 51 0.739
// SIX: norm rows per rank 9 9 1.000
// CHECK: 3 results: bit-exact
// EMPTY: norm rows per rank 0 0 -
// EMPTY: bit-exact on 3/3 ranks
// SUMS: norm rows per rank 7 7 1.000
// SUMS: bit-exact on 4/4 ranks

// RUN: %commuter-run %s --entry sized --compare --axis dp=2 --axis tp=1 --extent 0.0=3,1 | FileCheck %s --check-prefix=SIZED
// RUN: %commuter-run %s --entry merged_rows --compare --axis dp=2 --axis tp=1 --extent 0.0=3,1 | FileCheck %s --check-prefix=SIZED

// One exchange, though a size is asked for behind the norm, or rows are merged.
// SIZED: bytes received per rank {{[0-9]+}} {{[0-9]+}} 1.000
// SIZED: 2 results: bit-exact

// Two rows of others and the extents, 24 bytes; then int8 and the rows' scales.
// QUANTIZED: bytes received per rank 344 112 0.326
// QUANTIZED: collectives per rank 2 2 1.000
// QUANTIZED: 2 results: bit-exact

dist.mesh @mesh(dp = ?, tp = ?)

// Three types, one exchange of extents for all gathers.
func.func @exchanged(%x: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                     %w: tensor<40xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<?x40xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<?x40xf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x40xf32>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<?xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x40xf32>, tensor<?xindex> -> tensor<?x40xf32>
  %y = norm.layer_norm %g scale %w bias %w eps 1.0e-05 : tensor<?x40xf32>, tensor<40xf32>, tensor<40xf32>
  %xb = arith.truncf %x : tensor<?x40xf32> to tensor<?x40xbf16>
  %gb = dist.all_gather %xb dim 0 extents %c over @mesh[dp] : tensor<?x40xbf16>, tensor<?xindex> -> tensor<?x40xbf16>
  %yb = norm.rms_norm %gb scale %w eps 1.0e-06 : tensor<?x40xbf16>, tensor<40xf32>
  %xh = arith.truncf %x : tensor<?x40xf32> to tensor<?x40xf16>
  %gh = dist.all_gather %xh dim 0 extents %c over @mesh[dp] : tensor<?x40xf16>, tensor<?xindex> -> tensor<?x40xf16>
  %yh = norm.layer_norm %gh scale %w eps 1.0e-05 : tensor<?x40xf16>, tensor<40xf32>
  return %y, %yb, %yh : tensor<?x40xf32>, tensor<?x40xbf16>, tensor<?x40xf16>
}

// The extents are an argument, as a serving engine knows them; the residual is
// taken back.
func.func @given(%x: tensor<?x40xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                 %r: tensor<?x40xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                 %c: tensor<?xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<?x40xbf16>, tensor<?x40xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, tensor<?x40xbf16>) {
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x40xbf16>, tensor<?xindex> -> tensor<?x40xbf16>
  %own = dist.all_slice %g dim 0 extents %c over @mesh[dp] : tensor<?x40xbf16>, tensor<?xindex> -> tensor<?x40xbf16>
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<?x40xbf16>
  %gr = dist.all_gather %r dim 0 extents %c over @mesh[dp] : tensor<?x40xbf16>, tensor<?xindex> -> tensor<?x40xbf16>
  %z = norm.layer_norm %gr eps 1.0e-05 : tensor<?x40xbf16>
  %two = norm.rms_norm %gr eps 1.0e-06 : tensor<?x40xbf16>
  %t = arith.mulf %z, %two : tensor<?x40xbf16>
  return %y, %own, %t : tensor<?x40xbf16>, tensor<?x40xbf16>, tensor<?x40xbf16>
}

// No extents in the program: lowering exchanges them. One value, three results.
func.func @implicit(%x: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x40xf32> -> tensor<?x40xf32>
  %y = norm.layer_norm %g eps 1.0e-05 : tensor<?x40xf32>
  %z = norm.rms_norm %y eps 1.0e-06 : tensor<?x40xf32>
  %v = norm.rms_norm %z axis 1 eps 1.0e-06 : tensor<?x40xf32>
  return %v, %v, %v : tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>
}

func.func @sums(%x: tensor<?x40xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<?x40xbf16> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] summing [tp] : tensor<?x40xbf16> -> tensor<?x40xbf16>
  %y = norm.layer_norm %g eps 1.0e-05 : tensor<?x40xbf16>
  return %y : tensor<?x40xbf16>
}

// Extents that are exchanged three times are equal, with or without CSE: the residual
// is added, and taken back, on own rows.
func.func @equal_extents(%x: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                         %r: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<?x40xf32>, tensor<?x40xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x40xf32>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<?xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x40xf32>, tensor<?xindex> -> tensor<?x40xf32>
  %m = tensor.dim %x, %c0 : tensor<?x40xf32>
  %d = dist.exchange_extents %m over @mesh[dp] : tensor<?xindex>
  %q = dist.all_gather %r dim 0 extents %d over @mesh[dp] : tensor<?x40xf32>, tensor<?xindex> -> tensor<?x40xf32>
  %s = arith.addf %g, %q : tensor<?x40xf32>
  %y = norm.rms_norm %s eps 1.0e-06 : tensor<?x40xf32>
  %e = dist.exchange_extents %m over @mesh[dp] : tensor<?xindex>
  %own = dist.all_slice %s dim 0 extents %e over @mesh[dp] : tensor<?x40xf32>, tensor<?xindex> -> tensor<?x40xf32>
  return %y, %own : tensor<?x40xf32>, tensor<?x40xf32>
}

// A gather without extents is cut by those that are exchanged of its input.
func.func @own_extents(%x: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<?x40xf32>, tensor<?x40xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x40xf32>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<?xindex>
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x40xf32> -> tensor<?x40xf32>
  %s = arith.addf %g, %g : tensor<?x40xf32>
  %own = dist.all_slice %s dim 0 extents %c over @mesh[dp] : tensor<?x40xf32>, tensor<?xindex> -> tensor<?x40xf32>
  %y = norm.rms_norm %s eps 1.0e-06 : tensor<?x40xf32>
  return %y, %own : tensor<?x40xf32>, tensor<?x40xf32>
}

// Extents are the same in a type that says how many there are.
func.func @cast_extents(%x: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                        %r: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<?x40xf32>, tensor<?x40xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x40xf32>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<?xindex>
  %d = tensor.cast %c : tensor<?xindex> to tensor<4xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x40xf32>, tensor<?xindex> -> tensor<?x40xf32>
  %q = dist.all_gather %r dim 0 extents %d over @mesh[dp] : tensor<?x40xf32>, tensor<4xindex> -> tensor<?x40xf32>
  %s = arith.addf %g, %q : tensor<?x40xf32>
  %y = norm.rms_norm %s eps 1.0e-06 : tensor<?x40xf32>
  %own = dist.all_slice %s dim 0 extents %d over @mesh[dp] : tensor<?x40xf32>, tensor<4xindex> -> tensor<?x40xf32>
  return %y, %own : tensor<?x40xf32>, tensor<?x40xf32>
}

// Who asks for the number of all rows does not hold the gather up.
func.func @size_asked(%x: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, index) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x40xf32> -> tensor<?x40xf32>
  %n = tensor.dim %g, %c0 : tensor<?x40xf32>
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<?x40xf32>
  return %y, %n : tensor<?x40xf32>, index
}

// A gather becomes two, and its exchange of extents stays one.
func.func @quantized(%x: tensor<?x40xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<?x40xi8>, tensor<?x1xf32>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x40xf32> -> tensor<?x40xf32>
  %q, %s = norm.quantize %g per_row : tensor<?x40xf32> -> tensor<?x40xi8>, tensor<?x1xf32>
  return %q, %s : tensor<?x40xi8>, tensor<?x1xf32>
}

func.func @sized(%x: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<?x8xf32>, tensor<1xindex>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %n = norm.rms_norm %g eps 1.0e-05 : tensor<?x8xf32>
  %c0 = arith.constant 0 : index
  %a = math.absf %n : tensor<?x8xf32>
  %d = tensor.dim %a, %c0 : tensor<?x8xf32>
  %s = tensor.from_elements %d : tensor<1xindex>
  return %n, %s : tensor<?x8xf32>, tensor<1xindex>
}

func.func @merged_rows(%x: tensor<?x4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}, {}]>}) -> (tensor<?x8xf32>, tensor<1xindex>) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x4x8xf32> -> tensor<?x4x8xf32>
  %n = norm.rms_norm %g eps 1.0e-05 : tensor<?x4x8xf32>
  %k = tensor.collapse_shape %n [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  %d = tensor.dim %n, %c0 : tensor<?x4x8xf32>
  %s = tensor.from_elements %d : tensor<1xindex>
  return %k, %s : tensor<?x8xf32>, tensor<1xindex>
}
