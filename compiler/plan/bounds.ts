/**
 * What a plan's launches may touch: every number that any of them reads or writes lies inside its buffer, every shape
 * fits, and class indices, by which rows are looked up at run time, come from where classes are put and nowhere else.
 *
 * Engines load and store whole vectors of four numbers, so the rows of element views count with their padding.
 */
import { patchCount, patchSize, sourceSize } from '../field.js';
import { pad4 } from '../passes/ir.js';
import { areBeside, wholeOf } from './blocks.js';
import type { PlanCode } from './codes.js';
import type { ArenaName, Gemm, Launch, Plan, Region, RowsLaunch, RowsView } from './plan.js';

/** Reports what is wrong at a path in the plan: `programs/train/3/a`. */
export type Say = (code: PlanCode, at: string, message: string) => void;

/** A stretch of an arena, in numbers; the end is exclusive. */
interface Stretch {
  readonly arena: ArenaName;
  readonly from: number;
  readonly to: number;
}

type Rows = Pick<RowsLaunch, 'variants' | 'samples'>;

/** How memory is touched: `index` and `class` are reading and writing class indices. */
type Access = 'read' | 'write' | 'index' | 'class';

const overlap = (a: Stretch, b: Stretch): boolean => a.arena === b.arena && a.from < b.to && b.from < a.to;

/** The numbers of a region from its first to behind its last, with rows as wide as `width`; none without rows. */
export function extentOf(r: Region, width = r.cols): { readonly from: number; readonly to: number } {
  return { from: r.offset, to: r.rows === 0 ? r.offset : r.offset + (r.rows - 1) * r.stride + width };
}

/**
 * The stretch of its arena that part of a buffer is.
 * @returns undefined, and says so, if there is no such part
 */
function stretchOf(
  plan: Plan,
  at: string,
  buffer: number,
  part: { readonly from: number; readonly to: number },
  say: Say,
): Stretch | undefined {
  const b = plan.buffers[buffer];
  if (!b) {
    say('RFF853', at, `there is no buffer ${buffer}; the last is ${plan.buffers.length - 1}`);
    return undefined;
  }
  const size = b.bytes / 4;
  if (part.from > size || part.to > size) {
    say(
      'RFF853',
      at,
      `takes numbers ${part.from} to ${part.to - 1} of buffer ${buffer} (\`${b.name}\`), which has ${size}`,
    );
    return undefined;
  }
  return { arena: b.arena, from: b.offset / 4 + part.from, to: b.offset / 4 + part.to };
}

/** Rows further apart than their buffer is long: of no use, and more than a BLAS's 32-bit numbers may hold. */
function checkStrides(plan: Plan, at: string, buffer: number, strides: readonly number[], say: Say): void {
  const size = (plan.buffers[buffer]?.bytes ?? Number.POSITIVE_INFINITY) / 4;
  const stride = strides.find((s) => s > size);
  if (stride !== undefined)
    say('RFF853', at, `its rows are ${stride} numbers apart in buffer ${buffer}, which has ${size}`);
}

/** Checks the regions that the host writes and reads, and returns where class indices lie, neighbours joined. */
export function checkHostRegions(plan: Plan, say: Say): Stretch[] {
  const classes: Stretch[] = [];
  const numbers: { readonly at: string; readonly stretch: Stretch }[] = [];
  plan.tensors.forEach((t, i) => {
    t.regions.forEach((r, k) => {
      const at = `tensors/${i}/regions/${k}`;
      if (r.stride < r.cols && r.rows > 1)
        say('RFF856', at, `its rows of ${r.cols} numbers are ${r.stride} apart`);
      checkStrides(plan, at, r.buffer, [r.rows > 0 ? r.stride : 0], say);
      const stretch = stretchOf(plan, at, r.buffer, extentOf(r), say);
      if (!stretch) return;
      if (t.type === 'i32') classes.push(stretch);
      else numbers.push({ at, stretch });
    });
  });
  const { region } = plan.scalars;
  const scalars = region && stretchOf(plan, 'scalars/region', region.buffer, extentOf(region), say);
  if (scalars) numbers.push({ at: 'scalars/region', stretch: scalars });
  for (const { at, stretch } of numbers)
    if (classes.some((c) => overlap(c, stretch))) say('RFF858', at, 'lies over class indices');
  const joined: Stretch[] = [];
  for (const c of classes.sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last?.arena === c.arena && c.from <= last.to)
      joined[joined.length - 1] = { ...last, to: Math.max(last.to, c.to) };
    else joined.push(c);
  }
  return joined;
}

/** @param classes where class indices lie, as `checkHostRegions` finds them */
export function checkPrograms(plan: Plan, classes: readonly Stretch[], say: Say): void {
  for (const [program, launches] of Object.entries(plan.programs)) {
    const checks = new LaunchChecks(plan, classes, program === 'load', say);
    launches.forEach((launch, i) => {
      checks.launch(`programs/${program}/${i}`, launch);
    });
  }
}

class LaunchChecks {
  constructor(
    private readonly plan: Plan,
    private readonly classes: readonly Stretch[],
    private readonly loading: boolean,
    private readonly say: Say,
  ) {}

  launch(at: string, launch: Launch): void {
    switch (launch.kind) {
      case 'gemm':
        this.product(at, launch);
        return;
      case 'patches':
        this.patches(at, launch);
        return;
      case 'rows':
        this.rows(at, launch);
        return;
      case 'learn':
        this.learn(at, launch);
        return;
      case 'mean':
        this.region(`${at}/input`, launch.input, 'read');
        this.region(`${at}/output`, launch.output, 'write');
        return;
      case 'total':
        this.matrix(`${at}/output`, launch.output, 1, launch.input.cols, 'write', pad4(launch.input.cols));
        this.region(`${at}/input`, launch.input, 'read', pad4(launch.input.cols));
        return;
      case 'scatter': {
        const { input, index, output, classes } = launch;
        const width = pad4(input.cols);
        if (classes > this.plan.classes || output.rows < classes)
          this.say(
            'RFF855',
            at,
            `scatters into ${classes} classes of ${this.plan.classes}, ${output.rows} rows`,
          );
        this.matrix(`${at}/output`, output, output.rows, input.cols, 'write', width);
        this.region(`${at}/input`, input, 'read', width);
        this.matrix(`${at}/index`, index, input.rows, 1, 'index');
        return;
      }
      case 'onehot': {
        const { index, output, tail } = launch;
        this.region(`${at}/output`, output, 'write', output.cols + tail.length);
        this.matrix(`${at}/index`, index, output.rows, 1, 'index');
        return;
      }
      case 'draw': {
        const { probabilities, truth, uniform, output } = launch;
        if (this.plan.classes < 2) this.say('RFF855', at, 'draws a wrong class of one');
        this.matrix(`${at}/probabilities`, probabilities, output.rows, this.plan.classes, 'read');
        this.matrix(`${at}/truth`, truth, output.rows, 1, 'index');
        this.matrix(`${at}/uniform`, uniform, output.rows, 1, 'read');
        this.matrix(`${at}/output`, output, output.rows, 1, 'class');
        return;
      }
      case 'dropout':
      case 'fill':
        this.region(`${at}/output`, launch.output, 'write');
        return;
      default:
        launch satisfies never;
    }
  }

  /** The operands of a product and where it writes, of each block alone and of all of them. */
  private product(at: string, product: Gemm): void {
    const { say } = this;
    const { m, n, k, transposeA, transposeB, blocks } = product;
    const shapes = { a: transposeA ? [k, m] : [m, k], b: transposeB ? [n, k] : [k, n], c: [m, n] } as const;
    for (const side of ['a', 'b', 'c'] as const) {
      const access = side === 'c' ? 'write' : 'read';
      const [rows, cols] = shapes[side];
      this.matrix(`${at}/${side}`, product[side], rows, cols, access);
      if (!blocks) continue;
      const whole = wholeOf(product, side);
      if (whole) this.region(`${at}/${side}`, whole, access);
      else say('RFF855', `${at}/${side}`, 'its blocks lie neither side by side nor one below the other');
    }
    if (!blocks || blocks.count === 1) return;
    const apart = areBeside(product.c, blocks.c, blocks.count) ? n : m * product.c.stride;
    if (blocks.c < apart) say('RFF855', `${at}/c`, 'its blocks are written over each other');
  }

  private patches(at: string, { field, input, output }: Extract<Launch, { kind: 'patches' }>): void {
    const fits = field.size <= Math.min(...field.grid) && input.cols === sourceSize(field);
    if (!fits)
      this.say('RFF855', at, `no patches of ${field.size} × ${field.size} are in ${input.cols} columns`);
    const cols = fits ? patchCount(field) * pad4(patchSize(field)) : output.cols;
    this.matrix(`${at}/output`, output, input.rows, cols, 'write');
    this.region(`${at}/input`, input, 'read');
  }

  /**
   * Gradients live in memory of the engine's own, a block of rows at a time, laid out as `gradient` is: what the
   * products write and the update reads there stays inside its rows.
   */
  private learn(at: string, { products, gradient, update }: Extract<Launch, { kind: 'learn' }>): void {
    const { say } = this;
    this.region(`${at}/gradient`, gradient, 'write');
    if (gradient.offset % 4 !== 0 || gradient.stride % 4 !== 0)
      say('RFF855', `${at}/gradient`, 'its rows do not start at multiples of 16 bytes');
    if (update.variants !== 1 || update.samples !== gradient.rows)
      say(
        'RFF855',
        `${at}/update`,
        `moves ${update.variants} × ${update.samples} rows by a gradient of ${gradient.rows}`,
      );
    products.forEach((p, i) => {
      const path = `${at}/products/${i}`;
      this.product(path, p);
      const c = wholeOf(p, 'c') ?? p.c;
      const from = c.offset - gradient.offset;
      const row = Math.floor(from / gradient.stride);
      const inside =
        c.buffer === gradient.buffer &&
        from >= 0 &&
        (c.rows === 1 || c.stride === gradient.stride) &&
        row + c.rows <= gradient.rows &&
        from - row * gradient.stride + c.cols <= gradient.stride;
      if (!inside) say('RFF855', `${path}/c`, 'lies outside of its gradient');
      for (const side of ['a', 'b'] as const)
        if (p[side].buffer === gradient.buffer) say('RFF855', `${path}/${side}`, 'lies in the gradient');
    });
    this.rows(`${at}/update`, update);
    const kernel = this.plan.kernels[update.kernel];
    update.inputs.forEach((v, i) => {
      if (v.buffer !== gradient.buffer) return;
      const width = kernel?.inputs[i]?.kind === 'element' ? pad4(kernel.units) : 1;
      const column = v.offset - gradient.offset;
      const inside =
        !v.lookup &&
        column >= 0 &&
        column + width <= gradient.stride &&
        (gradient.rows === 1 || v.sampleStride === gradient.stride);
      if (!inside) say('RFF855', `${at}/update/inputs/${i}`, 'reads outside of its rows of the gradient');
    });
    update.outputs.forEach((v, i) => {
      if (v.buffer === gradient.buffer) say('RFF855', `${at}/update/outputs/${i}`, 'lies in the gradient');
    });
  }

  private rows(at: string, launch: RowsLaunch): void {
    const { say, plan } = this;
    const kernel = plan.kernels[launch.kernel];
    if (!kernel) {
      say('RFF855', at, `there is no kernel ${launch.kernel}; the last is ${plan.kernels.length - 1}`);
      return;
    }
    for (const side of ['inputs', 'outputs'] as const) {
      if (launch[side].length !== kernel[side].length) {
        say(
          'RFF855',
          at,
          `has ${launch[side].length} ${side}, its kernel \`${kernel.name}\` ${kernel[side].length}`,
        );
        return;
      }
    }
    kernel.inputs.forEach(({ kind }, i) => {
      const width = kind === 'element' ? pad4(kernel.units) : 1;
      this.view(`${at}/inputs/${i}`, launch.inputs[i]!, launch, width, kind, 'read');
    });
    kernel.outputs.forEach(({ kind, tail }, i) => {
      const view = launch.outputs[i]!;
      const path = `${at}/outputs/${i}`;
      const units = kind === 'element' ? kernel.units : 1;
      const width = Math.max(kind === 'element' ? pad4(units) : 1, units + tail.length);
      this.view(path, view, launch, width, kind, 'write');
      if (!areApart(view, launch, width))
        say('RFF855', path, `its rows, ${width} numbers wide, are written over each other`);
    });
  }

  private view(
    at: string,
    v: RowsView,
    { variants, samples }: Rows,
    width: number,
    kind: 'element' | 'row',
    access: Access,
  ): void {
    const { say, plan } = this;
    if (kind === 'element') {
      const steps = [
        v.offset,
        variants > 1 ? v.variantStride : 0,
        samples > 1 ? v.sampleStride : 0,
        v.lookup?.stride ?? 0,
      ];
      if (steps.some((s) => s % 4 !== 0)) say('RFF853', at, 'its rows do not start at multiples of 16 bytes');
    }
    if (v.lookup) {
      if (v.variantStride !== 0 || v.sampleStride !== 0)
        say('RFF855', at, 'is looked up and has strides of its own');
      checkStrides(plan, at, v.buffer, [v.lookup.stride], say);
      const last = v.offset + (plan.classes - 1) * v.lookup.stride;
      this.touch(at, v.buffer, v.offset, last + width, access);
      this.view(`${at}/lookup/index`, v.lookup.index, { variants, samples }, 1, 'row', 'index');
      return;
    }
    checkStrides(plan, at, v.buffer, [v.variantStride, v.sampleStride], say);
    const last = (variants - 1) * v.variantStride + (samples - 1) * v.sampleStride;
    this.touch(at, v.buffer, v.offset, v.offset + last + width, access);
  }

  /** A region that must have this shape. */
  private matrix(at: string, r: Region, rows: number, cols: number, access: Access, width = cols): void {
    if (r.rows !== rows || r.cols !== cols)
      this.say('RFF855', at, `is a matrix of ${r.rows} × ${r.cols}, not of ${rows} × ${cols}`);
    this.region(at, r, access, width);
  }

  /** @param width the numbers of a row that are touched, from its first column on */
  private region(at: string, r: Region, access: Access, width = r.cols): void {
    if (r.rows === 0) this.say('RFF855', at, 'has no rows');
    // A row step below a row's length is none to a BLAS, also where there is only one row.
    const enough = access === 'write' && r.rows > 1 ? width : r.cols;
    if (r.stride < enough) this.say('RFF855', at, `its rows of ${enough} numbers are ${r.stride} apart`);
    checkStrides(this.plan, at, r.buffer, [r.stride], this.say);
    const { from, to } = extentOf(r, width);
    this.touch(at, r.buffer, from, to, access);
  }

  private touch(at: string, buffer: number, from: number, to: number, access: Access): void {
    const stretch = stretchOf(this.plan, at, buffer, { from, to }, this.say);
    if (!stretch) return;
    if (access === 'index' || access === 'class') {
      if (
        !this.classes.some((c) => c.arena === stretch.arena && c.from <= stretch.from && stretch.to <= c.to)
      )
        this.say('RFF858', at, 'takes class indices from where none are');
    } else if (access === 'write') {
      if (this.classes.some((c) => overlap(c, stretch))) this.say('RFF858', at, 'writes over class indices');
      if (stretch.arena === 'constants' && !this.loading)
        this.say('RFF855', at, 'writes a constant, which only `load` does');
    }
  }
}

/** Whether no two rows of a view share a number. */
function areApart(v: RowsView, { variants, samples }: Rows, width: number): boolean {
  const axes = [
    { count: variants, stride: v.variantStride },
    { count: samples, stride: v.sampleStride },
  ]
    .filter((a) => a.count > 1)
    .sort((a, b) => a.stride - b.stride);
  let reach = width;
  for (const { count, stride } of axes) {
    if (stride < reach) return false;
    reach = (count - 1) * stride + reach;
  }
  return true;
}
