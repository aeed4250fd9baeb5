def layer_norm(x, shape, weight, bias, eps):
    return x


def rms_norm(x, shape, weight, eps):
    return x
