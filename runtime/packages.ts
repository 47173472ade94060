/**
 * Packages that only some backends need. They are optional peers of rffc, installed by users of such a backend
 * in the versions given in rffc's package.json.
 */
import { failure, RffcError } from '../grammar/diagnostic.js';
import { manifest } from './version.js';

/**
 * What `load` gives, which imports one of `packages`.
 * @throws RffcError RFF811 with the install command if one is missing or does not load; an RffcError
 * of `load` unchanged
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
      ? `optional package not installed: this backend requires ${names}`
      : `optional package does not load on this system: ${firstLine(error)}`;
    throw failure('RFF811', message, { hint: `npm install ${packages.map(versioned).join(' ')}` });
  }
}

/** `webgpu@^0.6.2`: a package in the version that rffc was tested with. */
function versioned(name: string): string {
  const version = manifest().peerDependencies?.[name];
  return version === undefined ? name : `${name}@${version}`;
}

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
