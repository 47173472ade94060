/** Examples of the codes RFF80x to RFF84x: backends. Most need a device that fails, which a test pretends to have. */
import { circumstance, type ExampleTable, library, shell } from './example.js';

const webgpu = 'runtime/webgpu/device.test.ts';
const cuda = 'runtime/cuda/native.test.ts';

export const engineExamples: ExampleTable = {
  RFF801: library(
    "const weights = await session.read('h1.weight');",
    "const weights = await session.read('h1.image.forward.weight'); // TARGET.SOURCE.TYPE.weight",
  ),
  RFF802: library(
    "session.write('h1.image.forward.weight', new Float32Array(20));",
    "session.write('h1.image.forward.weight', new Float32Array(20 * 784)); // [h1, image]",
  ),
  RFF810: library(
    "const opened = await openBackend('gpu', graph);",
    "const opened = await openBackend('cpu', graph);",
  ),
  RFF811: shell(['rffc run model.rff --backend tfjs-node-gpu'], ['rffc run model.rff --backend cpu']),
  RFF812: circumstance(
    'rffc run model.rff --backend webgpu, on a Linux machine without a Vulkan driver',
    'apt install libvulkan1 and the driver of the card, or chromium for a software driver; see `rffc backends`',
    webgpu,
  ),
  RFF813: circumstance(
    'rffc run model.rff --backend tfjs-wasm, where TensorFlow.js cannot start WebAssembly',
    'rffc run model.rff --backend cpu',
    'runtime/tfjs/load.test.ts',
  ),
  RFF820: shell(['RFFC_BLAS=/opt/libfast.so rffc run model.rff'], ['RFFC_BLAS=off rffc run model.rff']),
  RFF821: circumstance(
    'RFFC_BLAS=libm.so.6 rffc run model.rff',
    'RFFC_BLAS=libopenblas.so.0 rffc run model.rff, or leave out RFFC_BLAS',
    'runtime/cpu/blas.test.ts',
  ),
  RFF822: circumstance(
    'RFFC_BLAS=libopenblas64.so.0 rffc run model.rff',
    'RFFC_BLAS=libopenblas.so.0 rffc run model.rff, or leave out RFFC_BLAS',
    'runtime/cpu/blas.test.ts',
  ),
  RFF823: circumstance(
    'a worker thread runs out of memory or is ended by the system while a run trains',
    'rffc run --resume runs/first',
    'runtime/cpu/pool.test.ts',
  ),
  RFF824: library(
    `const huge = lower(graph.document, { batch: 10_000_000 });
const opened = await openBackend('cpu', huge);`,
    `const small = lower(graph.document, { batch: 100 });
const opened = await openBackend('cpu', small);`,
  ),
  RFF825: shell(['rffc run model.rff --threads 65'], ['rffc run model.rff --threads 2']),
  RFF826: shell(
    ['rffc run model.rff --backend cpu --precision bf16'],
    ['rffc run model.rff --backend cpu --precision f32'],
  ),
  RFF830: circumstance(
    'rffc run model.rff --backend webgpu, on an adapter below the guaranteed limits or in use elsewhere',
    'update the graphics driver, or rffc run model.rff --backend cpu',
    webgpu,
  ),
  RFF831: circumstance(
    'rffc run models/mnist3x2000.rff --backend webgpu --batch 60000, on an adapter with small buffers',
    'rffc run models/mnist3x2000.rff --backend webgpu --batch 500',
    'runtime/webgpu/chunks.test.ts',
  ),
  RFF832: circumstance(
    'rffc run model.rff --backend webgpu --precision f16, on an adapter without shader-f16',
    'rffc run model.rff --backend webgpu --precision f32',
    webgpu,
  ),
  RFF833: circumstance(
    'rffc run model.rff --backend webgpu, where the driver rejects a generated shader',
    'update the graphics driver and report the message; until then rffc run model.rff --backend cpu',
    webgpu,
  ),
  RFF834: circumstance(
    'the graphics driver is reset or updated while a run trains with --backend webgpu',
    'rffc run --resume runs/first, where the run did not resume by itself',
    webgpu,
  ),
  RFF835: circumstance(
    'rffc run model.rff --backend webgpu, where the driver rejects a command',
    'update the graphics driver and report the message; until then rffc run model.rff --backend cpu',
    webgpu,
  ),
  RFF836: circumstance(
    'rffc run models/mnist3x2000.rff --backend webgpu --batch 10000, with 2 GiB of graphics memory',
    'rffc run models/mnist3x2000.rff --backend webgpu --batch 500',
    webgpu,
  ),
  RFF840: circumstance(
    'rffc run model.rff --backend cuda, on a machine without an NVIDIA GPU or its driver',
    'install the driver until `nvidia-smi` lists the GPU, or rffc run model.rff --backend cpu',
    'runtime/cuda/libraries.test.ts',
  ),
  RFF841: circumstance(
    'rffc run model.rff --backend cuda, with a driver older than 525',
    'update the NVIDIA driver',
    cuda,
  ),
  RFF842: circumstance(
    'rffc run model.rff --backend cuda, with the driver but without cuBLAS or NVRTC',
    'pip install nvidia-cublas-cu12 nvidia-cuda-nvrtc-cu12, or name their directory in RFFC_CUDA',
    cuda,
  ),
  RFF843: shell(['rffc run model.rff --backend cpu --device 1'], ['rffc run model.rff --backend cpu']),
  RFF844: circumstance(
    'rffc run model.rff --backend cuda, on a GPU newer than the installed NVRTC',
    'install a newer CUDA toolkit, no newer than the driver',
    'runtime/cuda/compiler.test.ts',
  ),
  RFF845: circumstance(
    'rffc run models/mnist3x2000.rff --backend cuda --batch 60000, while other processes use the GPU',
    'rffc run models/mnist3x2000.rff --backend cuda --batch 500',
    cuda,
  ),
  RFF846: circumstance(
    'a call of CUDA fails while a run trains, for example because the GPU is reset',
    'rffc run --resume runs/first',
    cuda,
  ),
  RFF847: circumstance(
    'RFFC_CUDA=/opt/none rffc run model.rff --backend cuda',
    'RFFC_CUDA=/usr/local/cuda/lib64 rffc run model.rff --backend cuda',
    'runtime/cuda/libraries.test.ts',
  ),
};
