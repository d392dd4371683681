# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the PyTorch table of README.md is tested with.

CASES[operator]   functions of an element type that return a `Net`, which has to be exact;
                  the first one is built for every type of the table
LIMITS[operator]  {words of the table: function}: a network that has to be refused
"""

from pt2_writer import DType

from pytorch_net import (Net, addmm, affine_weights, binary, convolution,
                         dead_weights, fake_weights, int32_bias, joined, linear, moved,
                         narrow_range, normalized, parted, pool, probabilities,
                         product, quantize_tensors,
                         reduced, scalar, selected, skip, sloped, stacked, symbolic, training,
                         unary, unbound)

AVG = "aten.avg_pool2d.default"
MAX = "aten.max_pool2d.default"

CASES = {
    "_operator.add": [symbolic], "_operator.sub": [symbolic], "_operator.mul": [symbolic],
    "_operator.floordiv": [symbolic], "aten.sym_size": [symbolic],
    "aten.abs": unary("aten.abs", behind_sum=False),
    "aten.gelu": [*unary("aten.gelu", behind_sum=False),
                  *unary("aten.gelu", behind_sum=False, approximate="tanh")],
    "aten.sqrt": unary("aten.sqrt"), "aten.neg": unary("aten.neg", behind_sum=False),
    "aten.erf": unary("aten.erf"), "aten.log": unary("aten.log"),
    "aten.floor": unary("aten.floor"), "aten.ceil": unary("aten.ceil"),
    "aten.round": unary("aten.round"), "aten.sign": unary("aten.sign"),
    "aten.mish": unary("aten.mish", behind_sum=False),
    "aten.reciprocal": unary("aten.reciprocal", behind_sum=False),
    "aten.rsqrt": unary("aten.rsqrt", behind_sum=False),
    "aten.square": unary("aten.square", behind_sum=False),
    "aten.pow": [build for exponent in (1, 2, 3, 0.5, -1.0, -0.5) for build in
                 unary("aten.pow", behind_sum=False, exponent=exponent)],
    "aten.prelu": [sloped((1, 256), 0.2), sloped((1, 3, 8, 5), 0.2, -0.3, 0.7),
                   sloped((1, 3, 8), 0.1, 0.4, 0.6)],
    "aten.softmax": [probabilities("aten.softmax.int", (1, 20), -1),
                     probabilities("aten.softmax.int", (1, 3, 40), 1, dtype=DType("float32"))],
    "aten._softmax": [probabilities("aten._softmax.default", (1, 4, 6), 2,
                                    half_to_float=False)],
    "aten.batch_norm": [
        normalized(), normalized(relu=False, low=0.1), normalized(behind=False),
        normalized(affine=False), normalized(shape=(1, 4, 7), behind=False),
        normalized(shape=(2, 7)), normalized(shape=(2, 7), behind=False)],
    "aten._native_batch_norm_legit_no_training": [
        normalized("aten._native_batch_norm_legit_no_training.default", low=0.1)],
    "aten.sum": [reduced("aten.sum.dim_IntList", (1, 3, 4, 4), (1, 3), 9, dim=[-1, -2]),
                 reduced("aten.sum.dim_IntList", (1, 3, 4), (1, 3, 1), 3, dim=[2], keepdim=True)],
    "aten.amax": [reduced("aten.amax.default", (1, 3, 4, 4), (1, 3), dim=[2, 3]),
                  reduced("aten.amax.default", (1, 3, 4), (1, 1, 4), dim=[1], keepdim=True)],
    "aten.expand": [moved("aten.expand.default", [1, 3, 1, 5], [1, 3, 4, 5],
                          size=[-1, 3, 4, -1])],
    "aten.flip": [moved("aten.flip.default", [1, 3, 4, 5], [1, 3, 4, 5], dims=[2, -1])],
    "aten.index_select": [selected],
    "aten.narrow": [moved("aten.narrow.default", [1, 3, 7], [1, 3, 4], dim=2, start=2,
                          length=4)],
    "aten.pixel_shuffle": [moved("aten.pixel_shuffle.default", [1, 8, 3, 4], [1, 2, 6, 8],
                                 upscale_factor=2)],
    "aten.stack": [stacked(1, [1, 2, 3, 4]), stacked(-1, [1, 3, 4, 2])],
    "aten.unbind": [unbound],
    "aten.adaptive_avg_pool1d": [pool("aten.adaptive_avg_pool1d.default", (1, 3, 8), (1, 3, 2),
                                      1.1, output_size=[2]),
                                 pool("aten.adaptive_avg_pool1d.default", (1, 3, 7), (1, 3, 3),
                                      1.1, output_size=[3])],
    "aten.adaptive_avg_pool2d": [
        pool("aten.adaptive_avg_pool2d.default", (1, 3, 6, 6), (1, 3, 1, 1), output_size=[1, 1]),
        pool("aten.adaptive_avg_pool2d.default", (1, 3, 6, 9), (1, 3, 2, 3), output_size=[2, 3]),
        pool("aten.adaptive_avg_pool2d.default", (1, 3, 7, 6), (1, 3, 3, 4), 1.1,
             output_size=[3, 4])],
    "aten._adaptive_avg_pool2d": [pool("aten._adaptive_avg_pool2d.default", (1, 3, 6, 6),
                                       (1, 3, 1, 1), 1.1, output_size=[1, 1])],
    "aten.adaptive_max_pool2d": [
        pool("aten.adaptive_max_pool2d.default", (1, 3, 6, 6), (1, 3, 2, 2), output_size=[2, 2]),
        pool("aten.adaptive_max_pool2d.default", (1, 3, 5, 6), (1, 3, 2, 4), output_size=[2, 4])],
    "aten.add": [binary("aten.add.Tensor"), binary("aten.add_.Tensor"), skip("aten.add_.Tensor"), skip("aten.add.Tensor"),
                 scalar("aten.add.Tensor", 0.5),
                 binary("aten.add.Tensor", ((1, 3, 4, 5), (1, 3, 1, 1)))],
    "aten.addmm": [addmm((5,))],
    "aten.avg_pool1d": [pool("aten.avg_pool1d.default", (1, 3, 9), (1, 3, 3), 1.1,
                             kernel_size=[3])],
    "aten.avg_pool2d": [
        pool(AVG, kernel_size=[2, 2]),
        pool(AVG, kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], result=(1, 3, 4, 5)),
        pool(AVG, kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], ceil_mode=True,
             count_include_pad=False, result=(1, 3, 5, 5)),
        pool(AVG, kernel_size=[3, 2], stride=[2, 2], ceil_mode=True, result=(1, 3, 4, 5))],
    "aten.bmm": [product("aten.bmm.default", (1, 3, 4), (1, 4, 5), (1, 3, 5))],
    "aten.cat": [joined([1.25, 1.25]), joined([1, 1.5, 0.8]), joined([1.25, 1.25], dim=2)],
    "aten.chunk": [parted("aten.chunk.default", [4, 3], chunks=2)],
    "aten.clamp": [*unary("aten.clamp", min=-0.4, max=0.6), *unary("aten.clamp", min=0),
                   *unary("aten.clamp_", max=0.3), *unary("aten.clamp", min=-0.8, max=-0.4)],
    "aten.clamp_max": unary("aten.clamp_max", max=0.3),
    "aten.clamp_min": unary("aten.clamp_min", min=-0.3),
    "aten.constant_pad_nd": [moved("aten.constant_pad_nd.default", [1, 3, 4, 5], [1, 3, 5, 8],
                                   pad=[1, 2, 0, 1])],
    "aten.conv1d": [convolution("aten.conv1d.default", (1, 4, 9), (6, 4, 3), (1, 6, 9),
                                padding=[1])],
    "aten.conv2d": [
        convolution(padding=[1, 1]), convolution(padding=[1, 1], bias=False),
        convolution(per_channel=False, result=(1, 6, 2, 3), stride=[2, 2]),
        convolution(weight=(8, 1, 3, 3), result=(1, 8, 6, 7), stride=[1, 1], padding=[1, 1],
                    dilation=[1, 1], groups=4),
        convolution(result=(1, 6, 2, 3), dilation=[2, 2]),
        convolution("aten.conv2d.padding", padding="same"),
        convolution("aten.conv2d.padding", weight=(6, 4, 2, 4), padding="same"),
        convolution("aten.conv2d.padding", result=(1, 6, 4, 5), padding="valid"),
        convolution(padding=[1, 1], end=False), convolution(padding=[1, 1], single=True)],
    "aten.convolution": [convolution(
        "aten.convolution.default", stride=[1, 1], padding=[1, 1], dilation=[1, 1],
        transposed=False, output_padding=[0, 0], groups=1),
        convolution("aten.convolution.default", (1, 4, 5, 6), (4, 6, 3, 3), (1, 6, 9, 11),
                    turned=True, stride=[2, 2], padding=[1, 1], dilation=[1, 1],
                    transposed=True, output_padding=[0, 0], groups=1)],
    "aten.conv_transpose2d": [
        convolution("aten.conv_transpose2d.input", (1, 4, 5, 6), (4, 6, 3, 3), (1, 6, 10, 12),
                    turned=True, stride=[2, 2], padding=[1, 1], output_padding=[1, 1]),
        convolution("aten.conv_transpose2d.input", (1, 4, 5, 6), (4, 6, 2, 3), (1, 6, 6, 8),
                    turned=True, per_channel=False),
        convolution("aten.conv_transpose2d.input", (1, 4, 5, 6), (4, 3, 3, 3), (1, 6, 9, 11),
                    turned=True, per_channel=False, stride=[2, 2], padding=[1, 1], groups=2)],
    "aten.conv_transpose1d": [
        convolution("aten.conv_transpose1d.default", (1, 4, 5), (4, 6, 3), (1, 6, 10),
                    turned=True, stride=[2], padding=[1], output_padding=[1])],
    "aten.div": [scalar("aten.div.Tensor", 3.0)],
    "aten.maximum": [binary("aten.maximum.default", same=True)],
    "aten.minimum": [binary("aten.minimum.default", same=True)],
    "aten.upsample_nearest2d": [
        moved("aten.upsample_nearest2d.default", [1, 3, 4, 5], [1, 3, 8, 10],
              output_size=[8, 10]),
        moved("aten.upsample_nearest2d.vec", [1, 3, 4, 5], [1, 3, 12, 10], output_size=[12, 10]),
        moved("aten.upsample_nearest2d.vec", [1, 3, 4, 5], [1, 3, 9, 7], output_size=None,
              scale_factors=[2.4, 1.5]),
        moved("aten.upsample_nearest2d.default", [1, 3, 7, 5], [1, 3, 4, 11],
              output_size=[4, 11], scales_h=0.6, scales_w=2.3)],
    "aten.upsample_nearest1d": [
        moved("aten.upsample_nearest1d.default", [1, 3, 7], [1, 3, 17], output_size=[17]),
        moved("aten.upsample_nearest1d.vec", [1, 3, 4], [1, 3, 8], output_size=None,
              scale_factors=[2.0])],
    "aten._upsample_nearest_exact1d": [
        moved("aten._upsample_nearest_exact1d.default", [1, 3, 7], [1, 3, 17],
              output_size=[17], scales=2.5)],
    "aten._upsample_nearest_exact2d": [
        moved("aten._upsample_nearest_exact2d.vec", [1, 3, 4, 5], [1, 3, 9, 3],
              output_size=[9, 3])],
    "aten.elu": unary("aten.elu"),
    "aten.exp": unary("aten.exp"),
    "aten.flatten": [moved("aten.flatten.using_ints", [1, 3, 4, 5], [1, 60], start_dim=1),
                     moved("aten.flatten.using_ints", [1, 3, 4, 5], [1, 12, 5], start_dim=1,
                           end_dim=2)],
    "aten.hardsigmoid": unary("aten.hardsigmoid"),
    "aten.hardswish": unary("aten.hardswish", behind_sum=False),
    "aten.hardtanh": [*unary("aten.hardtanh", min_val=0.0, max_val=6.0),
                      *unary("aten.hardtanh_"), *unary("aten.hardtanh")],
    "aten.leaky_relu": [*unary("aten.leaky_relu", negative_slope=0.125),
                        *unary("aten.leaky_relu_")],
    "aten.linear": [linear([1, 7]), linear([1, 7], bias=False), linear([1, 3, 7]),
                    linear([1, 7], per_channel=False), dead_weights],
    "aten.matmul": [product("aten.matmul.default", (1, 3, 4), (4, 5), (1, 3, 5), True, "other"),
                    product("aten.matmul.default", (1, 3, 4), (1, 4, 5), (1, 3, 5),
                            second="other"),
                    product("aten.matmul.default", (2, 3, 4), (1, 2, 4, 5), (1, 2, 3, 5),
                            second="other"),
                    product("aten.matmul.default", (1, 3, 2, 4), (1, 1, 4, 5), (1, 3, 2, 5),
                            second="other")],
    "aten.max_pool1d": [pool("aten.max_pool1d.default", (1, 3, 9), (1, 3, 4), kernel_size=[2])],
    "aten.max_pool2d": [
        pool(MAX, kernel_size=[2, 2]), pool(MAX, kernel_size=[2, 2], stride=[2, 2]),
        pool(MAX, kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], dilation=[1, 1],
             ceil_mode=True, result=(1, 3, 5, 5)),
        pool("aten.max_pool2d_with_indices.default", kernel_size=[2, 2])],
    "aten.mean": [pool("aten.mean.dim", (1, 3, 4, 4), (1, 3), dim=[-1, -2]),
                  pool("aten.mean.dim", (1, 3, 6, 6), (1, 3, 1, 1), dim=[2, 3], keepdim=True),
                  pool("aten.mean.dim", (1, 3, 4, 5), (1, 4, 5), 1.1, dim=[1]),
                  pool("aten.mean.dim", (1, 6, 4), (1, 6), 1.1, dim=[-1])],
    "aten.mm": [product("aten.mm.default", (1, 4), (4, 5), (1, 5), True)],
    "aten.mul": [binary("aten.mul.Tensor"), binary("aten.mul_.Tensor"),
                 scalar("aten.mul.Tensor", 0.75)],
    "aten.pad": [
        moved("aten.pad.default", [1, 3, 4, 5], [1, 3, 5, 8], pad=[1, 2, 0, 1],
              mode="constant", value=0.0),
        moved("aten.pad.default", [1, 3, 4, 5], [1, 3, 5, 5], pad=[1, -1, -1, 2]),
        *[moved("aten.pad.default", [1, 3, 4, 5], [1, 3, 7, 8], pad=[1, 2, 3, 0], mode=mode)
          for mode in ("reflect", "replicate", "circular")]],
    "aten.permute": [moved("aten.permute.default", [1, 3, 4, 5], [1, 4, 5, 3],
                           dims=[0, 2, 3, 1])],
    "aten.relu": [*unary("aten.relu"), *unary("aten.relu_")],
    "aten.relu6": unary("aten.relu6"),
    "aten.reshape": [moved("aten.reshape.default", [1, 3, 4, 5], [1, 5, 12], shape=[1, 5, -1])],
    "aten.rsub": [scalar("aten.rsub.Scalar", 0.5)],
    "aten.select": [moved("aten.select.int", [1, 3, 4, 5], [1, 4, 5], dim=1, index=-1)],
    "aten.sigmoid": unary("aten.sigmoid"),
    "aten.silu": unary("aten.silu", behind_sum=False),
    "aten.slice": [moved("aten.slice.Tensor", [1, 3, 7, 5], [1, 3, 3, 5], dim=2, start=1,
                         end=9223372036854775807, step=2)],
    "aten.split": [parted("aten.split.Tensor", [3, 3, 1], split_size=3)],
    "aten.split_with_sizes": [parted("aten.split_with_sizes.default", [2, 5],
                                     split_sizes=[2, 5])],
    "aten.squeeze": [moved("aten.squeeze.dims", [1, 3, 1, 5], [1, 3, 5], dim=[2])],
    "aten.sub": [binary("aten.sub.Tensor"), scalar("aten.sub.Tensor", 0.25)],
    "aten.t": [addmm((5,))],
    "aten.tanh": unary("aten.tanh"),
    "aten.transpose": [moved("aten.transpose.int", [1, 3, 4], [1, 4, 3], dim0=1, dim1=2)],
    "aten.unflatten": [moved("aten.unflatten.int", [1, 12, 5], [1, 3, 4, 5], dim=-2,
                             sizes=[3, -1])],
    "aten.unsqueeze": [moved("aten.unsqueeze.default", [1, 3, 4], [1, 1, 3, 4], dim=1)],
    "aten.view": [moved("aten.view.default", [1, 3, 4], [1, 12], size=[1, -1]), symbolic],
    "aten._unsafe_view": [moved("aten._unsafe_view.default", [1, 3, 4], [1, 12], size=[1, 12])],
    "quantized_decomposed.quantize_per_tensor": [
        quantize_tensors("tensor"), quantize_tensors("tensor2"), narrow_range],
    "quantized_decomposed.dequantize_per_tensor": [
        quantize_tensors("tensor"), affine_weights("uint8", False),
        affine_weights("int8", False)],
    "quantized_decomposed.quantize_per_channel": [fake_weights],
    "quantized_decomposed.dequantize_per_channel": [
        int32_bias, fake_weights, affine_weights("int8", True), affine_weights("uint8", True)],
}
for name in ("alias", "clone", "contiguous", "detach", "lift_fresh", "lift_fresh_copy",
             "_to_copy", "to"):
    CASES[f"aten.{name}"] = [moved(f"aten.{name}.default", [1, 3, 4], None)]
for name in ("dropout", "feature_dropout"):
    def dropped(dtype, name=name):
        """Inference."""
        net = Net(dtype)
        x = net.source([1, 12])
        return net.end(net.call(f"aten.{name}.default", input=x, p=0.5, train=False),
                       net.scale * 1.25)
    CASES[f"aten.{name}"] = [dropped]
CASES["aten.max_pool2d_with_indices"] = CASES["aten.max_pool2d"][3:]


LIMITS = {
    "aten.add": {"alpha 1": binary("aten.add.Tensor", alpha=2)},
    "aten.addmm": {"bias of one row": addmm((2, 5))},
    "aten.avg_pool2d": {"no divisor_override": pool(AVG, kernel_size=[2, 2],
                                                    divisor_override=3)},
    "aten.dropout": {"inference": training},
    "aten.slice": {"positive steps": moved("aten.slice.Tensor", [1, 3, 4], [1, 3, 4], dim=2,
                                           step=-1)},
    "aten._to_copy": {"no conversion of data": moved("aten._to_copy.default", [1, 3, 4], None,
                                                     dtype=DType("int8"))},
}
