// What a layer works in is freed before the next one: eight layers take no more
// memory than two.

// RUN: %commuter-run %s --entry two --pipeline none --json > %t.two.json
// RUN: %commuter-run %s --entry eight --pipeline none --json > %t.eight.json
// RUN: %python -c "import json, sys; two, eight = (json.load(open(f))['versions'][0]['peak_bytes'] for f in sys.argv[1:]); assert two == eight, (two, eight)" %t.two.json %t.eight.json

dist.mesh @mesh(dp = 4)
!t = tensor<16x64xf32>
!g = tensor<64x64xf32>

func.func @two(%h0: !t) -> !t {
  %g0 = dist.all_gather %h0 dim 0 over @mesh[dp] : !t -> !g
  %n0 = norm.rms_norm %g0 eps 1.0e-06 : !g
  %s0 = dist.reduce_scatter %n0 sum dim 0 over @mesh[dp] : !g -> !t
  %h1 = arith.addf %h0, %s0 : !t
  %g1 = dist.all_gather %h1 dim 0 over @mesh[dp] : !t -> !g
  %n1 = norm.rms_norm %g1 eps 1.0e-06 : !g
  %s1 = dist.reduce_scatter %n1 sum dim 0 over @mesh[dp] : !g -> !t
  %h2 = arith.addf %h1, %s1 : !t
  return %h2 : !t
}

func.func @eight(%h0: !t) -> !t {
  %g0 = dist.all_gather %h0 dim 0 over @mesh[dp] : !t -> !g
  %n0 = norm.rms_norm %g0 eps 1.0e-06 : !g
  %s0 = dist.reduce_scatter %n0 sum dim 0 over @mesh[dp] : !g -> !t
  %h1 = arith.addf %h0, %s0 : !t
  %g1 = dist.all_gather %h1 dim 0 over @mesh[dp] : !t -> !g
  %n1 = norm.rms_norm %g1 eps 1.0e-06 : !g
  %s1 = dist.reduce_scatter %n1 sum dim 0 over @mesh[dp] : !g -> !t
  %h2 = arith.addf %h1, %s1 : !t
  %g2 = dist.all_gather %h2 dim 0 over @mesh[dp] : !t -> !g
  %n2 = norm.rms_norm %g2 eps 1.0e-06 : !g
  %s2 = dist.reduce_scatter %n2 sum dim 0 over @mesh[dp] : !g -> !t
  %h3 = arith.addf %h2, %s2 : !t
  %g3 = dist.all_gather %h3 dim 0 over @mesh[dp] : !t -> !g
  %n3 = norm.rms_norm %g3 eps 1.0e-06 : !g
  %s3 = dist.reduce_scatter %n3 sum dim 0 over @mesh[dp] : !g -> !t
  %h4 = arith.addf %h3, %s3 : !t
  %g4 = dist.all_gather %h4 dim 0 over @mesh[dp] : !t -> !g
  %n4 = norm.rms_norm %g4 eps 1.0e-06 : !g
  %s4 = dist.reduce_scatter %n4 sum dim 0 over @mesh[dp] : !g -> !t
  %h5 = arith.addf %h4, %s4 : !t
  %g5 = dist.all_gather %h5 dim 0 over @mesh[dp] : !t -> !g
  %n5 = norm.rms_norm %g5 eps 1.0e-06 : !g
  %s5 = dist.reduce_scatter %n5 sum dim 0 over @mesh[dp] : !g -> !t
  %h6 = arith.addf %h5, %s5 : !t
  %g6 = dist.all_gather %h6 dim 0 over @mesh[dp] : !t -> !g
  %n6 = norm.rms_norm %g6 eps 1.0e-06 : !g
  %s6 = dist.reduce_scatter %n6 sum dim 0 over @mesh[dp] : !g -> !t
  %h7 = arith.addf %h6, %s6 : !t
  %g7 = dist.all_gather %h7 dim 0 over @mesh[dp] : !t -> !g
  %n7 = norm.rms_norm %g7 eps 1.0e-06 : !g
  %s7 = dist.reduce_scatter %n7 sum dim 0 over @mesh[dp] : !g -> !t
  %h8 = arith.addf %h7, %s7 : !t
  return %h8 : !t
}
