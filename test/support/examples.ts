/**
 * The examples of the documentation: every ```rff block of a page, as a model that can be checked and compiled.
 *
 * A block is a whole file (```rff NAME.rff says of what name), or, marked ```rff fragment, some declarations of a
 * model; a word more (```rff fragment layer) names the block that its properties stand in. A fragment is put into a
 * small frame model, whose own declarations of the same kinds give way.
 */
import { readFileSync } from 'node:fs';
import { parse } from '../../grammar/parser.js';

export interface Example {
  /** `LANGUAGE.md:75` */
  readonly where: string;
  readonly fragment: boolean;
  /** As the page calls the file; absent for most. */
  readonly file?: string;
  readonly text: string;
}

interface Groups {
  readonly fragment?: string;
  readonly block?: string;
  readonly file?: string;
  readonly text: string;
}

/** The ```rff blocks of a Markdown file, fragments in their frame. */
export function examplesOf(path: string, name: string): Example[] {
  const page = readFileSync(path, 'utf8');
  const blocks = page.matchAll(
    /^```rff(?: (?<fragment>fragment)(?: (?<block>\w+))?| (?<file>\w+\.rff))?\n(?<text>[\s\S]*?)^```$/gm,
  );
  return [...blocks].map(({ index, groups }) => {
    const { fragment, block, file, text } = groups as unknown as Groups;
    const where = `${name}:${page.slice(0, index).split('\n').length}`;
    if (fragment === undefined)
      return { where, fragment: false, text, ...(file === undefined ? {} : { file }) };
    return { where, fragment: true, text: framed(block === undefined ? text : within(block, text)) };
  });
}

/** The frame's declarations, by kind. */
const frame: Readonly<Record<string, string>> = {
  connection: 'connection forward { }\nconnection backward { init: uniform(-0.05, 0.05), sign: -1 }',
  input: 'input image[784]',
  label: 'label digit[10]',
  layer: 'layer h1[20], h2[20] { }',
  connect:
    'connect image -> h1 -> h2 as forward\nconnect h2 -> h1 as backward\nconnect digit -> h1, digit -> h2 as forward',
  objective:
    'objective { goodness: mean(h^2), positive: softplus(goodness - 1.5), negative: softplus(1.5 - goodness) }',
  schedule: 'schedule { phase learn[6] { label: given } }',
  train: 'train { data: digits(train: 200, test: 100), batch: 20 }',
};

/** Properties in a block of their own: of layers, of `train`, … */
function within(block: string, properties: string): string {
  const heads: Readonly<Record<string, string>> = {
    layer: 'layer h1[20], h2[20]',
    train: 'train { data: digits(train: 200, test: 100), batch: 20,',
  };
  const head = heads[block];
  if (head === undefined) throw new Error(`a fragment cannot stand in \`${block}\``);
  return head.endsWith(',') ? `${head}\n${properties}}` : `${head} {\n${properties}}`;
}

function framed(fragment: string): string {
  const functions = fragment.split('\n').filter((line) => line.startsWith('fn '));
  const items = fragment.split('\n').filter((line) => !line.startsWith('fn '));
  const kinds = kindsOf(items.join('\n'));
  // A fragment's types of connections stand beside the frame's.
  const rest = Object.entries(frame).flatMap(([kind, text]) =>
    kinds.has(kind) && kind !== 'connection' ? [] : [text],
  );
  return [...functions, 'model frame {', ...rest, ...items, '}'].join('\n');
}

/** The kinds of declarations in a piece of a model. */
function kindsOf(items: string): ReadonlySet<string> {
  const { tree } = parse(`model fragment {\n${items}\n}`, 'fragment.rff');
  const [model] = tree.items;
  return new Set(model?.kind === 'model' ? model.items.map(({ kind }) => kind) : []);
}

/** The `npx rffc …` commands in the ```sh blocks of a Markdown file, each as its words after `rffc`. */
export function commandsOf(path: string): string[][] {
  const page = readFileSync(path, 'utf8');
  const lines = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, body]) => body!.split('\n'));
  return lines
    .filter((line) => line.startsWith('npx rffc '))
    .map((line) =>
      line
        .replace(/ +#.*$/, '')
        .split(/ +/)
        .slice(2),
    );
}
