/**
 * What is called of NVIDIA's libraries, in C's own words: prototypes, the one struct, and the constants. Calls are made
 * from these tables, and a test holds the same tables against NVIDIA's headers where those are installed.
 *
 * Every function gives a status, 0 for success. Names are those the libraries export (`cuMemAlloc_v2`), which have been
 * the same since CUDA 12.0.
 */

/** How koffi passes each C type. Handles and addresses of the device are 64-bit words. */
export const cTypes = {
  int: 'int',
  'unsigned int': 'uint',
  size_t: 'size_t',
  'unsigned long long': 'uint64_t',
  'long long int': 'int64_t',
  CUdevice: 'int',
  CUdevice_attribute: 'int',
  CUfunction_attribute: 'int',
  CUstreamCaptureMode: 'int',
  CUresult: 'int',
  CUdeviceptr: 'uint64_t',
  CUcontext: 'uint64_t',
  CUmodule: 'uint64_t',
  CUfunction: 'uint64_t',
  CUstream: 'uint64_t',
  CUevent: 'uint64_t',
  CUgraph: 'uint64_t',
  CUgraphExec: 'uint64_t',
  'int *': 'void *',
  'float *': 'void *',
  'char *': 'void *',
  'size_t *': 'void *',
  'void *': 'void *',
  'const void *': 'void *',
  'void **': 'void *',
  'const char *': 'str',
  'const char **': 'void *',
  'const char *const *': 'void *',
  'const float *': 'void *',
  'CUdevice *': 'void *',
  'CUcontext *': 'void *',
  'CUdeviceptr *': 'void *',
  'CUmodule *': 'void *',
  'CUfunction *': 'void *',
  'CUstream *': 'void *',
  'CUevent *': 'void *',
  'CUgraph *': 'void *',
  'CUgraphExec *': 'void *',
  'const CUDA_MEMCPY2D *': 'void *',
  nvrtcProgram: 'uint64_t',
  'nvrtcProgram *': 'void *',
  nvrtcResult: 'int',
  cublasHandle_t: 'uint64_t',
  'cublasHandle_t *': 'void *',
  cublasStatus_t: 'int',
  cublasMath_t: 'int',
  cublasOperation_t: 'int',
  cublasComputeType_t: 'int',
  cublasGemmAlgo_t: 'int',
  cudaDataType: 'int',
  cudaStream_t: 'uint64_t',
} as const;

export type CType = keyof typeof cTypes;
/** Functions by name, each with the types of its arguments. */
export type Prototypes = Readonly<Record<string, readonly CType[]>>;

/** cuda.h */
export const driverPrototypes = {
  cuInit: ['unsigned int'],
  cuDriverGetVersion: ['int *'],
  cuGetErrorName: ['CUresult', 'const char **'],
  cuGetErrorString: ['CUresult', 'const char **'],
  cuDeviceGetCount: ['int *'],
  cuDeviceGet: ['CUdevice *', 'int'],
  cuDeviceGetName: ['char *', 'int', 'CUdevice'],
  cuDeviceGetAttribute: ['int *', 'CUdevice_attribute', 'CUdevice'],
  cuDevicePrimaryCtxRetain: ['CUcontext *', 'CUdevice'],
  cuDevicePrimaryCtxRelease_v2: ['CUdevice'],
  cuCtxSetCurrent: ['CUcontext'],
  cuMemGetInfo_v2: ['size_t *', 'size_t *'],
  cuMemAlloc_v2: ['CUdeviceptr *', 'size_t'],
  cuMemFree_v2: ['CUdeviceptr'],
  cuMemAllocHost_v2: ['void **', 'size_t'],
  cuMemFreeHost: ['void *'],
  cuMemcpyHtoDAsync_v2: ['CUdeviceptr', 'const void *', 'size_t', 'CUstream'],
  cuMemcpyDtoHAsync_v2: ['void *', 'CUdeviceptr', 'size_t', 'CUstream'],
  cuMemcpyDtoDAsync_v2: ['CUdeviceptr', 'CUdeviceptr', 'size_t', 'CUstream'],
  cuMemcpy2DAsync_v2: ['const CUDA_MEMCPY2D *', 'CUstream'],
  cuMemsetD32Async: ['CUdeviceptr', 'unsigned int', 'size_t', 'CUstream'],
  cuModuleLoadData: ['CUmodule *', 'const void *'],
  cuModuleUnload: ['CUmodule'],
  cuModuleGetFunction: ['CUfunction *', 'CUmodule', 'const char *'],
  cuFuncSetAttribute: ['CUfunction', 'CUfunction_attribute', 'int'],
  cuLaunchKernel: [
    'CUfunction',
    ...(['unsigned int', 'unsigned int', 'unsigned int'] as const),
    ...(['unsigned int', 'unsigned int', 'unsigned int'] as const),
    'unsigned int',
    'CUstream',
    'void **',
    'void **',
  ],
  cuStreamCreate: ['CUstream *', 'unsigned int'],
  cuStreamDestroy_v2: ['CUstream'],
  cuStreamSynchronize: ['CUstream'],
  cuStreamWaitEvent: ['CUstream', 'CUevent', 'unsigned int'],
  cuStreamBeginCapture_v2: ['CUstream', 'CUstreamCaptureMode'],
  cuStreamEndCapture: ['CUstream', 'CUgraph *'],
  cuEventCreate: ['CUevent *', 'unsigned int'],
  cuEventDestroy_v2: ['CUevent'],
  cuEventRecord: ['CUevent', 'CUstream'],
  cuEventQuery: ['CUevent'],
  cuEventElapsedTime: ['float *', 'CUevent', 'CUevent'],
  cuGraphInstantiateWithFlags: ['CUgraphExec *', 'CUgraph', 'unsigned long long'],
  cuGraphDestroy: ['CUgraph'],
  cuGraphExecDestroy: ['CUgraphExec'],
  cuGraphLaunch: ['CUgraphExec', 'CUstream'],
} as const satisfies Prototypes;

/** nvrtc.h */
export const nvrtcPrototypes = {
  nvrtcVersion: ['int *', 'int *'],
  nvrtcGetNumSupportedArchs: ['int *'],
  nvrtcGetSupportedArchs: ['int *'],
  nvrtcCreateProgram: [
    ...(['nvrtcProgram *', 'const char *', 'const char *', 'int'] as const),
    ...(['const char *const *', 'const char *const *'] as const),
  ],
  nvrtcDestroyProgram: ['nvrtcProgram *'],
  nvrtcCompileProgram: ['nvrtcProgram', 'int', 'const char *const *'],
  nvrtcGetCUBINSize: ['nvrtcProgram', 'size_t *'],
  nvrtcGetCUBIN: ['nvrtcProgram', 'char *'],
  nvrtcGetPTXSize: ['nvrtcProgram', 'size_t *'],
  nvrtcGetPTX: ['nvrtcProgram', 'char *'],
  nvrtcGetProgramLogSize: ['nvrtcProgram', 'size_t *'],
  nvrtcGetProgramLog: ['nvrtcProgram', 'char *'],
} as const satisfies Prototypes;

/** cublas_v2.h */
export const cublasPrototypes = {
  cublasCreate_v2: ['cublasHandle_t *'],
  cublasDestroy_v2: ['cublasHandle_t'],
  cublasGetVersion_v2: ['cublasHandle_t', 'int *'],
  cublasSetStream_v2: ['cublasHandle_t', 'cudaStream_t'],
  cublasSetWorkspace_v2: ['cublasHandle_t', 'void *', 'size_t'],
  cublasSetMathMode: ['cublasHandle_t', 'cublasMath_t'],
  cublasGemmEx: [
    ...(['cublasHandle_t', 'cublasOperation_t', 'cublasOperation_t', 'int', 'int', 'int'] as const),
    ...(['const void *', 'const void *', 'cudaDataType', 'int'] as const),
    ...(['const void *', 'cudaDataType', 'int', 'const void *'] as const),
    ...(['void *', 'cudaDataType', 'int', 'cublasComputeType_t', 'cublasGemmAlgo_t'] as const),
  ],
  cublasGemmStridedBatchedEx: [
    ...(['cublasHandle_t', 'cublasOperation_t', 'cublasOperation_t', 'int', 'int', 'int'] as const),
    ...(['const void *', 'const void *', 'cudaDataType', 'int', 'long long int'] as const),
    ...(['const void *', 'cudaDataType', 'int', 'long long int', 'const void *'] as const),
    ...(['void *', 'cudaDataType', 'int', 'long long int', 'int'] as const),
    ...(['cublasComputeType_t', 'cublasGemmAlgo_t'] as const),
  ],
} as const satisfies Prototypes;

/** CUDA_MEMCPY2D: where each field lies, in bytes. Enums take four bytes, all else eight. */
export const copy2dFields = {
  srcXInBytes: 0,
  srcY: 8,
  srcMemoryType: 16,
  srcHost: 24,
  srcDevice: 32,
  srcArray: 40,
  srcPitch: 48,
  dstXInBytes: 56,
  dstY: 64,
  dstMemoryType: 72,
  dstHost: 80,
  dstDevice: 88,
  dstArray: 96,
  dstPitch: 104,
  WidthInBytes: 112,
  Height: 120,
} as const;
export const COPY2D_BYTES = 128;

/** Constants of cuda.h. */
export const driverConstants = {
  CUDA_ERROR_OUT_OF_MEMORY: 2,
  CUDA_ERROR_NO_DEVICE: 100,
  CUDA_ERROR_NOT_READY: 600,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: 76,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: 8,
  CU_STREAM_NON_BLOCKING: 1,
  CU_EVENT_DEFAULT: 0,
  CU_EVENT_DISABLE_TIMING: 2,
  CU_STREAM_CAPTURE_MODE_RELAXED: 2,
  CU_MEMORYTYPE_HOST: 1,
  CU_MEMORYTYPE_DEVICE: 2,
} as const;

/** Constants of library_types.h, which comes with the toolkit. */
export const dataTypes = { CUDA_R_32F: 0, CUDA_R_16BF: 14 } as const;

/** Constants of cublas_api.h. */
export const cublasConstants = {
  CUBLAS_STATUS_NOT_INITIALIZED: 1,
  CUBLAS_STATUS_ALLOC_FAILED: 3,
  CUBLAS_OP_N: 0,
  CUBLAS_OP_T: 1,
  CUBLAS_DEFAULT_MATH: 0,
  CUBLAS_COMPUTE_32F: 68,
  CUBLAS_COMPUTE_32F_FAST_TF32: 77,
  CUBLAS_GEMM_DEFAULT: -1,
} as const;
