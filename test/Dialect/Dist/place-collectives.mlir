// Every gather goes to where the fewest bytes are gathered, norm or no norm.

// RUN: %commuter-opt %s --split-input-file --dist-place-collectives --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// Behind what narrows.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @narrows
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[E:.*]] = math.exp %[[X]] : tensor<4x8xf32>
// CHECK-NEXT: %[[T:.*]] = arith.truncf %[[E]] : tensor<4x8xf32> to tensor<4x8xbf16>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[T]] dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<16x8xbf16>
// CHECK-NEXT: return %[[G]]
func.func @narrows(%x: tensor<4x8xf32>) -> tensor<16x8xbf16> {
  // expected-remark @+1 {{moved behind what it feeds", bytes-after=192, bytes-before=384, rows-after=4, rows-before=16}}
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = math.exp %g : tensor<16x8xf32>
  %t = arith.truncf %e : tensor<16x8xf32> to tensor<16x8xbf16>
  return %t : tensor<16x8xbf16>
}

// -----

// In front of what widens, behind what costs the same.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @widens
// CHECK-SAME: %[[X:.*]]: tensor<4x8xbf16>
// CHECK-NEXT: %[[N:.*]] = arith.negf %[[X]] : tensor<4x8xbf16>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK-NEXT: %[[T:.*]] = arith.extf %[[G]] : tensor<16x8xbf16> to tensor<16x8xf32>
// CHECK-NEXT: return %[[T]]
func.func @widens(%x: tensor<4x8xbf16>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{bytes-after=192, bytes-before=192}}
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<16x8xbf16>
  %n = arith.negf %g : tensor<16x8xbf16>
  %t = arith.extf %n : tensor<16x8xbf16> to tensor<16x8xf32>
  return %t : tensor<16x8xf32>
}

// -----

// A product with few columns, of all rows' own slices.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @product
// CHECK: %[[P:.*]] = linalg.matmul {{.*}} -> tensor<4x2xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[P]] dim 0 over @mesh[dp] : tensor<4x2xf32> -> tensor<16x2xf32>
// CHECK-NEXT: return %[[G]]
func.func @product(%x: tensor<4x8xf32>, %w: tensor<8x2xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<16x2xf32> {
  // expected-remark @+1 {{bytes-after=96, bytes-before=384}}
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %z = arith.constant dense<0.0> : tensor<16x2xf32>
  %p = linalg.matmul ins(%g, %w : tensor<16x8xf32>, tensor<8x2xf32>) outs(%z : tensor<16x2xf32>) -> tensor<16x2xf32>
  return %p : tensor<16x2xf32>
}

// -----

// Two gathers, one sum: one gather.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @two
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>, %[[Y:[^:]*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[X]], %[[Y]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[S]]
// CHECK-NEXT: return %[[G]]
func.func @two(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{bytes-after=384, bytes-before=768}}
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{bytes-after=384, bytes-before=768}}
  %h = dist.all_gather %y dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = arith.addf %g, %h : tensor<16x8xf32>
  return %s : tensor<16x8xf32>
}

// -----

// Why gathers stay.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @stay
// CHECK-COUNT-5: dist.all_gather
// CHECK-NOT: dist.all_gather
func.func @stay(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>, %v: tensor<16x8xf32>, %w: tensor<4x8xbf16>, %p: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<8x16xf32>) {
  // It is returned.
  // expected-remark @+1 {{Reason=other-users}}
  %a = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // What is added may differ between the ranks.
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %b = dist.all_gather %y dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %bv = arith.addf %b, %v : tensor<16x8xf32>
  // More bytes.
  // expected-remark @+1 {{Reason=not-profitable}}
  %c = dist.all_gather %w dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<16x8xbf16>
  %cf = arith.extf %c : tensor<16x8xbf16> to tensor<16x8xf32>
  // A sum is pending.
  // expected-remark @+1 {{Reason=pending-sum, Suggestion=complete-sums=true}}
  %d = dist.all_gather %p dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %de = math.exp %d : tensor<16x8xf32>
  // The norm of all columns needs all of them.
  // expected-remark @+1 {{Reason=gather-dim-normalized}}
  %e = dist.all_gather %x dim 1 over @mesh[tp] : tensor<4x8xf32> -> tensor<4x16xf32>
  %en = norm.rms_norm %e eps 1.0e-06 : tensor<4x16xf32>
  %z = tensor.empty() : tensor<8x16xf32>
  %i = tensor.insert_slice %en into %z[0, 0] [4, 16] [1, 1] : tensor<4x16xf32> into tensor<8x16xf32>
  return %a, %bv, %cf, %de, %i : tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<8x16xf32>
}

// -----

// Both of two nested gathers in one run, each told of once.
dist.mesh @a(p = 2, q = 2)
dist.mesh @b(s = 2, t = 2)
// CHECK-LABEL: func @nested
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[T:.*]] = arith.truncf %[[X]] : tensor<4x8xf32> to tensor<4x8xbf16>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[T]] dim 0 over @a[p] : tensor<4x8xbf16> -> tensor<8x8xbf16>
// CHECK-NEXT: %[[H:.*]] = dist.all_gather %[[G]] dim 0 over @b[s] : tensor<8x8xbf16> -> tensor<16x8xbf16>
// CHECK-NEXT: return %[[H]]
func.func @nested(%x: tensor<4x8xf32>) -> tensor<16x8xbf16> {
  // expected-remark @+1 {{moved behind what it feeds", bytes-after=64, bytes-before=128, rows-after=4, rows-before=8}}
  %g = dist.all_gather %x dim 0 over @a[p] : tensor<4x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{moved behind what it feeds", bytes-after=128, bytes-before=256, rows-after=8, rows-before=16}}
  %h = dist.all_gather %g dim 0 over @b[s] : tensor<8x8xf32> -> tensor<16x8xf32>
  %t = arith.truncf %h : tensor<16x8xf32> to tensor<16x8xbf16>
  return %t : tensor<16x8xbf16>
}

// -----

// Behind the outer one alone: what is multiplied there may differ between the ranks
// of the inner one.
dist.mesh @a(p = 2, q = 2)
dist.mesh @b(s = 2, t = 2)
// CHECK-LABEL: func @outer_one
// CHECK: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @a[p]
// CHECK-NEXT: %[[S:.*]] = arith.mulf %[[G]]
// CHECK-NEXT: dist.all_gather %[[S]] dim 0 over @b[s]
func.func @outer_one(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %g = dist.all_gather %x dim 0 over @a[p] : tensor<4x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{moved behind what it feeds", bytes-after=256, bytes-before=512, rows-after=8, rows-before=16}}
  %h = dist.all_gather %g dim 0 over @b[s] : tensor<8x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{moved behind what it feeds", bytes-after=256, bytes-before=512, rows-after=8, rows-before=16}}
  %k = dist.all_gather %w dim 0 over @b[s] : tensor<8x8xf32> -> tensor<16x8xf32>
  %s = arith.mulf %h, %k : tensor<16x8xf32>
  return %s : tensor<16x8xf32>
}

// -----

// On the way that has no use for it nothing is gathered.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @sinks
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>
// CHECK-NEXT: scf.if
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[X]]
// CHECK-NEXT: func.call @use(%[[G]])
func.func @sinks(%x: tensor<4x8xf32>, %y: tensor<8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8xf32> {
  // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4, rows-before=16}}
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    %u = func.call @use(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    scf.yield %y : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// Not all ranks take that way.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @ranks_part
// CHECK-NEXT: dist.all_gather
func.func @ranks_part(%x: tensor<4x8xf32>, %y: tensor<8xf32>, %c: i1) -> tensor<8xf32> {
  // expected-remark @+1 {{Reason=}}
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    %u = func.call @use(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    scf.yield %y : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// All ways need it: it is gathered once, in front of them.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @all_ways
// CHECK-NEXT: dist.all_gather
// CHECK-NOT: dist.all_gather
func.func @all_ways(%x: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8xf32> {
  // expected-remark @+1 {{Reason=unsupported-op}}
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    %u = func.call @use(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    %u = func.call @use(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}
