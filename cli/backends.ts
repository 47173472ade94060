/** `rffc backends`: lists the available backends, and what the others need. */
import pc from 'picocolors';
import { listBackends } from '../runtime/backends.js';
import type { Io } from './io.js';

export async function backendsCommand(
  io: Io,
  options: { readonly json?: true; readonly verbose?: true },
): Promise<number> {
  const backends = await listBackends(options);
  if (options.json) {
    io.out(`${JSON.stringify(backends, null, 2)}\n`);
    return 0;
  }
  const colour = pc.createColors(io.colour);
  const width = Math.max(...backends.map(({ name }) => name.length));
  for (const { name, available, detail, install } of backends) {
    io.out(`${available ? colour.green('✓') : colour.dim('–')} ${name.padEnd(width)}  ${detail}\n`);
    if (install) io.out(`  ${' '.repeat(width)}  ${available ? 'faster' : 'to install'}: ${install}\n`);
  }
  return 0;
}
