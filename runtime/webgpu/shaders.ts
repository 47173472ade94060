/** Shaders to pipelines: in parallel, each text once, with the compiler's message for a text that does not compile. */
import type { Shader } from '../../compiler/codegen/wgsl/index.js';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import { wordsOf } from './device.js';

/** What pipelines are told apart by: what they are compiled from. */
export type Source = Pick<Shader, 'key' | 'label' | 'code' | 'entry' | 'bindings'>;

/** Alignment of blocks of words in bytes, which any adapter can bind. */
export const WORDS_BLOCK = 256;

/** The layouts that pipelines and bind groups share. */
export class Layouts {
  private readonly storage = new Map<string, GPUBindGroupLayout>();
  private readonly pipelines = new Map<GPUBindGroupLayout, GPUPipelineLayout>();
  /** A launch's own words, at a dynamic offset, and the run's. */
  readonly words: GPUBindGroupLayout;

  constructor(private readonly device: GPUDevice) {
    const entry = (binding: number, hasDynamicOffset: boolean): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: 'uniform', hasDynamicOffset },
    });
    this.words = device.createBindGroupLayout({ entries: [entry(0, true), entry(1, false)] });
  }

  /** Of the chunks that a shader binds. */
  of(bindings: Shader['bindings']): GPUBindGroupLayout {
    const key = bindingsKey(bindings);
    const known = this.storage.get(key);
    if (known) return known;
    const made = this.device.createBindGroupLayout({
      entries: bindings.map(({ binding, access }) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
      })),
    });
    this.storage.set(key, made);
    return made;
  }

  pipeline(bindings: Shader['bindings']): GPUPipelineLayout {
    const storage = this.of(bindings);
    const known = this.pipelines.get(storage);
    if (known) return known;
    const made = this.device.createPipelineLayout({ bindGroupLayouts: [storage, this.words] });
    this.pipelines.set(storage, made);
    return made;
  }
}

/** Bindings that bind the same chunks in the same way have the same key. */
export function bindingsKey(bindings: Shader['bindings']): string {
  return bindings.map(({ binding, access }) => `${binding}${access === 'read' ? 'r' : 'w'}`).join(' ');
}

/**
 * Compiles shaders, all at the same time.
 *
 * @returns a pipeline for each key
 * @throws RffcError RFF833 for a shader that does not compile, with its label and the compiler's message; RFF831 for
 * one that binds more than the device lets it
 */
export async function compileShaders(
  device: GPUDevice,
  layouts: Layouts,
  shaders: readonly Source[],
): Promise<Map<string, GPUComputePipeline>> {
  const byKey = new Map(shaders.map((shader) => [shader.key, shader]));
  const limit = device.limits.maxStorageBuffersPerShaderStage;
  for (const { label, bindings } of byKey.values()) {
    if (bindings.length > limit) {
      throw failure(
        'RFF831',
        `the kernel \`${label}\` reads and writes ${bindings.length} storage buffers, but this WebGPU ` +
          `adapter supports only ${limit}`,
        { hint: 'reduce `batch` or the layer sizes, so that the plan needs fewer; or use `--backend cpu`' },
      );
    }
  }
  const pipelines = await Promise.all(
    [...byKey.values()].map(async (shader) => [shader.key, await compile(device, layouts, shader)] as const),
  );
  return new Map(pipelines);
}

async function compile(device: GPUDevice, layouts: Layouts, shader: Source): Promise<GPUComputePipeline> {
  const { label, code, entry, bindings } = shader;
  // A broken module is reported twice, here and by its pipeline; once is enough.
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label, code });
  const layout = layouts.pipeline(bindings);
  void device.popErrorScope();
  try {
    return await device.createComputePipelineAsync({
      label,
      layout,
      compute: { module, entryPoint: entry },
    });
  } catch (error) {
    throw await notCompiled(module, label, error);
  }
}

async function notCompiled(module: GPUShaderModule, label: string, error: unknown): Promise<RffcError> {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find(({ type }) => type === 'error');
  const words = first ? `line ${first.lineNum}: ${first.message}` : wordsOf(error);
  return failure('RFF833', `the kernel \`${label}\` did not compile: ${words}`, {
    hint: 'this is a bug in rffc or in the driver: please report it, with the adapter shown by `rffc backends`',
  });
}
