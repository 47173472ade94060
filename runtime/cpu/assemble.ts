/** WebAssembly text to compiled modules, and what the host's WebAssembly can do. */

type Wabt = Awaited<ReturnType<typeof import('wabt')>>;

/** `(module (func (result v128) (f32x4.relaxed_madd 0 0 0)))`, assembled: hosts without relaxed SIMD refuse it. */
const relaxedProbe = Uint8Array.from([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
  ...[65, 0, 253, 17, 65, 0, 253, 17, 65, 0, 253, 17, 253, 133, 2, 11],
]);

/** Whether this host has `f32x4.relaxed_madd`: a product and a sum in one instruction. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(relaxedProbe);
}

let assembler: Promise<Wabt> | undefined;

/** wabt is itself WebAssembly: loaded when first needed, once. */
function loadAssembler(): Promise<Wabt> {
  assembler ??= import('wabt').then(({ default: start }) => start());
  return assembler;
}

/**
 * Assembles and compiles a module. @throws Error, with wabt's words, if the text is not valid: a fault of the generator
 *
 * @param name for the messages
 */
export async function assemble(name: string, text: string): Promise<WebAssembly.Module> {
  const wabt = await loadAssembler();
  const module = wabt.parseWat(name, text, { simd: true, threads: true, relaxed_simd: true });
  try {
    return await WebAssembly.compile(new Uint8Array(module.toBinary({}).buffer));
  } finally {
    module.destroy();
  }
}
