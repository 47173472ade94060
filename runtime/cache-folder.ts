/**
 * Where this machine keeps what can be had again: data sets that were fetched, kernels that were compiled,
 * measurements.
 */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The user's home folder; undefined where the system knows of none, as in a container run under a bare number. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The user's cache folder for this platform, where what can be had again is kept. Without a home folder it is one of
 * this user's among the temporary files. Ours rather than env-paths, which cannot be imported without a home folder,
 * and whose folder on Windows is not the one that data sets are in already.
 */
export function cacheFolder(): string {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'rffc');
  const home = homeFolder();
  if (home === undefined) return join(tmpdir(), `rffc-${process.getuid?.() ?? 'cache'}`);
  switch (process.platform) {
    case 'darwin':
      return join(home, 'Library', 'Caches', 'rffc');
    case 'win32':
      return join(process.env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'rffc');
    default:
      return join(home, '.cache', 'rffc');
  }
}
