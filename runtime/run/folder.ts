/**
 * A run's folder: everything needed to repeat a run, look at it, go on with it, or use what it learned.
 *
 *     config.json             the model's text and SHA-256, every option, the versions and the machine
 *     metrics.jsonl           one line for every tenth batch and every epoch
 *     checkpoint.safetensors  after the latest epoch, now and then within one, and where the run was interrupted
 *     checkpoint.previous.safetensors  the one before it
 *     best.safetensors        after the epoch with the best accuracy on the validation split, or without one the test
 *     split
 *     report.html             a page to look at, after the latest epoch
 *     tensorboard/            event files, with `--log tensorboard`
 *
 * Every file but the metrics is written beside its place and renamed into it; the metrics only grow, and a run that
 * goes on cuts them back to its checkpoint. So a kill at any moment leaves a folder to go on from.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type PassName, passNames } from '../../compiler/passes/pipeline.js';
import { failure } from '../../grammar/diagnostic.js';
import { type Precision, precisions } from '../backends.js';
import type { TrainedValues } from '../data/measure.js';
import { type Position, stageOf } from '../train/train.js';
import { checkWritable, fileError, readText, writeAtomically } from './files.js';
import { type LogKind, logKinds, type MetricKind, metricKinds } from './metrics.js';
import { shellWord } from './shell.js';
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
  /** A file of weights to start from, and whether it may lack some or have others. */
  readonly init?: string;
  readonly initMissing?: 'ok' | 'error';
  /** Of `train { optimizer }`; a layer's own optimizer keeps its own. */
  readonly lr?: number;
  /** Passes that the compiler leaves out. */
  readonly without?: readonly PassName[];
  /** Of products, where the backend has a choice. */
  readonly precision?: Precision;
  /** Which GPU, from 0, on cuda. */
  readonly device?: number;
  /** Batches between two checkpoints within an epoch. */
  readonly checkpointEvery?: number;
  /** What is measured beside losses and goodness, and every how many batches a line is written. */
  readonly metrics?: readonly MetricKind[];
  readonly metricsEvery?: number;
  /** Judge the network after every so many epochs. */
  readonly judgeEvery?: number;
  /** What is written beside the metrics and the report. */
  readonly log?: readonly LogKind[];
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
  /** The model came as a plan, which has its batch, params and passes settled; its text is then a model document. */
  readonly compiled?: true;
  /** What `settings` and the model came to. */
  readonly seed: number;
  readonly epochs: number;
  /** Of the readout; absent for a model without one. */
  readonly readoutEpochs?: number;
  readonly batch: number;
  readonly backend: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: Readonly<Record<string, string | number>>;
  /** What the training data are like, to notice samples that are not; absent in older runs. */
  readonly data?: TrainedValues;
}

export const CONFIG = 'config.json';
export const METRICS = 'metrics.jsonl';
export const CHECKPOINT = 'checkpoint.safetensors';
/** The checkpoint before the latest, and a latest one that was found damaged. */
export const PREVIOUS = 'checkpoint.previous.safetensors';
export const DAMAGED = 'checkpoint.damaged.safetensors';
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

/** Refuses a folder that a new run cannot go into; makes nothing. @throws RffcError RFF702, RFF703, RFF708 */
export function checkRunFolder(folder: string): void {
  checkWritable(folder, 'choose a folder you can write to: `--out DIR`');
  if (!existsSync(folder)) return;
  removeLeftovers(folder);
  const inside = readdirSync(folder);
  if (inside.length === 0) return;
  const [message, hint] = inside.includes(CONFIG)
    ? [
        `\`${folder}\` already holds a run`,
        `resume it with \`--resume ${shellWord(folder)}\`, or choose another \`--out\``,
      ]
    : [`\`${folder}\` is not empty`, 'choose another `--out`'];
  throw failure('RFF708', message, { file: folder, hint });
}

/**
 * Makes a run's folder and writes its config. @throws RffcError RFF708 if something is in it already, RFF701 to RFF703.
 */
export function createRunFolder(folder: string, config: RunConfig): void {
  try {
    mkdirSync(folder, { recursive: true });
    checkRunFolder(folder);
  } catch (error) {
    throw fileError(error, folder);
  }
  writeConfig(folder, config);
}

/** Removes the half-written temporary files of a run that was killed. */
export function removeLeftovers(folder: string): void {
  const leftover =
    /^(config\.json|metrics\.jsonl|report\.html|(checkpoint|best)(\.\w+)?\.safetensors)\.\d+\.tmp$/;
  for (const name of readdirSync(folder))
    if (leftover.test(name)) rmSync(join(folder, name), { force: true });
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
 * Keeps the metrics up to a position: a run that goes on from there writes the later ones anew. An epoch's own line is
 * written before the next epoch's first position, and kept only from there on.
 * Returns the seconds that the run had taken by then.
 */
export function trimMetrics(folder: string, position: Position): number {
  const { epoch, trained } = position;
  const stage = stageOf(position);
  const path = join(folder, METRICS);
  if (!existsSync(path)) return 0;
  let seconds = 0;
  const kept = readText(path)
    .split('\n')
    .filter((line) => {
      const record = parseRecord(line);
      if (typeof record?.trained !== 'number') return false;
      // A readout comes after all of the network's lines.
      const before = stage === 'readout' && record.stage !== 'readout';
      const after = stage === 'network' && record.stage === 'readout';
      if (after || (!before && record.trained > trained)) return false;
      if (!before && record.event === 'epoch' && typeof record.epoch === 'number' && record.epoch > epoch)
        return false;
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
  for (const key of ['seed', 'epochs', 'batch', ...('readoutEpochs' in json ? ['readoutEpochs'] : [])])
    if (!Number.isSafeInteger(json[key])) return `\`${key}\` is not a whole number`;
  if (!isRecord(settings)) return '`settings` is missing';
  for (const key of [
    'epochs',
    'batch',
    'seed',
    'limit',
    'threads',
    'device',
    'checkpointEvery',
    'metricsEvery',
    'judgeEvery',
  ]) {
    if (settings[key] !== undefined && !Number.isSafeInteger(settings[key]))
      return `\`settings.${key}\` is not a whole number`;
  }
  for (const key of ['model', 'dataDir', 'init']) {
    if (settings[key] !== undefined && typeof settings[key] !== 'string')
      return `\`settings.${key}\` is not text`;
  }
  if (settings.initMissing !== undefined && !['ok', 'error'].includes(settings.initMissing as string))
    return '`settings.initMissing` is neither ok nor error';
  if (settings.lr !== undefined && typeof settings.lr !== 'number') return '`settings.lr` is not a number';
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
  for (const [key, kinds] of [
    ['metrics', metricKinds],
    ['log', logKinds],
  ] as const) {
    const chosen = settings[key];
    if (
      chosen !== undefined &&
      !(Array.isArray(chosen) && chosen.every((one) => kinds.includes(one as never)))
    )
      return `\`settings.${key}\` may name ${kinds.join(', ')}`;
  }
  const { data } = json;
  if (data !== undefined) {
    if (!isRecord(data)) return '`data` is not an object';
    const optional = ['border', 'rows', 'columns'].filter((key) => data[key] !== undefined);
    for (const key of ['min', 'max', 'mean', ...optional])
      if (!Number.isFinite(data[key])) return `\`data.${key}\` is not a number`;
  }
  if (!isRecord(json.versions) || !isRecord(json.machine)) return '`versions` or `machine` is missing';
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
