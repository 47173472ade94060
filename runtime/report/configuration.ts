/** The configuration of a run: its model, data and options, the machine, and the command that reproduces it. */
import type { ModelDocument } from '../../compiler/model.js';
import type { RunConfig, RunSettings } from '../folder/folder.js';
import { escapeHtml } from './html.js';
import type { Section } from './shell.js';

/** The card with the command that reproduces a run. */
export function configuration(config: RunConfig, document: ModelDocument): Section {
  const list = factsOf(config, document).map(
    ([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  const html =
    `<dl>${list.join('')}</dl><h3>Reproduce this run</h3><pre id="command" ` +
    `tabindex="0">${commandHtml(commandOf(config))}</pre><details><summary>Model source</summary><pre ` +
    `tabindex="0">${escapeHtml(config.model.text)}</pre></details>`;
  const text = 'The same file, data, seed, backend and number of threads give the same weights, bit for bit.';
  return { title: 'Configuration', text, width: 'full', html };
}

/** A command that breaks between its options, not at the hyphens in them. */
function commandHtml(command: string): string {
  const words = (line: string) => line.split(/ (?=--)/).map((part) => `<span>${escapeHtml(part)}</span>`);
  return command
    .split('\n')
    .map((line) => words(line).join(' '))
    .join('\n');
}

function factsOf(config: RunConfig, document: ModelDocument): (readonly [string, string])[] {
  const { optimizer, decay, data, validation } = document.train;
  const { readout, params } = document;
  const { settings, versions } = config;
  const call = (name: string, options: object) => {
    const given = Object.entries(options).filter(([key]) => key !== 'name');
    return `${name}(${given.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ')})`;
  };
  const optional = (name: string, value: string): (readonly [string, string])[] =>
    value === '' ? [] : [[name, value]];
  return [
    ['Model', `${config.model.file} (SHA-256 ${config.model.sha256.slice(0, 16)}…)`],
    ['Data', call(data.name, data.options)],
    ...optional('Limit', settings.limit === undefined ? '' : `first ${settings.limit} samples of each split`),
    ['Training', `${config.epochs} epochs, batch size ${config.batch}, seed ${config.seed}`],
    ...optional(
      'Validation',
      validation > 0 ? `${Number((100 * validation).toPrecision(4))} % of the training split` : '',
    ),
    ['Optimizer', call(optimizer.name, optimizer)],
    ['Learning rate decay', call(decay.name, decay)],
    ...optional(
      'Readout',
      readout ? `${readout.epochs} epochs, ${call(readout.optimizer.name, readout.optimizer)}` : '',
    ),
    ['Schedule', document.phases.map(({ name, steps }) => `${name}[${steps}]`).join(', ')],
    ...optional(
      'Params',
      Object.entries(params)
        .map(([key, value]) => `${key} = ${value}`)
        .join(', '),
    ),
    ...optional('Disabled passes', settings.without?.join(', ') ?? ''),
    ['Backend', config.backend],
    ['Machine', machineOf(config.machine)],
    [
      'Versions',
      Object.entries(versions)
        .map(([key, value]) => `${NAMES[key] ?? key} ${value}`)
        .join(', '),
    ],
  ];
}

const NAMES: Readonly<Record<string, string>> = { node: 'Node', v8: 'V8' };
const SYSTEMS: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

/** `Intel Xeon, 2 cores, 15.6 GiB of memory, Linux 6.1 (x64)`, from what of it a config has. */
function machineOf({ os, arch, cpu, cores, memory_gib, ...others }: RunConfig['machine']): string {
  const [platform = '', ...release] = String(os ?? '').split(' ');
  const system = [SYSTEMS[platform] ?? platform, ...release].join(' ').trim();
  return [
    cpu,
    ...(cores === undefined ? [] : [`${cores} ${cores === 1 ? 'core' : 'cores'}`]),
    ...(memory_gib === undefined ? [] : [`${memory_gib} GiB of memory`]),
    system && (arch === undefined ? system : `${system} (${arch})`),
    ...Object.entries(others).map(([key, value]) => `${key.replaceAll('_', ' ')} ${value}`),
  ]
    .filter((part) => part !== undefined && part !== '')
    .join(', ');
}

/** The options of a run's settings; the type ensures that none is forgotten. */
const OPTIONS: { readonly [K in keyof Required<RunSettings>]: string } = {
  model: '--model',
  epochs: '--epochs',
  batch: '--batch',
  seed: '--seed',
  lr: '--lr',
  limit: '--limit',
  threads: '--threads',
  precision: '--precision',
  device: '--device',
  dataDir: '--data-dir',
  init: '--init',
  initMissing: '--init-missing',
  set: '--set',
  checkpointEvery: '--checkpoint-every',
  evalEvery: '--eval-every',
  metrics: '--metrics',
  metricsEvery: '--metrics-every',
  log: '--log',
  without: '--no-pass',
};

/** The command that a run was started with, for a POSIX shell; of a plan, the command that made it before that. */
export function commandOf({ model, settings, backend, compiled }: RunConfig): string {
  const run = (file: string, { without: _, ...given }: RunSettings) =>
    ['rffc run', quoted(file), `--backend ${quoted(backend)}`, ...typed(given)].join(' ');
  if (!compiled) return run(model.file, settings);
  const { batch, without, ...rest } = settings;
  const plan = `${model.name}.plan.json`;
  const { params } = JSON.parse(model.text) as Pick<ModelDocument, 'params'>;
  const settled = defined({ model: model.name, batch, set: params, dataDir: rest.dataDir });
  const passes = (without ?? []).map((pass) => `${OPTIONS.without} ${pass}`);
  const compile = [
    'rffc compile',
    quoted(model.file),
    ...typed(settled),
    ...passes,
    '--output',
    quoted(plan),
  ];
  return `${compile.join(' ')}\n${run(plan, rest)}`;
}

function typed(settings: RunSettings): string[] {
  return Object.entries(OPTIONS).flatMap(([key, option]) =>
    valuesOf(settings[key as keyof RunSettings]).map((value) => `${option} ${quoted(value)}`),
  );
}

function defined(settings: { readonly [K in keyof RunSettings]: RunSettings[K] | undefined }): RunSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** An option with its value: empty if not given, repeated for several params. */
function valuesOf(setting: RunSettings[keyof RunSettings]): string[] {
  if (setting === undefined) return [];
  if (typeof setting !== 'object') return [String(setting)];
  if (Array.isArray(setting)) return setting.length === 0 ? [] : [setting.join(',')];
  return Object.entries(setting).map(([name, value]) => `${name}=${value}`);
}

/** Quotes a word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
