// RUN: %commuter-opt %s --dist-check-shardings=print-states -split-input-file -verify-diagnostics -o /dev/null

dist.mesh @mesh(dp = 4, tp = 2)

func.func @collectives(
    // expected-remark @+1 {{argument #0: @mesh[dp]: S(0), @mesh[tp]: P}}
    %h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>},
    // expected-remark @+1 {{argument #1: @mesh[dp]: V, @mesh[tp]: V}}
    %u: tensor<4x8xf32>) {
  // expected-remark @+1 {{result #0: @mesh[dp]: S(0), @mesh[tp]: R}}
  %0 = dist.all_reduce %h sum over @mesh[tp] : tensor<4x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R, @mesh[tp]: R}}
  %1 = dist.all_gather %0 dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R, @mesh[tp]: R}}
  %2 = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R, @mesh[tp]: P}}
  %3 = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R, @mesh[tp]: S(1)}}
  %4 = dist.all_slice %1 dim 1 over @mesh[tp] : tensor<16x8xf32> -> tensor<16x4xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R, @mesh[tp]: S(0)}}
  %5 = dist.all_to_all %4 split 0 concat 1 over @mesh[tp] : tensor<16x4xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: S(0), @mesh[tp]: S(0)}}
  %6 = dist.reduce_scatter %h sum dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: S(0), @mesh[tp]: P}}
  %7 = dist.to_partial %0 over @mesh[tp] : tensor<4x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V, @mesh[tp]: R}}
  %8 = dist.axis_index @mesh[dp] : index
  // expected-remark @+1 {{result #0: @mesh[dp]: R, @mesh[tp]: R}}
  %9 = dist.axis_size @mesh[dp] : index
  // expected-remark @+1 {{result #0: @mesh[dp]: R, @mesh[tp]: S(0)}}
  %10 = dist.assert_sharding %u <@mesh, [{tp}, {}]> : tensor<4x8xf32>
  // The minor axis first: what is left is a slice. The major one first: it isn't.
  // expected-remark @+1 {{result #0: @mesh[dp]: S(0), @mesh[tp]: R}}
  %11 = dist.all_gather %6 dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R, @mesh[tp]: V}}
  %12 = dist.all_gather %6 dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 4)

func.func @control_flow(
    // expected-remark @+1 {{argument #0: @mesh[dp]: R}}
    %x: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>},
    // expected-remark @+1 {{argument #1: @mesh[dp]: R}}
    %y: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>},
    // expected-remark @+1 {{argument #2: @mesh[dp]: V}}
    %c: i1,
    // expected-remark @+1 {{argument #3: @mesh[dp]: R}}
    %u: i1 {dist.sharding = #dist.sharding<@mesh, []>}) {
  // Equal branches under a condition that differs: ranks hold different ones.
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %0 = scf.if %c -> tensor<4xf32> {
    scf.yield %x : tensor<4xf32>
  } else {
    scf.yield %y : tensor<4xf32>
  }
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %1 = scf.if %u -> tensor<4xf32> {
    scf.yield %x : tensor<4xf32>
  } else {
    scf.yield %y : tensor<4xf32>
  }
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %c0 = arith.constant 0 : index
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %c1 = arith.constant 1 : index
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %n = dist.axis_size @mesh[dp] : index
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %m = dist.axis_index @mesh[dp] : index
  // expected-remark @+3 {{result #0: @mesh[dp]: R}}
  // expected-remark @+2 {{argument #0: @mesh[dp]: R}}
  // expected-remark @+1 {{argument #1: @mesh[dp]: R}}
  %2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<4xf32> {
    // expected-remark @+1 {{result #0: @mesh[dp]: R}}
    %3 = arith.addf %a, %y : tensor<4xf32>
    scf.yield %3 : tensor<4xf32>
  }
  // A number of iterations that differs: so does the result.
  // expected-remark @+3 {{result #0: @mesh[dp]: V}}
  // expected-remark @+2 {{argument #0: @mesh[dp]: V}}
  // expected-remark @+1 {{argument #1: @mesh[dp]: R}}
  %4 = scf.for %i = %c0 to %m step %c1 iter_args(%a = %x) -> tensor<4xf32> {
    // expected-remark @+1 {{result #0: @mesh[dp]: R}}
    %5 = arith.addf %a, %y : tensor<4xf32>
    scf.yield %5 : tensor<4xf32>
  }
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func private @weights() -> (tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
// A promise holds whoever calls; without one, an argument is what the calls pass.
// expected-remark @+1 {{argument #0: @mesh[dp]: R}}
func.func private @promised(%w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>},
                            // expected-remark @+1 {{argument #1: @mesh[dp]: V}}
                            %v: tensor<8xf32>) {
  return
}
// expected-remark @+1 {{argument #0: @mesh[dp]: V}}
func.func @calls(%v: tensor<8xf32>) {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %w = func.call @weights() : () -> tensor<8xf32>
  func.call @promised(%v, %v) : (tensor<8xf32>, tensor<8xf32>) -> ()
  return
}

// Scales are split as the rows are; one of all rows is not known to be the same
// everywhere.
// expected-remark @+2 {{argument #0: @mesh[dp]: S(0)}}
// expected-remark @+1 {{argument #1: @mesh[dp]: S(1)}}
func.func @quantized(%x: tensor<4x64xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %y: tensor<4x64xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}]>}) {
  // expected-remark @+2 {{result #0: @mesh[dp]: S(0)}}
  // expected-remark @+1 {{result #1: @mesh[dp]: S(0)}}
  %q, %s = norm.quantize %x per_row : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<4x1xf32>
  // expected-remark @+2 {{result #0: @mesh[dp]: S(1)}}
  // expected-remark @+1 {{result #1: @mesh[dp]: S(1)}}
  %q1, %s1 = norm.quantize %y per_group 16 : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<4x4xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: S(1)}}
  %z = norm.dequantize %q1, %s1 : tensor<4x64xi8>, tensor<4x4xf32> -> tensor<4x64xf32>
  // expected-remark @+2 {{result #0: @mesh[dp]: V}}
  // expected-remark @+1 {{result #1: @mesh[dp]: V}}
  %q2, %s2 = norm.quantize %y per_row : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<4x1xf32>
  // expected-remark @+2 {{result #0: @mesh[dp]: V}}
  // expected-remark @+1 {{result #1: @mesh[dp]: V}}
  %q3, %s3 = norm.quantize %x per_tensor : tensor<4x64xf32> -> tensor<4x64xi8>, tensor<f32>
  return
}
