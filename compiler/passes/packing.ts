/**
 * What the slots and the label-gather pass have in common: in every layer's z = Σ sign · (s · Wᵀ + b) the products of
 * packed connections become products with their pack, and the updates of packed parameters one update of the pack.
 *
 * A pass says by a `PackKind` which products those are and how their gradient is computed.
 */
import { add, type Expr, nodesOf, substitute, variable, zero } from '../expr/index.js';
import { biasOf, stateId, type TensorId, weightOf } from '../graph/tensors.js';
import { type Ir, type IrValue, Rewriter, unionAxes } from './ir.js';
import type { Pack, PackMember } from './packs.js';

/** A packed connection's part of a z. */
export interface Term {
  readonly pack: Pack;
  readonly member: PackMember;
  /** The rows that the connection multiplies. */
  readonly source: IrValue;
}

/** A product that a z is the sum of: some columns of a pack, and the rows that they multiply. */
export interface Run {
  readonly pack: Pack;
  readonly members: readonly PackMember[];
  readonly source: IrValue;
}

export interface PackKind {
  /** Of its products in a sum, where those of the other pass may stand too. */
  readonly name: string;
  /** The products that a layer's terms in one step become. */
  runs(step: string, terms: readonly Term[]): readonly Run[];
  product(run: Run, z: IrValue): IrValue;
  /** The gradient of a whole pack from the z's that `runs` are part of; `like` gives its name and step. */
  gradient(pack: Pack, runs: readonly Run[], dz: IrValue, scale: number, like: IrValue): IrValue;
}

/** The connection of a packed parameter, and which of its two parameters that is. */
interface Packed {
  readonly pack: Pack;
  readonly member: PackMember;
  readonly isWeight: boolean;
}

export class Packing {
  readonly out: Rewriter;
  /** By the parameter's name. */
  private readonly packed = new Map<string, Packed>();
  /** The present version of every packed parameter and its state. */
  private readonly current = new Map<string, IrValue>();
  /** What each z is the sum of, by its new id: the gradient that comes back through it multiplies the same rows. */
  private readonly runsOf = new Map<number, readonly Run[]>();
  private readonly moved = new Set<string>();
  private readonly users: readonly (readonly IrValue[])[];
  /** By step, the expressions that read products of packs. */
  private readonly sums = new Map<string, IrValue[]>();

  constructor(
    readonly program: Ir,
    readonly packs: readonly Pack[],
  ) {
    this.out = new Rewriter(program);
    for (const pack of packs) {
      for (const member of pack.members) {
        const { connection } = member;
        this.packed.set(weightOf(connection).name, { pack, member, isWeight: true });
        if (connection.bias) this.packed.set(biasOf(connection).name, { pack, member, isWeight: false });
      }
    }
    const users = program.values.map((): IrValue[] => []);
    for (const v of program.values) for (const i of new Set(v.inputs)) users[i]!.push(v);
    this.users = users;
    for (const v of program.values) {
      if (v.op.kind !== 'map' || !v.inputs.some((i) => this.isProduct(program.values[i]!))) continue;
      const sums = this.sums.get(v.step);
      if (sums) sums.push(v);
      else this.sums.set(v.step, [v]);
    }
  }

  run(kind: PackKind): Ir {
    const { program, out } = this;
    for (const value of program.values) {
      const packed = this.packedOf(value);
      // Parameters that are packed, their products and gradients: replaced where they are used.
      if (packed) this.update(value, packed, kind);
      else if (this.isProduct(value) || this.isGradient(value)) continue;
      else if (value.op.kind === 'map' && value.inputs.some((i) => this.isProduct(program.values[i]!)))
        this.sum(value, kind);
      else out.keep(value);
    }
    const others = program.updates.filter((u) => !this.packedOf(program.values[u.value]!));
    const packed = [...this.moved].map((tensor) => ({ tensor, value: this.current.get(tensor)!.id }));
    return out.finish([...others.map((u) => ({ ...u, value: out.of(u.value).id })), ...packed]);
  }

  /** What of a pack a value is a version of: a parameter, or its optimizer state. */
  private packedOf({ tensor }: IrValue): Packed | undefined {
    return tensor?.parameter === undefined ? undefined : this.packed.get(tensor.parameter);
  }

  /** The packed connection that a product multiplies by. */
  private memberOf({ op, inputs }: IrValue): Packed | undefined {
    return op.kind === 'product' ? this.packedOf(this.program.values[inputs[1]!]!) : undefined;
  }
  private isProduct(value: IrValue): boolean {
    return this.memberOf(value) !== undefined;
  }
  /** A gradient is known by what it moves. */
  private isGradient({ id, op }: IrValue): boolean {
    if (op.kind !== 'outer' && op.kind !== 'total') return false;
    const users = this.users[id]!;
    return users.length > 0 && users.every((u) => this.packedOf(u) !== undefined);
  }

  /** What the packed products of a step multiply, by source, as far as it is made already. */
  sourcesOf(step: string): ReadonlyMap<string, IrValue> {
    const { program, out } = this;
    const found = new Map<string, IrValue>();
    for (const z of this.sums.get(step) ?? []) {
      for (const i of z.inputs) {
        const product = program.values[i]!;
        const packed = this.memberOf(product);
        if (packed && out.has(product.inputs[0]!))
          found.set(packed.member.connection.source, out.of(product.inputs[0]!));
      }
    }
    return found;
  }

  /** A pack, or a state of its optimizer, as it is at this point. */
  version(tensor: TensorId, pack: Pack): IrValue {
    const known = this.current.get(tensor.name);
    if (known) return known;
    const [rows, cols] = pack.transposed ? [pack.cols, pack.units] : [pack.units, pack.cols];
    const { name } = tensor;
    const made = this.out.emit(
      { op: { kind: 'state', tensor: name }, rows, cols, axes: ['parameters'], step: '', name, tensor },
      [],
    );
    this.current.set(name, made);
    return made;
  }

  /** A layer's z: the packed connections' terms become one variable a run, whatever else it sums stays. */
  private sum(value: IrValue, kind: PackKind): void {
    const { out, program } = this;
    if (value.op.kind !== 'map') return;
    const { op } = value;
    const terms: Term[] = [];
    const gone = new Set<string>();
    value.inputs.forEach((id, i) => {
      const input = program.values[id]!;
      const product = this.memberOf(input);
      if (!product && !this.packedOf(input)) return;
      gone.add(op.vars[i]!);
      if (product) terms.push({ ...product, source: out.of(input.inputs[0]!) });
    });

    const zeros = new Map<Expr, Expr>(
      nodesOf(op.expr).flatMap((e) => (e.op === 'var' && gone.has(e.name) ? [[e, zero]] : [])),
    );
    let expr = substitute(op.expr, zeros);
    const vars = op.vars.filter((v) => !gone.has(v));
    const inputs = op.vars.flatMap((v, i) => (gone.has(v) ? [] : [out.of(value.inputs[i]!)]));
    const runs = kind.runs(value.step, terms);
    for (const [i, run] of runs.entries()) {
      const name = `${kind.name}${i}`;
      expr = add(expr, variable(name, 'element'));
      vars.push(name);
      inputs.push(kind.product(run, value));
    }
    const axes = unionAxes(value.axes, ...inputs.map((v) => v.axes));
    const z = out.replace(value, out.emit({ ...value, op: { ...op, expr, vars }, axes }, inputs));
    this.runsOf.set(z.id, runs);
  }

  /**
   * The update of a pack's first weight moves the pack and its state: all of a step's updates of a pack read the
   * versions before it, by the same rule.
   */
  private update(value: IrValue, { pack, member, isWeight }: Packed, kind: PackKind): void {
    const { program, out } = this;
    const isFirst = isWeight && member === pack.members[0] && value.tensor!.state === undefined;
    if (value.op.kind !== 'map' || !isFirst) return;
    const gradientOf = program.values[value.inputs[value.op.vars.indexOf('g')]!]!;
    if (gradientOf.op.kind !== 'outer') throw new Error(`${value.name} is not moved by a gradient`);
    const dz = out.of(gradientOf.inputs[0]!);
    // dz is a function of z: through it the step is known.
    const runs = dz.inputs.flatMap((i) => this.runsOf.get(i) ?? []).filter((r) => r.pack === pack);
    // The sign is in the pack.
    const gradient = kind.gradient(pack, runs, dz, Math.abs(gradientOf.op.scale), value);
    const states = this.users[gradientOf.id]!.filter(
      ({ op, tensor }) =>
        op.kind === 'map' && tensor?.state !== undefined && tensor.parameter === value.tensor!.parameter,
    );
    const together = [
      { map: value, tensor: pack.tensor },
      ...states.map((map) => ({ map, tensor: stateId(pack.tensor, map.tensor!.state!) })),
    ];
    const before = new Map(together.map((t) => [t.tensor.name, this.version(t.tensor, pack)]));
    for (const { map, tensor } of together) {
      if (map.op.kind !== 'map') continue;
      const inputs = map.op.vars.map((v, i) => {
        if (v === 'g') return gradient;
        if (v === 'w') return before.get(pack.tensor.name)!;
        return before.get(stateId(pack.tensor, v).name) ?? out.of(map.inputs[i]!);
      });
      const { name } = tensor;
      const [rows, cols] = pack.transposed ? [pack.cols, pack.units] : [pack.units, pack.cols];
      const made = out.emit(
        { op: { ...map.op, units: cols }, rows, cols, axes: ['parameters'], step: '', name, tensor },
        inputs,
      );
      this.current.set(name, made);
      this.moved.add(name);
    }
  }
}
