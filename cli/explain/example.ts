/**
 * The form of an example: something that fails with one code, and the same fixed. `rffc explain` prints it, and
 * cli/explain.test.ts runs it both ways.
 */

/**
 * The small model that examples are shown in, by its parts, in the order of the file. An example replaces some of the
 * parts; `functions` and `connections` stand before the model, all others inside it.
 */
export const parts = {
  functions: '',
  connections: 'connection forward { }',
  params: '',
  input: 'input image[784]',
  label: 'label digit[10]',
  layers: 'layer h1[20], h2[20] { damping: 0.7 }',
  connect: 'connect image -> h1 -> h2, digit -> h1, digit -> h2 as forward',
  decode: '',
  objective: `objective {
  goodness: mean(h^2)
  positive: softplus(goodness - 1.5)
  negative: softplus(1.5 - goodness)
}`,
  schedule: 'schedule { phase learn[4] { label: given }, score learn[1..3] }',
  negatives: '',
  train: 'train { data: digits(train: 200, test: 100), epochs: 2, batch: 20 }',
  evaluate: '',
} as const;
export type Part = keyof typeof parts;
export type Parts = Readonly<Partial<Record<Part, string>>>;

/** Parts of a model, or the whole text of a file. */
export type ModelText = Parts | string;

/** A line typed into a shell, or a file written before the next one: the small model with other parts. */
export type Typed = string | { readonly file: string; readonly model: Parts };

export type CodeExample =
  /** A model that is checked. */
  | { readonly kind: 'model'; readonly fails: ModelText; readonly fixed: ModelText }
  /**
   * Lines typed into a shell, the last of each of which fails or succeeds. They are run in a folder with `model.rff`
   * (the small model), `runs/first` (a run of it), `digit.png` (28 × 28 pixels) and `digits` (four IDX files of such
   * pictures).
   */
  | { readonly kind: 'shell'; readonly fails: readonly Typed[]; readonly fixed: readonly Typed[] }
  /**
   * TypeScript with the names that 'rffc' exports, and of the small model `graph`, `plan`, `session` and the folder
   * `run` of a run; `file` is the path of a file to write.
   */
  | { readonly kind: 'library'; readonly fails: string; readonly fixed: string }
  /** What no command can bring about: when it happens, what to do, and the test that provokes it. */
  | {
      readonly kind: 'circumstance';
      readonly fails: string;
      readonly fixed: string;
      readonly test: string;
    };

export type ExampleTable = Readonly<Record<string, CodeExample>>;

export const model = (fails: ModelText, fixed: ModelText): CodeExample => ({ kind: 'model', fails, fixed });
export const file = (name: string, parts: Parts): Typed => ({ file: name, model: parts });
export const shell = (fails: readonly Typed[], fixed: readonly Typed[]): CodeExample => ({
  kind: 'shell',
  fails,
  fixed,
});
export const library = (fails: string, fixed: string): CodeExample => ({ kind: 'library', fails, fixed });
export const circumstance = (fails: string, fixed: string, test: string): CodeExample => ({
  kind: 'circumstance',
  fails,
  fixed,
  test,
});

/** A line of the file that an example of a model stands for. */
export interface Line {
  readonly text: string;
  /** Whether it is of the parts that the example is about. */
  readonly shown: boolean;
}

/** That file, line by line. */
export function linesOf(text: ModelText): readonly Line[] {
  const lines = (block: string, shown: boolean) => block.split('\n').map((line) => ({ text: line, shown }));
  if (typeof text === 'string') return lines(text.trimEnd(), true);
  const of = (names: readonly Part[]) =>
    names.flatMap((part) => {
      const block = text[part] ?? parts[part];
      return block === '' ? [] : lines(block, text[part] !== undefined);
    });
  return [
    ...of(outside),
    { text: 'model small {', shown: false },
    ...of((Object.keys(parts) as Part[]).filter((part) => !outside.includes(part))),
    { text: '}', shown: false },
  ];
}

/** The parts before the model. */
const outside: readonly Part[] = ['functions', 'connections'];

export function fileOf(text: ModelText): string {
  return `${linesOf(text)
    .map((line) => line.text)
    .join('\n')}\n`;
}

/** The parts that the example is about. */
export function excerptOf(text: ModelText): string {
  return linesOf(text)
    .flatMap((line) => (line.shown ? line.text : []))
    .join('\n');
}
