/**
 * An ONNX model as plain data, and its bytes: the few messages of onnx.proto3 that a dataflow of tensors needs
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3, whose field numbers these are).
 */
import { bytes, encoded, type Field, float, integer, message, text } from '../protobuf.js';

/** Values of TensorProto.DataType. */
const types = { float: 1, int64: 7 } as const;
export type ElementType = keyof typeof types;

export type Attribute =
  | { readonly name: string; readonly int: number }
  | { readonly name: string; readonly float: number }
  | { readonly name: string; readonly ints: readonly number[] };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: readonly Attribute[];
}
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}
/** An input or output; a dimension that is a name is left to the caller. */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
  readonly about: string;
}
export interface OnnxModel {
  readonly name: string;
  readonly about: string;
  readonly version: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Operators are those of this version of ONNX's own set; IR version 8 came with it (ONNX 1.12). */
const OPSET = 17;
const IR_VERSION = 8;

/** The model as a .onnx file holds it: a ModelProto. */
export function encode(model: OnnxModel): Uint8Array {
  return encoded([
    integer(1, IR_VERSION),
    text(2, 'rffc'),
    text(3, model.version),
    message(7, [
      ...model.nodes.map((node) => message(1, nodeFields(node))),
      text(2, model.name),
      ...model.initializers.map((tensor) => message(5, tensorFields(tensor))),
      text(10, model.about),
      ...model.inputs.map((port) => message(11, portFields(port))),
      ...model.outputs.map((port) => message(12, portFields(port))),
    ]),
    message(8, [text(1, ''), integer(2, OPSET)]),
    ...Object.entries(model.metadata).map(([key, value]) => message(14, [text(1, key), text(2, value)])),
  ]);
}

function nodeFields({ op, inputs, output, attributes }: OnnxNode): Field[] {
  return [
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(3, output),
    text(4, op),
    ...attributes.map((attribute) => message(5, attributeFields(attribute))),
  ];
}

function attributeFields(attribute: Attribute): Field[] {
  const name = text(1, attribute.name);
  if ('int' in attribute) return [name, integer(3, attribute.int), integer(20, 2)];
  if ('float' in attribute) return [name, float(2, attribute.float), integer(20, 1)];
  return [name, ...attribute.ints.map((value) => integer(8, value)), integer(20, 7)];
}

function tensorFields({ name, shape, data }: Initializer): Field[] {
  return [
    ...shape.map((size) => integer(1, size)),
    integer(2, data instanceof Float32Array ? types.float : types.int64),
    text(8, name),
    bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function portFields({ name, type, shape, about }: Port): Field[] {
  const dimensions = shape.map((size) =>
    message(1, [typeof size === 'number' ? integer(1, size) : text(2, size)]),
  );
  const tensor = [integer(1, types[type]), message(2, dimensions)];
  return [text(1, name), message(2, [message(1, tensor)]), text(3, about)];
}
