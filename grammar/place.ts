/**
 * What belongs where: sorts the entries of each block into the syntax tree.
 *
 * A misplaced declaration is reported (RFF116) and, if it is clear where it belongs, moved there, so that later checks
 * know its names.
 */
import type * as Ast from './ast.js';
import { allowed, type BlockKind, type EntryKind, type Report } from './words.js';

type WithEntries<N, K extends string> = N extends unknown
  ? Omit<N, K> & { readonly entries: readonly Entry[] }
  : never;

type PropertyBlock = WithEntries<
  | Ast.ConnectionTypeDeclaration
  | Ast.InputDeclaration
  | Ast.LayerDeclaration
  | Ast.ConnectDeclaration
  | Ast.DecodeDeclaration
  | Ast.ObjectiveDeclaration
  | Ast.PhaseDeclaration
  | Ast.TrainDeclaration
  | Ast.EvaluateDeclaration,
  'properties'
>;

/** An entry of any block, with the entries of its own block. */
export type Entry =
  | Ast.Property
  | Ast.FunctionDeclaration
  | Ast.ParamDeclaration
  | Ast.LabelDeclaration
  | Ast.ScoreDeclaration
  | WithEntries<Ast.ModelDeclaration | Ast.ScheduleDeclaration, 'items'>
  | PropertyBlock;

type FileItem = Ast.SourceFile['items'][number];
type ScheduleItem = Ast.ScheduleDeclaration['items'][number];

/** Where misplaced entries go. */
interface Homes {
  readonly file: FileItem[];
  /** Undefined outside a model. */
  readonly model: Ast.ModelItem[] | undefined;
}

/** The items of a file. Reports RFF116. */
export function placeFile(entries: readonly Entry[], report: Report): FileItem[] {
  const items: FileItem[] = [];
  const homes: Homes = { file: items, model: undefined };
  const strays: Ast.ModelItem[] = [];
  let noModel = !entries.some((entry) => entry.kind === 'model');
  for (const entry of entries) {
    if (isFileEntry(entry)) {
      items.push(fileItem(entry, homes, report));
      continue;
    }
    if (noModel) tell(entry, 'missing model', report, 'put the declarations inside `model NAME { … }`');
    else if (entries.some((other) => other.kind === 'model')) misplaced(entry, 'file', report);
    noModel = false;
    rehome(entry, { file: items, model: strays }, report);
  }
  const last = items.findLastIndex((item) => item.kind === 'model');
  const model = items[last];
  if (model?.kind === 'model' && strays.length > 0)
    items[last] = { ...model, items: [...model.items, ...strays] };
  return items;
}

type FileEntry = Extract<Entry, { kind: FileItem['kind'] }>;
const isFileEntry = (entry: Entry): entry is FileEntry => allowed.file.includes(entry.kind);

function fileItem(entry: FileEntry, homes: Homes, report: Report): FileItem {
  if (entry.kind === 'fn') return entry;
  if (entry.kind === 'connection') return propertyBlock(entry, homes, report);
  const { entries, ...rest } = entry;
  const items: Ast.ModelItem[] = [];
  const here: Homes = { file: homes.file, model: items };
  for (const inner of entries) {
    if (!allowed.model.includes(inner.kind)) misplaced(inner, 'model', report);
    rehome(inner, here, report);
  }
  return { ...rest, items };
}

/** Puts an entry where its kind belongs; one that belongs nowhere (a phase outside a schedule) is dropped. */
function rehome(entry: Entry, homes: Homes, report: Report): void {
  switch (entry.kind) {
    case 'fn':
    case 'model':
      homes.file.push(fileItem(entry, homes, report));
      return;
    case 'phase':
      propertyBlock(entry, homes, report);
      return;
    case 'score':
      return;
    case 'property':
    case 'param':
    case 'label':
      homes.model?.push(entry);
      return;
    case 'schedule': {
      const { entries, ...rest } = entry;
      const items: ScheduleItem[] = [];
      for (const inner of entries) {
        if (inner.kind === 'phase') items.push(propertyBlock(inner, homes, report));
        else if (inner.kind === 'score') items.push(inner);
        else outOfPlace(inner, 'schedule', homes, report);
      }
      homes.model?.push({ ...rest, items });
      return;
    }
    default:
      homes.model?.push(propertyBlock(entry, homes, report));
  }
}

type PropertyBlockOf<K> = Extract<Ast.ModelItem | ScheduleItem, { kind: K }>;

function propertyBlock<K extends PropertyBlock['kind']>(
  entry: Extract<PropertyBlock, { kind: K }>,
  homes: Homes,
  report: Report,
): PropertyBlockOf<K> {
  const { entries, ...rest } = entry;
  const properties: Ast.Property[] = [];
  for (const inner of entries) {
    if (inner.kind === 'property') properties.push(inner);
    else outOfPlace(inner, 'properties', homes, report, entry.kind);
  }
  return { ...rest, properties } as unknown as PropertyBlockOf<K>;
}

/** A stray property is left out: it would be taken for the model's. */
function outOfPlace(
  entry: Entry,
  place: BlockKind,
  homes: Homes,
  report: Report,
  owner: string = place,
): void {
  misplaced(entry, place, report, owner);
  if (entry.kind !== 'property') rehome(entry, homes, report);
}

function misplaced(entry: Entry, place: BlockKind, report: Report, owner: string = place): void {
  const what = entry.kind === 'property' ? `${entry.key.text}:` : entry.kind;
  const where = place === 'file' ? 'at the top of a file' : `inside \`${owner} { … }\``;
  tell(entry, `\`${what}\` does not belong ${where}`, report, homeOf(entry.kind));
}

function tell(entry: Entry, message: string, report: Report, hint: string): void {
  const start = entry.span.start;
  const length = entry.kind === 'property' ? entry.key.text.length : entry.kind.length;
  report('RFF116', start, Math.min(start + length, entry.span.end), message, hint);
}

function homeOf(kind: EntryKind): string {
  if (kind === 'property') return 'move it into the block that it describes';
  if (allowed.schedule.includes(kind)) return 'move it into `schedule { … }`';
  if (kind === 'connection') return 'move it to the top of the file or into `model NAME { … }`';
  return allowed.model.includes(kind) ? 'move it into `model NAME { … }`' : 'move it to the top of the file';
}
