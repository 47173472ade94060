/**
 * The packages that only some backends need. They are optional peers of rffc: whoever wants such a backend installs
 * them, in the versions that rffc's package.json names.
 */
import { failure, RffcError } from '../grammar/diagnostic.js';
import { manifest } from './run/version.js';

/**
 * What `load` gives, which imports one of `packages`.
 * @throws RffcError RFF811 with the command that installs all of them where one is missing or does not load; an
 * RffcError of `load` as it is
 */
export async function withPackages<T>(packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof RffcError) throw error;
    const names = new Intl.ListFormat('en').format(packages.map((name) => `\`${name}\``));
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const message = missing
      ? `optional package not installed: this backend needs ${names}`
      : `optional package does not load on this system: ${firstLine(error)}`;
    throw failure('RFF811', message, { hint: `npm install ${packages.map(versioned).join(' ')}` });
  }
}

/** `webgpu@^0.6.2`: a package in the version that rffc was tested with. */
function versioned(name: string): string {
  const version = manifest().peerDependencies?.[name];
  return version === undefined ? name : `${name}@${version}`;
}

/** The first line of what an error says. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
