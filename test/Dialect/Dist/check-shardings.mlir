// RUN: %commuter-opt %s --allow-unregistered-dialect --dist-check-shardings --remark-format=emitRemark --remarks-filter=dist -split-input-file -verify-diagnostics

dist.mesh @mesh(dp = 4, tp = 2)
func.func @norm_of_partial(
    // expected-note @+1 {{the pending sum is here}}
    %x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<4x8xf32> {
  // expected-error @+1 {{'norm.rms_norm' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %0 = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// The sum is pending behind linear ops and a gather over another axis too.
dist.mesh @mesh(dp = 4, tp = 2)
func.func @norm_of_gathered_partial(%x: tensor<4x8xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<16x8xf32> {
  %0 = arith.addf %x, %x : tensor<4x8xbf16>
  %1 = dist.all_gather %0 dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<16x8xbf16>
  // expected-note @+1 {{the pending sum is here}}
  %2 = arith.extf %1 : tensor<16x8xbf16> to tensor<16x8xf32>
  // expected-error @+1 {{'norm.layer_norm' op is not linear, and a sum over @mesh[tp] is pending}}
  %3 = norm.layer_norm %2 eps 1.0e-06 : tensor<16x8xf32>
  return %3 : tensor<16x8xf32>
}

// -----

// Along an axis of size 1 nothing is pending: DP == TP.
dist.mesh @mesh(dp = 8, tp = 1)
func.func @unit_axis(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<4x8xf32> {
  %0 = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, tp = 2)
// expected-note @+1 {{the pending sum is here}}
func.func @residual_counted_twice(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}, %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> tensor<4x8xf32> {
  // expected-error @+1 {{adds a value that is replicated over @mesh[tp] to a pending sum: it would be counted once per rank; dist.to_partial counts it once}}
  %0 = arith.addf %h, %r : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, tp = 2)
func.func @residual_counted_once(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}, %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %0 = dist.to_partial %r over @mesh[tp] : tensor<4x8xf32>
  %1 = arith.addf %h, %0 : tensor<4x8xf32>
  %2 = dist.all_reduce %1 sum over @mesh[tp] : tensor<4x8xf32>
  %3 = norm.rms_norm %2 eps 1.0e-06 : tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
func.func @contradiction(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  // expected-note @+1 {{the value is made here}}
  %0 = arith.negf %x : tensor<4x8xf32>
  // expected-error @+1 {{'func.return' op expects result #0 to be R over @mesh[dp], as its annotation says, found S(0)}}
  return %0 : tensor<4x8xf32>
}

// -----

// A value that is split over an axis of size 1 as well.
dist.mesh @mesh(dp = 1, tp = 2)
func.func @unit_axis(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> (tensor<2x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp, tp}, {}]>}) {
  %0 = dist.all_slice %x dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// The order in which two axes split a dimension.
dist.mesh @mesh(dp = 2, tp = 2)
// expected-note @+1 {{the value is made here}}
func.func @order(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp, tp}, {}]>}) -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{tp, dp}, {}]>}) {
  // expected-error @+1 {{expects result #0 to be S(0) at level 1 over @mesh[dp], as its annotation says, found S(0)}}
  return %x : tensor<4x8xf32>
}

// -----

// Linear in the pending sums, or in what is not known of.
dist.mesh @mesh(tp = 2)
func.func @linear(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                  %k: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                  %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}, %v: tensor<4x8xf32>) -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}, tensor<4x8xf32>) {
  %zero = arith.constant dense<0.0> : tensor<4x8xf32>
  %0 = arith.select %c, %h, %k : tensor<4x8xf32>
  %1 = arith.addf %0, %zero : tensor<4x8xf32>
  %2 = arith.mulf %h, %v : tensor<4x8xf32>
  return %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

dist.mesh @mesh(tp = 2)
// expected-note @+1 {{the pending sum is here}}
func.func @misused(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}) {
  // expected-error @+1 {{'arith.mulf' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %0 = arith.mulf %h, %h : tensor<4x8xf32>
  // expected-error @+1 {{'arith.divf' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %q = arith.divf %h, %h : tensor<4x8xf32>
  // expected-warning @+1 {{'dist.all_gather' op acts over @mesh[tp], over which a sum is pending: what the ranks have of it is not added}}
  %1 = dist.all_gather %h dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<8x8xf32>
  // expected-warning @+1 {{'dist.all_slice' op acts over @mesh[tp], over which a sum is pending: what the ranks have of it is not added}}
  %2 = dist.all_slice %h dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
  // expected-warning @+1 {{'dist.all_to_all' op acts over @mesh[tp], over which a sum is pending: what the ranks have of it is not added}}
  %3 = dist.all_to_all %h split 0 concat 1 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x16xf32>
  // expected-error @+1 {{'dist.all_reduce' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %4 = dist.all_reduce %h max over @mesh[tp] : tensor<4x8xf32>
  // expected-error @+1 {{'dist.reduce_scatter' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %5 = dist.reduce_scatter %h min dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
  return
}

// -----

dist.mesh @mesh(tp = 2)
func.func private @callee(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
// expected-note @+1 {{the value is made here}}
func.func @broken_promises(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                           // expected-note @+1 {{the operand is made here}}
                           %s: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}]>}) {
  // expected-error @+1 {{'dist.assert_sharding' op expects its operand to be R over @mesh[tp], as its annotation says, found P}}
  %0 = dist.assert_sharding %h <@mesh, [{}, {}]> : tensor<4x8xf32>
  // expected-error @+1 {{'func.call' op expects argument #0 to be R over @mesh[tp], as its annotation says, found P}}
  func.call @callee(%h) : (tensor<4x8xf32>) -> ()
  // expected-error @+1 {{'dist.to_partial' op expects an operand that is replicated over @mesh[tp], found S(0)}}
  %1 = dist.to_partial %s over @mesh[tp] : tensor<4x8xf32>
  return
}

// -----

// The quantised parts do not add up to the quantised sum.
dist.mesh @mesh(dp = 4, tp = 2)
// expected-note @+1 {{the pending sum is here}}
func.func @quantized_parts(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) {
  // expected-error @+1 {{'norm.quantize' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %q, %s = norm.quantize %h per_row : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4x1xf32>
  return
}

// -----

// One rank adds the residual: it enters the sum once, however the rank is told.
dist.mesh @mesh(tp = 2)
func.func @added_once(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                      %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[tp] : index
  %c = arith.cmpi eq, %i, %c0 : index
  %0 = scf.if %c -> tensor<4x8xf32> {
    %a = arith.addf %h, %r : tensor<4x8xf32>
    scf.yield %a : tensor<4x8xf32>
  } else {
    scf.yield %h : tensor<4x8xf32>
  }
  %b = arith.addf %h, %r : tensor<4x8xf32>
  %1 = arith.select %c, %b, %h : tensor<4x8xf32>
  cf.cond_br %c, ^first, ^last(%h : tensor<4x8xf32>)
^first:
  %d = arith.addf %r, %h : tensor<4x8xf32>
  cf.br ^last(%d : tensor<4x8xf32>)
^last(%2: tensor<4x8xf32>):
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// All ranks do, or those of another axis, or what one selects is not all.
dist.mesh @mesh(dp = 2, tp = 2)
// expected-note @+1 {{the pending sum is here}}
func.func @added_by_all(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                        %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %k: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[dp] : index
  %c = arith.cmpi eq, %i, %c0 : index
  %0 = scf.if %c -> tensor<4x8xf32> {
    // expected-error @+1 {{adds a value that is replicated over @mesh[tp]}}
    %a = arith.addf %h, %r : tensor<4x8xf32>
    scf.yield %a : tensor<4x8xf32>
  } else {
    scf.yield %h : tensor<4x8xf32>
  }
  // expected-error @+1 {{adds a value that is replicated over @mesh[tp]}}
  %b = arith.addf %h, %r : tensor<4x8xf32>
  %1 = arith.select %k, %b, %h : tensor<4x8xf32>
  %j = dist.axis_index @mesh[tp] : index
  %own = arith.cmpi eq, %j, %c0 : index
  // expected-error @+1 {{adds a value that is replicated over @mesh[tp]}}
  %d = arith.addf %r, %h : tensor<4x8xf32>
  %2 = arith.select %own, %d, %h : tensor<4x8xf32>
  %3 = arith.addf %2, %d : tensor<4x8xf32>
  return %0, %1, %3 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// Linear ops keep the sum pending, so that a norm is seen to meet it.
dist.mesh @mesh(tp = 2)
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @linear_linalg(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                         %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-note @+1 {{the pending sum is here}}
  %0 = linalg.matmul ins(%h, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%z : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-error @+1 {{'norm.rms_norm' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %1 = norm.rms_norm %0 eps 1.0e-06 : tensor<4x8xf32>
  %t = tensor.empty() : tensor<8x4xf32>
  // expected-note @+1 {{the pending sum is here}}
  %2 = linalg.transpose ins(%h : tensor<4x8xf32>) outs(%t : tensor<8x4xf32>) permutation = [1, 0]
  // expected-error @+1 {{'math.tanh' op is not linear}}
  %3 = math.tanh %2 : tensor<8x4xf32>
  // expected-note @+1 {{the pending sum is here}}
  %4 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %half : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  // expected-error @+1 {{'math.tanh' op is not linear}}
  %5 = math.tanh %4 : tensor<4x8xf32>
  // expected-note @+1 {{the pending sum is here}}
  %6 = tensor.concat dim(0) %h, %z : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  // expected-error @+1 {{'math.tanh' op is not linear}}
  %7 = math.tanh %6 : tensor<8x8xf32>
  return
}

// -----

// A structured op does to tensors what its body does to elements.
dist.mesh @mesh(tp = 2)
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
// expected-note @+1 {{the pending sum is here}}
func.func @nonlinear_linalg(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                            %s: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>},
                            %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %v: tensor<4x8xf32>,
                            %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                            %mask: tensor<4x8xi1> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                            %b: f32 {dist.sharding = #dist.sharding<@mesh, []>}) {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  // expected-error @+1 {{'linalg.generic' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %a : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  // It does not keep the sum, and is told of once.
  %1 = math.tanh %0 : tensor<4x8xf32>
  // expected-error @+1 {{'linalg.generic' op adds a value that is replicated over @mesh[tp] to a pending sum}}
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.addf %a, %one : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  // Each rank's part has what the rows add to, if that is not zero.
  // expected-warning @+1 {{'linalg.generic' op adds a pending sum to a destination that is replicated over @mesh[tp]: unless that is zero, it would be counted once per rank}}
  %3 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%h : tensor<4x8xf32>) outs(%s : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.addf %a, %o : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  // expected-warning @+1 {{'linalg.matmul' op adds a pending sum to a destination that is replicated}}
  %4 = linalg.matmul ins(%h, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%r : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-error @+1 {{'linalg.add' op adds a value that is replicated}}
  %5 = linalg.add ins(%h, %r : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-error @+1 {{'linalg.exp' op is not linear}}
  %6 = linalg.exp ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-error @+1 {{'linalg.softmax' op is not linear}}
  %7 = linalg.softmax dimension(1) ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-error @+1 {{'linalg.reduce' op is not linear}}
  %8 = linalg.reduce { arith.maximumf } ins(%h : tensor<4x8xf32>) outs(%s : tensor<4xf32>) dimensions = [1]
  // What is captured is added, too.
  // expected-error @+1 {{'linalg.map' op adds a value that is replicated}}
  %9 = linalg.map ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) (%a: f32, %o: f32) {
    %m = arith.addf %a, %b : f32
    linalg.yield %m : f32
  }
  // A product of pending sums, round by round, whatever it begins with.
  // expected-error @+1 {{'linalg.reduce' op is not linear}}
  %p = linalg.reduce { arith.mulf } ins(%h : tensor<4x8xf32>) outs(%s : tensor<4xf32>) dimensions = [1]
  // Chosen by what is the same on all ranks.
  // expected-error @+1 {{'linalg.generic' op adds a value that is replicated}}
  %q = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%h, %r, %mask : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xi1>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %x: f32, %c: i1, %o: f32):
    %t = arith.addf %a, %x : f32
    %m = arith.select %c, %t, %a : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  // Of what varies, it is not known what it is.
  %10 = linalg.add ins(%h, %v : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// A zero is counted once per rank as well as once, however it comes to where it is
// added; so is what is undefined, and a sum that a loop has begun with a zero.
dist.mesh @mesh(tp = 2)
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @zeros(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                 %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                 %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<8x8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %tile = tensor.extract_slice %z[4, 0] [4, 8] [1, 1] : tensor<8x8xf32> to tensor<4x8xf32>
  // expected-note @+1 {{the pending sum is here}}
  %0 = linalg.matmul ins(%h, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%tile : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-error @+1 {{'math.tanh' op is not linear}}
  %1 = math.tanh %0 : tensor<4x8xf32>
  %2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%sum = %tile) -> tensor<4x8xf32> {
    %next = linalg.matmul ins(%h, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%sum : tensor<4x8xf32>) -> tensor<4x8xf32>
    scf.yield %next : tensor<4x8xf32>
  }
  // Zeros that are copied, and one that is an operand.
  %copied = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> ()>, #id], iterator_types = ["parallel", "parallel"]} ins(%zero : f32) outs(%tile : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<4x8xf32>
  %4 = linalg.add ins(%h, %copied : tensor<4x8xf32>, tensor<4x8xf32>) outs(%tile : tensor<4x8xf32>) -> tensor<4x8xf32>
  // A sum of rows in a wider type, and the greatest of what is replicated.
  %es = tensor.empty() : tensor<4xbf16>
  %zerob = arith.constant 0.0 : bf16
  %zs = linalg.fill ins(%zerob : bf16) outs(%es : tensor<4xbf16>) -> tensor<4xbf16>
  %em = tensor.empty() : tensor<4xf32>
  %zm = linalg.fill ins(%zero : f32) outs(%em : tensor<4xf32>) -> tensor<4xf32>
  %3:2 = linalg.generic {indexing_maps = [#id, #id, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%h, %r : tensor<4x8xf32>, tensor<4x8xf32>) outs(%zs, %zm : tensor<4xbf16>, tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: bf16, %p: f32):
    %wide = arith.extf %o : bf16 to f32
    %s = arith.addf %wide, %a : f32
    %t = arith.truncf %s : f32 to bf16
    %m = arith.maximumf %b, %p : f32
    linalg.yield %t, %m : bf16, f32
  } -> (tensor<4xbf16>, tensor<4xf32>)
  return
}

// -----

// Nor does it matter by which way a zero comes: all that a value may come from is
// looked at, through branches, calls and structured ops.
dist.mesh @mesh(tp = 2)
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func private @add(%h: tensor<4x8xf32>, %z: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = arith.addf %h, %z : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
// One of its callers passes something else.
// expected-note @+1 {{the pending sum is here}}
func.func private @add_to_other(%h: tensor<4x8xf32>, %r: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[tp] to a pending sum}}
  %0 = arith.addf %h, %r : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
// Anyone may call it.
// expected-note @+1 {{the pending sum is here}}
func.func @add_for_anyone(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                          %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<4x8xf32> {
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[tp] to a pending sum}}
  %0 = arith.addf %h, %r : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
func.func private @multiply(%h: tensor<4x8xf32>, %w: tensor<8x8xf32>, %sum: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = linalg.matmul ins(%h, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%sum : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
// expected-note @+1 {{the pending sum is here}}
func.func @zeros_by_ways(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                         %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                         %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                         %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) {
  %zero = arith.constant dense<0.0> : tensor<4x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = func.call @add(%h, %zero) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = func.call @add(%h, %zero) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = func.call @add_to_other(%h, %zero) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = func.call @add_to_other(%h, %r) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %4 = func.call @add_for_anyone(%h, %zero) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %5 = func.call @multiply(%h, %w, %zero) : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %z:2 = scf.if %c -> (tensor<4x8xf32>, tensor<4x8xf32>) {
    scf.yield %zero, %zero : tensor<4x8xf32>, tensor<4x8xf32>
  } else {
    %copied = linalg.copy ins(%zero : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
    scf.yield %copied, %r : tensor<4x8xf32>, tensor<4x8xf32>
  }
  %6 = arith.addf %h, %z#0 : tensor<4x8xf32>
  %7 = linalg.add ins(%h, %z#0 : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[tp] to a pending sum}}
  %8 = arith.addf %h, %z#1 : tensor<4x8xf32>
  %captured = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %element = tensor.extract %zero[%i, %j] : tensor<4x8xf32>
    %s = arith.addf %a, %element : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %9:2 = scf.forall (%i) in (4) shared_outs(%o = %zero, %p = %r) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
    // expected-note @+1 {{the pending sum is here}}
    %row = tensor.extract_slice %h[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<1x8xf32>
    %orow = tensor.extract_slice %o[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<1x8xf32>
    %prow = tensor.extract_slice %p[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<1x8xf32>
    %a = arith.addf %row, %orow : tensor<1x8xf32>
    // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[tp] to a pending sum}}
    %b = arith.addf %row, %prow : tensor<1x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %a into %o[%i, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<4x8xf32>
      tensor.parallel_insert_slice %b into %p[%i, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<4x8xf32>
    }
  }
  cf.cond_br %c, ^zero(%z#0 : tensor<4x8xf32>), ^other(%zero : tensor<4x8xf32>)
^other(%10: tensor<4x8xf32>):
  cf.br ^zero(%10 : tensor<4x8xf32>)
^zero(%11: tensor<4x8xf32>):
  %12 = arith.addf %h, %11 : tensor<4x8xf32>
  return
}

// -----

// Each rank adds its share of what all have: divided by the number of ranks, it is
// counted once.
dist.mesh @mesh(dp = 2, tp = 4, open = ?)
#id = affine_map<(d0, d1) -> (d0, d1)>
!t = tensor<4x8xf32>
// expected-note @+1 {{the pending sum is here}}
func.func @shares(%h: !t {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                  // expected-note @+1 {{the pending sum is here}}
                  %both: !t {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {dp, tp}>},
                  // expected-note @+1 {{the pending sum is here}}
                  %any: !t {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {open}>},
                  %r: !t {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                  %b: tensor<4x8xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %e = tensor.empty() : !t
  %quarter = arith.constant dense<0.25> : !t
  %eighth = arith.constant dense<0.125> : !t
  %four = arith.constant 4.0 : f32
  %one = arith.constant 1.0 : f32
  %0 = arith.mulf %quarter, %r : !t
  %1 = arith.addf %h, %0 : !t
  // A residual and a bias, each divided, and then scaled.
  %fours = tensor.splat %four : !t
  %2 = arith.divf %r, %fours : !t
  %quarterb = arith.constant dense<0.25> : tensor<4x8xbf16>
  %3 = arith.mulf %b, %quarterb : tensor<4x8xbf16>
  %4 = arith.extf %3 : tensor<4x8xbf16> to !t
  %5 = arith.subf %2, %4 : !t
  %6 = arith.mulf %5, %r : !t
  %7 = arith.addf %6, %h : !t
  // In bodies.
  %8 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%r : !t) outs(%e : !t) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.divf %a, %four : f32
    linalg.yield %s : f32
  } -> !t
  %9 = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%h, %8, %r : !t, !t, !t) outs(%e : !t) {
  ^bb0(%a: f32, %b0: f32, %c: f32, %o: f32):
    %q = arith.constant 0.25 : f32
    %s = arith.mulf %c, %q : f32
    %t = arith.addf %a, %b0 : f32
    %u = arith.addf %t, %s : f32
    linalg.yield %u : f32
  } -> !t
  %w = arith.constant dense<1.0> : tensor<8x8xf32>
  %product = linalg.matmul ins(%h, %w : !t, tensor<8x8xf32>) outs(%8 : !t) -> !t
  // By a size that is asked for.
  %n = dist.axis_size @mesh[open] : index
  %i = arith.index_cast %n : index to i32
  %f = arith.sitofp %i : i32 to f32
  %inverse = arith.divf %one, %f : f32
  %ns = tensor.splat %inverse : !t
  %11 = arith.mulf %r, %ns : !t
  %12 = arith.addf %any, %11 : !t
  // The number of all that add.
  %13 = arith.mulf %eighth, %r : !t
  %14 = arith.addf %both, %13 : !t
  // Another number.
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[dp] to a pending sum}}
  %15 = arith.addf %both, %0 : !t
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[tp] to a pending sum}}
  %16 = arith.addf %h, %13 : !t
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[open] to a pending sum}}
  %17 = arith.addf %any, %0 : !t
  // Nearly the number.
  %near = arith.constant dense<0.26> : !t
  %20 = arith.mulf %r, %near : !t
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[tp] to a pending sum}}
  %21 = arith.addf %h, %20 : !t
  // A share and a whole.
  %18 = arith.addf %0, %r : !t
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated over @mesh[tp] to a pending sum}}
  %19 = arith.addf %h, %18 : !t
  return
}

// -----

// A zero is what a callee takes for a pending sum to begin with.
dist.mesh @mesh(tp = 2)
func.func private @accumulate(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                              %sum: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}) -> tensor<4x8xf32> {
  %0 = arith.addf %h, %sum : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
func.func @begins_with_zero(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}) -> tensor<4x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<4x8xf32>
  %0 = func.call @accumulate(%h, %zero) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// One rank alone adds what is replicated: its choice is in a body, or what a body
// makes is chosen.
dist.mesh @mesh(tp = 2)
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @chosen_in_bodies(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                            %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %i = dist.axis_index @mesh[tp] : index
  %c = arith.cmpi eq, %i, %c0 : index
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.add ins(%h, %r : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%0, %h : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.select %c, %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  %eb = tensor.empty() : tensor<4x8xbf16>
  %2 = arith.addf %h, %r : tensor<4x8xf32>
  %3 = linalg.copy ins(%2 : tensor<4x8xf32>) outs(%eb : tensor<4x8xbf16>) -> tensor<4x8xbf16>
  %4 = arith.truncf %h : tensor<4x8xf32> to tensor<4x8xbf16>
  %5 = arith.select %c, %3, %4 : tensor<4x8xbf16>
  // The rank is asked for inside.
  %6 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%h, %r : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %j = dist.axis_index @mesh[tp] : index
    %d = arith.cmpi eq, %j, %c0 : index
    %s = arith.select %d, %b, %zero : f32
    %m = arith.addf %a, %s : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  return
}

// -----

// What is not written is as the destination is: a column of zeros makes no zeros of the
// others, nor a column that is pending a pending sum.
dist.mesh @mesh(tp = 2)
#row = affine_map<(d0) -> (d0)>
#column = affine_map<(d0) -> (d0, 0)>
#id = affine_map<(d0, d1) -> (d0, d1)>
// expected-note @+1 {{the pending sum is here}}
func.func @one_column(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                      // expected-note @+1 {{the pending sum is here}}
                      %p: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{}], unreduced {tp}>},
                      %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zeros = arith.constant dense<0.0> : tensor<4xf32>
  %z = linalg.generic {indexing_maps = [#row, #column], iterator_types = ["parallel"]} ins(%zeros : tensor<4xf32>) outs(%r : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<4x8xf32>
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated}}
  %0 = arith.addf %h, %z : tensor<4x8xf32>
  // expected-warning @+1 {{'linalg.generic' op adds a pending sum to a destination that is replicated}}
  %1 = linalg.generic {indexing_maps = [#row, #column], iterator_types = ["parallel"]} ins(%p : tensor<4xf32>) outs(%r : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<4x8xf32>
  %2 = math.tanh %1 : tensor<4x8xf32>
  return
}

// -----

// A product of what is pending is no pending sum, in whichever round.
dist.mesh @mesh(tp = 2)
// expected-note @+1 {{the pending sum is here}}
func.func @products(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}) {
  %one = arith.constant dense<1.0> : tensor<4xf32>
  // expected-error @+1 {{'linalg.reduce' op is not linear}}
  %0 = linalg.reduce { arith.mulf } ins(%h : tensor<4x8xf32>) outs(%one : tensor<4xf32>) dimensions = [1]
  // It would be, if that were a pending sum.
  %1 = math.tanh %0 : tensor<4xf32>
  return
}

// -----

// x * y + z is linear in x and z, and in y and z.
dist.mesh @mesh(tp = 2)
// expected-note @+1 {{the pending sum is here}}
func.func @fma(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
               %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %v: tensor<4x8xf32>) {
  %zero = arith.constant dense<0.0> : tensor<4x8xf32>
  // expected-note @+1 {{the pending sum is here}}
  %0 = math.fma %h, %r, %h : tensor<4x8xf32>
  // expected-error @+1 {{'math.tanh' op is not linear}}
  %1 = math.tanh %0 : tensor<4x8xf32>
  %2 = math.fma %r, %h, %zero : tensor<4x8xf32>
  // expected-error @+1 {{'math.fma' op adds a value that is replicated}}
  %3 = math.fma %h, %r, %r : tensor<4x8xf32>
  // expected-error @+1 {{'math.fma' op adds a value that is replicated}}
  %4 = math.fma %r, %r, %h : tensor<4x8xf32>
  // expected-error @+1 {{'math.fma' op is not linear}}
  %5 = math.fma %h, %h, %h : tensor<4x8xf32>
  %6 = math.fma %r, %zero, %h : tensor<4x8xf32>
  %7 = math.fma %v, %r, %h : tensor<4x8xf32>
  // expected-error @+1 {{'arith.addf' op adds a value that is replicated}}
  %8 = arith.addf %h, %r : tensor<4x8xf32>
  return
}

// -----

// However the sum of one rank comes to the others.
dist.mesh @mesh(tp = 2)
func.func @chosen_later(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                        %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %o: tensor<4x8xbf16>) -> (tensor<4x8xbf16>, tensor<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[tp] : index
  %c = arith.cmpi eq, %i, %c0 : index
  %a = arith.addf %h, %r : tensor<4x8xf32>
  %n = tensor.dim %a, %c0 : tensor<4x8xf32>
  %t = arith.truncf %a : tensor<4x8xf32> to tensor<4x8xbf16>
  %0 = arith.select %c, %t, %o : tensor<4x8xbf16>
  %b = arith.addf %r, %h : tensor<4x8xf32>
  %1 = scf.if %c -> tensor<4x8xf32> {
    scf.yield %b : tensor<4x8xf32>
  } else {
    scf.yield %h : tensor<4x8xf32>
  }
  return %0, %1 : tensor<4x8xbf16>, tensor<4x8xf32>
}

// -----

// All ranks come to loops, parallel ones, too.
dist.mesh @mesh(tp = 2)
// expected-note @+1 {{the pending sum is here}}
func.func @added_in_loops(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                          %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    // expected-error @+1 {{adds a value that is replicated over @mesh[tp]}}
    %a = arith.addf %h, %r : tensor<4x8xf32>
    "test.use"(%a) : (tensor<4x8xf32>) -> ()
  }
  scf.parallel (%i) = (%c0) to (%c1) step (%c1) {
    // expected-error @+1 {{adds a value that is replicated over @mesh[tp]}}
    %a = arith.addf %r, %h : tensor<4x8xf32>
    "test.use"(%a) : (tensor<4x8xf32>) -> ()
    scf.reduce
  }
  return
}

// -----

// Of what is not registered, nothing is known, also in a body.
dist.mesh @mesh(tp = 2)
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @unregistered(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = "test.scale"(%a) : (f32) -> f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// What a body takes from outside may be pending, too: a number of a pending sum, by
// which others are multiplied, is linear; but not the larger one of them, nor their
// product with what is pending.
dist.mesh @mesh(tp = 2)
#id = affine_map<(d0, d1) -> (d0, d1)>
// expected-note @+1 {{the pending sum is here}}
func.func @captured(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                    %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %c0 = arith.constant 0 : index
  // expected-note @+1 {{the pending sum is here}}
  %s = tensor.extract %h[%c0, %c0] : tensor<4x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %s : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  // expected-error @+1 {{'linalg.generic' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %s : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  // expected-error @+1 {{'linalg.generic' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %s : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  return
}

// -----

// The note is at the operand that is used wrong, or at what is made of several.
dist.mesh @mesh(tp = 2)
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @which_operand(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                         // expected-note @+1 {{the pending sum is here}}
                         %q: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}) {
  %e = tensor.empty() : tensor<4x8xf32>
  // expected-error @+1 {{'linalg.generic' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%h, %q : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = math.tanh %b : f32
    %m = arith.mulf %a, %t : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  // expected-error @+1 {{'linalg.generic' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%h, %q : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    // expected-note @+1 {{the pending sum is here}}
    %t = arith.addf %a, %b : f32
    %m = math.tanh %t : f32
    linalg.yield %m : f32
  } -> tensor<4x8xf32>
  return
}

// -----

// Of a product over a dimension that is split, nothing is known; or what the program
// says of it, which is asked for by a remark.
dist.mesh @mesh(tp = 2)
func.func @product(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>},
                   %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}]>}) {
  %zero = arith.constant dense<0.0> : tensor<4x8xf32>
  // expected-remark @+1 {{Remark="each rank along @mesh[tp] sums over its slice of a dimension, and nothing is seen to add the sums", Suggestion="if they are to be added, dist.assert_sharding with unreduced {tp}"}}
  %p = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%zero : tensor<4x8xf32>) -> tensor<4x8xf32>
  %0 = norm.rms_norm %p eps 1.0e-06 : tensor<4x8xf32>
  // expected-note @+1 {{the pending sum is here}}
  %partial = dist.assert_sharding %p <@mesh, [{}, {}], unreduced {tp}> : tensor<4x8xf32>
  // expected-error @+1 {{'norm.rms_norm' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %1 = norm.rms_norm %partial eps 1.0e-06 : tensor<4x8xf32>
  return
}

// -----

// What is summed over the ranks, or said to be something, needs no remark; nor does what
// is no sum, or summed over dimensions that are not split.
dist.mesh @mesh(dp = 2, tp = 2, one = 1)
#rows = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
func.func @split_reductions(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {tp}]>},
                            %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}]>},
                            %whole: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                            %single: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {one}]>},
                            %unknown: tensor<4x8xf32>)
    -> (tensor<4xbf16>, tensor<4xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x8xf32>) {
  %init = arith.constant dense<0.0> : tensor<4x8xf32>
  %row = arith.constant dense<0.0> : tensor<4xf32>
  // Summed, also behind a cast; by a gather; said.
  %a = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  %narrow = arith.truncf %a : tensor<4x8xf32> to tensor<4x8xbf16>
  %summed = dist.all_reduce %narrow sum over @mesh[tp] : tensor<4x8xbf16>
  %some = tensor.extract_slice %summed[0, 0] [4, 1] [1, 1] : tensor<4x8xbf16> to tensor<4xbf16>
  %b = linalg.reduce { arith.addf } ins(%x : tensor<4x8xf32>) outs(%row : tensor<4xf32>) dimensions = [1]
  %gathered = dist.all_gather %b dim 0 over @mesh[dp] summing [tp] : tensor<4xf32> -> tensor<8xf32>
  %own = dist.all_slice %gathered dim 0 over @mesh[dp] : tensor<8xf32> -> tensor<4xf32>
  %c = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  %said = dist.assert_sharding %c <@mesh, [{dp}, {}], unreduced {tp}> : tensor<4x8xf32>
  // Summed over the wrong ranks.
  // expected-remark @+1 {{each rank along @mesh[tp] sums over its slice of a dimension}}
  %d = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  %wrong = dist.all_reduce %d sum over @mesh[dp] : tensor<4x8xf32>
  // Sums that are spelled out: of slices, and of one with what is the same everywhere.
  // expected-remark @+1 {{each rank along @mesh[tp] sums over its slice of a dimension}}
  %e = linalg.generic {indexing_maps = [#all, #all, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%x, %whole : tensor<4x8xf32>, tensor<4x8xf32>) outs(%row : tensor<4xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %m = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  // No sum; of an axis with one rank; of what is not known.
  %f = linalg.reduce { arith.maximumf } ins(%x : tensor<4x8xf32>) outs(%row : tensor<4xf32>) dimensions = [1]
  %g = linalg.reduce { arith.addf } ins(%single : tensor<4x8xf32>) outs(%row : tensor<4xf32>) dimensions = [1]
  %h = linalg.matmul ins(%unknown, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %some, %own, %said, %wrong, %e, %f, %g, %h : tensor<4xbf16>, tensor<4xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x8xf32>
}

// -----

// What a loop carries is looked at as it begins, too: that it misuses a sum makes it
// vary in later rounds. It is a warning, as these, or a branch, may make up for it.
dist.mesh @mesh(tp = 2)
func.func @carried(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                   %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @+1 {{the pending sum is here}}
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %h) -> (tensor<4x8xf32>) {
    // expected-warning @+1 {{adds a value that is replicated over @mesh[tp] to a pending sum}}
    %b = arith.addf %a, %r : tensor<4x8xf32>
    scf.yield %b : tensor<4x8xf32>
  }
  return
}

// -----

// What it begins with that is replicated may be zero.
dist.mesh @mesh(tp = 2)
func.func private @make_zeros() -> tensor<4x8xf32> {
  %z = arith.constant dense<0.0> : tensor<4x8xf32>
  return %z : tensor<4x8xf32>
}
func.func @carried_zeros(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
                         %k: tensor<1xi32> {dist.sharding = #dist.sharding<@mesh, [{}], unreduced {tp}>}, %n: index) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = call @make_zeros() : () -> tensor<4x8xf32>
  %zero = arith.constant 0.0 : f32
  %y = tensor.generate {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<4x8xf32>
  %none = arith.constant 0 : i32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%a = %none) -> i32 {
    %v = tensor.extract %k[%c0] : tensor<1xi32>
    %t = arith.addi %a, %v : i32
    scf.yield %t : i32
  }
  %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %z, %b = %y) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
    %c = arith.addf %a, %h : tensor<4x8xf32>
    %d = arith.addf %b, %h : tensor<4x8xf32>
    scf.yield %c, %d : tensor<4x8xf32>, tensor<4x8xf32>
  }
  return %0#0, %0#1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

dist.mesh @mesh(tp = 2)
func.func @carried_by_while(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}, %n: index) -> tensor<4x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @+1 {{the pending sum is here}}
  %o:2 = scf.while (%a = %h, %i = %c0) : (tensor<4x8xf32>, index) -> (tensor<4x8xf32>, index) {
    // expected-warning @+1 {{'norm.rms_norm' op is not linear}}
    %y = norm.rms_norm %a eps 1.0e-06 : tensor<4x8xf32>
    %c = arith.cmpi ult, %i, %n : index
    scf.condition(%c) %y, %i : tensor<4x8xf32>, index
  } do {
  ^bb0(%a: tensor<4x8xf32>, %i: index):
    %j = arith.addi %i, %c1 : index
    scf.yield %a, %j : tensor<4x8xf32>, index
  }
  return %o#0 : tensor<4x8xf32>
}

// -----

// A sum that is built up from zero, or in memory that nobody has written to, is one; also
// of loops in loops. What comes out of a loop is not that of its first round.
dist.mesh @mesh(tp = 2)
func.func @accumulated(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}, %n: index) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %f, %u = %e) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
    %1:2 = scf.for %j = %c0 to %n step %c1 iter_args(%b = %a, %v = %u) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
      %c = arith.addf %b, %h : tensor<4x8xf32>
      %w = arith.subf %v, %h : tensor<4x8xf32>
      scf.yield %c, %w : tensor<4x8xf32>, tensor<4x8xf32>
    }
    scf.yield %1#0, %1#1 : tensor<4x8xf32>, tensor<4x8xf32>
  }
  %s = dist.all_reduce %0#0 sum over @mesh[tp] : tensor<4x8xf32>
  // Sums that are completed before they are used are carried as they are.
  %2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %h) -> (tensor<4x8xf32>) {
    %c = dist.all_reduce %a sum over @mesh[tp] : tensor<4x8xf32>
    %y = norm.rms_norm %c eps 1.0e-06 : tensor<4x8xf32>
    %p = dist.to_partial %y over @mesh[tp] : tensor<4x8xf32>
    scf.yield %p : tensor<4x8xf32>
  }
  return %s, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// What is called may be linear, in bodies as elsewhere; what nobody uses does no harm;
// and a captured sum is added to an element as one is that comes with `ins`.
dist.mesh @mesh(tp = 2)
#all = affine_map<(i, j) -> (i, j)>
func.func private @f(f32) -> f32
func.func @in_bodies(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<4x8xf32>
  %first = tensor.extract %h[%c0, %c0] : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#all], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x8xf32>) {
  ^bb0(%o: f32):
    %y = func.call @f(%first) : (f32) -> f32
    linalg.yield %y : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %dead = math.exp %x : f32
    linalg.yield %x : f32
  } -> tensor<4x8xf32>
  %2 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = arith.addf %x, %first : f32
    linalg.yield %y : f32
  } -> tensor<4x8xf32>
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}
