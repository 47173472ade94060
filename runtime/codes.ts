/** Error codes of backends. */
export const engineCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> =
  {
    RFF801: {
      title: 'unknown tensor',
      explanation: 'The compiled network has no tensor with this name. `session.tensors` lists them.',
    },
    RFF802: {
      title: 'wrong tensor length',
      explanation: "The array has more or fewer numbers than the tensor's shape.",
    },
    RFF810: {
      title: 'unknown backend',
      explanation: '`rffc backends` lists the names that `--backend` takes.',
    },
    RFF811: {
      title: 'missing package',
      explanation:
        'The backend requires an optional package that is not installed, or that does not load on this system.',
    },
    RFF812: {
      title: 'no WebGPU adapter',
      explanation:
        'WebGPU requires a graphics driver: Vulkan on Linux, Metal on macOS, Direct3D 12 or Vulkan on Windows.',
    },
    RFF813: {
      title: 'backend failed to start',
      explanation: 'The backend was found but failed to start; its own message follows.',
    },
    RFF820: {
      title: 'BLAS library does not load',
      explanation:
        'The library named by `RFFC_BLAS` does not load. `RFFC_BLAS=off` selects the built-in matrix ' +
        'product; if unset, a system BLAS is searched.',
    },
    RFF821: {
      title: 'not a usable BLAS library',
      explanation: 'The library named by `RFFC_BLAS` has no `cblas_sgemm`, the C interface of a BLAS.',
    },
    RFF822: {
      title: 'BLAS with 64-bit integers',
      explanation:
        'The cpu backend calls BLAS libraries built for 32-bit integers (LP64), and the one found uses ' +
        '64-bit integers (ILP64).',
    },
    RFF823: {
      title: 'worker failed',
      explanation:
        'A worker thread of the cpu backend threw, trapped or exited; its own message follows. The run ' +
        'ends, and its checkpoint remains.',
    },
    RFF824: {
      title: 'plan exceeds memory',
      explanation:
        'The plan needs more memory than the machine or a WebAssembly memory has; nothing was allocated. A ' +
        'smaller batch needs less memory for activities.',
    },
    RFF825: {
      title: 'invalid thread count',
      explanation:
        '`--threads` takes an integer between 1 and 64. By default there is one thread per core, and 64 on ' +
        'a machine with more cores.',
    },
    RFF826: {
      title: 'unsupported precision',
      explanation:
        '`--precision f16` requires `--backend webgpu`; `tf32` and `bf16` require `--backend cuda` on a GPU ' +
        'from Ampere (8.0) on. The other backends compute in f32.',
    },
    RFF830: {
      title: 'no WebGPU device',
      explanation:
        "The adapter provides no device, or one below WebGPU's guaranteed limits; its own message follows.",
    },
    RFF831: {
      title: 'plan exceeds the WebGPU limits',
      explanation:
        'A buffer of the plan is larger than the adapter allows, or a kernel binds more buffers than a shader may.',
    },
    RFF832: {
      title: 'missing WebGPU feature',
      explanation:
        '`--precision f16` requires `shader-f16`, `--profile` requires `timestamp-query`, and the adapter lacks it.',
    },
    RFF833: {
      title: 'WebGPU kernel does not compile',
      explanation:
        'The shader that rffc generated was rejected; the compiler’s message follows. This is a bug in rffc ' +
        'or in the driver: please report it.',
    },
    RFF834: {
      title: 'WebGPU device lost',
      explanation:
        'The driver was reset, the card was removed, or another program crashed it. Training resumes on a ' +
        'new device from the last checkpoint if one is available.',
    },
    RFF835: {
      title: 'WebGPU command rejected',
      explanation:
        'WebGPU rejected a command; its own message follows. This is a bug in rffc or in the driver: please report it.',
    },
    RFF836: {
      title: 'out of graphics memory',
      explanation:
        'The GPU has less free memory than the plan needs. A smaller batch needs less memory for activities.',
    },
    RFF840: {
      title: 'no NVIDIA driver, or no GPU',
      explanation:
        'The cuda backend requires an NVIDIA GPU and its driver, which includes libcuda (nvcuda.dll on ' +
        'Windows). `nvidia-smi` shows whether they work.',
    },
    RFF841: {
      title: 'outdated NVIDIA driver',
      explanation: 'The driver has to support CUDA 12.0, as drivers from version 525 on do.',
    },
    RFF842: {
      title: 'missing CUDA library',
      explanation:
        'cuBLAS multiplies the matrices; NVRTC (or nvcc) compiles the kernels. Both come with the CUDA ' +
        "toolkit or as Python packages, and may not be newer than the driver's CUDA. They are searched in " +
        'the directories of `RFFC_CUDA`, by the system’s loader, in `CUDA_HOME`, `CUDA_PATH`, ' +
        '/usr/local/cuda, and in the `nvidia` packages of Python environments.',
    },
    RFF843: {
      title: 'unknown NVIDIA GPU',
      explanation:
        '`--device` counts the GPUs visible to the driver from 0; `CUDA_VISIBLE_DEVICES` hides some. Only ' +
        'the cuda backend has devices to choose from.',
    },
    RFF844: {
      title: 'CUDA kernel does not compile',
      explanation:
        'The kernel that rffc generated was rejected, or the compiler does not support this GPU; its own ' +
        'message follows.',
    },
    RFF845: {
      title: 'out of GPU memory',
      explanation:
        'The NVIDIA GPU has less free memory than the plan needs; nothing was allocated. A smaller batch ' +
        'needs less memory for activities; other processes may hold the rest.',
    },
    RFF846: {
      title: 'CUDA call failed',
      explanation:
        'The driver, cuBLAS or NVRTC rejected a call, or the GPU failed; the call’s name and the library’s ' +
        'own message follow. The checkpoint remains: resume the run with `--resume`.',
    },
    RFF847: {
      title: 'RFFC_CUDA is not a directory',
      explanation:
        '`RFFC_CUDA` is a directory, or a list of them (separated by `:`, or `;` on Windows), to search ' +
        'first for CUDA’s libraries.',
    },
  };
