/**
 * Device memory: a plan's needs, compared with the free memory before anything is allocated. Every arena is
 * a separate allocation, so that memory checkers notice accesses out of an arena.
 */
import type { Plan } from '../../compiler/plan/plan.js';
import type { CudaDriver } from './driver.js';
import { outOfMemory } from './native.js';

/** Memory beside the plan's own, in bytes. */
export interface Extra {
  /** Gradients of all streams, and cuBLAS's workspaces. */
  readonly gradients: number;
  readonly workspaces: number;
  /** Operands as bf16. */
  readonly operands: number;
  /** The next batch, before it is moved into the plan's memory. */
  readonly inputs: number;
  /** What changes from run to run. */
  readonly run: number;
}

export interface DeviceAreas extends Readonly<Record<keyof Extra, bigint>> {
  /** Where a plan's buffer starts. */
  readonly buffer: (index: number) => bigint;
  /** Sets the plan's memory and the run's words to zero, on a stream. */
  readonly clear: (stream: bigint) => void;
  readonly release: () => void;
}

/** Bytes for people: `1.5 GiB`, `3.2 MiB`. */
function bytesText(bytes: number): string {
  const [size, unit] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : [2 ** 20, 'MiB'];
  return `${(bytes / size).toFixed(1)} ${unit}`;
}

const align = (bytes: number): number => 256 * Math.ceil(bytes / 256);

/**
 * Allocates what a plan needs.
 *
 * @param device its name, for people
 * @throws RffcError RFF845 with the figures if it does not fit; nothing is then left allocated
 */
export function allocateAreas(
  driver: CudaDriver,
  plan: Pick<Plan, 'arenas' | 'buffers'>,
  extra: Extra,
  device: string,
): DeviceAreas {
  const parts: [name: string, bytes: number][] = [
    ...plan.arenas.map(({ name, bytes }): [string, number] => [name, bytes]),
    ...Object.entries(extra).map(([name, bytes]: [string, number]): [string, number] => [`${name}*`, bytes]),
  ];
  const needed = parts.reduce((sum, [, bytes]) => sum + align(bytes), 0);
  const { free, total } = driver.memory();
  if (needed > free) {
    const largest = parts
      .filter(([, bytes]) => bytes >= 0.01 * needed)
      .map(([name, bytes]) => `${name.replace('*', '')} ${bytesText(bytes)}`);
    throw outOfMemory(
      `the model needs ${bytesText(needed)} (${largest.join(', ')}), but ${device} has ${bytesText(free)} ` +
        `free of ${bytesText(total)}`,
    );
  }
  const made = new Map<string, { readonly address: bigint; readonly bytes: number }>();
  const release = () => {
    for (const { address } of made.values()) driver.release(address);
    made.clear();
  };
  try {
    for (const [name, bytes] of parts)
      if (bytes > 0) made.set(name, { address: driver.allocate(align(bytes)), bytes: align(bytes) });
  } catch (error) {
    release();
    throw error;
  }
  const address = (name: string): bigint => made.get(name)?.address ?? 0n;
  const starts = plan.buffers.map(({ arena, offset }) => address(arena) + BigInt(offset));
  return {
    gradients: address('gradients*'),
    workspaces: address('workspaces*'),
    operands: address('operands*'),
    inputs: address('inputs*'),
    run: address('run*'),
    buffer: (index) => starts[index]!,
    clear(stream) {
      for (const name of [...plan.arenas.map((arena) => arena.name), 'run*']) {
        const area = made.get(name);
        if (area) driver.fill(area.address, 0, area.bytes / 4, stream);
      }
    },
    release,
  };
}
