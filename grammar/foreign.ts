/**
 * Files of another kind: a picture, a script or a plan given where a .rff file is expected gets one error that says
 * what it seems to be, not one for each line of it.
 *
 * Only where nothing in it reads like .rff: a stray `import` in a model is one mistake of its own.
 */

/** What a file seems to be. */
export interface ForeignFile {
  /** As in "this is …". */
  readonly what: string;
  readonly hint: string;
  /** Offsets of the line that shows it; absent where its bytes do. */
  readonly start?: number;
  readonly end?: number;
}

const model = '`rffc init NAME` writes a model to start from';
const data =
  'name a .rff file; data sets are named inside it, as in `data: mnist()` or `data: csv("train.csv")`';
const run = 'name a .rff file';

/** By what stands at an offset, as it looks when read as UTF-8: bytes that are none become U+FFFD. */
const binary: readonly (readonly [number, string, string, string])[] = [
  [1, 'PNG\r\n', 'a PNG image', data],
  [0, '\uFFFD\uFFFD\uFFFD', 'a JPEG image', data],
  [0, 'GIF8', 'a GIF image', data],
  [0, '%PDF-', 'a PDF document', model],
  [0, 'PK\x03\x04', 'a ZIP archive, as .npz and .pt files are', data],
  [0, '\x1f\uFFFD\b', 'a gzipped file', `unpack it first; ${data}`],
  [1, 'NUMPY', 'a NumPy array', data],
  [1, 'HDF\r\n', 'an HDF5 file', data],
  [0, '\0\0\b', 'an IDX file, the format of MNIST', data],
  [8, '{"', 'a safetensors file', run],
];

/** By a line that such texts have and models have not. */
const texts: readonly (readonly [RegExp, string, string])[] = [
  [/^#!.*$/m, 'a script', model],
  [/^[ \t]*<(?:!DOCTYPE|html|\?xml|svg)\b.*$/im, 'HTML or XML', model],
  [/^```.*$/m, 'Markdown', 'keep the model between the ``` lines in a .rff file of its own'],
  [
    /^[ \t]*(?:import [\w.]+(?: as \w+)?(?:, ?[\w.]+)*|from [\w.]+ import .+|(?:async )?def \w+\(.*|class \w+(?:\(.*\))?:.*|@\w[\w.]*|print\(.*\))[ \t]*$/m,
    'Python',
    model,
  ],
  [
    /^[ \t]*(?:import .* from ['"].*|export (?:default|const|function|class) .*|(?:const|let|var) \w+ = .*;|function \w+\(.*\{|.*\brequire\(.*)$/m,
    'JavaScript',
    model,
  ],
  [/^\[[A-Za-z_][\w.]*\][ \t]*$/m, 'TOML or INI', model],
  [
    /^---[ \t]*$|^[A-Za-z_][\w-]*:[ \t]+\S.*\r?\n[A-Za-z_][\w-]*:[ \t]|^[ \t]*[\w-]+:[ \t]*\r?\n(?:[ \t]+[\w-]+:|[ \t]*- ).*$|^[ \t]*- [\w-]+:.*$/m,
    'YAML',
    model,
  ],
  [/^#{1,6} \S.*\r?\n\s*\r?\n/, 'Markdown', model],
  [/^[-\d."][^\n,:{}]*(?:,[^\n,:{}]*){2,}$/m, 'a table of values (CSV)', data],
  [/^[[{]/, 'JSON', model],
];

/** A declaration or block of .rff: what follows may have mistakes, but is meant as a model. */
const ours =
  /^[ \t]*(?:model|connection|layer|input|label|connect|objective|schedule|phase|train|param|fn)\b[^\n:]*(?:\{|->|\[|=(?!\s*\w+\.))/im;

/** What a text seems to be, where it is no .rff file. */
export function foreignFile(text: string): ForeignFile | undefined {
  if (ours.test(text) && !/^```/m.test(text)) return undefined;
  if (!printable(text)) {
    const found = binary.find(([offset, start]) => text.startsWith(start, offset));
    return { what: found?.[2] ?? 'a binary file', hint: found?.[3] ?? run };
  }
  for (const [pattern, what, hint] of texts) {
    const found = pattern.exec(text);
    if (found === null) continue;
    const start = found.index + (found[0].length - found[0].trimStart().length);
    return { what, hint, start, end: start + (/^.*/.exec(text.slice(start))?.[0].trimEnd().length ?? 0) };
  }
  return undefined;
}

/** Whether a text can be shown: without control characters, and nearly all of it valid UTF-8. */
function printable(text: string): boolean {
  if (/[^\P{Cc}\s]/u.test(text)) return false;
  return (text.match(/\uFFFD/g)?.length ?? 0) <= text.length / 100;
}
