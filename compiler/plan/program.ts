/**
 * From one program's values to its launches: a kernel for every unit, in order, over the places of its values.
 */
import type { Program } from '../graph/graph.js';
import { type Ir, type IrValue, isOuter, isRowAxis, pad4 } from '../passes/ir.js';
import { inBlocks } from './blocks.js';
import {
  type BufferDraft,
  extentsOf,
  type Home,
  isConstant,
  isScalarRow,
  layoutOf,
  ownStride,
  rowsOf,
  variantOf,
} from './homes.js';
import type { Gemm, Region, RowsLaunch, RowsView } from './plan.js';
import { type Draft, Places, type SharedTables, tailOf } from './settle.js';
import { formUnits, isView, orderUnits, siblings, type Unit } from './units.js';

export interface ProgramChoice {
  readonly polarity: boolean;
  readonly fusion: boolean;
  readonly updateFusion: boolean;
}

export interface ProgramDraft {
  /** Buffers of the program's own, with the positions of the first and last launch that touch them. */
  readonly activities: readonly {
    readonly buffer: BufferDraft;
    readonly from: number;
    readonly to: number;
  }[];
  readonly constants: readonly BufferDraft[];
  readonly load: readonly Draft[];
  readonly launches: readonly Draft[];
}

export function draftProgram(program: Ir, shared: SharedTables, choice: ProgramChoice): ProgramDraft {
  return new Drafting(program, shared, choice).run();
}

class Drafting {
  private readonly extents: Program['extents'];
  private readonly places: Places;
  private readonly launches: Draft[] = [];
  private readonly lives = new Map<BufferDraft, { from: number; to: number }>();
  private readonly users: IrValue[][];
  private readonly unitOf = new Map<number, Unit>();
  /** Versions that are not made in one kernel: written apart, then copied over the old ones. */
  private readonly apart = new Map<number, Home>();

  constructor(
    private readonly program: Ir,
    private readonly shared: SharedTables,
    private readonly choice: ProgramChoice,
  ) {
    this.extents = program.extents;
    this.users = program.values.map(() => []);
    for (const v of program.values) for (const i of v.inputs) this.users[i]!.push(v);
    this.places = new Places(program, shared, this.users);
  }

  run(): ProgramDraft {
    const { program, choice } = this;
    const units = orderUnits(program, formUnits(program, choice));
    for (const u of units) for (const v of u.values) this.unitOf.set(v.id, u);
    for (const u of units) this.emit(u);
    for (const r of program.results) this.store(r);
    const activities = [...this.lives].map(([buffer, life]) => ({ buffer, ...life }));
    const { constants, load } = this.places;
    return { activities, constants, load, launches: this.launches };
  }

  private value(id: number): IrValue {
    return this.program.values[id]!;
  }
  private inputsOf(v: IrValue): IrValue[] {
    return v.inputs.map((i) => this.value(i));
  }

  private touch(buffer: BufferDraft): void {
    if (buffer.arena !== 'activities' && buffer.arena !== 'scratch') return;
    const at = this.launches.length;
    const life = this.lives.get(buffer);
    if (life) life.to = at;
    else this.lives.set(buffer, { from: at, to: at });
  }

  /** Adds a launch that touches these homes. */
  private launch(homes: readonly Home[], draft: Draft): void {
    for (const h of homes) {
      this.touch(h.buffer);
      if (h.lookup) this.touch(h.lookup.index.buffer);
    }
    this.launches.push(draft);
  }

  private region(
    v: IrValue,
    home = this.places.of(v.id),
    part?: { rows: number; from: number },
  ): (indexOf: (b: BufferDraft) => number) => Region {
    const rows = rowsOf(v, this.extents);
    const stride = home.sampleStride || home.variantStride || ownStride(v);
    return (indexOf) => ({
      buffer: indexOf(home.buffer),
      offset: home.offset + (part ? part.from * stride : 0),
      rows: part ? part.rows : rows,
      cols: v.cols,
      stride,
    });
  }

  /** How a row kernel over `domain` reads or writes a value: strides of 0 over what the value does not vary over. */
  private view(home: Home): (indexOf: (b: BufferDraft) => number) => RowsView {
    return (indexOf) => ({
      buffer: indexOf(home.buffer),
      offset: home.offset,
      variantStride: home.variantStride,
      sampleStride: home.sampleStride,
      ...(home.lookup
        ? { lookup: { stride: home.lookup.stride, index: this.view(home.lookup.index)(indexOf) } }
        : {}),
    });
  }

  private emit(unit: Unit): void {
    const [v] = unit.values as [IrValue];
    if (unit.kind === 'rows') {
      this.rows(unit.values);
      return;
    }
    if (unit.kind === 'update') {
      this.update(unit.values);
      return;
    }
    if (layoutOf(v, this.program)) {
      this.assemble(v);
      return;
    }
    if (
      isView(v) ||
      isConstant(v) ||
      v.op.kind === 'state' ||
      v.op.kind === 'input' ||
      v.op.kind === 'scalar'
    )
      return;
    this.single(v);
  }

  /** Puts what could not be made in its place into a container. */
  private assemble(v: IrValue): void {
    const { offsets } = layoutOf(v, this.program)!;
    const home = this.places.of(v.id);
    const inputs = this.inputsOf(v);
    if (home.buffer.arena === 'io') return;
    inputs.forEach((input, i) => {
      const place: Home = { ...home, offset: home.offset + offsets[i]! };
      if (home.buffer.arena === 'constants') this.places.fillConstant(input, place, input.cols);
      else if (!this.isAt(input, place)) this.copy(input, place, v);
      const placed = this.places.tails.has(input.id) && this.isAt(input, place);
      if (v.op.kind !== 'slots' || placed) return;
      const { cols } = v.op.slots[i]!;
      // The 1 and the zeros, where no kernel writes them with its rows.
      const tail = tailOf(v.op.slots[i]!);
      tail.forEach((value, k) => {
        const column = { ...v, cols: 1 } as IrValue;
        const at = { ...place, offset: place.offset + cols + k };
        const draft: Draft = (indexOf) => ({ kind: 'fill', output: this.region(column, at)(indexOf), value });
        if (home.buffer.arena === 'constants') this.places.load.push(draft);
        else this.launch([home], draft);
      });
    });
  }

  /** Whether a value was made in a place. One that stands twice in a container was made in the first only. */
  private isAt(v: IrValue, place: Home): boolean {
    const home = this.places.of(v.id);
    return home.buffer === place.buffer && home.offset === place.offset;
  }

  private copy(from: IrValue, to: Home, domain: IrValue): void {
    const source = this.places.of(from.id);
    // Whole vectors would begin between two, and end in the next part: a column at a time.
    const single = isScalarRow(from) || to.offset % 4 !== 0;
    const kernel = this.shared.kernels.copy(from.cols, single ? 'row' : 'element');
    for (let column = 0; column < (single ? from.cols : 1); column++)
      this.copyRows(
        kernel,
        domain,
        { ...source, offset: source.offset + column },
        { ...to, offset: to.offset + column },
      );
  }

  /** Writes a value over some columns of rows that have others behind them: whole vectors, then a column at a time. */
  private overwrite(from: IrValue, to: Home, domain: IrValue): void {
    const source = this.places.of(from.id);
    const { kernels } = this.shared;
    const vectors = to.offset % 4 === 0 && source.offset % 4 === 0 ? from.cols & ~3 : 0;
    if (vectors > 0) this.copyRows(kernels.copy(vectors, 'element'), domain, source, to);
    for (let column = vectors; column < from.cols; column++)
      this.copyRows(
        kernels.copy(1, 'row'),
        domain,
        { ...source, offset: source.offset + column },
        { ...to, offset: to.offset + column },
      );
  }

  private copyRows(kernel: number, domain: IrValue, source: Home, to: Home): void {
    const { variants, samples } = extentsOf(domain, this.extents);
    this.launch([source, to], (indexOf) => ({
      kind: 'rows',
      kernel,
      variants,
      samples,
      inputs: [this.view(source)(indexOf)],
      outputs: [this.view(to)(indexOf)],
    }));
  }

  /** A fused row kernel: what is read elsewhere is written. */
  private rows(values: readonly IrValue[]): void {
    const members = new Set(values.map((v) => v.id));
    const isRead = (v: IrValue) =>
      this.users[v.id]!.length === 0 ||
      this.users[v.id]!.some((u) => !members.has(u.id)) ||
      this.program.results.some((r) => r.value === v.id);
    const outputs = values.filter(isRead).map((v) => ({
      value: v,
      tail: this.places.tails.get(v.id) ?? [],
      kind: isScalarRow(v) ? ('row' as const) : ('element' as const),
    }));
    const { kernel, inputs } = this.shared.kernels.fuse(values, outputs, (id) => this.value(id));
    const { variants, samples } = extentsOf(values.at(-1)!, this.extents);
    const ins = inputs.map((id) => this.places.of(id));
    const outs = outputs.map((o) => this.places.of(o.value.id));
    this.launch([...ins, ...outs], (indexOf) => ({
      kind: 'rows',
      kernel,
      variants,
      samples,
      inputs: ins.map((h) => this.view(h)(indexOf)),
      outputs: outs.map((h) => this.view(h)(indexOf)),
    }));
  }

  /** New versions of a parameter and its states: in place where one kernel makes all that read the old ones. */
  private update(values: readonly IrValue[]): void {
    const siblings = this.siblings(values[0]!);
    const whole = siblings.length === values.length;
    const outputs = values.map((value) => ({ value, tail: [], kind: 'element' as const }));
    const { kernel, inputs } = this.shared.kernels.fuse(values, outputs, (id) => this.value(id));
    const rows = values[0]!.rows as number;
    const ins = inputs.map((id) => this.places.of(id));
    const outs = values.map((v) => {
      const home = this.places.of(v.id);
      if (whole) return home;
      const made = {
        ...home,
        offset: 0,
        buffer: this.places.draft(
          `${v.name} new`,
          'activities',
          rows * Math.max(home.sampleStride, pad4(v.cols)),
        ),
      };
      this.apart.set(v.id, made);
      return made;
    });
    const rowsLaunch = (indexOf: (b: BufferDraft) => number): RowsLaunch => ({
      kind: 'rows',
      kernel,
      variants: 1,
      samples: rows,
      inputs: ins.map((h) => this.view(h)(indexOf)),
      outputs: outs.map((h) => this.view(h)(indexOf)),
    });
    const gradient = whole && this.choice.updateFusion ? this.gradientProducts(values[0]!) : undefined;
    if (gradient) {
      const { value, products } = gradient;
      const homes = [
        ...ins,
        ...outs,
        ...products.flatMap((p) => this.inputsOf(p).map((i) => this.places.of(i.id))),
      ];
      this.launch(homes, (indexOf) => ({
        kind: 'learn',
        products: products.flatMap((p) => this.outer(p)(indexOf)),
        gradient: this.region(value)(indexOf),
        update: rowsLaunch(indexOf),
      }));
    } else this.launch([...ins, ...outs], rowsLaunch);
    if (whole) return;
    // The last of them copies all over the old versions: only now has nobody left to read those.
    if (!siblings.every((s) => this.apart.has(s.id))) return;
    for (const s of siblings) {
      const to = this.places.of(s.id);
      const from = this.apart.get(s.id)!;
      const copy = this.shared.kernels.copy(s.cols, 'element');
      this.launch([from, to], (indexOf) => ({
        kind: 'rows',
        kernel: copy,
        variants: 1,
        samples: rows,
        inputs: [this.view(from)(indexOf)],
        outputs: [this.view(to)(indexOf)],
      }));
    }
  }

  private siblings(v: IrValue): readonly IrValue[] {
    return siblings(this.program, this.users, v);
  }

  /** The products behind an update's gradient, if nothing but the update reads it. */
  private gradientProducts(v: IrValue): { value: IrValue; products: readonly IrValue[] } | undefined {
    if (v.op.kind !== 'map') return undefined;
    const value = this.value(v.inputs[v.op.vars.indexOf('g')]!);
    const siblings = this.siblings(v);
    if (this.users[value.id]!.some((u) => !siblings.includes(u))) return undefined;
    const products = partsOf(value, this.inputsOf(value));
    if (
      !products.every((p) => isOuter(p.op) && this.places.of(p.id).buffer === this.places.of(value.id).buffer)
    )
      return undefined;
    if (products.some((p) => p !== value && this.users[p.id]!.length !== 1)) return undefined;
    return { value, products };
  }

  /** Whether a gradient product is part of a `learn` launch, and not one of its own. */
  private isFused(v: IrValue): boolean {
    if (!this.choice.updateFusion) return false;
    for (const user of this.users[v.id]!) {
      const updates = partsOf(user, [v]).includes(v) ? this.users[user.id]! : [user];
      const [update] = updates;
      if (
        update?.tensor !== undefined &&
        this.siblings(update).length === this.unitOf.get(update.id)!.values.length
      ) {
        if (this.gradientProducts(update)?.products.includes(v)) return true;
      }
    }
    return false;
  }

  /** One product of all rows, or with `--no-pass polarity` one a polarity. */
  private outer(v: IrValue): (indexOf: (b: BufferDraft) => number) => Gemm[] {
    if (!isOuter(v.op)) throw new Error('not a gradient');
    const { scale } = v.op;
    const onto = 'onto' in v.op ? v.op.onto : undefined;
    const blocks = v.op.kind === 'block outer' ? v.op.blocks : undefined;
    const [a, b] = this.inputsOf(v) as [IrValue, IrValue];
    const rows = Math.max(rowsOf(a, this.extents), rowsOf(b, this.extents));
    const halves = this.halves(a, rows);
    const home = this.places.of(v.id);
    return (indexOf) =>
      halves.map((part, i): Gemm => {
        const whole = this.region(v)(indexOf);
        const product: Gemm = {
          m: a.cols,
          n: onto === undefined ? v.cols : b.cols,
          k: part.rows,
          a: this.region(a, undefined, part)(indexOf),
          transposeA: true,
          b: this.region(b, undefined, part)(indexOf),
          transposeB: false,
          c: onto === undefined ? whole : { ...whole, offset: home.offset + onto, cols: b.cols },
          alpha: scale,
          beta: i === 0 && onto === undefined ? 0 : 1,
        };
        return blocks === undefined ? product : inBlocks(product, blocks);
      });
  }

  private halves(v: IrValue, rows: number): { rows: number; from: number }[] {
    if (this.choice.polarity || variantOf(v.axes) !== 'polarity') return [{ rows, from: 0 }];
    return [
      { rows: rows / 2, from: 0 },
      { rows: rows / 2, from: rows / 2 },
    ];
  }

  private single(v: IrValue): void {
    const inputs = this.inputsOf(v);
    const home = this.places.of(v.id);
    const homes = [home, ...inputs.map((i) => this.places.of(i.id))];
    const [a, b] = inputs as [IrValue, IrValue];
    const { op } = v;
    switch (op.kind) {
      case 'product':
      case 'product transposed':
      case 'block product':
        for (const part of this.halves(v, rowsOf(v, this.extents))) {
          this.launch(homes, (indexOf) => {
            const product: Gemm = {
              m: part.rows,
              n: v.cols,
              k: op.kind === 'product transposed' ? Math.min(a.cols, b.rows as number) : b.cols,
              a: this.region(a, undefined, part)(indexOf),
              transposeA: false,
              b: this.region(b)(indexOf),
              transposeB: op.kind !== 'product transposed',
              c: this.region(v, undefined, part)(indexOf),
              alpha: 1,
              beta: 0,
            };
            return {
              kind: 'gemm',
              ...(op.kind === 'block product' ? inBlocks(product, op.blocks) : product),
            };
          });
        }
        return;
      case 'patches':
        this.launch(homes, (indexOf) => ({
          kind: 'patches',
          field: op.field,
          input: this.region(a)(indexOf),
          output: this.region(v)(indexOf),
        }));
        return;
      case 'outer':
      case 'block outer':
        if (this.isFused(v)) return;
        for (const [i] of this.outer(v)(() => 0).entries())
          this.launch(homes, (indexOf) => ({ kind: 'gemm', ...this.outer(v)(indexOf)[i]! }));
        return;
      case 'blank':
        this.copy(a, home, v);
        this.launch([home], (indexOf) => {
          const whole = this.region(v)(indexOf);
          return {
            kind: 'fill',
            output: { ...whole, offset: whole.offset + op.from, cols: op.count },
            value: 0,
          };
        });
        return;
      case 'embed':
        this.copy(a, home, v);
        this.overwrite(b, { ...home, offset: home.offset + op.at }, v);
        return;
      case 'total':
        this.launch(homes, (indexOf) => ({
          kind: 'total',
          input: this.region(a)(indexOf),
          output: this.region(v)(indexOf),
          scale: op.scale,
        }));
        return;
      case 'scatter': {
        const index = this.places.indexOf(v.inputs.slice(1));
        const rows = rowsOf(a, this.extents);
        this.launch([...homes, index], (indexOf) => ({
          kind: 'scatter',
          input: this.region(a)(indexOf),
          index: { buffer: indexOf(index.buffer), offset: index.offset, rows, cols: 1, stride: 1 },
          classes: op.classes,
          output: this.region(v)(indexOf),
          scale: op.scale,
        }));
        return;
      }
      case 'onehot': {
        const index = this.places.indexOf(v.inputs);
        const rows = rowsOf(v, this.extents);
        this.launch([home, index], (indexOf) => ({
          kind: 'onehot',
          index: { buffer: indexOf(index.buffer), offset: index.offset, rows, cols: 1, stride: 1 },
          output: this.region(v)(indexOf),
          tail: this.places.tails.get(v.id) ?? [],
        }));
        return;
      }
      case 'dropout':
        this.launch(homes, (indexOf) => ({
          kind: 'dropout',
          output: this.region(v)(indexOf),
          site: op.site,
          keep: op.keep,
        }));
        return;
      case 'draw':
        this.launch(homes, (indexOf) => ({
          kind: 'draw',
          probabilities: this.region(a)(indexOf),
          truth: this.region(b)(indexOf),
          uniform: this.region(inputs[2]!)(indexOf),
          output: this.region(v)(indexOf),
        }));
        return;
      case 'mean': {
        const rows = rowsOf(a, this.extents);
        const half =
          op.of !== 'all' && variantOf(a.axes) === 'polarity'
            ? { rows: rows / 2, from: op.of === 'positive' ? 0 : rows / 2 }
            : { rows, from: 0 };
        this.launch(homes, (indexOf) => ({
          kind: 'mean',
          input: this.region(a, undefined, half)(indexOf),
          output: this.region(v)(indexOf),
          scale: 1 / half.rows,
        }));
        return;
      }
      default:
        throw new Error(`no kernel for ${op.kind} (${v.name})`);
    }
  }

  /** A result that was not made in its place: copied there, its rows in the order that the host reads. */
  private store({ tensor, offset, value: id, axes }: Ir['results'][number]): void {
    const v = this.value(id);
    const home = this.places.of(id);
    const to = this.places.resultHome({ tensor, offset, value: id, axes });
    if (home.buffer === to.buffer && home.offset === to.offset) return;
    const kernel = this.shared.kernels.copy(v.cols, isScalarRow(v) ? 'row' : 'element');
    const variant = axes.find((a) => isRowAxis(a) && a !== 'sample');
    const variants = variant ? this.extents[variant as keyof Program['extents']] : 1;
    const samples = axes.includes('sample') ? this.extents.sample : 1;
    this.launch([home], (indexOf) => ({
      kind: 'rows',
      kernel,
      variants,
      samples,
      inputs: [this.view(home)(indexOf)],
      outputs: [this.view(to)(indexOf)],
    }));
  }
}

/** The products that a gradient is made of, in one memory; of anything else, itself. */
function partsOf(value: IrValue, inputs: readonly IrValue[]): readonly IrValue[] {
  if (value.op.kind === 'columns') return inputs;
  if (value.op.kind === 'outer' && 'onto' in value.op) return [inputs.at(-1)!, value];
  return [value];
}
