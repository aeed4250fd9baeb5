"""Prints a chain of functions, each of which calls the next one twice.

usage: call-chain.py LENGTH
"""

import sys

length = int(sys.argv[1])
type = "tensor<16x8xf32>"
print("dist.mesh @mesh(dp = 4)")
for i in range(length - 1):
    print(f"""func.func private @f{i}(%x: {type}) -> {type} {{
  %a = call @f{i + 1}(%x) : ({type}) -> {type}
  %b = call @f{i + 1}(%a) : ({type}) -> {type}
  return %b : {type}
}}""")
print(f"""func.func private @f{length - 1}(%x: {type}) -> {type} {{
  %n = norm.rms_norm %x eps 1.0e-06 : {type}
  return %n : {type}
}}
func.func @main(%h: tensor<4x8xf32>) -> {type} {{
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> {type}
  %a = call @f0(%g) : ({type}) -> {type}
  return %a : {type}
}}""")
