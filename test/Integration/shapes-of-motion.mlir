// Every shape of program that dist-commute-norms moves, executed: the rewritten
// program gives the bits of the program as written, on fewer rows.

// RUN: %commuter-run %s --entry residual_alike --compare | FileCheck %s --check-prefixes=SIXTH
// RUN: %commuter-run %s --entry residual_replicated --compare | FileCheck %s --check-prefixes=SIXTH
// RUN: %commuter-run %s --entry casts --compare | FileCheck %s --check-prefixes=SIXTH
// RUN: %commuter-run %s --entry axes_in_either_order --compare | FileCheck %s --check-prefixes=SIXTH
// RUN: %commuter-run %s --entry rank3 --compare | FileCheck %s --check-prefixes=THIRD
// RUN: %commuter-run %s --entry middle_dimension --compare | FileCheck %s --check-prefixes=THIRD
// RUN: %commuter-run %s --entry sliced_back --compare | FileCheck %s --check-prefixes=THIRD
// RUN: %commuter-run %s --entry sliced_finer --compare | FileCheck %s --check-prefixes=HALF
// RUN: %commuter-run %s --entry spelled_out --compare | FileCheck %s --check-prefixes=SIXTH
// RUN: %commuter-run %s --entry spelled_out_as_vector --compare | FileCheck %s --check-prefixes=SIXTH
// RUN: %commuter-run %s --entry spelled_out_in_other_order --compare | FileCheck %s --check-prefixes=WHOLE
// RUN: %commuter-run %s --entry parts_of_rows --compare | FileCheck %s --check-prefixes=THIRD
// RUN: %commuter-run %s --entry promised --compare --check-assertions | FileCheck %s --check-prefixes=THIRD
// RUN: %commuter-run %s --entry chain --compare | FileCheck %s --check-prefixes=THIRD
// RUN: %commuter-run %s --entry reshaped --compare | FileCheck %s --check-prefixes=THIRD
// RUN: %commuter-run %s --entry reshaped_batch --compare | FileCheck %s --check-prefixes=THIRD
// RUN: %commuter-run %s --entry in_a_loop --compare | FileCheck %s --check-prefixes=THIRD

// SIXTH: norm rows per rank {{[0-9]+ [0-9]+}} 0.167
// SIXTH: bit-exact on 6/6 ranks
// HALF: norm rows per rank {{[0-9]+ [0-9]+}} 0.500
// HALF: bit-exact on 6/6 ranks
// WHOLE: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// WHOLE: bit-exact on 6/6 ranks
// THIRD: norm rows per rank {{[0-9]+ [0-9]+}} 0.333
// THIRD: bit-exact on 6/6 ranks

dist.mesh @mesh(a = 2, b = 3)

func.func @residual_alike(%h: tensor<4x40xbf16>, %r: tensor<4x40xbf16>, %w: tensor<40xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<24x40xbf16>, tensor<24x40xbf16>) {
  %g = dist.all_gather %h dim 0 over @mesh[a, b] : tensor<4x40xbf16> -> tensor<24x40xbf16>
  %gr = dist.all_gather %r dim 0 over @mesh[a, b] : tensor<4x40xbf16> -> tensor<24x40xbf16>
  %s, %n = norm.add_rms_norm %g, %gr scale %w eps 1.0e-06 : tensor<24x40xbf16>, tensor<40xf32>
  return %s, %n : tensor<24x40xbf16>, tensor<24x40xbf16>
}

func.func @residual_replicated(%h: tensor<4x40xf32>, %r: tensor<24x40xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<24x40xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[a, b] : tensor<4x40xf32> -> tensor<24x40xf32>
  %s = arith.addf %g, %r : tensor<24x40xf32>
  %n = norm.layer_norm %s eps 1.0e-05 : tensor<24x40xf32>
  return %n : tensor<24x40xf32>
}

func.func @casts(%h: tensor<4x40xf16>) -> tensor<24x40xf16> {
  %g = dist.all_gather %h dim 0 over @mesh[a, b] : tensor<4x40xf16> -> tensor<24x40xf16>
  %e = arith.extf %g : tensor<24x40xf16> to tensor<24x40xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<24x40xf32>
  %t = arith.truncf %n : tensor<24x40xf32> to tensor<24x40xf16>
  return %t : tensor<24x40xf16>
}

func.func @axes_in_either_order(%h: tensor<4x40xf32>) -> (tensor<24x40xf32>, tensor<24x40xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[a, b] : tensor<4x40xf32> -> tensor<24x40xf32>
  %k = dist.all_gather %h dim 0 over @mesh[b, a] : tensor<4x40xf32> -> tensor<24x40xf32>
  %n = norm.layer_norm %g eps 1.0e-05 : tensor<24x40xf32>
  %m = norm.rms_norm %k eps 1.0e-05 : tensor<24x40xf32>
  return %n, %m : tensor<24x40xf32>, tensor<24x40xf32>
}

func.func @rank3(%h: tensor<2x5x40xbf16>, %w: tensor<5x40xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<6x5x40xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[b] : tensor<2x5x40xbf16> -> tensor<6x5x40xbf16>
  %n = norm.layer_norm %g scale %w bias %w axis 1 eps 1.0e-05 : tensor<6x5x40xbf16>, tensor<5x40xbf16>, tensor<5x40xbf16>
  return %n : tensor<6x5x40xbf16>
}

func.func @middle_dimension(%h: tensor<2x5x40xf32>) -> tensor<2x15x40xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[b] : tensor<2x5x40xf32> -> tensor<2x15x40xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<2x15x40xf32>
  return %n : tensor<2x15x40xf32>
}

func.func @sliced_back(%h: tensor<4x40xbf16>, %r: tensor<4x40xbf16>) -> (tensor<12x40xbf16>, tensor<4x40xbf16>, tensor<4x40xbf16>) {
  %s = arith.addf %h, %r : tensor<4x40xbf16>
  %g = dist.all_gather %s dim 0 over @mesh[b] : tensor<4x40xbf16> -> tensor<12x40xbf16>
  %own = dist.all_slice %g dim 0 over @mesh[b] : tensor<12x40xbf16> -> tensor<4x40xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<12x40xbf16>
  %mine = dist.all_slice %n dim 0 over @mesh[b] : tensor<12x40xbf16> -> tensor<4x40xbf16>
  return %n, %own, %mine : tensor<12x40xbf16>, tensor<4x40xbf16>, tensor<4x40xbf16>
}

// Through tensor.reshape: rows of another length, and a batch as a matrix of rows.
func.func @reshaped(%h: tensor<4x40xbf16>) -> tensor<24x20xbf16> {
  %s = arith.constant dense<[24, 20]> : tensor<2xindex>
  %g = dist.all_gather %h dim 0 over @mesh[b] : tensor<4x40xbf16> -> tensor<12x40xbf16>
  %p = tensor.reshape %g(%s) : (tensor<12x40xbf16>, tensor<2xindex>) -> tensor<24x20xbf16>
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<24x20xbf16>
  return %n : tensor<24x20xbf16>
}
func.func @reshaped_batch(%h: tensor<2x4x40xf32>, %r: tensor<24x40xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<2x12x40xf32> {
  %s = arith.constant dense<[24, 40]> : tensor<2xindex>
  %t = arith.constant dense<[2, 12, 40]> : tensor<3xi32>
  %g = dist.all_gather %h dim 1 over @mesh[b] : tensor<2x4x40xf32> -> tensor<2x12x40xf32>
  %p = tensor.reshape %g(%s) : (tensor<2x12x40xf32>, tensor<2xindex>) -> tensor<24x40xf32>
  %a = arith.addf %p, %r : tensor<24x40xf32>
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<24x40xf32>
  %b = tensor.reshape %n(%t) : (tensor<24x40xf32>, tensor<3xi32>) -> tensor<2x12x40xf32>
  return %b : tensor<2x12x40xf32>
}

// Of the rank's own rows, a slice over another axis.
func.func @sliced_finer(%h: tensor<6x40xbf16>) -> (tensor<12x40xbf16>, tensor<2x40xbf16>) {
  %g = dist.all_gather %h dim 0 over @mesh[a] : tensor<6x40xbf16> -> tensor<12x40xbf16>
  %own = dist.all_slice %g dim 0 over @mesh[a, b] : tensor<12x40xbf16> -> tensor<2x40xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<12x40xbf16>
  return %n, %own : tensor<12x40xbf16>, tensor<2x40xbf16>
}

// The own slice, at an offset that is computed of the indices along both axes; with
// the axes in the other order it is another rank's.
func.func @spelled_out(%h: tensor<4x40xbf16>) -> (tensor<24x40xbf16>, tensor<4x40xbf16>) {
  %g = dist.all_gather %h dim 0 over @mesh[a, b] : tensor<4x40xbf16> -> tensor<24x40xbf16>
  %i = dist.axis_index @mesh[a] : index
  %j = dist.axis_index @mesh[b] : index
  %offset = affine.apply affine_map<(d0, d1) -> ((d0 * 3 + d1) * 4)>(%i, %j)
  %own = tensor.extract_slice %g[%offset, 0] [4, 40] [1, 1] : tensor<24x40xbf16> to tensor<4x40xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<24x40xbf16>
  return %n, %own : tensor<24x40xbf16>, tensor<4x40xbf16>
}
func.func @spelled_out_as_vector(%h: tensor<1x40xbf16>) -> (tensor<6x40xbf16>, tensor<40xbf16>) {
  %g = dist.all_gather %h dim 0 over @mesh[b, a] : tensor<1x40xbf16> -> tensor<6x40xbf16>
  %i = dist.axis_index @mesh[b, a] : index
  %own = tensor.extract_slice %g[%i, 0] [1, 40] [1, 1] : tensor<6x40xbf16> to tensor<40xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<6x40xbf16>
  return %n, %own : tensor<6x40xbf16>, tensor<40xbf16>
}
func.func @spelled_out_in_other_order(%h: tensor<4x40xbf16>) -> (tensor<24x40xbf16>, tensor<4x40xbf16>) {
  %g = dist.all_gather %h dim 0 over @mesh[a, b] : tensor<4x40xbf16> -> tensor<24x40xbf16>
  %i = dist.axis_index @mesh[a] : index
  %j = dist.axis_index @mesh[b] : index
  %offset = affine.apply affine_map<(d0, d1) -> ((d0 + d1 * 2) * 4)>(%i, %j)
  %other = tensor.extract_slice %g[%offset, 0] [4, 40] [1, 1] : tensor<24x40xbf16> to tensor<4x40xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<24x40xbf16>
  return %n, %other : tensor<24x40xbf16>, tensor<4x40xbf16>
}

func.func @parts_of_rows(%h: tensor<4x40xbf16>) -> (tensor<12x32xbf16>, tensor<12x8xbf16>) {
  %g = dist.all_gather %h dim 0 over @mesh[b] : tensor<4x40xbf16> -> tensor<12x40xbf16>
  %c = tensor.extract_slice %g[0, 0] [12, 32] [1, 1] : tensor<12x40xbf16> to tensor<12x32xbf16>
  %r = tensor.extract_slice %g[0, 32] [12, 8] [1, 1] : tensor<12x40xbf16> to tensor<12x8xbf16>
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<12x32xbf16>
  return %n, %r : tensor<12x32xbf16>, tensor<12x8xbf16>
}

func.func @promised(%h: tensor<4x40xbf16> {dist.sharding = #dist.sharding<@mesh, [{b}, {}]>}) -> tensor<12x40xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[b] : tensor<4x40xbf16> -> tensor<12x40xbf16>
  %p = dist.assert_sharding %g <@mesh, [{}, {}]> : tensor<12x40xbf16>
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<12x40xbf16>
  return %n : tensor<12x40xbf16>
}

func.func @chain(%h: tensor<4x40xf32>) -> tensor<12x40xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[b] : tensor<4x40xf32> -> tensor<12x40xf32>
  %n = norm.layer_norm %g eps 1.0e-05 : tensor<12x40xf32>
  %e = math.exp %n : tensor<12x40xf32>
  %t = arith.mulf %e, %g : tensor<12x40xf32>
  %m = norm.rms_norm %t eps 1.0e-06 : tensor<12x40xf32>
  return %m : tensor<12x40xf32>
}

func.func @in_a_loop(%h: tensor<4x40xf32>) -> tensor<4x40xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%x = %h) -> tensor<4x40xf32> {
    %g = dist.all_gather %x dim 0 over @mesh[b] : tensor<4x40xf32> -> tensor<12x40xf32>
    %n = norm.layer_norm %g eps 1.0e-05 : tensor<12x40xf32>
    %sum = dist.reduce_scatter %n sum dim 0 over @mesh[b] : tensor<12x40xf32> -> tensor<4x40xf32>
    scf.yield %sum : tensor<4x40xf32>
  }
  return %r : tensor<4x40xf32>
}
