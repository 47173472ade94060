"""Checks an ONNX model with onnx's own checker and runs it: by onnxruntime where that is installed, else here, by NumPy.

usage: onnx_check.py MODEL X.json OUT.json
X.json is the input as nested lists. OUT.json gets {"label": …, "goodness": …, "inputs": …, "outputs": …, "by": …}.
The NumPy part follows the operators' definitions (https://onnx.ai/onnx/operators), for those that rffc writes.
"""

import json
import math
import sys

import numpy as np
import onnx
from onnx import numpy_helper

NUMPY = {
    "Neg": np.negative, "Exp": np.exp, "Log": np.log, "Sqrt": np.sqrt, "Abs": np.abs, "Sign": np.sign,
    "Sin": np.sin, "Cos": np.cos, "Tanh": np.tanh, "Floor": np.floor, "Add": np.add, "Sub": np.subtract,
    "Mul": np.multiply, "Div": np.divide, "Pow": np.power, "Max": np.maximum, "Min": np.minimum,
    "Less": np.less, "LessOrEqual": np.less_equal, "Greater": np.greater, "GreaterOrEqual": np.greater_equal,
    "Equal": np.equal, "Not": np.logical_not, "Where": np.where, "MatMul": np.matmul,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Erf": lambda x: np.vectorize(math.erf, otypes=[np.float32])(x),
    "Expand": lambda x, shape: x * np.ones([int(n) for n in shape], x.dtype),
    "Squeeze": lambda x, axes: np.squeeze(x, tuple(axes)),
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(axes)),
}


def run(op, x, attributes):
    keep = bool(attributes.get("keepdims", 1))
    if op in NUMPY:
        return NUMPY[op](*x)
    if op == "Cast":
        assert attributes["to"] == onnx.TensorProto.FLOAT
        return x[0].astype(np.float32)
    if op == "Transpose":
        return np.transpose(x[0], attributes["perm"])
    if op == "Gather":
        return np.take(x[0], x[1], attributes["axis"])
    if op == "Reshape":
        # 0 is the dimension that was there.
        return np.reshape(x[0], [n or x[0].shape[i] for i, n in enumerate(x[1])])
    if op == "Concat":
        return np.concatenate(x, attributes["axis"])
    if op == "Slice":
        starts, ends, axes = x[1:]
        cut = [slice(None)] * x[0].ndim
        for start, end, axis in zip(starts, ends, axes):
            cut[axis] = slice(start, end)
        return x[0][tuple(cut)]
    if op == "Shape":
        return np.array(x[0].shape[attributes["start"]:attributes["end"]], np.int64)
    if op in ("ReduceMean", "ReduceMax"):
        return {"ReduceMean": np.mean, "ReduceMax": np.max}[op](x[0], tuple(attributes["axes"]), keepdims=keep)
    if op == "ReduceSum":
        return np.sum(x[0], tuple(x[1]), keepdims=keep)
    if op in ("ArgMin", "ArgMax"):
        return {"ArgMin": np.argmin, "ArgMax": np.argmax}[op](x[0], attributes["axis"])
    raise NotImplementedError(op)


def evaluate(graph, x):
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    values[graph.input[0].name] = x
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        result = run(node.op_type, [values[name] for name in node.input], attributes)
        # As in the standard: a result has the type of its operands.
        values[node.output[0]] = result.astype(np.float32) if result.dtype == np.float64 else result
    return {output.name: values[output.name] for output in graph.output}


def port(value):
    tensor = value.type.tensor_type
    return [value.name, tensor.elem_type, [d.dim_param or d.dim_value for d in tensor.shape.dim]]


def main(model_path, x_path, out_path):
    model = onnx.load(model_path)
    onnx.checker.check_model(model, full_check=True)
    with open(x_path, encoding="utf8") as file:
        x = np.array(json.load(file), np.float32)
    try:
        import onnxruntime

        by = "onnxruntime " + onnxruntime.__version__
        names = [output.name for output in model.graph.output]
        found = dict(zip(names, onnxruntime.InferenceSession(model_path).run(names, {"x": x})))
    except ImportError:
        by = "NumPy"
        found = evaluate(model.graph, x)
    result = {name: values.tolist() for name, values in found.items()}
    result.update(inputs=[port(v) for v in model.graph.input], outputs=[port(v) for v in model.graph.output], by=by)
    result["ops"] = sorted({node.op_type for node in model.graph.node})
    with open(out_path, "w", encoding="utf8") as file:
        json.dump(result, file)


main(*sys.argv[1:])
