# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementwise operators: arithmetic stays Affine, the rest waits for the quantize (N13)."""

from fractions import Fraction

import numpy as np

from exact_functions import Rows
from exact_scalar import fraction
from exact_tensor import (Affine, Elementwise, Term, Unsupported, add, apply, multiply, relu,
                          scale_by)
from operators import is_integer, operator
from value_map import ValueMap


def _integers_only(view):
    return all(is_integer(value) for value in view.values)


@operator("Add", "Sum")
def add_op(view):
    """Sum of any number of operands."""
    if _integers_only(view):
        return sum(view.values[1:], view.values[0])
    total = view.operand(0)
    for index in range(1, len(view.values)):
        total = add(total, view.operand(index))
    return total


@operator("Sub")
def sub_op(view):
    """Difference."""
    if _integers_only(view):
        return view.values[0] - view.values[1]
    return add(view.operand(0), scale_by(view.operand(1), Fraction(-1)))


@operator("Mul")
def mul_op(view):
    """Product."""
    if _integers_only(view):
        return view.values[0] * view.values[1]
    return multiply(view.operand(0), view.operand(1))


@operator("Div")
def div_op(view):
    """Quotient by a constant."""
    if _integers_only(view):
        return view.values[0] // view.values[1]
    divisor = view.operand(1)
    if isinstance(divisor, Elementwise) or divisor.terms or divisor.constant is None:
        raise Unsupported("division by anything but a non-zero constant")
    reciprocal = divisor.constant.map(lambda value: 1 / value)
    return multiply(view.operand(0), type(divisor)(divisor.shape, [], reciprocal))


@operator("Neg")
def neg_op(view):
    """Negation."""
    return scale_by(view.real(0), Fraction(-1))


@operator("Relu")
def relu_op(view):
    """max(x, 0)."""
    value = view.value(0)
    if is_integer(value):
        return np.maximum(value, 0)
    if view.settings.mode == "tflite":  # its kernel rescales and clamps
        return apply("clip", view.real(0), low=Fraction(0), high=None)
    return relu(view.real(0))


def _bound(view, index, attribute):
    """A clip bound: input (opset >= 11) or attribute; infinities mean no bound."""
    if view.has(index):
        stored = view.values[index]
        if isinstance(stored, np.ndarray) and stored.size == 1 and np.isinf(stored).all():
            return None
        number = view.operand(index)
        if isinstance(number, Elementwise) or number.terms:
            raise Unsupported("clip bounds that are not constants")
        return Fraction(0) if number.constant is None else number.constant.item()
    value = view.attribute(attribute)
    return None if value is None or abs(value) > 3.4e38 else fraction(value)


@operator("Clip")
def clip_op(view):
    """min(max(x, low), high)."""
    value = view.value(0)
    if is_integer(value):
        low = view.integers(1) if view.has(1) else value.min()
        high = view.integers(2) if view.has(2) else value.max()
        return np.minimum(np.maximum(value, low), high)
    low, high = _bound(view, 1, "min"), _bound(view, 2, "max")
    return apply("clip", view.real(0), low=low, high=high)


@operator("Max", "Min")
def extremum_op(view):
    """Max or Min of any number of tensors."""
    function = "maximum" if view.node.op_type == "Max" else "minimum"
    result = view.real(0)
    for index in range(1, len(view.values)):
        other = view.real(index)
        shape = np.broadcast_shapes(result.shape, other.shape)
        result = Elementwise(function, [result, other], {}, shape)
    return result


@operator("LeakyRelu")
def leaky_relu_op(view):
    """x or alpha x."""
    alpha = view.attribute("exact_alpha") or _float32(view, "alpha", 0.01)
    return apply("leaky_relu", view.real(0), alpha=fraction(alpha))


@operator("Softmax")
def softmax_op(view):
    """Over the last axis (of opset 13 on, one axis); `beta` multiplies the logits."""
    x = view.real(0)
    rank = len(x.shape)
    axis = view.attribute("axis", -1) % rank
    if axis != rank - 1:
        order = list(range(rank))
        order[axis], order[-1] = order[-1], order[axis]
        return _softmax(view, x.move(lambda a: a.transpose(order))).move(
            lambda a: a.transpose(order))
    return _softmax(view, x)


def _softmax(view, x):
    if isinstance(x, Elementwise) or len(x.terms) != 1 or x.constant is not None:
        raise Unsupported("softmax of anything but a quantized tensor")
    term, beta = x.terms[0], fraction(view.attribute("beta", 1.0))
    scales = [value * beta for value in term.coefficient.values]
    index = np.broadcast_to(term.coefficient.index, x.shape).reshape(-1).tolist()
    values = [scales[i] * int(q) for i, q in zip(index, term.ints.reshape(-1).tolist())]
    numbers = np.arange(len(values), dtype=np.int64).reshape(x.shape)
    one = ValueMap.scalar(1, len(x.shape))
    result = apply("softmax", Affine(x.shape, [Term(numbers, one)]), rows=Rows(values, x.shape[-1]))
    if len(scales) == 1:
        result.parameters["rows"].operand = (term.ints.reshape(-1, x.shape[-1]).tolist(),
                                             float(term.coefficient.item()), float(beta))
    return result


@operator("HardSigmoid")
def hard_sigmoid_op(view):
    """max(0, min(1, alpha x + beta)) with the stored float32 alpha and beta."""
    return apply("hard_sigmoid", view.real(0), alpha=fraction(_float32(view, "alpha", 0.2)),
                 beta=fraction(_float32(view, "beta", 0.5)))


@operator("Elu")
def elu_op(view):
    """x or alpha (e^x - 1)."""
    return apply("elu", view.real(0), alpha=fraction(_float32(view, "alpha", 1.0)))


def _float32(view, name, default):
    """An attribute; the operator's default is the float32 nearest the text of the spec."""
    return float(np.float32(view.attribute(name, default)))


@operator("HardSwish", "Sigmoid", "Tanh", "Exp", "Abs", "Ceil", "Erf", "Floor", "Log", "Mish",
          "Reciprocal", "Round", "Sign", "Softplus", "Softsign", "Sqrt")
def unary_op(view):
    """Functions without parameters."""
    name = {"HardSwish": "hard_swish", "Abs": "absolute"}
    return apply(name.get(view.node.op_type, view.node.op_type.lower()), view.real(0))


@operator("Gelu")
def gelu_op(view):
    """x times the normal distribution function, or its approximation with tanh."""
    is_tanh = view.attribute("approximate", "none") in ("tanh", b"tanh")
    return apply("gelu_tanh" if is_tanh else "gelu", view.real(0))


@operator("ThresholdedRelu")
def thresholded_relu_op(view):
    """x above alpha, else 0."""
    return apply("threshold", view.real(0), alpha=fraction(_float32(view, "alpha", 1.0)))


@operator("Selu")
def selu_op(view):
    """gamma (x or alpha (e^x - 1))."""
    gamma = fraction(_float32(view, "gamma", 1.05070102214813232421875))
    alpha = fraction(_float32(view, "alpha", 1.67326319217681884765625))
    return scale_by(apply("elu", view.real(0), alpha=alpha), gamma)


@operator("Celu")
def celu_op(view):
    """x or alpha (e^(x / alpha) - 1)."""
    alpha = fraction(_float32(view, "alpha", 1.0))
    return scale_by(apply("elu", scale_by(view.real(0), 1 / alpha), alpha=Fraction(1)), alpha)


@operator("PRelu")
def prelu_op(view):
    """max(x, 0) + slope min(x, 0)."""
    x, slope = view.real(0), view.operand(1)
    above = apply("clip", x, low=Fraction(0), high=None)
    below = apply("clip", x, low=None, high=Fraction(0))
    return add(above, multiply(below, slope))


@operator("Pow")
def pow_op(view):
    """Constant exponents with a rational or algebraic power."""
    exponent, x = _bound(view, 1, ""), view.real(0)
    if exponent == 3:
        return multiply(x, apply("square", x))
    names = {Fraction(2): "square", Fraction(1, 2): "sqrt", Fraction(-1): "reciprocal",
             Fraction(-1, 2): "rsqrt"}
    if exponent == 1:
        return x
    if exponent not in names:
        raise Unsupported(f"a power with exponent {exponent}")
    return apply(names[exponent], x)
