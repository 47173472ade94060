/**
 * Slot layout, and label gather.
 *
 * Slot layout finds the sum z = Σ sign · (s · Wᵀ + b) of a layer. All normalized activities of a step with the same rows lie
 * in one matrix, a slot `[ s | 1 | padding ]` for each layer, so that what a layer listens to is one window of columns, and
 * its weights, biases and signs are one packed matrix: one product forward, one for all its gradients, the bias' falling
 * out of the column of ones. Legal: where a connection is nothing but its product (no dropout) and its parameters are
 * updated by the same rule as its neighbours'. A skip between slots costs a second product.
 *
 * Label gather finds products with one-hot rows: the product is a row of the weights' transpose, looked up by the class,
 * and its gradient adds each row to its class. The label's weights are stored transposed for it, `[ Wᵀ ; b ; 0 ]`.
 */
import { add, apply, type Expr, nodesOf, substitute, variable, zero } from '../expr/index.js';
import type { ModelDocument } from '../model.js';
import { sumTo } from './hoist.js';
import { type Ir, type IrValue, Rewriter, rowKey, slotWidth, unionAxes } from './ir.js';
import { type Pack, type PackMember, slotOrder } from './packs.js';

/** A product that a layer's z is the sum of: a window of sources and the pack's columns over it. */
interface Run {
  readonly pack: Pack;
  readonly members: readonly PackMember[];
  /** The rows that the pack's columns are multiplied with. */
  readonly source: IrValue;
}

export function packProducts(program: Ir, model: ModelDocument, packs: readonly Pack[]): Ir {
  if (packs.length === 0) return program;
  return new Packing(program, model, packs).run();
}

/** A row of slots, and the column at which each node's slot starts. */
interface Container {
  readonly value: IrValue;
  readonly offsets: ReadonlyMap<string, number>;
}

class Packing {
  private readonly out: Rewriter;
  private readonly packOf = new Map<string, Pack>();
  /** The present version of every packed parameter and its state. */
  private readonly current = new Map<string, IrValue>();
  /** The rows of slots, by what lies in them. */
  private readonly containers = new Map<string, Container>();
  /** What each z is the sum of, by its new id: the gradient that comes back through it multiplies the same windows. */
  private readonly runsOf = new Map<number, readonly Run[]>();
  private readonly moved = new Set<string>();
  private readonly order: readonly string[];

  constructor(
    private readonly program: Ir,
    private readonly model: ModelDocument,
    private readonly packs: readonly Pack[],
  ) {
    this.out = new Rewriter(program);
    this.order = slotOrder(model);
    for (const pack of packs) for (const m of pack.members) this.packOf.set(m.connection.name, pack);
  }

  run(): Ir {
    const { program, out } = this;
    for (const value of program.values) {
      const connection = this.connectionOf(value);
      // Parameters that are packed, their products and gradients: replaced where they are used.
      if (connection) {
        if (value.op.kind === 'map') this.update(value, connection);
        continue;
      }
      if (this.isPackedProduct(value) || this.isPackedGradient(value)) continue;
      if (value.op.kind === 'map' && value.inputs.some((i) => this.isPackedProduct(program.values[i]!)))
        this.sum(value);
      else out.keep(value);
    }
    const others = program.updates.filter((u) => !this.packOf.has(stemOf(u.tensor)));
    const packed = [...this.moved].map((tensor) => ({ tensor, value: this.current.get(tensor)!.id }));
    return out.finish([...others.map((u) => ({ ...u, value: out.of(u.value).id })), ...packed]);
  }

  private connectionOf(value: IrValue): string | undefined {
    if (value.tensor === undefined) return undefined;
    const stem = stemOf(value.tensor);
    return this.packOf.has(stem) ? stem : undefined;
  }
  private isPackedProduct({ op, inputs }: IrValue): boolean {
    return op.kind === 'product' && this.connectionOf(this.program.values[inputs[1]!]!) !== undefined;
  }
  /** A gradient is known by what it moves. */
  private isPackedGradient({ id, op }: IrValue): boolean {
    if (op.kind !== 'outer' && op.kind !== 'total') return false;
    const users = this.usersOf(id);
    return users.length > 0 && users.every((u) => this.connectionOf(u) !== undefined);
  }
  private users: Map<number, IrValue[]> | undefined;
  private usersOf(id: number): readonly IrValue[] {
    if (!this.users) {
      this.users = new Map();
      for (const v of this.program.values) {
        for (const i of new Set(v.inputs)) {
          const users = this.users.get(i);
          if (users) users.push(v);
          else this.users.set(i, [v]);
        }
      }
    }
    return this.users.get(id) ?? [];
  }

  private sums: Map<string, IrValue[]> | undefined;
  /** The expressions of a step that read products. */
  private sumsOf(scope: string): readonly IrValue[] {
    if (!this.sums) {
      this.sums = new Map();
      for (const v of this.program.values) {
        if (v.op.kind !== 'map' || !v.inputs.some((i) => this.isPackedProduct(this.program.values[i]!)))
          continue;
        const step = scopeOf(v.name);
        const sums = this.sums.get(step);
        if (sums) sums.push(v);
        else this.sums.set(step, [v]);
      }
    }
    return this.sums.get(scope) ?? [];
  }

  private version(tensor: string, pack: Pack): IrValue {
    const known = this.current.get(tensor);
    if (known) return known;
    const [rows, cols] = pack.transposed ? [pack.cols, pack.units] : [pack.units, pack.cols];
    const made = this.out.emit(
      { op: { kind: 'state', tensor }, rows, cols, axes: ['parameters'], name: tensor, tensor },
      [],
    );
    this.current.set(tensor, made);
    return made;
  }

  /** A layer's z: the packed connections' terms become one variable a run, whatever else it sums stays. */
  private sum(value: IrValue): void {
    const { out, program } = this;
    if (value.op.kind !== 'map') return;
    const { op } = value;
    const terms: { member: PackMember; pack: Pack; source: IrValue; node: string }[] = [];
    const gone = new Set<string>();
    value.inputs.forEach((id, i) => {
      const input = program.values[id]!;
      const parameter = input.op.kind === 'product' ? program.values[input.inputs[1]!]! : input;
      const connection = this.connectionOf(parameter);
      if (!connection) return;
      gone.add(op.vars[i]!);
      if (input.op.kind !== 'product') return;
      const pack = this.packOf.get(connection)!;
      const member = pack.members.find((m) => m.connection.name === connection)!;
      terms.push({ member, pack, source: out.of(input.inputs[0]!), node: member.connection.source });
    });

    const zeros = new Map<Expr, Expr>(
      nodesOf(op.expr).flatMap((e) => (e.op === 'var' && gone.has(e.name) ? [[e, zero]] : [])),
    );
    let expr = substitute(op.expr, zeros);
    const vars = op.vars.filter((v) => !gone.has(v));
    const inputs = op.vars.flatMap((v, i) => (gone.has(v) ? [] : [out.of(value.inputs[i]!)]));
    const runs = this.runs(scopeOf(value.name), terms);
    runs.forEach((run, i) => {
      const product = this.product(run, value);
      expr = add(expr, variable(`run${i}`, 'element'));
      vars.push(`run${i}`);
      inputs.push(product);
    });
    const axes = unionAxes(value.axes, ...inputs.map((v) => v.axes));
    const z = out.replace(value, out.emit({ ...value, op: { ...op, expr, vars }, axes }, inputs));
    this.runsOf.set(z.id, runs);
  }

  /** Puts a layer's sources into slots and finds the windows that lie side by side in them and in the pack. */
  private runs(
    scope: string,
    terms: readonly { member: PackMember; pack: Pack; source: IrValue; node: string }[],
  ): Run[] {
    const runs: Run[] = [];
    for (const pack of this.packs) {
      const mine = pack.members.flatMap((member) => {
        const term = terms.find((t) => t.pack === pack && t.member === member);
        return term ? [term] : [];
      });
      if (pack.transposed) {
        for (const t of mine) runs.push({ pack, members: [t.member], source: t.source });
        continue;
      }
      let open: { members: PackMember[]; container: IrValue; from: number; end: number } | undefined;
      const close = () => {
        if (!open) return;
        const cols = open.end - open.from;
        const { container, from } = open;
        const whole = from === 0 && cols === container.cols;
        const source = whole
          ? container
          : this.out.emit(
              {
                op: { kind: 'window', from },
                rows: 'batch',
                cols,
                axes: container.axes,
                name: container.name,
              },
              [container],
            );
        runs.push({ pack, members: open.members, source });
        open = undefined;
      };
      for (const { member, source, node } of mine) {
        const { value: container, offsets } = this.container(scope, node, source);
        const from = offsets.get(node)!;
        const biased = member.connection.bias !== null;
        const end = from + (biased ? slotWidth(member.cols) : member.cols);
        if (open && biased && open.container === container && open.end === from) {
          open.members.push(member);
          open.end = end;
        } else {
          close();
          open = { members: [member], container, from, end };
        }
      }
      close();
    }
    return runs;
  }

  /**
   * The slots that hold a node's value. Layers that are read a step later share one a step and set of rows; the input, the
   * label, and a layer that is read in its own step have one each.
   */
  private container(scope: string, node: string, source: IrValue): Container {
    const { model, out } = this;
    const key = (name: string, value: IrValue) =>
      `${name}:${value.op.kind === 'input' ? JSON.stringify(value.op) : value.id}`;
    const known = this.containers.get(key(node, source));
    if (known) return known;
    const isLayer = model.layers.some((l) => l.name === node);
    const alone = !isLayer || model.connections.some((c) => c.source === node && c.delay === 0);
    const members = alone
      ? [{ node, value: source }]
      : this.stepSources(scope, rowKey(source)).filter((m) => !this.containers.has(key(m.node, m.value)));
    let offset = 0;
    const offsets = new Map<string, number>();
    const slots = members.map((m) => {
      const slot = { offset, cols: m.value.cols };
      offsets.set(m.node, offset);
      offset += slotWidth(m.value.cols);
      return slot;
    });
    const axes = unionAxes(...members.map((m) => m.value.axes));
    const name = alone ? `${node} slot` : `${scope}/slots`;
    const value = out.emit(
      { op: { kind: 'slots', slots }, rows: 'batch', cols: offset, axes, name },
      members.map((m) => m.value),
    );
    const made = { value, offsets };
    for (const m of members) this.containers.set(key(m.node, m.value), made);
    return made;
  }

  /** Every layer's activity with the given rows that a step's packed products read, in slot order. */
  private stepSources(scope: string, rows: string): { node: string; value: IrValue }[] {
    const { program, out, order } = this;
    const found = new Map<string, IrValue>();
    for (const z of this.sumsOf(scope)) {
      for (const i of z.inputs) {
        const product = program.values[i]!;
        if (!this.isPackedProduct(product) || !out.has(product.inputs[0]!)) continue;
        const connection = this.connectionOf(program.values[product.inputs[1]!]!)!;
        const { source } = this.model.connections.find((c) => c.name === connection)!;
        const value = out.of(product.inputs[0]!);
        if (this.model.layers.some((l) => l.name === source) && rowKey(value) === rows)
          found.set(source, value);
      }
    }
    return [...found]
      .map(([node, value]) => ({ node, value }))
      .sort((a, b) => order.indexOf(a.node) - order.indexOf(b.node));
  }

  private product({ pack, members, source }: Run, z: IrValue): IrValue {
    const { out } = this;
    const weights = this.version(pack.tensor, pack);
    const shape = {
      rows: 'batch',
      cols: pack.units,
      name: `${scopeOf(z.name)}/${pack.target}.${members.map((m) => m.connection.source).join('+')}`,
    } as const;
    if (pack.transposed) return this.lookup({ pack, members, source }, weights, shape.name);
    const from = members[0]!.offset;
    const cols = source.cols;
    const window =
      from === 0 && cols === pack.cols
        ? weights
        : out.emit(
            { op: { kind: 'window', from }, rows: pack.units, cols, axes: weights.axes, name: weights.name },
            [weights],
          );
    return out.emit({ op: { kind: 'product' }, ...shape, axes: unionAxes(source.axes, weights.axes) }, [
      source,
      window,
    ]);
  }

  /** The label's contribution: a row of the table where the label is one-hot, a small product where it is not. */
  private lookup({ pack, members, source }: Run, table: IrValue, name: string): IrValue {
    const { out } = this;
    const [member] = members as [PackMember];
    const biased = member.connection.bias !== null;
    if (source.op.kind === 'onehot' || source.op.kind === 'candidates') {
      const row = (op: IrValue['op'], axes: IrValue['axes']) =>
        out.emit({ op, rows: 'batch', cols: pack.units, axes, name: table.name }, [table]);
      let rows = row({ kind: 'class rows', classes: member.cols }, ['candidate', 'parameters']);
      if (biased) {
        const bias = row({ kind: 'one row', row: member.cols }, ['parameters']);
        const expr = apply('add', variable('weights', 'element'), variable('bias', 'element'));
        const op = { kind: 'map', expr, vars: ['weights', 'bias'], units: pack.units } as const;
        rows = out.emit({ op, rows: 'batch', cols: pack.units, axes: rows.axes, name }, [rows, bias]);
      }
      if (source.op.kind === 'candidates') return rows;
      const indices = source.inputs.map((i) => out.at(i));
      return out.emit(
        {
          op: { kind: 'lookup' },
          rows: 'batch',
          cols: pack.units,
          axes: unionAxes(source.axes, ['parameters']),
          name,
        },
        [rows, ...indices],
      );
    }
    const rows = this.labelSlot(member, source);
    return out.emit(
      {
        op: { kind: 'product transposed' },
        rows: 'batch',
        cols: pack.units,
        axes: unionAxes(source.axes, table.axes),
        name,
      },
      [rows, table],
    );
  }

  /** A label that is not one-hot, in a slot that fits the table's rows. */
  private labelSlot(member: PackMember, source: IrValue): IrValue {
    if (member.connection.bias === null) return source;
    return this.container('label', member.connection.source, source).value;
  }

  /** The first update of any of a pack's parameters in a step moves the pack and its state; the others are part of it. */
  private update(value: IrValue, connection: string): void {
    const { program, out } = this;
    const pack = this.packOf.get(connection)!;
    const first = pack.members[0]!.connection.name;
    if (value.op.kind !== 'map' || stemOf(value.tensor!) !== first || !/\.weight(\/|$)/.test(value.tensor!))
      return;
    const suffix = stateOf(value.tensor!);
    const tensor = suffix === undefined ? pack.tensor : `optimizer/${pack.tensor}/${suffix}`;
    // All of a parameter's updates in a step read the versions before it: they are made together, with the weight's.
    if (suffix !== undefined) return;
    const gradientOf = program.values[value.inputs[value.op.vars.indexOf('g')]!]!;
    const dz = out.of(gradientOf.inputs[0]!);
    if (gradientOf.op.kind !== 'outer') throw new Error(`${value.name} is not moved by a gradient`);
    // The sign is in the pack.
    const gradient = this.gradient(pack, dz, Math.abs(gradientOf.op.scale), value.name);
    const states = this.usersOf(gradientOf.id).filter(
      (v) =>
        v.op.kind === 'map' && v.tensor !== undefined && v.tensor.startsWith(`optimizer/${value.tensor}/`),
    );
    const together = [
      { map: value, tensor },
      ...states.map((map) => ({ map, tensor: `optimizer/${pack.tensor}/${stateOf(map.tensor!)}` })),
    ];
    const before = new Map(together.map((t) => [t.tensor, this.version(t.tensor, pack)]));
    for (const { map, tensor: name } of together) {
      if (map.op.kind !== 'map') continue;
      const inputs = map.op.vars.map((v, i) => {
        if (v === 'g') return gradient;
        if (v === 'w') return before.get(pack.tensor)!;
        const state = before.get(`optimizer/${pack.tensor}/${v}`);
        return state ?? out.of(map.inputs[i]!);
      });
      const [rows, cols] = pack.transposed ? [pack.cols, pack.units] : [pack.units, pack.cols];
      const made = out.emit(
        { op: { ...map.op, units: cols }, rows, cols, axes: ['parameters'], name, tensor: name },
        inputs,
      );
      this.current.set(name, made);
      this.moved.add(name);
    }
  }

  /** The gradient of a whole pack: of each run the product of dz with the run's window, side by side. */
  private gradient(pack: Pack, dz: IrValue, scale: number, name: string): IrValue {
    const { out } = this;
    // dz is a function of z: through it the step is known.
    const runs = dz.inputs.flatMap((i) => this.runsOf.get(i) ?? []).filter((r) => r.pack === pack);
    if (pack.transposed) {
      const [{ source, members }] = runs as [Run];
      const [member] = members as [PackMember];
      const shape = {
        rows: pack.cols,
        cols: pack.units,
        axes: ['parameters'] as const,
        name: `${name} gradient`,
      };
      if (source.op.kind === 'onehot') {
        const op = { kind: 'scatter', classes: member.cols, scale } as const;
        // A label that is the same in both rows has one index for them.
        return out.emit({ op, ...shape }, [sumTo(out, dz, source), ...source.inputs.map((i) => out.at(i))]);
      }
      return out.emit({ op: { kind: 'outer', scale }, ...shape }, [this.labelSlot(member, source), dz]);
    }
    const pieces = runs.map(({ source, members }) =>
      out.emit(
        {
          op: { kind: 'outer', scale },
          rows: pack.units,
          cols: source.cols,
          axes: ['parameters'],
          name: `${members.map((m) => m.connection.name).join('+')} gradient`,
        },
        [dz, source],
      ),
    );
    if (pieces.length === 1 && pieces[0]!.cols === pack.cols) return pieces[0]!;
    return out.emit(
      {
        op: { kind: 'columns', offsets: runs.map((r) => r.members[0]!.offset) },
        rows: pack.units,
        cols: pack.cols,
        axes: ['parameters'],
        name: `${name} gradient`,
      },
      pieces,
    );
  }
}

/** `optimizer/h2.h1.forward.weight/square_avg` and `h2.h1.forward.bias` → `h2.h1.forward`. */
export function stemOf(tensor: string): string {
  return tensor
    .replace(/^optimizer\//, '')
    .replace(/\/[^/]*$/, '')
    .replace(/\.(weight|bias)$/, '');
}
/** `square_avg` of an optimizer state's name. */
function stateOf(tensor: string): string | undefined {
  return /^optimizer\/.*\/([^/]+)$/.exec(tensor)?.[1];
}
/** The step a value belongs to: `learn[3]/h1.z` → `learn[3]`. */
function scopeOf(name: string): string {
  const end = name.lastIndexOf('/');
  return end < 0 ? '' : name.slice(0, end);
}
