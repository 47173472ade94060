/** A plan's kernels as WGSL for people to read: each text once, as for a device with WebGPU's default limits. */
import type { Plan } from '../../plan/plan.js';
import { shaderFor } from './launches.js';
import type { Shader, WgslOptions } from './shader.js';
import { gemmTiles } from './tiles.js';

/** What WebGPU promises of every adapter; the webgpu engine asks the one it has. */
const promised = {
  ...{ subgroups: false, workgroupMemory: true, f16: false, maxInvocations: 256 },
  ...{ maxWorkgroupStorage: 16384, maxWorkgroupsPerDimension: 65535 },
} as const;

/** The WGSL of all of a plan's programs; an arena is a chunk, in the order of the plan. */
export function printShaders(plan: Plan): string {
  const options: WgslOptions = { ...promised, tile: (product) => gemmTiles(promised, product)[0]! };
  const arenas = plan.arenas.map(({ name }) => name);
  const addressOf = (buffer: number) => {
    const { arena, offset } = plan.buffers[buffer]!;
    return { binding: arenas.indexOf(arena), offset: offset / 4 };
  };
  const users = new Map<string, { readonly shader: Shader; readonly launches: string[] }>();
  for (const [program, launches] of Object.entries(plan.programs)) {
    for (const [i, launch] of launches.entries()) {
      for (const shader of shaderFor(launch, plan, addressOf, options)) {
        const known = users.get(shader.key) ?? { shader, launches: [] };
        known.launches.push(`${program} ${i}`);
        users.set(shader.key, known);
      }
    }
  }
  const head = arenas.map((name, i) => `// chunk${i}: ${name}\n`).join('');
  const texts = [...users.values()].map(
    ({ shader, launches }) => `// ${shader.label}\n// launches: ${launches.join(', ')}\n${shader.code}`,
  );
  return `${head}\n${texts.join('\n')}`;
}
