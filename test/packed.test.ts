/**
 * The package as `npm install` leaves it, without its optional packages: it runs, and says what to install for the
 * rest.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked } from './support/packed.js';

const root = join(import.meta.dirname, '..');
const project = mkdtempSync(join(tmpdir(), 'rffc-packed-'));
beforeAll(() => void installPacked(project));
afterAll(() => rmSync(project, { recursive: true }));

interface Manifest {
  readonly sideEffects: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

function node(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
  return { status, stdout, stderr };
}
const rffc = (...args: readonly string[]) =>
  node(join(project, 'node_modules/rffc/dist/cli/main.js'), ...args);

test('every optional package is installed in a clone, so that its backend is tested', () => {
  const { peerDependencies, peerDependenciesMeta, devDependencies, dependencies } = manifest;
  expect(Object.keys(peerDependencies)).toEqual(Object.keys(peerDependenciesMeta));
  for (const [name, version] of Object.entries(peerDependencies)) {
    expect(peerDependenciesMeta[name]?.optional, name).toBe(true);
    expect(dependencies[name], name).toBeUndefined();
    // It downloads TensorFlow when it is installed.
    if (name !== '@tensorflow/tfjs-node-gpu') expect(devDependencies[name], name).toBe(version);
  }
});

describe('without the optional packages', () => {
  test('backends says what to install for each', () => {
    const { status, stdout } = rffc('backends', '--json');
    expect(status).toBe(0);
    const found = new Map(
      (JSON.parse(stdout) as { name: string; available: boolean; install?: string }[]).map((one) => [
        one.name,
        one,
      ]),
    );
    expect(found.get('cpu')).toMatchObject({ available: true });
    const hints = {
      webgpu: 'npm install webgpu@^0.6.2',
      'tfjs-cpu': 'npm install @tensorflow/tfjs-core@4.22 @tensorflow/tfjs-backend-cpu@4.22',
      'tfjs-wasm': 'npm install @tensorflow/tfjs-core@4.22 @tensorflow/tfjs-backend-wasm@4.22',
      'tfjs-webgpu':
        'npm install @tensorflow/tfjs-core@4.22 @tensorflow/tfjs-backend-webgpu@4.22 webgpu@^0.6.2',
      'tfjs-node-gpu': 'npm install @tensorflow/tfjs-core@4.22 @tensorflow/tfjs-node-gpu@^4.22.0',
    };
    for (const [name, install] of Object.entries(hints))
      expect(found.get(name)).toMatchObject({ name, available: false, install });
  });

  test('a run on the default backend trains', () => {
    const model = join(project, 'node_modules/rffc/models/quickstart.rff');
    const { status, stdout, stderr } = rffc('run', model, '--limit', '200', '--epochs', '1', '--out', 'run');
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/accuracy/);
  });

  test.each(['webgpu', 'tfjs-cpu', 'tfjs-wasm'])('a run on %s says what to install', (backend) => {
    const model = join(project, 'node_modules/rffc/models/quickstart.rff');
    const { status, stderr } = rffc('run', model, '--backend', backend);
    expect(status).toBe(1);
    expect(stderr).toMatch(/RFF811/);
    expect(stderr).toMatch(/npm install (webgpu|@tensorflow)/);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  test.each(['rffc', 'rffc/browser', 'rffc/compiler', 'rffc/grammar', 'rffc/runtime', 'rffc/webgpu'])(
    '%s can be imported',
    (entry) => {
      const code = `import * as it from '${entry}'; console.log(Object.keys(it).length > 0);`;
      expect(node('--input-type=module', '-e', code)).toEqual({ status: 0, stdout: 'true\n', stderr: '' });
    },
  );
});

test('README’s program runs', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [program, page] = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map((block) => block[1]!);
  cpSync(join(root, 'models'), join(project, 'models'), { recursive: true });
  writeFileSync(join(project, 'readme.mjs'), program!);
  const { status, stdout, stderr } = node('readme.mjs');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^epoch 1: 0\.\d+\n$/);
  expect(readFileSync(join(project, 'quickstart.safetensors')).length).toBeGreaterThan(1000);
  // The page's own program is `docs/examples/page`; this one is to name what there is.
  const names = /^import \{ (.*) \} from 'rffc\/browser'/.exec(page!)![1]!;
  writeFileSync(
    join(project, 'names.mjs'),
    `import { ${names} } from 'rffc/browser'; console.log(typeof train);`,
  );
  expect(node('names.mjs')).toEqual({ status: 0, stdout: 'function\n', stderr: '' });
});

describe('types', () => {
  const compile = (file: string, types: readonly string[]) => {
    const options = { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types };
    const lib = ['es2022', 'dom'];
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, lib }, files: [file] }),
    );
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    return node(
      join(root, 'node_modules/typescript/bin/tsc'),
      '--typeRoots',
      join(root, 'node_modules/@types'),
    );
  };

  test('the example compiles in a project of its own', () => {
    cpSync(join(root, 'docs/examples/digits.ts'), join(project, 'digits.ts'));
    expect(compile('digits.ts', ['node'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('the page’s code compiles without the types of Node', () => {
    cpSync(join(root, 'docs/examples/page/learn.ts'), join(project, 'learn.ts'));
    expect(compile('learn.ts', [])).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

test('what runs when it is imported is named as such', () => {
  for (const path of manifest.sideEffects) expect(path).toMatch(/^\.\/dist\/(bench|cli|docs|runtime\/cpu)\//);
  const code = "import 'rffc'; import 'rffc/browser'; console.log(Object.keys(globalThis).length);";
  const { stdout } = node('--input-type=module', '-e', code);
  const bare = node('--input-type=module', '-e', 'console.log(Object.keys(globalThis).length);');
  expect(stdout).toBe(bare.stdout);
});
