/** The model of a run: text or a plan, read from a file, with the command line's overrides. */
import { resolve } from 'node:path';
import type { SourceText } from '../../compiler/compile.js';
import type { ModelDocument } from '../../compiler/model.js';
import { readText } from '../files.js';
import type { RunSettings } from '../folder/folder.js';

export interface ModelSource extends SourceText {
  /** As given by the user, for messages. */
  readonly file: string;
  /** Its path; relative paths in its `data:` start at its folder. */
  readonly path: string;
}

/** Reads a model's text; `file` is as given by the user. @throws RffcError RFF701 to RFF703. */
export function readModelSource(folder: string, file: string): ModelSource {
  const path = resolve(folder, file);
  return { text: readText(path, file), file, path };
}

/** The document with the command line's epochs, batch, seed and learning rate. */
export function applySettings(document: ModelDocument, settings: RunSettings): ModelDocument {
  const { epochs, batch, seed, lr } = settings;
  return {
    ...document,
    train: {
      ...document.train,
      ...(epochs === undefined ? {} : { epochs }),
      ...(batch === undefined ? {} : { batch }),
      ...(seed === undefined ? {} : { seed }),
      ...(lr === undefined ? {} : { optimizer: { ...document.train.optimizer, lr } }),
    },
  };
}
