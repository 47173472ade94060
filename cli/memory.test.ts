/** Commands under a limit on memory: told with the figures, never by a stack trace. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { testUnless } from '../test/support/needs.js';

const root = join(import.meta.dirname, '..');
const notLinux = process.platform === 'linux' ? undefined : 'limits on address space are tried on Linux';

testUnless(notLinux, 'a limit on address space is one error that names it', () => {
  // Node itself starts in this much; a WebAssembly memory reserves some ten gigabytes of addresses.
  const line = `ulimit -v 9000000; "${process.execPath}" dist/cli/main.js bench models/smoke3x4.rff --batches 1`;
  const { status, stderr } = spawnSync('sh', ['-c', line], { cwd: root, encoding: 'utf8' });
  expect({ status, stack: /\n +at /.test(stderr) }).toEqual({ status: 1, stack: false });
  expect(stderr).toContain('error[RFF824]: the system refused');
  expect(stderr).toContain('ulimit -v unlimited');
});
