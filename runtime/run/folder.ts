/**
 * A run's folder: everything needed to repeat a run, look at it, go on with it, or use what it learned.
 *
 *     config.json             the model's text and SHA-256, every option, the versions and the machine
 *     metrics.jsonl           one line for every tenth batch and every epoch
 *     checkpoint.safetensors  after the latest epoch, or where the run was interrupted
 *     best.safetensors        after the epoch with the best test accuracy
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type PassName, passNames } from '../../compiler/plan/build.js';
import { failure } from '../../grammar/diagnostic.js';
import { type Precision, precisions } from '../backends.js';
import { fileError, readText, writeAtomically } from './files.js';
import { rffcVersion } from './version.js';

/** What a run was started with, beside its model. Absent = the model's own, or no limit. */
export interface RunSettings {
  readonly set?: Readonly<Record<string, number>>;
  readonly model?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly seed?: number;
  readonly limit?: number;
  readonly threads?: number;
  readonly dataDir?: string;
  readonly init?: string;
  /** Passes that the compiler leaves out. */
  readonly without?: readonly PassName[];
  /** Of products, where the backend has a choice. */
  readonly precision?: Precision;
  /** Which GPU, from 0, on cuda. */
  readonly device?: number;
}

export interface RunConfig {
  /** The version of this format. */
  readonly format: 1;
  readonly created: string;
  readonly model: {
    readonly name: string;
    readonly file: string;
    readonly sha256: string;
    readonly text: string;
  };
  readonly settings: RunSettings;
  /** What `settings` and the model came to. */
  readonly seed: number;
  readonly epochs: number;
  readonly batch: number;
  readonly backend: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: Readonly<Record<string, string | number>>;
}

export const CONFIG = 'config.json';
export const METRICS = 'metrics.jsonl';
export const CHECKPOINT = 'checkpoint.safetensors';
export const BEST = 'best.safetensors';

/** `runs/NAME-YYYYMMDD-HHMMSS` under `base`, in local time; with a number after it where that is taken. */
export function defaultFolder(base: string, name: string, now: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const folder = join(base, 'runs', `${name}-${day}-${time}`);
  for (let n = 2; ; n++) {
    const candidate = n === 2 ? folder : `${folder}-${n - 1}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/** Makes a run's folder and writes its config. @throws RffcError RFF708 if something is in it already, RFF701 to RFF703. */
export function createRunFolder(folder: string, config: RunConfig): void {
  try {
    mkdirSync(folder, { recursive: true });
    const inside = readdirSync(folder);
    if (inside.length > 0) {
      const message = inside.includes(CONFIG)
        ? `\`${folder}\` already holds a run`
        : `\`${folder}\` is not empty`;
      throw failure('RFF708', message, {
        file: folder,
        hint: inside.includes(CONFIG)
          ? `go on with it by \`--resume ${folder}\`, or choose another \`--out\``
          : 'choose another `--out`',
      });
    }
  } catch (error) {
    throw fileError(error, folder);
  }
  writeConfig(folder, config);
}

/** Writes (over) a run's config. */
export function writeConfig(folder: string, config: RunConfig): void {
  writeAtomically(join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
}

/**
 * A run's config, checked.
 * @throws RffcError RFF701 for no such folder, RFF704 for one that is not a run's, RFF705 for a damaged config.
 */
export function readRunConfig(folder: string): RunConfig {
  const path = join(folder, CONFIG);
  if (!existsSync(folder)) throw failure('RFF701', `there is no run folder \`${folder}\``, { file: folder });
  if (!existsSync(path)) {
    throw failure('RFF704', `\`${folder}\` is not the folder of a run`, {
      file: folder,
      hint: `\`rffc run\` writes one, with a ${CONFIG} in it`,
    });
  }
  const damaged = (what: string) => failure('RFF705', `\`${path}\` is damaged: ${what}`, { file: path });
  let json: unknown;
  try {
    json = JSON.parse(readText(path));
  } catch (error) {
    throw error instanceof SyntaxError ? damaged('it is not JSON') : error;
  }
  const problem = configProblem(json);
  if (problem) throw damaged(problem);
  const config = json as RunConfig;
  if (sha256(config.model.text) !== config.model.sha256)
    throw damaged("the model's text does not have the SHA-256 that stands beside it");
  return config;
}

/** Appends one JSON object as a line to a run's metrics. */
export function appendMetrics(folder: string, record: object): void {
  const path = join(folder, METRICS);
  try {
    appendFileSync(path, `${JSON.stringify(record)}\n`);
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Keeps the metrics up to so many trained batches: a run that goes on from a checkpoint writes the later ones anew.
 * Returns the seconds that the run had taken by then.
 */
export function trimMetrics(folder: string, trained: number): number {
  const path = join(folder, METRICS);
  if (!existsSync(path)) return 0;
  let seconds = 0;
  const kept = readText(path)
    .split('\n')
    .filter((line) => {
      const record = parseRecord(line);
      if (typeof record?.trained !== 'number' || record.trained > trained) return false;
      if (typeof record.seconds === 'number') seconds = record.seconds;
      return true;
    });
  writeAtomically(path, kept.map((line) => `${line}\n`).join(''));
  return seconds;
}

/** A line's object; undefined for an empty line, and for the last one of a run that was killed in the middle of it. */
function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    const record: unknown = JSON.parse(line);
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** In hexadecimal, of the text as UTF-8. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The versions that a run's result can depend on. */
export function versions(): Record<string, string> {
  return { rffc: rffcVersion(), node: process.versions.node, v8: process.versions.v8 };
}

/** The machine, in a few words. */
export function machine(): Record<string, string | number> {
  return {
    os: `${platform()} ${release()}`,
    arch: arch(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round((totalmem() / 2 ** 30) * 10) / 10,
  };
}

/** What keeps `json` from being a `RunConfig`; undefined if nothing does. */
function configProblem(json: unknown): string | undefined {
  if (!isRecord(json)) return 'it is not an object';
  if (json.format !== 1) return `its format is ${JSON.stringify(json.format)}, and this rffc reads 1`;
  const { model, settings } = json;
  if (!isRecord(model)) return '`model` is missing';
  for (const key of ['name', 'file', 'sha256', 'text'])
    if (typeof model[key] !== 'string') return `\`model.${key}\` is not text`;
  for (const key of ['created', 'backend'])
    if (typeof json[key] !== 'string') return `\`${key}\` is not text`;
  for (const key of ['seed', 'epochs', 'batch'])
    if (!Number.isSafeInteger(json[key])) return `\`${key}\` is not a whole number`;
  if (!isRecord(settings)) return '`settings` is missing';
  for (const key of ['epochs', 'batch', 'seed', 'limit', 'threads', 'device']) {
    if (settings[key] !== undefined && !Number.isSafeInteger(settings[key]))
      return `\`settings.${key}\` is not a whole number`;
  }
  for (const key of ['model', 'dataDir', 'init']) {
    if (settings[key] !== undefined && typeof settings[key] !== 'string')
      return `\`settings.${key}\` is not text`;
  }
  if (settings.precision !== undefined && !precisions.includes(settings.precision as Precision))
    return `\`settings.precision\` is none of ${precisions.join(', ')}`;
  const { set } = settings;
  if (
    set !== undefined &&
    !(isRecord(set) && Object.values(set).every((value) => typeof value === 'number'))
  ) {
    return '`settings.set` does not give numbers';
  }
  const { without } = settings;
  if (
    without !== undefined &&
    !(Array.isArray(without) && without.every((pass) => passNames.includes(pass as PassName)))
  ) {
    return `\`settings.without\` names what is no pass of this rffc: they are ${passNames.join(', ')}`;
  }
  if (!isRecord(json.versions) || !isRecord(json.machine)) return '`versions` or `machine` is missing';
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
