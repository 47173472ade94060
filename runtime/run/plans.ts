/**
 * Plans as files: written atomically, validated when read, reported as stale when their source has
 * changed. A folder remembers the plan compiled last in it:
 *
 *     .rffc/NAME.plan.json    a compiled model, unless `-o` gives another path
 *     .rffc/last              path of the plan compiled last, relative to this folder
 *
 * A plan stores its source's path relative to itself, with slashes, so that both can be moved together.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isJson, isPlanJson } from '../../compiler/compile.js';
import { type PassName, passNames } from '../../compiler/passes/pipeline.js';
import type { Plan } from '../../compiler/plan/plan.js';
import { type Diagnostic, failure, RffcError } from '../../grammar/diagnostic.js';
import { checkWritable, fileError, readText, writeAtomically } from '../files.js';
import { sha256 } from '../folder/folder.js';
import { shellWord } from '../shell.js';
import type { ModelSource } from './model.js';

const FOLDER = '.rffc';
const LAST = 'last';

/** A plan read from a file. */
export interface PlanFile {
  readonly plan: Plan;
  /** As given by the user, for messages. */
  readonly file: string;
  readonly path: string;
  /** Warnings about its model. */
  readonly warnings: readonly Diagnostic[];
}

/** The default path of a model's plan. */
export function defaultPlanPath(folder: string, model: string): string {
  return join(folder, FOLDER, `${model}.plan.json`);
}

/** The source record of a plan at `path`. */
export function sourceOf(source: ModelSource, path: string): NonNullable<Plan['source']> {
  const way = relative(dirname(path), source.path);
  return { sha256: sha256(source.text), file: way.split(sep).join('/') };
}

/** The path of a plan's source when it was compiled: relative paths in the model's `data:` start at its folder. */
export function sourcePath({ plan, path }: PlanFile): string {
  return plan.source === null ? path : resolve(dirname(path), plan.source.file);
}

/** Checks that a plan can be written to a path. @throws RffcError RFF702, RFF703 */
export function checkPlanPath(path: string): void {
  checkWritable(dirname(path), 'choose a writable path: `-o PATH`');
}

/**
 * Writes a plan, and remembers it as the one compiled last in `folder` if that is writable.
 *
 * @returns whether it was remembered
 * @throws RffcError RFF701 to RFF703
 */
export function writePlan(folder: string, path: string, plan: Plan): boolean {
  writeInto(path, `${JSON.stringify(plan)}\n`);
  try {
    writeInto(join(folder, FOLDER, LAST), `${relative(folder, path).split(sep).join('/')}\n`);
    return true;
  } catch (error) {
    if (error instanceof RffcError && error.diagnostics[0]?.code === 'RFF703') return false;
    throw error;
  }
}

function writeInto(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw fileError(error, dirname(path));
  }
  writeAtomically(path, text);
}

/** The path of the plan compiled last in a folder; undefined if there is none. */
export function lastPlan(folder: string): string | undefined {
  const last = join(folder, FOLDER, LAST);
  if (!existsSync(last)) return undefined;
  const file = readText(last).trim();
  if (!existsSync(resolve(folder, file))) {
    throw failure('RFF719', `the plan compiled last here, \`${file}\`, no longer exists`, {
      file,
      hint: 'compile the model again, or give a file',
    });
  }
  return file;
}

/**
 * A source's validated plan; undefined if it is a model.
 *
 * @throws RffcError for an invalid plan, or one that this version cannot run
 */
export async function readPlan({ text, file, path }: ModelSource): Promise<PlanFile | undefined> {
  if (!isJson(text)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Not a plan: the model reader reports what is wrong.
    return undefined;
  }
  if (!isPlanJson(json)) return undefined;
  // Loaded on demand: validation is large, and few commands read a plan.
  const { validatePlan } = await import('../../compiler/plan/validate.js');
  const validated = validatePlan(json, file);
  if (!('plan' in validated)) throw new RffcError(validated.diagnostics);
  const { plan, diagnostics: warnings } = validated;
  return { plan, file, path, warnings };
}

/** The passes disabled in a plan. */
export function passesLeftOut(plan: Plan): PassName[] {
  return passNames.filter((pass) => !plan.passes.includes(pass));
}

/** A warning if a plan's source has changed since it was compiled. */
export function staleness(folder: string, plan: PlanFile): Diagnostic | undefined {
  const path = sourcePath(plan);
  // A plan without its source has nothing to compare with.
  if (plan.plan.source === null || !existsSync(path)) return undefined;
  if (sha256(readFileSync(path, 'utf8')) === plan.plan.source.sha256) return undefined;
  const way = relative(folder, path);
  const name = way.startsWith('..') || isAbsolute(way) ? path : way;
  return {
    code: 'RFF718',
    severity: 'warning',
    message: `\`${plan.file}\` is stale: \`${name}\` has changed since it was compiled`,
    file: plan.file,
    hint: `compile it again: \`rffc compile ${shellWord(name)}\``,
  };
}
