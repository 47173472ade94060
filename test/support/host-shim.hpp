// Runs the text of CUDA kernels on the host, for tests where there is no GPU: a fiber a thread, one block after
// another. Barriers and shuffles hold a fiber until all who must take part have come; what would hang or be undefined
// on a device (a barrier that some never reach, a shuffle with lanes that are elsewhere or gone) is an error here.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
#define __shared__ static

struct Index {
  unsigned x, y, z;
};
Index threadIdx, blockIdx, blockDim, gridDim;

namespace host {
enum class Wait { nothing, warp, block, done };
struct Fiber {
  ucontext_t context;
  Wait wait;
  // Shuffles alternate between two rows of `exchanged`.
  unsigned parity;
  Index index;
};
constexpr unsigned most = 1024, warp = 32;
constexpr size_t stack_bytes = 64 * 1024;
inline std::vector<Fiber> fibers;
inline std::vector<char> stacks(most* stack_bytes);
inline float exchanged[2][most];
inline ucontext_t scheduler;
inline unsigned current;
inline void (*kernel)(void**);
inline void** arguments;
inline std::string problem;

inline void hold(Wait wait) {
  Fiber& me = fibers[current];
  me.wait = wait;
  swapcontext(&me.context, &scheduler);
}
inline void enter() {
  kernel(arguments);
  hold(Wait::done);
}
inline void resume(unsigned t) {
  current = t;
  threadIdx = fibers[t].index;
  fibers[t].wait = Wait::nothing;
  swapcontext(&scheduler, &fibers[t].context);
}

// All threads of a block to their ends; false if they cannot get there.
inline bool run_block(unsigned threads) {
  fibers.resize(threads);
  for (unsigned t = 0; t < threads; t++) {
    Fiber& f = fibers[t];
    f.wait = Wait::nothing;
    f.parity = 0;
    f.index = {t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y)};
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = &stacks[t * stack_bytes];
    f.context.uc_stack.ss_size = stack_bytes;
    f.context.uc_link = nullptr;
    makecontext(&f.context, enter, 0);
  }
  for (unsigned t = 0; t < threads; t++) resume(t);
  for (;;) {
    unsigned at_block = 0, done = 0;
    bool moved = false;
    for (unsigned w = 0; w < threads; w += warp) {
      const unsigned lanes = threads - w < warp ? threads - w : warp;
      unsigned at_warp = 0;
      for (unsigned t = w; t < w + lanes; t++) at_warp += fibers[t].wait == Wait::warp;
      if (at_warp > 0 && at_warp < lanes) {
        problem = "a shuffle in which only " + std::to_string(at_warp) + " lanes take part";
        return false;
      }
      for (unsigned t = w; t < w + lanes; t++) {
        at_block += fibers[t].wait == Wait::block;
        done += fibers[t].wait == Wait::done;
      }
      for (unsigned t = w; at_warp > 0 && t < w + lanes; t++) resume(t);
      moved = moved || at_warp > 0;
    }
    if (moved) continue;
    if (done == threads) return true;
    if (at_block < threads) {
      problem = "a barrier that only " + std::to_string(at_block) + " threads reach";
      return false;
    }
    for (unsigned t = 0; t < threads; t++) resume(t);
  }
}

template <class T> constexpr char kind() {
  return std::is_pointer_v<T> ? 'p' : std::is_same_v<T, float> ? 'f' : std::is_same_v<T, unsigned> ? 'u' : 'i';
}
template <class... A> std::string kinds(void (*)(A...)) { return {kind<A>()...}; }
template <class... A, size_t... I> void spread(void (*f)(A...), void** values, std::index_sequence<I...>) {
  f(*static_cast<A*>(values[I])...);
}
template <class... A> void call(void (*f)(A...), void** values) {
  spread(f, values, std::index_sequence_for<A...>());
}
struct Entry {
  const char* name;
  std::string kinds;
  void (*call)(void**);
};
} // namespace host

#define HOST_KERNEL(name) \
  host::Entry { #name, host::kinds(name), [](void** values) { host::call(name, values); } }

inline void __syncthreads() { host::hold(host::Wait::block); }
inline void __syncwarp() { host::hold(host::Wait::warp); }
inline float __shfl_xor_sync(unsigned, float value, unsigned step) {
  const unsigned me = host::current;
  unsigned& parity = host::fibers[me].parity;
  float* row = host::exchanged[parity];
  parity ^= 1;
  row[me] = value;
  host::hold(host::Wait::warp);
  return row[me ^ step];
}
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((uint64_t(a) * b) >> 32); }
inline float __int_as_float(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Follows the kernels' text: the table, and the function that the test calls. `kinds` says what the parameters are,
// `values` holds eight bytes for each; the answer is what is wrong, or nothing.
#define HOST_TABLE(...)                                                                                  \
  static const host::Entry entries[] = {__VA_ARGS__};                                                    \
  extern "C" const char* launch(const char* name, const unsigned* grid, const unsigned* block,           \
                                const char* kinds, uint64_t* values) {                                   \
    for (const host::Entry& entry : entries) {                                                           \
      if (std::strcmp(entry.name, name) != 0) continue;                                                  \
      if (entry.kinds != kinds) return host::problem = "takes " + entry.kinds, host::problem.c_str();    \
      std::vector<void*> pointers;                                                                       \
      for (size_t i = 0; i < entry.kinds.size(); i++) pointers.push_back(values + i);                    \
      host::kernel = entry.call;                                                                         \
      host::arguments = pointers.data();                                                                 \
      gridDim = {grid[0], grid[1], grid[2]};                                                             \
      blockDim = {block[0], block[1], block[2]};                                                         \
      for (unsigned z = 0; z < grid[2]; z++)                                                             \
        for (unsigned y = 0; y < grid[1]; y++)                                                           \
          for (unsigned x = 0; x < grid[0]; x++) {                                                       \
            blockIdx = {x, y, z};                                                                        \
            if (!host::run_block(block[0] * block[1] * block[2])) return host::problem.c_str();          \
          }                                                                                              \
      return nullptr;                                                                                    \
    }                                                                                                    \
    return "is not there";                                                                               \
  }
