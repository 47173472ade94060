/**
 * A matrix product in WebAssembly for machines without a BLAS: the text of a module, and the memory it needs.
 *
 * The blocking is that of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (ACM TOMS 34,
 * 2008): a block of op(B) is packed into panels of eight columns, a block of op(A) into panels of four rows, and a
 * micro-kernel multiplies panel by panel with its 4×8 results in registers. Of the tiles measured, 4×8 is the largest
 * that V8 keeps in sixteen 128-bit registers. Packing takes all four transpose cases, so the kernel knows only one.
 */

/** Rows and columns of the micro-kernel's tile. */
const MR = 4;
const NR = 8;

/** Rows of A, depth, and columns of B that are packed at once: A's block stays in L2, a panel of B in L1. */
export interface Blocking {
  readonly rows: number;
  readonly depth: number;
  readonly cols: number;
}

export const blocking: Blocking = { rows: 192, depth: 256, cols: 1024 };

/** Where a worker's scratch memory holds what: A's panels, B's, and one tile for the edges. In bytes. */
function scratchLayout(b: Blocking): { readonly a: number; readonly b: number; readonly tile: number } {
  const packedA = b.rows * b.depth * 4;
  return { a: 0, b: packedA, tile: packedA + b.depth * b.cols * 4 };
}

/** How many bytes of scratch, at a multiple of 16, each worker gives the product. */
export function gemmScratchBytes(b: Blocking = blocking): number {
  return scratchLayout(b).tile + MR * NR * 4;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const lines = (n: number, line: (i: number) => string): string => range(n).map(line).join('\n');
const grid = (line: (i: number, j: number) => string): string =>
  lines(MR, (i) => lines(NR / 4, (j) => line(i, j)));

/** `for (local = from; local < to; local += step) body`, all unsigned. */
function loop(local: string, from: string, to: string, step: string, body: string): string {
  return `(local.set ${local} ${from})
(block ${local}_end (loop ${local}_next
  (br_if ${local}_end (i32.ge_u (local.get ${local}) ${to}))
  ${body}
  (local.set ${local} (i32.add (local.get ${local}) ${step}))
  (br ${local}_next)))`;
}

const get = (name: string): string => `(local.get $${name})`;
const int = (n: number): string => `(i32.const ${n})`;
const add = (a: string, b: string): string => `(i32.add ${a} ${b})`;
const mul = (a: string, b: string): string => `(i32.mul ${a} ${b})`;
const least = (a: string, b: string): string => `(select ${a} ${b} (i32.lt_u ${a} ${b}))`;

/** `acc ← acc + a · b`. With relaxed SIMD one instruction, rounded once. */
function multiplyAdd(relaxed: boolean, a: string, b: string, acc: string): string {
  return relaxed ? `(f32x4.relaxed_madd ${a} ${b} ${acc})` : `(f32x4.add ${acc} (f32x4.mul ${a} ${b}))`;
}

/** One step of the depth: four numbers of A's panel by eight of B's. */
function tileStep(relaxed: boolean): string {
  return `${lines(NR / 4, (j) => `(local.set $b${j} (v128.load offset=${j * 16} ${get('b')}))`)}
${lines(
  MR,
  (i) => `(local.set $x (v128.load32_splat offset=${i * 4} ${get('a')}))
${lines(NR / 4, (j) => `(local.set $c${i}${j} ${multiplyAdd(relaxed, get('x'), get(`b${j}`), get(`c${i}${j}`))})`)}`,
)}`;
}

/**
 * c[4, 8] = alpha · (packed panel of A) · (packed panel of B) + beta · c; `beta` 0 does not read c.
 * One depth a turn: V8 moves all loads of a loop's body to its start, and with two turns unrolled they no longer fit
 * into its registers.
 */
function tileFunction(relaxed: boolean): string {
  const row = (i: number, store: (j: number) => string) =>
    `${lines(NR / 4, store)}${i + 1 < MR ? `\n(local.set $c ${add(get('c'), get('ldc'))})` : ''}`;
  return `(func $tile (param $k i32) (param $a i32) (param $b i32) (param $c i32) (param $ldc i32) (param $alpha f32)
    (param $beta f32)
(local $stop i32) (local $x v128) (local $s v128) (local $t v128)
${lines(NR / 4, (j) => `(local $b${j} v128)`)}
${grid((i, j) => `(local $c${i}${j} v128)`)}
(local.set $stop ${add(get('a'), mul(get('k'), int(MR * 4)))})
${loop('$a', get('a'), get('stop'), int(MR * 4), `${tileStep(relaxed)}\n(local.set $b ${add(get('b'), int(NR * 4))})`)}
(local.set $s (f32x4.splat ${get('alpha')}))
(if (f32.eq ${get('beta')} (f32.const 0)) (then
${lines(MR, (i) =>
  row(i, (j) => `(v128.store offset=${j * 16} ${get('c')} (f32x4.mul ${get('s')} ${get(`c${i}${j}`)}))`),
)}
) (else
(local.set $t (f32x4.splat ${get('beta')}))
${lines(MR, (i) =>
  row(
    i,
    (j) => `(v128.store offset=${j * 16} ${get('c')} (f32x4.add
  (f32x4.mul ${get('t')} (v128.load offset=${j * 16} ${get('c')})) (f32x4.mul ${get('s')} ${get(`c${i}${j}`)})))`,
  ),
)}
)))`;
}

/** Four rows of four numbers in `$r0`…`$r3`, stored as columns `$panel · 4` bytes apart from `at` on. */
function storeTransposed(at: string, panel: number, offset: number): string {
  const shuffle = (lanes: readonly number[], a: string, b: string) =>
    `(i8x16.shuffle ${lanes.flatMap((l) => range(4).map((byte) => l * 4 + byte)).join(' ')} ${a} ${b})`;
  const low = [0, 4, 1, 5];
  const high = [2, 6, 3, 7];
  return `(local.set $t0 ${shuffle(low, get('r0'), get('r2'))})
(local.set $t1 ${shuffle(low, get('r1'), get('r3'))})
(local.set $t2 ${shuffle(high, get('r0'), get('r2'))})
(local.set $t3 ${shuffle(high, get('r1'), get('r3'))})
${lines(
  4,
  (p) =>
    `(v128.store offset=${(p * panel + offset) * 4} ${at} ` +
    `${shuffle(p % 2 ? high : low, get(p < 2 ? 't0' : 't2'), get(p < 2 ? 't1' : 't3'))})`,
)}`;
}

/**
 * Packs `count` items of `k` numbers into panels of `width` items, the panel's items side by side at every depth, zeros
 * after the last item. Item i's number p is at `src + i · istep + p · pstep`.
 */
function packFunction(width: number): string {
  const item = (i: string) => add(get('panel'), mul(i, get('istep')));
  const target = add(get('out'), mul(get('p'), int(width * 4)));
  return `(func $pack${width} (param $src i32) (param $istep i32) (param $pstep i32) (param $count i32) (param $k i32)
    (param $dst i32)
(local $first i32) (local $i i32) (local $p i32) (local $q i32) (local $stop i32) (local $panel i32) (local $out i32)
  (local $in i32) (local $have i32) (local $done i32)
${lines(4, (i) => `(local $r${i} v128) (local $t${i} v128)`)}
(local.set $done ${int(0)})
;; Items side by side: a few depths at a time for all panels, so that a cache line of the source
;; is used up while it is here.
(if (i32.eq ${get('istep')} ${int(4)}) (then
${loop(
  '$q',
  int(0),
  get('k'),
  int(16),
  `(local.set $stop ${least(add(get('q'), int(16)), get('k'))})
${loop(
  '$first',
  int(0),
  `(i32.and ${get('count')} ${int(-width)})`,
  int(width),
  `(local.set $in ${add(add(get('src'), mul(get('first'), int(4))), mul(get('q'), get('pstep')))})
(local.set $out ${add(add(get('dst'), mul(mul(get('first'), get('k')), int(4))), mul(get('q'), int(width * 4)))})
${loop(
  '$p',
  get('q'),
  get('stop'),
  int(1),
  `${lines(width / 4, (v) => `(v128.store offset=${v * 16} ${get('out')} (v128.load offset=${v * 16} ${get('in')}))`)}
(local.set $in ${add(get('in'), get('pstep'))})
(local.set $out ${add(get('out'), int(width * 4))})`,
)}`,
)}`,
)}
(local.set $done (i32.and ${get('count')} ${int(-width)}))))
${loop(
  '$first',
  get('done'),
  get('count'),
  int(width),
  `(local.set $have ${least(int(width), `(i32.sub ${get('count')} ${get('first')})`)})
(local.set $panel ${add(get('src'), mul(get('first'), get('istep')))})
(local.set $out ${add(get('dst'), mul(mul(get('first'), get('k')), int(4)))})
(local.set $done ${int(0)})
;; Depths side by side: four items by four depths, transposed in registers.
(if (i32.and (i32.eq ${get('pstep')} ${int(4)}) (i32.eq ${get('have')} ${int(width)})) (then
${loop(
  '$p',
  int(0),
  `(i32.and ${get('k')} ${int(-4)})`,
  int(4),
  lines(
    width / 4,
    (
      v,
    ) => `${lines(4, (i) => `(local.set $r${i} (v128.load ${add(item(int(v * 4 + i)), mul(get('p'), int(4)))}))`)}
${storeTransposed(target, width, v * 4)}`,
  ),
)}
(local.set $done (i32.and ${get('k')} ${int(-4)}))))
${loop(
  '$p',
  get('done'),
  get('k'),
  int(1),
  loop(
    '$i',
    int(0),
    int(width),
    int(1),
    `(f32.store ${add(target, mul(get('i'), int(4)))}
  (if (result f32) (i32.lt_u ${get('i')} ${get('have')})
    (then (f32.load ${add(item(get('i')), mul(get('p'), get('pstep')))}))
    (else (f32.const 0))))`,
  ),
).replaceAll('$p_', '$tail_')}`,
).replaceAll('$first_', '$panel_')}
)`;
}

/** The part of an edge tile within c: c = tile + beta · c. */
const mergeFunction = `(func $merge (param $tile i32) (param $c i32) (param $ldc i32)
(param $rows i32) (param $cols i32) (param $beta f32)
(local $i i32) (local $j i32) (local $to i32) (local $x f32)
${loop(
  '$i',
  int(0),
  get('rows'),
  int(1),
  loop(
    '$j',
    int(0),
    get('cols'),
    int(1),
    `(local.set $to ${add(add(get('c'), mul(get('i'), get('ldc'))), mul(get('j'), int(4)))})
(local.set $x (f32.load ${add(get('tile'), mul(add(mul(get('i'), int(NR)), get('j')), int(4)))}))
(if (f32.ne ${get('beta')} (f32.const 0)) (then
  (local.set $x (f32.add ${get('x')} (f32.mul ${get('beta')} (f32.load ${get('to')}))))))
(f32.store ${get('to')} ${get('x')})`,
  ),
)})`;

function gemmFunction(b: Blocking): string {
  const at = scratchLayout(b);
  const scratch = (part: number) => add(get('scratch'), int(part));
  const tile = (c: string, ldc: string, beta: string) =>
    `(call $tile ${get('pn')} ${add(scratch(at.a), mul(mul(get('ir'), get('pn')), int(4)))} ` +
    `${get('bpanel')} ${c} ${ldc} ${get('alpha')} ${beta})`;
  const target = add(
    add(get('c'), mul(add(get('ic'), get('ir')), get('ldc'))),
    mul(add(get('jc'), get('jr')), int(4)),
  );
  return `(func (export "gemm") (param $m i32) (param $n i32) (param $k i32) (param $alpha f32)
(param $a i32) (param $arow i32) (param $acol i32) (param $b i32) (param $brow i32) (param $bcol i32)
(param $beta f32) (param $c i32) (param $ldc i32) (param $scratch i32)
(local $jc i32) (local $pc i32) (local $ic i32) (local $jr i32) (local $ir i32)
(local $jn i32) (local $pn i32) (local $in i32) (local $rows i32) (local $cols i32) (local $bpanel i32)
  (local $keep f32)
${loop(
  '$jc',
  int(0),
  get('n'),
  int(b.cols),
  `(local.set $jn ${least(int(b.cols), `(i32.sub ${get('n')} ${get('jc')})`)})
(local.set $pc ${int(0)})
;; Once even if k is 0: c is then beta · c.
(loop $pc_next
  (local.set $pn ${least(int(b.depth), `(i32.sub ${get('k')} ${get('pc')})`)})
  (local.set $keep (select ${get('beta')} (f32.const 1) (i32.eqz ${get('pc')})))
  (call $pack${NR} ${add(add(get('b'), mul(get('jc'), get('bcol'))), mul(get('pc'), get('brow')))} ${get('bcol')}
    ${get('brow')} ${get('jn')} ${get('pn')} ${scratch(at.b)})
  ${loop(
    '$ic',
    int(0),
    get('m'),
    int(b.rows),
    `(local.set $in ${least(int(b.rows), `(i32.sub ${get('m')} ${get('ic')})`)})
(call $pack${MR} ${add(add(get('a'), mul(get('ic'), get('arow'))), mul(get('pc'), get('acol')))} ${get('arow')}
  ${get('acol')} ${get('in')} ${get('pn')} ${scratch(at.a)})
${loop(
  '$jr',
  int(0),
  get('jn'),
  int(NR),
  `(local.set $cols ${least(int(NR), `(i32.sub ${get('jn')} ${get('jr')})`)})
(local.set $bpanel ${add(scratch(at.b), mul(mul(get('jr'), get('pn')), int(4)))})
${loop(
  '$ir',
  int(0),
  get('in'),
  int(MR),
  `(local.set $rows ${least(int(MR), `(i32.sub ${get('in')} ${get('ir')})`)})
(if (i32.and (i32.eq ${get('rows')} ${int(MR)}) (i32.eq ${get('cols')} ${int(NR)}))
  (then ${tile(target, get('ldc'), get('keep'))})
  (else
    ${tile(scratch(at.tile), int(NR * 4), '(f32.const 0)')}
    (call $merge ${scratch(at.tile)} ${target} ${get('ldc')} ${get('rows')} ${get('cols')} ${get('keep')})))`,
)}`,
)}`,
  )}
  (local.set $pc ${add(get('pc'), int(b.depth))})
  (br_if $pc_next (i32.lt_u ${get('pc')} ${get('k')})))`,
)}
)`;
}

/**
 * The module's text. It imports the shared memory as `env.memory` and exports
 *
 *     gemm(m, n, k, alpha, a, aRow, aCol, b, bRow, bCol, beta, c, cRow, scratch)
 *
 * c[m, n] = alpha · a[m, k] · b[k, n] + beta · c. Matrices are byte addresses with the bytes from one row and from one
 * column to the next (c's columns are contiguous), so a transposed operand is one with its two steps exchanged.
 * With `beta` 0 what was in c is not read. `scratch` is `gemmScratchBytes()` of the calling worker's own.
 *
 * @param relaxed use `f32x4.relaxed_madd`, which the host must have
 */
export function gemmModule(relaxed: boolean, b: Blocking = blocking): string {
  return `(module
(import "env" "memory" (memory 1 65536 shared))
${tileFunction(relaxed)}
${packFunction(MR)}
${packFunction(NR)}
${mergeFunction}
${gemmFunction(b)}
)`;
}
