/**
 * Plans as files: written whole or not at all, read only if they are sound, told to be stale when their source has
 * changed since. A folder remembers the plan compiled last in it:
 *
 *     .rffc/NAME.plan.json    a compiled model, unless `-o` names another place
 *     .rffc/last              where the plan compiled last lies, seen from this folder
 *
 * A plan names its source by the way from the plan's own folder, with slashes, so that both can move together.
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

/** A plan that was read from a file. */
export interface PlanFile {
  readonly plan: Plan;
  /** As the user named it; messages show it. */
  readonly file: string;
  readonly path: string;
  /** About the model in it. */
  readonly warnings: readonly Diagnostic[];
}

/** Where a model's plan goes if no place is named. */
export function defaultPlanPath(folder: string, model: string): string {
  return join(folder, FOLDER, `${model}.plan.json`);
}

/** What a plan at `path` remembers of its source. */
export function sourceOf(source: ModelSource, path: string): NonNullable<Plan['source']> {
  const way = relative(dirname(path), source.path);
  return { sha256: sha256(source.text), file: way.split(sep).join('/') };
}

/** Where a plan's source lay when it was compiled: relative paths in the model's `data:` start there. */
export function sourcePath({ plan, path }: PlanFile): string {
  return plan.source === null ? path : resolve(dirname(path), plan.source.file);
}

/** Refuses a path that no plan can be written to. @throws RffcError RFF702, RFF703 */
export function checkPlanPath(path: string): void {
  checkWritable(dirname(path), 'choose a path you can write to: `-o PATH`');
}

/**
 * Writes a plan, and remembers it as the one compiled last in `folder`, unless that may not be written.
 *
 * @returns whether it is remembered
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

/** The plan compiled last in a folder, as a file to read; undefined where none has been. */
export function lastPlan(folder: string): string | undefined {
  const last = join(folder, FOLDER, LAST);
  if (!existsSync(last)) return undefined;
  const file = readText(last).trim();
  if (!existsSync(resolve(folder, file))) {
    throw failure('RFF719', `the plan compiled last here, \`${file}\`, is gone`, {
      file,
      hint: 'compile the model again, or name a file',
    });
  }
  return file;
}

/**
 * A source's plan, checked; undefined if it is no plan but a model.
 *
 * @throws RffcError with what is wrong with a plan that is not sound, or that this version cannot run
 */
export async function readPlan({ text, file, path }: ModelSource): Promise<PlanFile | undefined> {
  if (!isJson(text)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // No plan; what it is instead is for the reader of models to say.
    return undefined;
  }
  if (!isPlanJson(json)) return undefined;
  // Checking a plan costs more than making one, and few commands read one.
  const { validatePlan } = await import('../../compiler/plan/validate.js');
  const validated = validatePlan(json, file);
  if (!('plan' in validated)) throw new RffcError(validated.diagnostics);
  const { plan, diagnostics: warnings } = validated;
  return { plan, file, path, warnings };
}

/** The passes that a plan was made without. */
export function passesLeftOut(plan: Plan): PassName[] {
  return passNames.filter((pass) => !plan.passes.includes(pass));
}

/** A warning if a plan's source has changed since it was compiled, naming both. */
export function staleness(folder: string, plan: PlanFile): Diagnostic | undefined {
  const path = sourcePath(plan);
  // A plan that was moved away from its source has nothing to be compared with.
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
