/** `npm run docs`: writes docs/LANGUAGE.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { languageReference } from './reference.js';

/** This file runs from `dist/docs`. */
const folder = join(dirname(fileURLToPath(import.meta.url)), '../../docs');
const template = readFileSync(join(folder, 'LANGUAGE.template.md'), 'utf8');
writeFileSync(join(folder, 'LANGUAGE.md'), languageReference(template));
process.stderr.write('wrote docs/LANGUAGE.md\n');
