/** From a program's schedule to its launches: a kernel for every group, in order, on the homes of its values. */
import { fullName } from '../graph/graph.js';
import { type Ir, type IrValue, isRowAxis, isScalarRow } from '../passes/ir.js';
import { type Group, inOrder, type Schedule } from '../passes/schedule.js';
import { isView, siblings, usersOf } from '../passes/versions.js';
import type { RowsLaunch } from '../plan/plan.js';
import { pad4 } from '../vectors.js';
import { Addresses, type Step } from './addresses.js';
import { Copies } from './copies.js';
import {
  type BufferDraft,
  extentsOf,
  type Home,
  type IndexOf,
  isConstant,
  layoutOf,
  type PendingLaunch,
} from './homes.js';
import { gradientOf, launchesOf } from './launch-of.js';
import { Places, type SharedTables, tailOf } from './places.js';

export interface ProgramDraft {
  /** The program's own buffers, with the positions of the first and last launch that access them. */
  readonly activities: readonly {
    readonly buffer: BufferDraft;
    readonly from: number;
    readonly to: number;
  }[];
  readonly constants: readonly BufferDraft[];
  readonly load: readonly PendingLaunch[];
  readonly launches: readonly PendingLaunch[];
}

export function draftProgram(schedule: Schedule, shared: SharedTables): ProgramDraft {
  return new Drafting(schedule, shared).run();
}

class Drafting {
  private readonly program: Ir;
  private readonly places: Places;
  private readonly at: Addresses;
  private readonly copies: Copies;
  private readonly launches: PendingLaunch[] = [];
  private readonly lives = new Map<BufferDraft, { from: number; to: number }>();
  private readonly users: readonly (readonly IrValue[])[];
  /** Products computed by the launch of an update, which have no launch of their own. */
  private readonly absorbed: ReadonlySet<IrValue>;
  /** Versions that no single kernel makes: written elsewhere, then copied over the old ones. */
  private readonly apart = new Map<number, Home>();

  constructor(
    private readonly schedule: Schedule,
    private readonly shared: SharedTables,
  ) {
    this.program = schedule.program;
    this.users = usersOf(this.program);
    this.places = new Places(this.program, shared, this.users);
    this.at = new Addresses(this.program, this.places);
    this.copies = new Copies(this.at, shared.kernels);
    this.absorbed = new Set([...schedule.learns.values()].flatMap(({ products }) => products));
  }

  run(): ProgramDraft {
    const { program, schedule } = this;
    for (const group of inOrder(program, schedule.groups)) this.emit(group);
    for (const result of program.results) this.store(result);
    const activities = [...this.lives].map(([buffer, life]) => ({ buffer, ...life }));
    const { constants, load } = this.places;
    return { activities, constants, load, launches: this.launches };
  }

  private touch(buffer: BufferDraft): void {
    if (buffer.arena !== 'activities' && buffer.arena !== 'scratch') return;
    const at = this.launches.length;
    const life = this.lives.get(buffer);
    if (life) life.to = at;
    else this.lives.set(buffer, { from: at, to: at });
  }

  private add(...steps: readonly Step[]): void {
    for (const { homes, launch } of steps) {
      for (const { buffer, lookup } of homes) {
        this.touch(buffer);
        if (lookup) this.touch(lookup.index.buffer);
      }
      this.launches.push(launch);
    }
  }

  private emit({ kind, values }: Group): void {
    const [v] = values as [IrValue];
    if (kind === 'rows') this.rows(values);
    else if (kind === 'update') this.update(values);
    else if (layoutOf(v, this.program)) this.assemble(v);
    else if (!isView(v) && !isConstant(v) && !isGiven(v) && !this.absorbed.has(v))
      this.add(...launchesOf(v, this.at, this.copies, this.schedule.split.has(v.id)));
  }

  /** Copies into a container what could not be computed in place. */
  private assemble(v: IrValue): void {
    const { offsets } = layoutOf(v, this.program)!;
    const home = this.at.of(v);
    if (home.buffer.arena === 'io') return;
    this.at.inputsOf(v).forEach((input, i) => {
      const place: Home = { ...home, offset: home.offset + offsets[i]! };
      if (home.buffer.arena === 'constants') this.places.fillConstant(input, place, input.cols);
      else if (!this.isAt(input, place)) this.add(...this.copies.copy(input, place, v));
      const placed = this.places.tails.has(input.id) && this.isAt(input, place);
      if (v.op.kind !== 'slots' || placed) return;
      const { cols } = v.op.slots[i]!;
      // The 1 and the zeros, unless a kernel writes them with its rows.
      const tail = tailOf(v.op.slots[i]!);
      tail.forEach((value, k) => {
        const column = { ...v, cols: 1 } as IrValue;
        const region = this.at.region(column, { home: { ...place, offset: place.offset + cols + k } });
        const launch: PendingLaunch = (indexOf) => ({ kind: 'fill', output: region(indexOf), value });
        if (home.buffer.arena === 'constants') this.places.load.push(launch);
        else this.add({ homes: [home], launch });
      });
    });
  }

  /** Whether a value was computed in a home. One that occurs twice in a container was computed only in the first. */
  private isAt(v: IrValue, place: Home): boolean {
    const home = this.at.of(v);
    return home.buffer === place.buffer && home.offset === place.offset;
  }

  /** A fused row kernel: writes the values that are read elsewhere. */
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
    const { kernel, inputs } = this.shared.kernels.fuse(values, outputs, (id) => this.program.values[id]!);
    const { variants, samples } = extentsOf(values.at(-1)!, this.at.extents);
    const ins = inputs.map((id) => this.places.of(id));
    const outs = outputs.map((o) => this.at.of(o.value));
    this.add({
      homes: [...ins, ...outs],
      launch: this.rowsLaunch(kernel, variants, samples, ins, outs),
    });
  }

  private rowsLaunch(
    kernel: number,
    variants: number,
    samples: number,
    ins: readonly Home[],
    outs: readonly Home[],
  ): (indexOf: IndexOf) => RowsLaunch {
    return (indexOf) => ({
      kind: 'rows',
      kernel,
      variants,
      samples,
      inputs: ins.map((home) => this.at.view(home)(indexOf)),
      outputs: outs.map((home) => this.at.view(home)(indexOf)),
    });
  }

  /**
   * New versions of a parameter and its states: in place if one kernel computes everything that reads the old ones.
   */
  private update(values: readonly IrValue[]): void {
    const first = values[0]!;
    const together = siblings(this.program, this.users, first);
    const whole = together.length === values.length;
    const outputs = values.map((value) => ({ value, tail: [], kind: 'element' as const }));
    const { kernel, inputs } = this.shared.kernels.fuse(values, outputs, (id) => this.program.values[id]!);
    const ins = inputs.map((id) => this.places.of(id));
    const outs = values.map((v) => (whole ? this.at.of(v) : this.makeApart(v)));
    const launch = this.rowsLaunch(kernel, 1, first.rows as number, ins, outs);
    const homes = [...ins, ...outs];
    const learns = this.schedule.learns.get(first.id);
    if (learns) {
      const products = learns.products.flatMap((p) => gradientOf(p, this.at, this.schedule.split.has(p.id)));
      const operands = learns.products.flatMap((p) => this.at.inputsOf(p).map((i) => this.at.of(i)));
      this.add({
        homes: [...homes, ...operands],
        launch: (indexOf) => ({
          kind: 'learn',
          products: products.map((product) => product(indexOf)),
          gradient: this.at.region(learns.gradient)(indexOf),
          update: launch(indexOf),
        }),
      });
    } else this.add({ homes, launch });
    if (whole) return;
    // The last of them copies all over the old versions: only now has nobody left to read those.
    if (!together.every((s) => this.apart.has(s.id))) return;
    for (const s of together) {
      const copy = this.shared.kernels.copy(s.cols, 'element');
      const extents = { variants: 1, samples: first.rows as number };
      this.add(this.copies.rows(copy, extents, this.apart.get(s.id)!, this.at.of(s)));
    }
  }

  /** A home apart from the old version's, for a new version that others must not read yet. */
  private makeApart(v: IrValue): Home {
    const home = this.at.of(v);
    const size = (v.rows as number) * Math.max(home.sampleStride, pad4(v.cols));
    const made = { ...home, offset: 0, buffer: this.places.draft(`${fullName(v)} new`, 'activities', size) };
    this.apart.set(v.id, made);
    return made;
  }

  /**
   * A result that was not computed in place: copied there, with its rows in the order in which the host reads them.
   */
  private store(result: Ir['results'][number]): void {
    const v = this.program.values[result.value]!;
    const home = this.at.of(v);
    const to = this.places.resultHome(result);
    if (home.buffer === to.buffer && home.offset === to.offset) return;
    const { axes } = result;
    const { extents } = this.at;
    const kernel = this.shared.kernels.copy(v.cols, isScalarRow(v) ? 'row' : 'element');
    const variant = axes.find((a) => isRowAxis(a) && a !== 'sample');
    const variants = variant ? extents[variant as keyof typeof extents] : 1;
    const samples = axes.includes('sample') ? extents.sample : 1;
    // The buffers of outputs live as long as the plan.
    this.add({ ...this.copies.rows(kernel, { variants, samples }, home, to), homes: [home] });
  }
}

/** Values that exist before the program runs. */
function isGiven({ op }: IrValue): boolean {
  return op.kind === 'state' || op.kind === 'input' || op.kind === 'scalar';
}
