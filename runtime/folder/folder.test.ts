import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { readText, writeAtomically } from '../files.js';
import {
  appendMetrics,
  CONFIG,
  createRunFolder,
  defaultFolder,
  METRICS,
  machine,
  type RunConfig,
  readRunConfig,
  removeLeftovers,
  sha256,
  trimMetrics,
  versions,
} from './folder.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));

const config: RunConfig = {
  format: 1,
  created: '2026-01-02T03:04:05.000Z',
  model: { name: 'm', file: '/models/m.rff', sha256: sha256('model m {}'), text: 'model m {}' },
  settings: { set: { theta: 1.25 }, epochs: 3, dataDir: '/data' },
  seed: 1234,
  epochs: 3,
  batch: 100,
  backend: 'tfjs-cpu',
  versions: versions(),
  machine: machine(),
};

test('a run is named after its model and the time, and never the same twice', () => {
  const base = join(folder, 'named');
  const now = new Date(2026, 0, 2, 3, 4, 5);
  const first = defaultFolder(base, 'm', now);
  expect(first).toBe(join(base, 'runs', 'm-20260102-030405'));
  mkdirSync(first, { recursive: true });
  expect(defaultFolder(base, 'm', now)).toBe(`${first}-2`);
  mkdirSync(`${first}-2`);
  expect(defaultFolder(base, 'm', now)).toBe(`${first}-3`);
});

test('a config round-trips', () => {
  const path = join(folder, 'deep', 'run');
  createRunFolder(path, config);
  expect(readRunConfig(path)).toEqual(config);
  expect(config.versions.rffc).toMatch(/^\d+\.\d+\.\d+/);
});

test('reads `judgeEvery` of earlier versions as `evalEvery`', () => {
  const path = join(folder, 'earlier');
  createRunFolder(path, { ...config, settings: { judgeEvery: 2 } as RunConfig['settings'] });
  expect(readRunConfig(path).settings).toEqual({ evalEvery: 2 });
});

test('accepts an empty folder, and rejects one that is not empty', () => {
  const path = join(folder, 'taken');
  mkdirSync(path);
  createRunFolder(path, config);
  expect(() => createRunFolder(path, config)).toThrow('already contains a run');
  rmSync(join(path, CONFIG));
  writeFileSync(join(path, 'thesis.tex'), '');
  expect(() => createRunFolder(path, config)).toThrow('is not empty');
  expect(() => createRunFolder(join(path, 'thesis.tex'), config)).toThrow('RFF702');
});

test('rejects a folder that is not a run', () => {
  expect(() => readRunConfig(join(folder, 'nowhere'))).toThrow('RFF701');
  mkdirSync(join(folder, 'plain'));
  expect(() => readRunConfig(join(folder, 'plain'))).toThrow('RFF704');
});

test('rejects a damaged config with the reason', () => {
  const path = join(folder, 'damaged');
  mkdirSync(path);
  const reading = (text: string) => {
    writeFileSync(join(path, CONFIG), text);
    return () => readRunConfig(path);
  };
  expect(reading('{')).toThrow('not JSON');
  expect(reading('[]')).toThrow('not an object');
  expect(reading(JSON.stringify({ ...config, format: 2 }))).toThrow('unknown format 2');
  expect(reading(JSON.stringify({ ...config, batch: '100' }))).toThrow('`batch` is not an integer');
  expect(reading(JSON.stringify({ ...config, settings: { set: { theta: 'x' } } }))).toThrow('`settings.set`');
  const changed = { ...config, model: { ...config.model, text: 'model m { }' } };
  expect(reading(JSON.stringify(changed))).toThrow('SHA-256');
});

test('reading any config throws nothing but an RffcError', () => {
  const path = join(folder, 'fuzzed');
  mkdirSync(path);
  const keys = fc.constantFrom('format', 'model', 'settings', 'seed', 'created', 'versions', 'backend', 'x');
  fc.assert(
    fc.property(keys, fc.jsonValue(), (key, value) => {
      writeFileSync(join(path, CONFIG), JSON.stringify({ ...config, [key]: value }));
      try {
        readRunConfig(path);
      } catch (error) {
        expect(error).toBeInstanceOf(RffcError);
      }
    }),
    { numRuns: 60 },
  );
});

test('drops metrics after the checkpoint and incomplete lines', () => {
  const path = join(folder, 'metrics');
  mkdirSync(path);
  expect(trimMetrics(path, { epoch: 0, batch: 10, trained: 10 })).toBe(0);
  for (const trained of [10, 20, 30]) appendMetrics(path, { trained, seconds: trained / 10 });
  writeFileSync(join(path, METRICS), `${readText(join(path, METRICS))}{"trained": 1`);
  expect(trimMetrics(path, { epoch: 0, batch: 20, trained: 20 })).toBe(2);
  expect(readText(join(path, METRICS))).toBe('{"trained":10,"seconds":1}\n{"trained":20,"seconds":2}\n');
});

test('replaces a file atomically, and leaves no temporary file', () => {
  const path = join(folder, 'text');
  writeAtomically(path, 'one');
  writeAtomically(path, 'zwei, übermäßig lang'.repeat(1000));
  expect(readFileSync(path, 'utf8')).toBe('zwei, übermäßig lang'.repeat(1000));
  expect(existsSync(`${path}.${process.pid}.tmp`)).toBe(false);
  expect(() => writeAtomically(join(folder, 'no', 'such', 'place'), '')).toThrow('RFF701');
  expect(() => readText(folder)).toThrow('RFF702');
  expect(() => readText(join(path, 'below'))).toThrow('RFF702');
});

test.skipIf(process.platform === 'win32')('replacing a file keeps links, permissions and devices', () => {
  const path = join(folder, 'private');
  writeFileSync(path, 'one', { mode: 0o600 });
  const link = join(folder, 'link');
  symlinkSync('private', link);
  writeAtomically(link, 'two');
  expect(readlinkSync(link)).toBe('private');
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chmodSync(path, 0o666);
  writeAtomically(path, 'three');
  expect(statSync(path).mode & 0o777).toBe(0o666);
  const device = join(folder, 'device');
  symlinkSync('/dev/null', device);
  writeAtomically(device, 'four');
  expect(readlinkSync(device)).toBe('/dev/null');
});

test('an epoch’s line is kept only once the epoch is behind the checkpoint', () => {
  const path = join(folder, 'epochs');
  mkdirSync(path);
  appendMetrics(path, { event: 'batch', epoch: 1, trained: 10, seconds: 1 });
  appendMetrics(path, { event: 'epoch', epoch: 1, trained: 10, seconds: 2 });
  appendMetrics(path, { event: 'batch', epoch: 2, trained: 20, seconds: 3 });
  // The next epoch's first position has trained as many batches as the last one of the epoch before it.
  expect(trimMetrics(path, { epoch: 1, batch: 0, trained: 10 })).toBe(2);
  expect(readText(join(path, METRICS)).split('\n')).toHaveLength(3);
  expect(trimMetrics(path, { epoch: 0, batch: 10, trained: 10 })).toBe(1);
  expect(readText(join(path, METRICS))).toBe('{"event":"batch","epoch":1,"trained":10,"seconds":1}\n');
});

test('removes temporary files of a killed run, and does not count them as content', () => {
  const path = join(folder, 'leftovers');
  mkdirSync(path);
  const names = [
    'config.json.12.tmp',
    'checkpoint.safetensors.7.tmp',
    'checkpoint.previous.safetensors.7.tmp',
  ];
  for (const name of names) writeFileSync(join(path, name), '{');
  createRunFolder(path, config);
  expect(readdirSync(path)).toEqual([CONFIG]);
  writeFileSync(join(path, 'notes.7.tmp'), '');
  removeLeftovers(path);
  expect(readdirSync(path)).toContain('notes.7.tmp');
});
