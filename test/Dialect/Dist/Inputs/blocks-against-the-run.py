"""A function of many blocks, listed against the order in which they run, of which
one normalises what is gathered in front of them, and another one returns it.

usage: blocks-against-the-run.py NUMBER_OF_BLOCKS
"""

import sys

number = int(sys.argv[1])
print("""dist.mesh @mesh(dp = 2)
func.func @main(%x: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
  cf.cond_br %c, ^norm, ^b0
^norm:
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf32>
  return %y : tensor<8x8xf32>""")
print(f"^b{number - 1}:\n  return %g : tensor<8x8xf32>")
for block in reversed(range(number - 1)):
    print(f"^b{block}:\n  cf.br ^b{block + 1}")
print("}")
