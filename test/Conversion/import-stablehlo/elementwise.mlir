// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo | FileCheck %s

// CHECK-LABEL: func.func @floats(
// CHECK-SAME: %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>)
// CHECK: %[[V0:.*]] = arith.addf %[[A]], %[[B]] : tensor<4xf32>
// CHECK: %[[V1:.*]] = arith.subf %[[V0]], %[[B]]
// CHECK: %[[V2:.*]] = arith.mulf %[[V1]], %[[B]]
// CHECK: %[[V3:.*]] = arith.divf %[[V2]], %[[B]]
// CHECK: %[[V4:.*]] = arith.remf %[[V3]], %[[B]]
// NaN where an operand is NaN.
// CHECK: %[[V5:.*]] = arith.maximumf %[[V4]], %[[B]]
// CHECK: %[[V6:.*]] = arith.minimumf %[[V5]], %[[B]]
// CHECK: %[[V7:.*]] = math.powf %[[V6]], %[[B]]
// CHECK: %[[V8:.*]] = math.atan2 %[[V7]], %[[B]]
// CHECK: return %[[V8]]
func.func @floats(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %0 = "stablehlo.add"(%a, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = "stablehlo.subtract"(%0, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = "stablehlo.multiply"(%1, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = "stablehlo.divide"(%2, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = "stablehlo.remainder"(%3, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %5 = "stablehlo.maximum"(%4, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %6 = "stablehlo.minimum"(%5, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %7 = "stablehlo.power"(%6, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %8 = "stablehlo.atan2"(%7, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %8 : tensor<4xf32>
}

// CHECK-LABEL: func.func @unary(
// CHECK-SAME: %[[A:.*]]: tensor<4xbf16>)
// CHECK: %[[V0:.*]] = arith.negf %[[A]] : tensor<4xbf16>
// CHECK: %[[V1:.*]] = math.absf %[[V0]]
// CHECK: %[[V2:.*]] = math.exp %[[V1]]
// CHECK: %[[V3:.*]] = math.expm1 %[[V2]]
// CHECK: %[[V4:.*]] = math.log %[[V3]]
// CHECK: %[[V5:.*]] = math.log1p %[[V4]]
// CHECK: %[[V6:.*]] = math.sqrt %[[V5]]
// CHECK: %[[V7:.*]] = math.rsqrt %[[V6]]
// CHECK: %[[V8:.*]] = math.cbrt %[[V7]]
// CHECK: %[[V9:.*]] = math.sin %[[V8]]
// CHECK: %[[V10:.*]] = math.cos %[[V9]]
// CHECK: %[[V11:.*]] = math.tan %[[V10]]
// CHECK: %[[V12:.*]] = math.tanh %[[V11]]
// CHECK: %[[V13:.*]] = math.floor %[[V12]]
// CHECK: %[[V14:.*]] = math.ceil %[[V13]]
// CHECK: %[[V15:.*]] = math.roundeven %[[V14]]
// CHECK: %[[V16:.*]] = math.round %[[V15]]
// CHECK: %[[V17:.*]] = arith.mulf %[[V16]], %[[V16]]
// CHECK: %[[V18:.*]] = math.erf %[[V17]]
// CHECK: %[[V19:.*]] = math.erfc %[[V18]]
// CHECK: return %[[V19]]
func.func @unary(%a: tensor<4xbf16>) -> tensor<4xbf16> {
  %0 = "stablehlo.negate"(%a) : (tensor<4xbf16>) -> tensor<4xbf16>
  %1 = "stablehlo.abs"(%0) : (tensor<4xbf16>) -> tensor<4xbf16>
  %2 = "stablehlo.exponential"(%1) : (tensor<4xbf16>) -> tensor<4xbf16>
  %3 = "stablehlo.exponential_minus_one"(%2) : (tensor<4xbf16>) -> tensor<4xbf16>
  %4 = "stablehlo.log"(%3) : (tensor<4xbf16>) -> tensor<4xbf16>
  %5 = "stablehlo.log_plus_one"(%4) : (tensor<4xbf16>) -> tensor<4xbf16>
  %6 = "stablehlo.sqrt"(%5) : (tensor<4xbf16>) -> tensor<4xbf16>
  %7 = "stablehlo.rsqrt"(%6) : (tensor<4xbf16>) -> tensor<4xbf16>
  %8 = "stablehlo.cbrt"(%7) : (tensor<4xbf16>) -> tensor<4xbf16>
  %9 = "stablehlo.sine"(%8) : (tensor<4xbf16>) -> tensor<4xbf16>
  %10 = "stablehlo.cosine"(%9) : (tensor<4xbf16>) -> tensor<4xbf16>
  %11 = "stablehlo.tan"(%10) : (tensor<4xbf16>) -> tensor<4xbf16>
  %12 = "stablehlo.tanh"(%11) : (tensor<4xbf16>) -> tensor<4xbf16>
  %13 = "stablehlo.floor"(%12) : (tensor<4xbf16>) -> tensor<4xbf16>
  %14 = "stablehlo.ceil"(%13) : (tensor<4xbf16>) -> tensor<4xbf16>
  %15 = "stablehlo.round_nearest_even"(%14) : (tensor<4xbf16>) -> tensor<4xbf16>
  %16 = "stablehlo.round_nearest_afz"(%15) : (tensor<4xbf16>) -> tensor<4xbf16>
  %17 = "chlo.square"(%16) : (tensor<4xbf16>) -> tensor<4xbf16>
  %18 = "chlo.erf"(%17) : (tensor<4xbf16>) -> tensor<4xbf16>
  %19 = "chlo.erfc"(%18) : (tensor<4xbf16>) -> tensor<4xbf16>
  return %19 : tensor<4xbf16>
}

// CHECK-LABEL: func.func @logistic(
// CHECK-SAME: %[[A:.*]]: tensor<4xf32>)
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK: %[[N:.*]] = arith.negf %[[A]]
// CHECK: %[[E:.*]] = math.exp %[[N]]
// CHECK: %[[S:.*]] = arith.addf %[[E]], %[[ONE]]
// CHECK: %[[R:.*]] = arith.divf %[[ONE]], %[[S]]
// CHECK: return %[[R]]
func.func @logistic(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = "stablehlo.logistic"(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// A zero or NaN is itself.
// CHECK-LABEL: func.func @sign(
// CHECK-SAME: %[[A:.*]]: tensor<4xf32>)
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00>
// CHECK: %[[IS:.*]] = arith.cmpf ueq, %[[A]], %[[ZERO]]
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00>
// CHECK: %[[S:.*]] = math.copysign %[[ONE]], %[[A]]
// CHECK: %[[R:.*]] = arith.select %[[IS]], %[[A]], %[[S]]
// CHECK: return %[[R]]
func.func @sign(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = "stablehlo.sign"(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Division by a constant that is neither 0 nor -1 is one op; the sign is the op's.
// CHECK-LABEL: func.func @integers(
// CHECK-SAME: %[[A:.*]]: tensor<4xi32>, %[[U:.*]]: tensor<4xi32>)
// CHECK: %[[C:.*]] = arith.constant dense<3> : tensor<4xi32>
// CHECK: %[[V0:.*]] = arith.divsi %[[A]], %[[C]]
// CHECK: %[[V1:.*]] = arith.remsi %[[V0]], %[[C]]
// CHECK: %[[V2:.*]] = arith.maxsi %[[V1]], %[[A]]
// CHECK: %[[D:.*]] = arith.constant dense<-1> : tensor<4xi32>
// CHECK: %[[W0:.*]] = arith.divui %[[U]], %[[D]]
// CHECK: %[[W1:.*]] = arith.remui %[[W0]], %[[D]]
// CHECK: %[[W2:.*]] = arith.maxui %[[W1]], %[[U]]
// CHECK: return %[[V2]], %[[W2]] : tensor<4xi32>, tensor<4xi32>
func.func @integers(%a: tensor<4xi32>, %u: tensor<4xui32>) -> (tensor<4xi32>, tensor<4xui32>) {
  %c = "stablehlo.constant"() <{value = dense<3> : tensor<4xi32>}> : () -> tensor<4xi32>
  %0 = "stablehlo.divide"(%a, %c) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %1 = "stablehlo.remainder"(%0, %c) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %2 = "stablehlo.maximum"(%1, %a) : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  %d = "stablehlo.constant"() <{value = dense<4294967295> : tensor<4xui32>}> : () -> tensor<4xui32>
  %3 = "stablehlo.divide"(%u, %d) : (tensor<4xui32>, tensor<4xui32>) -> tensor<4xui32>
  %4 = "stablehlo.remainder"(%3, %d) : (tensor<4xui32>, tensor<4xui32>) -> tensor<4xui32>
  %5 = "stablehlo.maximum"(%4, %u) : (tensor<4xui32>, tensor<4xui32>) -> tensor<4xui32>
  return %2, %5 : tensor<4xi32>, tensor<4xui32>
}

// CHECK-LABEL: func.func @divide(
// CHECK-SAME: %[[A:.*]]: tensor<i8>, %[[B:.*]]: tensor<i8>)
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0> : tensor<i8>
// CHECK-DAG: %[[ONE:.*]] = arith.constant dense<1> : tensor<i8>
// CHECK-DAG: %[[ONES:.*]] = arith.constant dense<-1> : tensor<i8>
// CHECK: %[[ISZERO:.*]] = arith.cmpi eq, %[[B]], %[[ZERO]]
// CHECK: %[[D0:.*]] = arith.select %[[ISZERO]], %[[ONE]], %[[B]]
// CHECK: %[[LEAST:.*]] = arith.constant dense<-128> : tensor<i8>
// CHECK: %[[L:.*]] = arith.cmpi eq, %[[A]], %[[LEAST]]
// CHECK: %[[M:.*]] = arith.cmpi eq, %[[B]], %[[ONES]]
// CHECK: %[[OVER:.*]] = arith.andi %[[L]], %[[M]]
// CHECK: %[[D1:.*]] = arith.select %[[OVER]], %[[ONE]], %[[D0]]
// CHECK: %[[Q:.*]] = arith.divsi %[[A]], %[[D1]]
// CHECK: %[[R:.*]] = arith.select %[[ISZERO]], %[[ONES]], %[[Q]]
// CHECK: return %[[R]]
func.func @divide(%a: tensor<i8>, %b: tensor<i8>) -> tensor<i8> {
  %0 = "stablehlo.divide"(%a, %b) : (tensor<i8>, tensor<i8>) -> tensor<i8>
  return %0 : tensor<i8>
}

// CHECK-LABEL: func.func @bools(
// CHECK-SAME: %[[A:.*]]: tensor<4xi1>, %[[B:.*]]: tensor<4xi1>)
// CHECK: %[[V0:.*]] = arith.ori %[[A]], %[[B]]
// CHECK: %[[V1:.*]] = arith.andi %[[V0]], %[[B]]
// CHECK: %[[V2:.*]] = arith.xori %[[V1]], %[[B]]
// CHECK: %[[TRUE:.*]] = arith.constant dense<true>
// CHECK: %[[V3:.*]] = arith.xori %[[V2]], %[[TRUE]]
// CHECK: return %[[V3]]
func.func @bools(%a: tensor<4xi1>, %b: tensor<4xi1>) -> tensor<4xi1> {
  %0 = "stablehlo.or"(%a, %b) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %1 = "stablehlo.and"(%0, %b) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %2 = "stablehlo.xor"(%1, %b) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %3 = "stablehlo.not"(%2) : (tensor<4xi1>) -> tensor<4xi1>
  return %3 : tensor<4xi1>
}

// Only `NE` is true of NaN.
// CHECK-LABEL: func.func @compare(
// CHECK-SAME: %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>, %[[I:.*]]: tensor<4xi32>, %[[J:.*]]: tensor<4xi32>, %[[U:.*]]: tensor<4xi32>, %[[W:.*]]: tensor<4xi32>)
// CHECK: arith.cmpf oeq, %[[A]], %[[B]]
// CHECK: arith.cmpf une, %[[A]], %[[B]]
// CHECK: arith.cmpf oge, %[[A]], %[[B]]
// CHECK: arith.cmpi slt, %[[I]], %[[J]]
// CHECK: arith.cmpi ult, %[[U]], %[[W]]
func.func @compare(%a: tensor<4xf32>, %b: tensor<4xf32>, %i: tensor<4xi32>, %j: tensor<4xi32>, %u: tensor<4xui32>, %w: tensor<4xui32>)
    -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  %0 = "stablehlo.compare"(%a, %b) <{comparison_direction = #stablehlo<comparison_direction EQ>, compare_type = #stablehlo<comparison_type FLOAT>}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %1 = "stablehlo.compare"(%a, %b) <{comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %2 = "stablehlo.compare"(%a, %b) <{comparison_direction = #stablehlo<comparison_direction GE>}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %3 = "stablehlo.compare"(%i, %j) <{comparison_direction = #stablehlo<comparison_direction LT>, compare_type = #stablehlo<comparison_type SIGNED>}> : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
  %4 = "stablehlo.compare"(%u, %w) <{comparison_direction = #stablehlo<comparison_direction LT>, compare_type = #stablehlo<comparison_type UNSIGNED>}> : (tensor<4xui32>, tensor<4xui32>) -> tensor<4xi1>
  return %0, %1, %2, %3, %4 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// CHECK-LABEL: func.func @choose(
// CHECK-SAME: %[[P:.*]]: tensor<4xi1>, %[[Q:.*]]: tensor<i1>, %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>, %[[L:.*]]: tensor<f32>)
// CHECK: %[[V0:.*]] = arith.select %[[P]], %[[A]], %[[B]] : tensor<4xi1>, tensor<4xf32>
// CHECK: %[[C:.*]] = tensor.extract %[[Q]][]
// CHECK: %[[V1:.*]] = arith.select %[[C]], %[[V0]], %[[B]] : tensor<4xf32>
// CHECK: %[[LOW:.*]] = linalg.generic {{.*}} ins(%[[L]] : tensor<f32>)
// CHECK: %[[V2:.*]] = arith.maximumf %[[V1]], %[[LOW]]
// CHECK: %[[V3:.*]] = arith.minimumf %[[V2]], %[[B]]
// CHECK: return %[[V3]]
func.func @choose(%p: tensor<4xi1>, %q: tensor<i1>, %a: tensor<4xf32>, %b: tensor<4xf32>, %l: tensor<f32>) -> tensor<4xf32> {
  %0 = "stablehlo.select"(%p, %a, %b) : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = "stablehlo.select"(%q, %0, %b) : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = "stablehlo.clamp"(%l, %1, %b) : (tensor<f32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// CHECK-LABEL: func.func @convert(
// CHECK-SAME: %[[F:.*]]: tensor<4xf32>, %[[H:.*]]: tensor<4xf16>, %[[I:.*]]: tensor<4xi32>, %[[U:.*]]: tensor<4xi8>, %[[P:.*]]: tensor<4xi1>)
// CHECK: arith.truncf %[[F]] : tensor<4xf32> to tensor<4xbf16>
// CHECK: arith.extf %[[H]] : tensor<4xf16> to tensor<4xf32>
// CHECK: %[[W:.*]] = arith.extf %[[H]] : tensor<4xf16> to tensor<4xf32>
// CHECK: arith.truncf %[[W]] : tensor<4xf32> to tensor<4xbf16>
// CHECK: arith.sitofp %[[I]] : tensor<4xi32> to tensor<4xf32>
// CHECK: arith.uitofp %[[U]] : tensor<4xi8> to tensor<4xf32>
// CHECK: arith.extui %[[U]] : tensor<4xi8> to tensor<4xi32>
// CHECK: arith.extsi %[[I]] : tensor<4xi32> to tensor<4xi64>
// CHECK: arith.trunci %[[I]] : tensor<4xi32> to tensor<4xi8>
// CHECK: arith.extui %[[P]] : tensor<4xi1> to tensor<4xi32>
// CHECK: arith.cmpf une, %[[F]]
// CHECK: arith.cmpi ne, %[[I]]
func.func @convert(%f: tensor<4xf32>, %h: tensor<4xf16>, %i: tensor<4xi32>, %u: tensor<4xui8>, %p: tensor<4xi1>)
    -> (tensor<4xbf16>, tensor<4xf32>, tensor<4xbf16>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xui64>, tensor<4xi8>, tensor<4xi32>, tensor<4xi1>, tensor<4xi1>) {
  %0 = "stablehlo.convert"(%f) : (tensor<4xf32>) -> tensor<4xbf16>
  %1 = "stablehlo.convert"(%h) : (tensor<4xf16>) -> tensor<4xf32>
  %2 = "stablehlo.convert"(%h) : (tensor<4xf16>) -> tensor<4xbf16>
  %3 = "stablehlo.convert"(%i) : (tensor<4xi32>) -> tensor<4xf32>
  %4 = "stablehlo.convert"(%u) : (tensor<4xui8>) -> tensor<4xf32>
  %5 = "stablehlo.convert"(%u) : (tensor<4xui8>) -> tensor<4xi32>
  %6 = "stablehlo.convert"(%i) : (tensor<4xi32>) -> tensor<4xui64>
  %7 = "stablehlo.convert"(%i) : (tensor<4xi32>) -> tensor<4xi8>
  %8 = "stablehlo.convert"(%p) : (tensor<4xi1>) -> tensor<4xi32>
  %9 = "stablehlo.convert"(%f) : (tensor<4xf32>) -> tensor<4xi1>
  %10 = "stablehlo.convert"(%i) : (tensor<4xi32>) -> tensor<4xi1>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10 : tensor<4xbf16>, tensor<4xf32>, tensor<4xbf16>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xui64>, tensor<4xi8>, tensor<4xi32>, tensor<4xi1>, tensor<4xi1>
}

// Out of range is the nearest number in it, NaN is 0.
// CHECK-LABEL: func.func @to_integer(
// CHECK-SAME: %[[A:.*]]: tensor<4xf32>)
// CHECK-DAG: %[[LOW:.*]] = arith.constant dense<-1.280000e+02> : tensor<4xf32>
// CHECK-DAG: %[[HIGH:.*]] = arith.constant dense<1.280000e+02> : tensor<4xf32>
// CHECK: %[[BELOW:.*]] = arith.cmpf olt, %[[A]], %[[LOW]]
// CHECK: %[[ABOVE:.*]] = arith.cmpf oge, %[[A]], %[[HIGH]]
// CHECK: %[[GE:.*]] = arith.cmpf oge, %[[A]], %[[LOW]]
// CHECK: %[[LT:.*]] = arith.cmpf olt, %[[A]], %[[HIGH]]
// CHECK: %[[IN:.*]] = arith.andi %[[GE]], %[[LT]]
// CHECK: %[[SAFE:.*]] = arith.select %[[IN]], %[[A]], %{{.*}}
// CHECK: %[[I:.*]] = arith.fptosi %[[SAFE]] : tensor<4xf32> to tensor<4xi8>
// CHECK: %[[MAX:.*]] = arith.constant dense<127> : tensor<4xi8>
// CHECK: %[[V:.*]] = arith.select %[[ABOVE]], %[[MAX]], %[[I]]
// CHECK: %[[MIN:.*]] = arith.constant dense<-128> : tensor<4xi8>
// CHECK: %[[W:.*]] = arith.select %[[BELOW]], %[[MIN]], %[[V]]
// CHECK: return %[[W]]
func.func @to_integer(%a: tensor<4xf32>) -> tensor<4xi8> {
  %0 = "stablehlo.convert"(%a) : (tensor<4xf32>) -> tensor<4xi8>
  return %0 : tensor<4xi8>
}

// CHECK-LABEL: func.func @other(
// CHECK-SAME: %[[A:.*]]: tensor<4xf32>)
// CHECK: %[[F:.*]] = math.isfinite %[[A]]
// CHECK: %[[B:.*]] = arith.bitcast %[[A]] : tensor<4xf32> to tensor<4xi32>
// CHECK: return %[[F]], %[[B]], %[[A]]
func.func @other(%a: tensor<4xf32>) -> (tensor<4xi1>, tensor<4xi32>, tensor<4xf32>) {
  %0 = "stablehlo.is_finite"(%a) : (tensor<4xf32>) -> tensor<4xi1>
  %1 = "stablehlo.bitcast_convert"(%a) : (tensor<4xf32>) -> tensor<4xi32>
  %2 = "stablehlo.optimization_barrier"(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1, %2 : tensor<4xi1>, tensor<4xi32>, tensor<4xf32>
}
