/** Reads event files for tests, independently of the code that writes them. */

export interface DecodedEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version: string | null;
  /** Whether it is a session's start. */
  readonly restart: boolean;
  readonly scalars: Readonly<Record<string, number>>;
  readonly images: Readonly<Record<string, DecodedImage>>;
}
interface DecodedImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly png: Buffer;
}

/** Every event of a file. @throws Error for a wrong length or CRC */
export function decodeEvents(file: Buffer): DecodedEvent[] {
  const events: DecodedEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    check(file.subarray(at, at + 8), file.readUInt32LE(at + 8));
    const data = file.subarray(at + 12, at + 12 + length);
    check(data, file.readUInt32LE(at + 12 + length));
    events.push(decodeEvent(data));
    at += length + 16;
  }
  return events;
}

function check(bytes: Buffer, masked: number): void {
  const rotated = (masked - 0xa282ead8) >>> 0;
  const expected = ((rotated >>> 17) | (rotated << 15)) >>> 0;
  if (bitwiseCrc(bytes) !== expected) throw new Error('a CRC is wrong');
}

/** CRC-32C a bit at a time, from the polynomial as it is written, 0x1EDC6F41. */
function bitwiseCrc(bytes: Buffer): number {
  const reversed = (value: number, bits: number) => {
    let result = 0;
    for (let bit = 0; bit < bits; bit++) result = result * 2 + (Math.floor(value / 2 ** bit) % 2);
    return result;
  };
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc = (crc ^ (reversed(byte, 8) * 2 ** 24)) >>> 0;
    for (let bit = 0; bit < 8; bit++)
      crc = (crc >= 0x80000000 ? ((crc << 1) ^ 0x1edc6f41) >>> 0 : crc << 1) >>> 0;
  }
  return (reversed(crc, 32) ^ 0xffffffff) >>> 0;
}

type Field = { readonly number: number; readonly value: bigint | Buffer };

function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = Number(varint());
    const number = key >> 3;
    switch (key & 7) {
      case 0:
        fields.push({ number, value: varint() });
        break;
      case 1:
        fields.push({ number, value: take(8) });
        break;
      case 2:
        fields.push({ number, value: take(Number(varint())) });
        break;
      case 5:
        fields.push({ number, value: take(4) });
        break;
      default:
        throw new Error(`wire type ${key & 7}`);
    }
  }
  return fields;
}

function bytesOf(message: Buffer, number: number): Buffer[] {
  return fieldsOf(message).flatMap((field) =>
    field.number === number && typeof field.value !== 'bigint' ? [field.value] : [],
  );
}

function numberOf(message: Buffer, number: number): number {
  const found = fieldsOf(message).find((field) => field.number === number);
  return typeof found?.value === 'bigint' ? Number(found.value) : 0;
}

/** tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto. */
function decodeEvent(event: Buffer): DecodedEvent {
  const scalars: Record<string, number> = {};
  const images: Record<string, DecodedImage> = {};
  for (const summary of bytesOf(event, 5)) {
    for (const value of bytesOf(summary, 1)) {
      const tag = bytesOf(value, 1)[0]!.toString();
      const [simple] = bytesOf(value, 2);
      if (simple) scalars[tag] = simple.readFloatLE(0);
      const [image] = bytesOf(value, 4);
      if (image) {
        const [height, width, channels] = [1, 2, 3].map((number) => numberOf(image, number));
        images[tag] = { height: height!, width: width!, channels: channels!, png: bytesOf(image, 4)[0]! };
      }
    }
  }
  const [log] = bytesOf(event, 7);
  return {
    wallTime: bytesOf(event, 1)[0]!.readDoubleLE(0),
    step: numberOf(event, 2),
    version: bytesOf(event, 3)[0]?.toString() ?? null,
    restart: log !== undefined && numberOf(log, 1) === 1,
    scalars,
    images,
  };
}
