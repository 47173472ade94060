/**
 * From a model's text to a checked model document, with what the command line changes in it.
 *
 * The text is .rff, or a model document as JSON: whichever it is shows in its first character.
 */
import { resolve } from 'node:path';
import { check, unsupported, validateDocument } from '../../compiler/check/index.js';
import type { ModelDocument } from '../../compiler/model.js';
import { type Diagnostic, RffcError } from '../../grammar/diagnostic.js';
import { parse } from '../../grammar/index.js';
import { readText } from './files.js';
import type { RunSettings } from './folder.js';

export interface ModelSource {
  readonly text: string;
  /** As the user named it; messages show it. */
  readonly file: string;
  /** Where it lies: relative paths in its `data:` start there. */
  readonly path: string;
}
export interface ModelChoice {
  /** Values for `param`s. */
  readonly set?: Readonly<Record<string, number>> | undefined;
  /** Which model of a file that has several. */
  readonly model?: string | undefined;
}

/** Reads a model's text; `file` is as the user named it. @throws RffcError RFF701 to RFF703. */
export function readModelSource(folder: string, file: string): ModelSource {
  const path = resolve(folder, file);
  return { text: readText(path, file), file, path };
}

/** Whether a text is a model document: no .rff file can begin with a brace. */
export function isDocumentText(text: string): boolean {
  return /^\s*\{/.test(text);
}

/** Everything there is to say about a model; `document` is there if nothing of it is an error. Never throws. */
export function diagnose(
  source: Omit<ModelSource, 'path'>,
  choice: ModelChoice = {},
): { document?: ModelDocument; diagnostics: readonly Diagnostic[] } {
  const { text, file } = source;
  if (!isDocumentText(text)) {
    const parsed = parse(text, file);
    const { set, model } = choice;
    const checked = check(parsed.tree, {
      file,
      syntax: parsed.diagnostics,
      ...(set ? { set } : {}),
      ...(model === undefined ? {} : { model }),
    });
    const diagnostics = [...parsed.diagnostics, ...checked.diagnostics];
    const sound = checked.document && !diagnostics.some(({ severity }) => severity === 'error');
    return { diagnostics, ...(sound ? { document: checked.document } : {}) };
  }
  if (choice.set && Object.keys(choice.set).length > 0) {
    const message = 'a model document has its params already inserted, so none can be set';
    return {
      diagnostics: [
        { code: 'RFF713', severity: 'error', message, file, hint: 'use `--set` with the .rff file' },
      ],
    };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const message = `this is not JSON: ${(error as SyntaxError).message}`;
    return { diagnostics: [{ code: 'RFF715', severity: 'error', message, file }] };
  }
  const result = validateDocument(json, file);
  return 'document' in result && result.document
    ? { document: result.document, diagnostics: [] }
    : { diagnostics: result.diagnostics ?? [] };
}

/**
 * A model that can be trained, and the warnings about it.
 * @throws RffcError with every diagnostic if there is an error, or a construct that this version cannot run.
 */
export function loadModel(
  source: Omit<ModelSource, 'path'>,
  choice: ModelChoice = {},
): { document: ModelDocument; warnings: readonly Diagnostic[] } {
  const { document, diagnostics } = diagnose(source, choice);
  if (!document) throw new RffcError(diagnostics);
  const notYet = unsupported(document);
  if (notYet.length > 0)
    throw new RffcError(notYet.map((diagnostic) => ({ file: source.file, ...diagnostic })));
  return { document, warnings: diagnostics };
}

/** The document with the command line's epochs, batch and seed. */
export function applySettings(document: ModelDocument, settings: RunSettings): ModelDocument {
  const { epochs, batch, seed } = settings;
  return {
    ...document,
    train: {
      ...document.train,
      ...(epochs === undefined ? {} : { epochs }),
      ...(batch === undefined ? {} : { batch }),
      ...(seed === undefined ? {} : { seed }),
    },
  };
}
