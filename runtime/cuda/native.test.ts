/**
 * The calls themselves: the tables of prototypes against NVIDIA's own headers, and every call through koffi into
 * libraries written in C against those headers, whose memory is the host's.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RffcError } from '../../grammar/diagnostic.js';
import { describeUnless, testUnless } from '../../test/support/needs.js';
import {
  COPY2D_BYTES,
  type CType,
  copy2dFields,
  cTypes,
  cublasConstants,
  cublasPrototypes,
  dataTypes,
  driverConstants,
  driverPrototypes,
  nvrtcPrototypes,
  type Prototypes,
} from './declarations.js';
import { type Host, thisHost } from './host.js';
import { toolkits } from './libraries.js';
import { openMachine } from './machine.js';
import { packArguments } from './programs.js';

const folder = mkdtempSync(join(tmpdir(), 'rffc-cuda-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const include = toolkits(thisHost)
  .map((toolkit) => join(toolkit, 'include'))
  .find((path) => thisHost.list(path).includes('cuda.h'));
const compiler = thisHost.ask('gcc', ['--version']) === undefined ? undefined : 'gcc';
const has = (header: string) => include !== undefined && thisHost.list(include).includes(header);
/** Why a test that compiles against a header is skipped. */
const lacking = (header: string) =>
  !compiler ? 'gcc was not found' : !has(header) ? `${header} was not found` : undefined;

/** The compiler's errors for a C text. */
function complaints(text: string, args: readonly string[] = ['-fsyntax-only']): string {
  const file = join(folder, 'check.c');
  writeFileSync(file, text);
  const flags = ['-std=gnu11', '-Wall', '-Werror', '-Wno-deprecated-declarations', `-I${include}`];
  const { status, stderr } = spawnSync('gcc', [...flags, ...args, file], { encoding: 'utf8' });
  return status === 0 ? '' : stderr;
}

/** Assigns every function to a pointer of the type that the table says. */
const assignments = (prototypes: Prototypes, status: string): string =>
  Object.entries(prototypes)
    .map(([name, args], i) => `${status} (*f${i})(${args.join(', ')}) = ${name};`)
    .join('\n');
const uses = (prototypes: Prototypes): string =>
  Object.keys(prototypes)
    .map((_, i) => `(void)f${i};`)
    .join(' ');
/** Types are as wide as koffi passes them. */
const WIDTHS: Readonly<Record<string, number>> = {
  int: 4,
  uint: 4,
  size_t: 8,
  uint64_t: 8,
  int64_t: 8,
  'void *': 8,
  str: 8,
};
const widths = (prototypes: Prototypes): string =>
  [...new Set<CType>(Object.values(prototypes).flat())]
    .map((type) => `_Static_assert(sizeof(${type}) == ${WIDTHS[cTypes[type]]}, "${type}");`)
    .join('\n');
const constants = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `_Static_assert((int)${name} == ${value}, "${name}");`)
    .join('\n');
const header = (
  name: string,
  prototypes: Prototypes,
  status: string,
  values: Readonly<Record<string, number>>,
) => `
#include <stddef.h>
#include <${name}>
${widths(prototypes)}
${constants(values)}
int main(void) {
${assignments(prototypes, status)}
${uses(prototypes)}
return 0;
}`;

describe('the tables match the headers', () => {
  testUnless(lacking('cuda.h'), 'cuda.h', () => {
    const fields = Object.entries(copy2dFields).map(
      ([field, at]) => `_Static_assert(offsetof(CUDA_MEMCPY2D, ${field}) == ${at}, "${field}");`,
    );
    const size = `_Static_assert(sizeof(CUDA_MEMCPY2D) == ${COPY2D_BYTES}, "CUDA_MEMCPY2D");`;
    const text = `${header('cuda.h', driverPrototypes, 'CUresult', driverConstants)}\n${size}\n${fields.join('\n')}`;
    expect(complaints(text)).toBe('');
    // The check can fail.
    expect(complaints(text.replace('(CUdeviceptr *, size_t)', '(CUdeviceptr *, int)'))).toContain(
      'cuMemAlloc_v2',
    );
    expect(complaints(text.replace('srcPitch) == 48', 'srcPitch) == 40'))).toContain('srcPitch');
  });
  testUnless(lacking('library_types.h'), 'library_types.h', () => {
    expect(complaints(`#include <library_types.h>\n${constants(dataTypes)}`)).toBe('');
  });
  testUnless(lacking('nvrtc.h'), 'nvrtc.h', () => {
    expect(complaints(header('nvrtc.h', nvrtcPrototypes, 'nvrtcResult', {}))).toBe('');
  });
  testUnless(lacking('cublas_v2.h'), 'cublas_v2.h', () => {
    expect(complaints(header('cublas_v2.h', cublasPrototypes, 'cublasStatus_t', cublasConstants))).toBe('');
  });
});

/** A driver whose device is the host's memory, written against the real cuda.h: other prototypes would not compile. */
const DRIVER = `
#include <cuda.h>
#include <stdlib.h>
#include <string.h>
#ifndef VERSION
#define VERSION 12040
#endif
#ifndef INIT
#define INIT 0
#endif
static int contexts = 0, events = 0;
CUresult cuInit(unsigned int flags) { return flags == 0 ? INIT : 1; }
CUresult cuDriverGetVersion(int *v) { *v = VERSION; return 0; }
CUresult cuGetErrorName(CUresult e, const char **s) {
  *s = e == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : e == 100 ? "CUDA_ERROR_NO_DEVICE" : 0;
  return *s ? 0 : 1;
}
CUresult cuGetErrorString(CUresult e, const char **s) {
  *s = e == 700 ? "an illegal memory access was encountered" : e == 100 ? "no CUDA-capable device is detected" : 0;
  return *s ? 0 : 1;
}
CUresult cuDeviceGetCount(int *n) { *n = 2; return 0; }
CUresult cuDeviceGet(CUdevice *d, int i) { *d = 10 + i; return 0; }
CUresult cuDeviceGetName(char *name, int n, CUdevice d) { strncpy(name, d == 11 ? "Second" : "First", n); return 0; }
CUresult cuDeviceGetAttribute(int *v, CUdevice_attribute a, CUdevice d) {
  *v = a == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 9 : d - 10;
  return 0;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice d) {
  *c = (CUcontext)(size_t)(0x7fffffff00000000ull + d);
  contexts++;
  return 0;
}
CUresult cuDevicePrimaryCtxRelease(CUdevice d) { return d == 11 && contexts-- > 0 ? 0 : 201; }
CUresult cuCtxSetCurrent(CUcontext c) { return c == (CUcontext)(size_t)(0x7fffffff0000000bull) ? 0 : 201; }
CUresult cuMemGetInfo(size_t *f, size_t *t) { *f = 80ull << 30; *t = 81ull << 30; return 0; }
CUresult cuMemAlloc(CUdeviceptr *p, size_t n) { if (n > 1ull << 32) return 2; *p = (CUdeviceptr)malloc(n); return 0; }
CUresult cuMemFree(CUdeviceptr p) { free((void *)p); return 0; }
CUresult cuMemAllocHost(void **p, size_t n) { *p = malloc(n); return 0; }
CUresult cuMemFreeHost(void *p) { free(p); return 0; }
#define STREAM ((CUstream)0x5001)
CUresult cuMemcpyHtoDAsync(CUdeviceptr d, const void *s, size_t n, CUstream t) {
  if (t != STREAM) return 400;
  memcpy((void *)d, s, n);
  return 0;
}
CUresult cuMemcpyDtoHAsync(void *d, CUdeviceptr s, size_t n, CUstream t) {
  if (t != STREAM) return 400;
  memcpy(d, (void *)s, n);
  return 0;
}
CUresult cuMemcpyDtoDAsync(CUdeviceptr d, CUdeviceptr s, size_t n, CUstream t) {
  if (t != STREAM) return 400;
  memcpy((void *)d, (void *)s, n);
  return 0;
}
CUresult cuMemcpy2DAsync(const CUDA_MEMCPY2D *c, CUstream t) {
  if (t != STREAM || c->srcXInBytes || c->srcY || c->dstXInBytes || c->dstY || c->srcArray || c->dstArray) return 1;
  const char *s = c->srcMemoryType == CU_MEMORYTYPE_HOST ? c->srcHost : (const char *)c->srcDevice;
  char *d = c->dstMemoryType == CU_MEMORYTYPE_HOST ? c->dstHost : (char *)c->dstDevice;
  for (size_t r = 0; r < c->Height; r++) memcpy(d + r * c->dstPitch, s + r * c->srcPitch, c->WidthInBytes);
  return 0;
}
CUresult cuMemsetD32Async(CUdeviceptr p, unsigned int w, size_t n, CUstream t) {
  for (size_t i = 0; i < n; i++) ((unsigned *)p)[i] = w;
  return 0;
}
CUresult cuModuleLoadData(CUmodule *m, const void *image) { *m = (CUmodule)strdup(image); return 0; }
CUresult cuModuleUnload(CUmodule m) { free(m); return 0; }
CUresult cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) {
  if (!strstr((char *)m, name)) return 500;
  *f = (CUfunction)0xf00;
  return 0;
}
CUresult cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int v) {
  return f == (CUfunction)0xf00 && a == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES && v == 65536 ? 0 : 1;
}
/* Writes how it was launched: the dimensions, the shared memory, then its arguments u32, i32, f32. */
CUresult cuLaunchKernel(
    CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
    CUstream t, void **p, void **extra) {
  if (f != (CUfunction)0xf00 || t != STREAM || extra) return 700;
  float *out = *(float **)p[0];
  float words[] = { gx, gy, gz, bx, by, bz, shared, *(unsigned *)p[1], *(int *)p[2], *(float *)p[3] };
  memcpy(out, words, sizeof words);
  return 0;
}
CUresult cuStreamCreate(CUstream *s, unsigned int f) { *s = STREAM; return f == CU_STREAM_NON_BLOCKING ? 0 : 1; }
CUresult cuStreamDestroy(CUstream s) { return s == STREAM ? 0 : 400; }
CUresult cuStreamSynchronize(CUstream s) { return s == STREAM ? 0 : 700; }
CUresult cuStreamWaitEvent(CUstream s, CUevent e, unsigned int f) { return s == STREAM && f == 0 ? 0 : 400; }
CUresult cuStreamBeginCapture(CUstream s, CUstreamCaptureMode m) {
  return s == STREAM && m == CU_STREAM_CAPTURE_MODE_RELAXED ? 0 : 1;
}
CUresult cuStreamEndCapture(CUstream s, CUgraph *g) { *g = (CUgraph)0x6001; return 0; }
CUresult cuEventCreate(CUevent *e, unsigned int f) { *e = (CUevent)(size_t)(0x7000 + f); return 0; }
CUresult cuEventDestroy(CUevent e) { return 0; }
CUresult cuEventRecord(CUevent e, CUstream s) { return s == STREAM ? 0 : 400; }
CUresult cuEventQuery(CUevent e) { return e == (CUevent)0x7000 ? 700 : events++ == 0 ? CUDA_ERROR_NOT_READY : 0; }
CUresult cuEventElapsedTime(float *ms, CUevent a, CUevent b) { *ms = 1.5f; return 0; }
CUresult cuGraphInstantiate(CUgraphExec *x, CUgraph g, unsigned long long f) {
  *x = (CUgraphExec)0x8001;
  return g == (CUgraph)0x6001 && f == 0 ? 0 : 1;
}
CUresult cuGraphDestroy(CUgraph g) { return g == (CUgraph)0x6001 ? 0 : 1; }
CUresult cuGraphExecDestroy(CUgraphExec x) { return x == (CUgraphExec)0x8001 ? 0 : 1; }
CUresult cuGraphLaunch(CUgraphExec x, CUstream s) { return x == (CUgraphExec)0x8001 && s == STREAM ? 0 : 1; }
#undef cuEventElapsedTime
CUresult cuEventElapsedTime(float *ms, CUevent a, CUevent b) { *ms = 1.5f; return 0; }
`;

/** NVRTC whose machine code is the text it was given, and cuBLAS by the book; from their documentation. */
const NVRTC = `
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
struct program { char *source; char out[4096]; char log[4096]; };
int nvrtcVersion(int *a, int *b) { *a = 12; *b = 4; return 0; }
int nvrtcGetNumSupportedArchs(int *n) { *n = 2; return 0; }
int nvrtcGetSupportedArchs(int *a) { a[0] = 90; a[1] = 80; return 0; }
int nvrtcCreateProgram(
    struct program **p, const char *s, const char *name, int n, const char *const *h, const char *const *i) {
  if (n || h || i || strcmp(name, "rffc.cu")) return 1;
  *p = calloc(1, sizeof **p); (*p)->source = strdup(s); return 0;
}
int nvrtcDestroyProgram(struct program **p) { free((*p)->source); free(*p); *p = 0; return 0; }
int nvrtcCompileProgram(struct program *p, int n, const char *const *o) {
  if (strstr(p->source, "mistake")) {
    strcpy(p->log, "rffc.cu(3): error: expected a \\";\\"\\n1 error detected");
    return 6;
  }
  for (int i = 0; i < n; i++) { strcat(p->out, o[i]); strcat(p->out, " "); }
  strcat(p->out, p->source); return 0;
}
int nvrtcGetCUBINSize(struct program *p, size_t *n) { *n = strlen(p->out) + 1; return 0; }
int nvrtcGetCUBIN(struct program *p, char *c) { strcpy(c, p->out); return 0; }
int nvrtcGetPTXSize(struct program *p, size_t *n) { *n = strlen(p->out) + 5; return 0; }
int nvrtcGetPTX(struct program *p, char *c) { sprintf(c, "PTX %s", p->out); return 0; }
int nvrtcGetProgramLogSize(struct program *p, size_t *n) { *n = strlen(p->log) + 1; return 0; }
int nvrtcGetProgramLog(struct program *p, char *c) { strcpy(c, p->log); return 0; }
const char *nvrtcGetErrorString(int e) { return e == 6 ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR_INVALID_INPUT"; }
`;
const CUBLAS = `
#include <stddef.h>
static size_t workspace;
int cublasCreate_v2(void **h) { *h = (void *)0x9001; return 0; }
int cublasDestroy_v2(void *h) { return h == (void *)0x9001 ? 0 : 7; }
int cublasGetVersion_v2(void *h, int *v) { *v = 120405; return 0; }
int cublasSetStream_v2(void *h, void *s) { workspace = 0; return s == (void *)0x5001 ? 0 : 7; }
int cublasSetWorkspace_v2(void *h, void *w, size_t n) { workspace = n; return 0; }
int cublasSetMathMode(void *h, int m) { return m; }
int cublasGemmEx(void *h, int ta, int tb, int m, int n, int k, const float *alpha, const float *a, int at, int lda,
                 const float *b, int bt, int ldb, const float *beta, float *c, int ct, int ldc, int compute, int algo) {
  if (h != (void *)0x9001 || workspace != 4096 || at || bt || ct || algo != -1) return 7;
  if (compute != 68 && compute != 77) return 7;
  for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) {
    float sum = 0;
    for (int l = 0; l < k; l++) sum += (ta ? a[l + i * lda] : a[i + l * lda]) * (tb ? b[j + l * ldb] : b[l + j * ldb]);
    c[i + j * ldc] = *alpha * sum + (*beta ? *beta * c[i + j * ldc] : 0);
  }
  return 0;
}
int cublasGemmStridedBatchedEx(
    void *h, int ta, int tb, int m, int n, int k, const float *alpha, const float *a, int at, int lda,
    long long sa, const float *b, int bt, int ldb, long long sb, const float *beta, float *c, int ct, int ldc,
    long long sc, int count, int compute, int algo) {
  int status = 0;
  for (int i = 0; i < count; i++)
    status |= cublasGemmEx(h, ta, tb, m, n, k, alpha, a + i * sa, at, lda, b + i * sb, bt, ldb, beta, c + i * sc,
        ct, ldc, compute, algo);
  return status;
}
const char *cublasGetStatusString(int s) { return s == 7 ? "CUBLAS_STATUS_INVALID_VALUE" : "?"; }
`;

/** Builds libraries into a folder of their own, which `RFFC_CUDA` names. */
function hostWith(
  name: string,
  libraries: Readonly<Record<string, string>>,
  defines: readonly string[] = [],
): Host {
  const path = join(folder, name);
  spawnSync('mkdir', ['-p', path]);
  for (const [file, text] of Object.entries(libraries)) {
    const out = complaints(text, [
      '-Wno-format-overflow',
      '-shared',
      '-fPIC',
      ...defines,
      '-o',
      join(path, file),
    ]);
    if (out !== '') throw new Error(out);
  }
  // This machine's own CUDA is not found.
  return {
    ...thisHost,
    home: '/nowhere',
    env: { RFFC_CUDA: path },
    list: (f) => (f === path ? thisHost.list(f) : []),
    ask: () => undefined,
    load: (file) => {
      if (file.startsWith(path)) return thisHost.load(file);
      throw new Error(`${file}: not here`);
    },
  };
}
const ALL = { 'libcuda.so.1': DRIVER, 'libnvrtc.so.12': NVRTC, 'libcublas.so.12': CUBLAS };
const missing =
  process.platform === 'linux' ? lacking('cuda.h') : 'the stand-in libraries are built on Linux only';

describeUnless(missing, 'through koffi', () => {
  test('every call is passed as in the header', () => {
    const { driver, products, compiler: nvrtc } = openMachine(hostWith('all', ALL));
    expect([driver.version, driver.deviceCount(), driver.deviceName(1), driver.capability(1)]).toEqual([
      ...[12040, 2, 'Second', 91],
    ]);
    const context = driver.open(1);
    driver.use(context);
    expect(() => driver.use(5n)).toThrow('RFF846: cuCtxSetCurrent failed');
    expect(driver.memory()).toEqual({ free: 80 * 2 ** 30, total: 81 * 2 ** 30 });
    expect(() => driver.allocate(2 ** 33)).toThrow('RFF845');

    const stream = driver.createStream();
    const device = driver.allocate(1024);
    driver.fill(device, 0x3f800000, 256, stream);
    const host = driver.allocateHost(64);
    const floats = new Float32Array(host.buffer, host.byteOffset, 16);
    const fetch = (at: number, count: number) => {
      const width = 4 * count;
      const from = { device: device + BigInt(at), pitch: width };
      driver.copy({ from, to: { host, pitch: width }, width, height: 1 }, stream);
      return [...floats.subarray(0, count)];
    };
    expect(fetch(1000, 4)).toEqual([1, 1, 1, 1]);

    // Two rows of three from the host, four apart on the device, and back with rows five apart.
    const rows = Float32Array.of(1, 2, 3, 4, 5, 6);
    const apart = { device, pitch: 16 };
    driver.copy({ from: { host: rows, pitch: 12 }, to: apart, width: 12, height: 2 }, stream);
    expect(fetch(0, 8)).toEqual([1, 2, 3, 1, 4, 5, 6, 1]);
    const back = new Float32Array(8).fill(9);
    driver.copy({ from: apart, to: { host: back, pitch: 20 }, width: 12, height: 2 }, stream);
    expect([...back]).toEqual([1, 2, 3, 9, 9, 4, 5, 6]);
    const copy = { from: apart, to: { device: device + 256n, pitch: 12 }, width: 12, height: 2 };
    driver.copy(copy, stream);
    expect(fetch(256, 6)).toEqual([1, 2, 3, 4, 5, 6]);
    driver.copy({ ...copy, from: { device: device + 256n, pitch: 12 }, to: { device, pitch: 12 } }, stream);
    expect(fetch(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);

    const image = nvrtc.compile('void rows_0() {}', 'sm_90');
    expect(new TextDecoder().decode(image)).toBe('--gpu-architecture=sm_90 --std=c++17 void rows_0() {}\0');
    expect(new TextDecoder().decode(nvrtc.compile('x', 'compute_80'))).toMatch(
      /^PTX --gpu-architecture=compute_80/,
    );
    expect([nvrtc.name, nvrtc.capabilities]).toEqual(['nvrtc 12.4', [80, 90]]);
    expect(() => nvrtc.compile('mistake', 'sm_90')).toThrow(
      'RFF844: a CUDA kernel did not compile (NVRTC): rffc.cu(3): error: expected a ";"',
    );
    const module = driver.loadModule(image);
    const fn = driver.functionOf(module, 'rows_0');
    expect(() => driver.functionOf(module, 'rows_9')).toThrow(
      'RFF846: cuModuleGetFunction failed: error 500',
    );
    driver.allowShared(fn, 65536);
    const args = packArguments(
      [
        { type: 'u64', value: 'run' },
        { type: 'u32', value: 7 },
        { type: 'i32', value: -8 },
        { type: 'f32', value: 0.25 },
      ],
      device,
    );
    driver.launch({ function: fn, grid: [1, 2, 3], block: [4, 5, 6], sharedBytes: 100, args }, stream);
    expect(fetch(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 100, 7, -8, 0.25]);
    expect(() =>
      driver.launch({ function: 1n, grid: [1, 1, 1], block: [1, 1, 1], sharedBytes: 0, args }, stream),
    ).toThrow(
      'RFF846: cuLaunchKernel failed: CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)',
    );

    // a [2, 3] · b [3, 2], row-major, with a step of 4.
    const matrices = Float32Array.of(1, 2, 3, 0, 4, 5, 6, 0, /* b */ 1, 0, 2, 0, 0, 1, 0, 0, 1, 1, 0, 0);
    driver.copy(
      { from: { host: matrices, pitch: 80 }, to: { device, pitch: 80 }, width: 80, height: 1 },
      stream,
    );
    const handle = products.open(stream, device + 512n, 4096);
    expect(products.version).toBe('12.4.5');
    const product = {
      ...{
        m: 2,
        n: 2,
        k: 3,
        alpha: 2,
        beta: 0,
        transposeA: false,
        transposeB: false,
        precision: 'f32' as const,
      },
      ...{ a: { address: device, step: 4 }, b: { address: device + 32n, step: 4 } },
      ...{ c: { address: device + 256n, step: 2 } },
    };
    products.multiply(handle, product);
    expect(fetch(256, 4)).toEqual([8, 10, 20, 22]);
    products.multiply(handle, { ...product, precision: 'tf32', beta: 1, alpha: 1 });
    expect(fetch(256, 4)).toEqual([12, 15, 30, 33]);
    expect(() => products.multiply(handle, { ...product, precision: 'bf16' })).toThrow(
      'RFF846: cublasGemmEx failed: CUBLAS_STATUS_INVALID_VALUE',
    );
    // Twice the same a, by b's columns one by one, side by side in c.
    const blocks = { count: 2, a: 0, b: 1, c: 1 };
    products.multiply(handle, { ...product, n: 1, alpha: 1, blocks });
    expect(fetch(256, 4)).toEqual([4, 5, 10, 11]);
    products.close(handle);

    driver.beginCapture(stream);
    const graph = driver.endCapture(stream);
    driver.launchGraph(graph, stream);
    driver.destroyGraph(graph);
    const event = driver.createEvent();
    driver.record(event, stream);
    driver.wait(stream, event);
    expect([driver.isDone(event), driver.isDone(event)]).toEqual([false, true]);
    const timed = driver.createEvent(true);
    expect(() => driver.isDone(timed)).toThrow('RFF846: cuEventQuery failed: CUDA_ERROR_ILLEGAL_ADDRESS');
    expect(driver.elapsed(timed, event)).toBe(1.5);
    driver.destroyEvent(event);
    driver.synchronize(stream);
    driver.destroyStream(stream);
    driver.unloadModule(module);
    driver.releaseHost(host);
    driver.release(device);
    driver.close(1);
    expect(() => driver.close(1)).toThrow('RFF846: cuDevicePrimaryCtxRelease_v2 failed');
  });

  test('rejects an old driver, one that fails to start, and a file that is not one', () => {
    expect(() => openMachine(hostWith('old', { 'libcuda.so.1': DRIVER }, ['-DVERSION=11080']))).toThrow(
      'RFF841: outdated NVIDIA driver: it supports CUDA 11.8, 12.0 is required',
    );
    expect(() => openMachine(hostWith('idle', { 'libcuda.so.1': DRIVER }, ['-DINIT=100']))).toThrow(
      'RFF840: the NVIDIA driver failed to start: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)',
    );
    expect(() => openMachine(hostWith('other', { 'libcuda.so.1': 'int x;' }))).toThrow(
      /RFF842: .* has no cuDriverGetVersion/,
    );
  });

  test('rejects a missing cuBLAS, a missing NVRTC, and one of a newer CUDA', () => {
    const { 'libcuda.so.1': driver, 'libnvrtc.so.12': nvrtc, 'libcublas.so.12': cublas } = ALL;
    const error = (host: Host): RffcError => {
      try {
        openMachine(host);
      } catch (thrown) {
        return thrown as RffcError;
      }
      throw new Error('it opened');
    };
    const noCublas = error(hostWith('no-cublas', { 'libcuda.so.1': driver, 'libnvrtc.so.12': nvrtc }));
    expect(noCublas.message).toMatch(
      /RFF842: cuBLAS, which multiplies the matrices, was not found: libcublas\.so\.12 is not in/,
    );
    expect(noCublas.diagnostics[0]!.hint).toContain('pip install nvidia-cublas-cu12');
    const noNvrtc = error(hostWith('no-nvrtc', { 'libcuda.so.1': driver, 'libcublas.so.12': cublas }));
    expect(noNvrtc.message).toMatch(/RFF842: NVRTC, which compiles the kernels, was not found/);
    const newer = error(hostWith('newer', { 'libcuda.so.1': driver, 'libcublas.so.13': cublas }));
    expect(newer.message).toMatch(
      /newer\/libcublas\.so\.13 requires a newer driver: this one supports CUDA 12\.4/,
    );
  });
});
