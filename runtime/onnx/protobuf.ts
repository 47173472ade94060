/**
 * Protocol Buffers, the writing half, as far as ONNX needs it: varints, bytes, and messages within messages
 * (https://protobuf.dev/programming-guides/encoding). A message is a list of chunks, so that weights are not copied
 * once for every message around them.
 */

/** Encoded bytes in order; `concatenated` makes one array of them. */
export type Message = readonly Uint8Array[];

const VARINT = 0;
const DELIMITED = 2;
const FIXED32 = 5;

/** A field that is a whole number, as its two's complement in 64 bits: int32, int64, enum. */
export function integer(field: number, value: number): Message {
  return [Uint8Array.from([...varint(field * 8 + VARINT), ...varint(value)])];
}

/** A field of type float. */
export function float(field: number, value: number): Message {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [Uint8Array.from([...varint(field * 8 + FIXED32), ...bytes])];
}

/** A field of type string, UTF-8. */
export function text(field: number, value: string): Message {
  return delimited(field, [new TextEncoder().encode(value)]);
}

/** A field of type bytes, or a message: what is in it, with its length before it. */
export function delimited(field: number, content: Message): Message {
  return [Uint8Array.from([...varint(field * 8 + DELIMITED), ...varint(sizeOf(content))]), ...content];
}

/** A repeated field: `write` makes each item's. */
export function repeated<T>(items: readonly T[], write: (item: T) => Message): Message {
  return items.flatMap(write);
}

/** Bytes in a message. */
export function sizeOf(message: Message): number {
  return message.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** A message as one array. */
export function concatenated(message: Message): Uint8Array {
  const bytes = new Uint8Array(sizeOf(message));
  let at = 0;
  for (const chunk of message) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Seven bits a byte, the low ones first, the highest bit of a byte set where another follows. */
function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}
