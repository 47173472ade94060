/**
 * Messages of Protocol Buffers, written field by field, for the few messages of ONNX and TensorBoard that rffc writes:
 * a field is its number and a value, and no schema has to be compiled.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Writes a field of a message. */
export type Field = (to: BinaryWriter) => void;

/** A field of type int32, int64 or enum. */
export function integer(field: number, value: number): Field {
  return (to) => to.tag(field, WireType.Varint).int64(value);
}

/** A field of type float; a value beyond its range becomes infinite. */
export function float(field: number, value: number): Field {
  return (to) => to.tag(field, WireType.Bit32).float(Math.fround(value));
}

/** A field of type double. */
export function double(field: number, value: number): Field {
  return (to) => to.tag(field, WireType.Bit64).double(value);
}

/** A field of type string, UTF-8. */
export function text(field: number, value: string): Field {
  return (to) => to.tag(field, WireType.LengthDelimited).string(value);
}

/** A field of type bytes. */
export function bytes(field: number, value: Uint8Array): Field {
  return (to) => to.tag(field, WireType.LengthDelimited).bytes(value);
}

/** A field that is a message. */
export function message(field: number, fields: readonly Field[]): Field {
  return (to) => {
    to.tag(field, WireType.LengthDelimited).fork();
    for (const write of fields) write(to);
    to.join();
  };
}

/** A message's bytes. */
export function encoded(fields: readonly Field[]): Uint8Array {
  const to = new BinaryWriter();
  for (const write of fields) write(to);
  return to.finish();
}
