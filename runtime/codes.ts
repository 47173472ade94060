/** What a backend can complain of, by code. */
export const engineCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> =
  {
    RFF801: {
      title: 'no such tensor',
      explanation: 'A tensor was asked for that the compiled network does not have.',
    },
    RFF802: {
      title: 'wrong tensor length',
      explanation: 'A tensor was given more or fewer numbers than its shape holds.',
    },
    RFF810: {
      title: 'no such backend',
      explanation: '`rffc backends` lists the names that `--backend` takes.',
    },
    RFF811: {
      title: 'a package is missing',
      explanation:
        'The backend needs an optional package that is not installed, or that did not load on this system.',
    },
    RFF812: {
      title: 'no WebGPU adapter',
      explanation:
        'WebGPU needs a graphics driver: Vulkan on Linux, Metal on macOS, Direct3D 12 or Vulkan on Windows.',
    },
    RFF813: {
      title: 'a backend did not start',
      explanation: 'The backend was found and failed to start; its own words follow.',
    },
    RFF820: {
      title: 'the BLAS cannot be loaded',
      explanation:
        'The library that `RFFC_BLAS` names did not load. `RFFC_BLAS=off` uses the built-in product; without the variable a system BLAS is looked for.',
    },
    RFF821: {
      title: 'no cblas_sgemm',
      explanation: 'The library that `RFFC_BLAS` names is not a BLAS with the C interface.',
    },
    RFF822: {
      title: 'a BLAS with 64-bit integers',
      explanation: 'The cpu engine calls BLAS libraries built for 32-bit integers (LP64).',
    },
    RFF823: {
      title: 'a worker failed',
      explanation:
        'A worker thread of the cpu engine threw, trapped or died; its own words follow. The run ends, its checkpoint stays.',
    },
    RFF824: {
      title: 'the plan does not fit in memory',
      explanation:
        'The plan states its bytes before anything is allocated. A smaller batch needs less for activities.',
    },
    RFF825: {
      title: 'invalid thread count',
      explanation:
        '`--threads` takes an integer between 1 and 64. By default there is one thread per core, and 64 on a machine with more cores.',
    },
    RFF826: {
      title: 'a precision that the backend does not have',
      explanation:
        '`--precision f16` is for `--backend webgpu`, `tf32` and `bf16` are for `--backend cuda` on a GPU from Ampere (8.0) on; the others compute in f32.',
    },
    RFF830: {
      title: 'no WebGPU device',
      explanation:
        'The adapter gives no device, or one with less than WebGPU guarantees; its own words follow.',
    },
    RFF831: {
      title: 'the plan does not fit the WebGPU adapter',
      explanation:
        'A buffer of the plan is larger than the adapter lets a buffer be, or a kernel binds more buffers than it lets a shader bind.',
    },
    RFF832: {
      title: 'the WebGPU adapter lacks a feature',
      explanation: '`--precision f16` needs `shader-f16`, `--profile` needs `timestamp-query`.',
    },
    RFF833: {
      title: 'a WebGPU kernel did not compile',
      explanation: 'The text that rffc printed for a kernel was refused; the compiler’s words follow.',
    },
    RFF834: {
      title: 'the WebGPU device was lost',
      explanation:
        'The driver was reset, the card was removed, or another program brought it down. Training goes on by itself on a new device, from the last checkpoint, if it can have one.',
    },
    RFF835: {
      title: 'WebGPU refused a command',
      explanation: 'A mistake in rffc or in the driver; WebGPU’s own words follow.',
    },
    RFF836: {
      title: 'out of graphics memory',
      explanation:
        'The plan states its bytes before anything is allocated. A smaller batch needs less for activities.',
    },
    RFF840: {
      title: 'no NVIDIA driver, or no GPU',
      explanation:
        'The cuda backend needs an NVIDIA GPU and its driver, which brings libcuda (nvcuda.dll on Windows). `nvidia-smi` says whether they work.',
    },
    RFF841: {
      title: 'the NVIDIA driver is too old',
      explanation: 'The driver must speak CUDA 12.0, which those from 525 on do.',
    },
    RFF842: {
      title: 'a CUDA library is missing',
      explanation:
        'cuBLAS multiplies the matrices; NVRTC (or nvcc) compiles the kernels. They come with a CUDA toolkit or as Python packages, and may not be of a newer CUDA than the driver. They are looked for in the folders of `RFFC_CUDA`, by the system’s loader, in `CUDA_HOME`, `CUDA_PATH`, /usr/local/cuda, and in the `nvidia` packages of Python environments.',
    },
    RFF843: {
      title: 'no such NVIDIA GPU',
      explanation:
        '`--device` counts the GPUs that the driver shows from 0; `CUDA_VISIBLE_DEVICES` hides some. Other backends have no devices to choose from.',
    },
    RFF844: {
      title: 'a CUDA kernel did not compile',
      explanation:
        'The text that rffc printed for a kernel was refused, or the compiler knows no GPU like this one; its own words follow.',
    },
    RFF845: {
      title: 'out of memory on the NVIDIA GPU',
      explanation:
        'What the plan needs is measured against what is free before anything is allocated. A smaller batch needs less for activities; other processes may hold the rest.',
    },
    RFF846: {
      title: 'a CUDA call failed',
      explanation:
        'The driver, cuBLAS or NVRTC refused a call or the GPU failed; the call’s name and the library’s own words follow. The checkpoint stays: go on with `--resume`.',
    },
    RFF847: {
      title: 'RFFC_CUDA names no folder',
      explanation:
        '`RFFC_CUDA` is a folder or a list of them (`:` between them, `;` on Windows) to look for CUDA’s libraries in first.',
    },
  };
