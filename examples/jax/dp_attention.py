"""The boundary behind data-parallel attention, as DeepSeek's models are served: a group
of dp * attn_tp ranks, each of which has the tokens of its data-parallel group, and a
part of the MLP's columns. What attention leaves on each rank, h, is a part of a sum
over attn_tp; the residual r goes into the sum once. All tokens are gathered for the
MLP, each rank takes its own rows back as the next residual, and all are normalised."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import PartitionSpec as P

TOKENS, HIDDEN, HEADS, HEAD, FFN = 32, 64, 4, 16, 96


def rms_norm(x, weight, eps=1e-6):
    """In f32, as models in bf16 do."""
    y = x.astype(jnp.float32)
    y = y * lax.rsqrt(jnp.mean(jnp.square(y), axis=-1, keepdims=True) + eps)
    return (y * weight.astype(jnp.float32)).astype(x.dtype)


def attention(x, wqkv, wo):
    """Of a group's tokens, over this rank's heads."""
    q, k, v = jnp.split((x @ wqkv).reshape(x.shape[0], -1, 3 * HEAD), 3, axis=-1)
    scores = jnp.einsum("ihd,jhd->hij", q, k) * HEAD**-0.5
    weights = jax.nn.softmax(scores.astype(jnp.float32), axis=-1).astype(x.dtype)
    y = jnp.einsum("hij,jhd->ihd", weights, v)
    return y.reshape(y.shape[0], -1) @ wo


def block(x, norm1, wqkv, wo, norm2, w1, w3, w2):
    """`x` is of a data-parallel group, the same on all of its ranks."""
    rows = x.shape[0]
    h = attention(rms_norm(x, norm1), wqkv, wo)
    h = jnp.where(lax.axis_index("attn_tp") == 0, h + x, h)
    g = lax.psum(lax.all_gather(h, "dp", axis=0, tiled=True), "attn_tp")
    r = lax.dynamic_slice_in_dim(g, lax.axis_index("dp") * rows, rows)
    g = rms_norm(g, norm2)
    y = (jax.nn.silu(g @ w1) * (g @ w3)) @ w2
    y = lax.psum_scatter(y, "dp", scatter_dimension=0, tiled=True)
    return r + lax.psum(y, "attn_tp")


def main(export, Argument):
    tokens, columns, rows = P("dp"), P(None, ("dp", "attn_tp")), P(("dp", "attn_tp"))

    def arguments(type):
        return [
            Argument([TOKENS, HIDDEN], tokens, scale=4, type=type),
            Argument([HIDDEN], P(), offset=1, type=type),
            Argument([HIDDEN, 3 * HEADS * HEAD], P(None, "attn_tp"), type=type),
            Argument([HEADS * HEAD, HIDDEN], P("attn_tp"), type=type),
            Argument([HIDDEN], P(), offset=1, type=type),
            *(Argument([HIDDEN, FFN], columns, type=type) for _ in range(2)),
            Argument([FFN, HIDDEN], rows, type=type),
        ]

    for name, axes, type in (
        ("dp_attention", {"dp": 4, "attn_tp": 1}, "f32"),
        ("dp_attention_bf16", {"dp": 4, "attn_tp": 1}, "bf16"),
        ("dp_ne_tp", {"dp": 2, "attn_tp": 2}, "f32"),
    ):
        export(name, block, axes, arguments(type), tokens)
