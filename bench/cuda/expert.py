"""The schedule of models/mnist3x200.rff and mnist3x2000.rff in PyTorch, as an expert would write it.

Nothing is done that need not be: positive and negative rows are one batch (and while the network settles, where they are equal,
half of one), all activities of a step lie side by side in one matrix of which every layer reads a window without copying,
gradients are derived by hand, signs are folded into the weights, and no metric is computed. Three ways to run the same function:
eager, `torch.compile`, and captured as a CUDA graph (each of the two).

    python3 expert.py --check                    hand-derived gradients against autograd, in f64
    python3 expert.py --units 2000 --batches 20  seconds per training batch, as JSON
"""

import argparse
import json
import statistics
import time

import torch
from torch.nn.functional import leaky_relu, softplus

IMAGE, CLASSES, LAYERS = 784, 10, 3
SETTLE, LEARN = 3, 10
THETA, DAMPING, SLOPE, EPSILON = 1.5, 0.7, 0.01, 1e-8
ALPHA, OPTIMIZER_EPSILON = 0.99, 1e-8


class Network:
    """Weights of a layer are one matrix over its window of the slots [image | h1 | h2 | h3 | label]."""

    def __init__(self, units, batch, rate, device, dtype=torch.float32, bf16=False):
        self.units, self.batch, self.rate, self.bf16 = units, batch, rate, bf16
        ends = [0, IMAGE, IMAGE + units, IMAGE + 2 * units, IMAGE + 3 * units, IMAGE + 3 * units + CLASSES]
        self.slot = [(ends[i + 1], ends[i + 2]) for i in range(LAYERS)]
        self.window = [(ends[i], ends[i + 3]) for i in range(LAYERS)]
        self.label = (ends[4], ends[5])
        new = lambda *shape: torch.empty(*shape, device=device, dtype=dtype)
        self.w = [new(units, b - a).uniform_(-1, 1).mul_((b - a) ** -0.5) for a, b in self.window]
        # One bias per connection, with the connection's sign: three per layer, which learn alike.
        self.signs = torch.tensor([1.0, -1.0, 1.0], device=device, dtype=dtype)
        self.b = [new(3, units).uniform_(-0.01, 0.01) for _ in range(LAYERS)]
        self.square_w = [torch.zeros_like(w) for w in self.w]
        self.square_b = [torch.zeros_like(b) for b in self.b]
        self.x = new(batch, IMAGE).normal_()
        self.y = torch.randint(0, CLASSES, (batch,), device=device)
        self.negative = (self.y + 1 + torch.randint(0, CLASSES - 1, (batch,), device=device)) % CLASSES
        # Slots of this step and of the next.
        self.slots = [torch.zeros(2 * batch, ends[-1], device=device, dtype=dtype) for _ in range(2)]
        self.polarity = torch.ones(2 * batch, 1, device=device, dtype=dtype)
        self.polarity[batch:] = -1

    def product(self, a, b):
        return (a.bfloat16() @ b.bfloat16()).to(a.dtype) if self.bf16 else a @ b

    def preactivation(self, layer, slots):
        a, b = self.window[layer]
        bias = (self.signs @ self.b[layer]).unsqueeze(0)
        if self.bf16:
            return self.product(slots[:, a:b], self.w[layer].t()) + bias
        return torch.addmm(bias, slots[:, a:b], self.w[layer].t())

    def train_batch(self):
        batch = self.batch
        now, after = self.slots
        now.zero_()
        for slots in (now, after):
            slots[:batch, :IMAGE] = self.x
            slots[batch:, :IMAGE] = self.x
            slots[:, self.label[0] : self.label[1]] = 1 / CLASSES
        h = [None] * LAYERS
        for _ in range(SETTLE):
            for i in range(LAYERS):
                h[i] = leaky_relu(self.preactivation(i, now[:batch]), SLOPE)
                self.normalize(h[i], after[:batch], i)
            now, after = after, now
        now[batch:, IMAGE : self.label[0]] = now[:batch, IMAGE : self.label[0]]
        h = [torch.cat([a, a]) for a in h]
        labels = torch.cat([self.y, self.negative]).unsqueeze(1)
        for slots in (now, after):
            slots[:, self.label[0] : self.label[1]] = 0
            slots[:, self.label[0] : self.label[1]].scatter_(1, labels, 1)
        for _ in range(LEARN):
            deltas = []
            for i in range(LAYERS):
                h[i], delta = self.step(self.preactivation(i, now), h[i])
                self.normalize(h[i], after, i)
                deltas.append(delta)
            for i, delta in enumerate(deltas):
                a, b = self.window[i]
                self.update(i, self.product(delta.t(), now[:, a:b]), delta.sum(0))
            now, after = after, now

    def normalize(self, h, slots, layer):
        a, b = self.slot[layer]
        slots[:, a:b] = h * torch.rsqrt((h * h).mean(1, keepdim=True) + EPSILON)

    def step(self, z, before):
        """The new activity, and the loss's gradient at z."""
        h = (1 - DAMPING) * before + DAMPING * leaky_relu(z, SLOPE)
        goodness = (h * h).mean(1, keepdim=True)
        # positive: softplus(goodness - theta); negative: softplus(theta - goodness); the mean over all rows.
        at_goodness = self.polarity * torch.sigmoid(self.polarity * (goodness - THETA)) / h.shape[0]
        at_h = at_goodness * 2 / self.units * h
        return h, at_h * DAMPING * torch.where(z > 0, 1.0, SLOPE)

    def update(self, i, gradient, bias_gradient):
        """RMSprop, as in torch.optim."""
        self.square_w[i].mul_(ALPHA).addcmul_(gradient, gradient, value=1 - ALPHA)
        self.w[i].addcdiv_(gradient, self.square_w[i].sqrt().add_(OPTIMIZER_EPSILON), value=-self.rate)
        each = self.signs.unsqueeze(1) * bias_gradient
        self.square_b[i].mul_(ALPHA).addcmul_(each, each, value=1 - ALPHA)
        self.b[i].addcdiv_(each, self.square_b[i].sqrt().add_(OPTIMIZER_EPSILON), value=-self.rate)


def check():
    """Hand-derived gradients against autograd's."""
    torch.manual_seed(0)
    net = Network(6, 4, 0.1, 'cpu', torch.float64)
    z = torch.randn(8, 6, dtype=torch.float64, requires_grad=True)
    before = torch.randn(8, 6, dtype=torch.float64)
    h, delta = net.step(z, before)
    goodness = (h * h).mean(1)
    loss = softplus(net.polarity[:, 0] * (goodness - THETA)).mean()
    (expected,) = torch.autograd.grad(loss, z)
    assert torch.allclose(delta, expected, rtol=1e-10, atol=1e-14), 'the gradient at z is wrong'
    first = [w.clone() for w in net.w]
    with torch.no_grad():
        net.train_batch()
    assert all(torch.isfinite(w).all() and not torch.equal(w, f) for w, f in zip(net.w, first)), 'nothing was learned'
    print('the hand-derived gradients are right')


def captured(run):
    """A function as a CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def ways(net):
    """The same function, run in each way; those that this PyTorch does not support are skipped with a message."""
    compiled = torch.compile(net.train_batch, dynamic=False)
    candidates = {
        'eager': lambda: net.train_batch,
        'CUDA graph': lambda: captured(net.train_batch),
        'torch.compile': lambda: compiled,
        'torch.compile, CUDA graph': lambda: captured(compiled),
    }
    made = {}
    for name, make in candidates.items():
        try:
            run = make()
            run()
            torch.cuda.synchronize()
            made[name] = run
        except Exception as error:  # noqa: BLE001: the other ways are still measured
            print(f'{name} is left out: {type(error).__name__}: {str(error).splitlines()[0]}', flush=True)
    return made


@torch.no_grad()
def measure(units, batch, batches):
    """Median seconds per batch, the ways in turn: data written from pinned memory, run, waited for."""
    results = {}
    for precision in ('f32', 'tf32', 'bf16'):
        torch.backends.cuda.matmul.allow_tf32 = precision == 'tf32'
        torch.manual_seed(0)
        net = Network(units, batch, 5e-6, 'cuda', bf16=precision == 'bf16')
        host = torch.randn(batch, IMAGE).pin_memory()
        made = ways(net)
        times = {name: [] for name in made}
        for round_number in range(batches + 3):
            for name, run in made.items():
                torch.cuda.synchronize()
                began = time.perf_counter()
                net.x.copy_(host, non_blocking=True)
                run()
                torch.cuda.synchronize()
                if round_number >= 3:
                    times[name].append(time.perf_counter() - began)
        results[precision] = {name: statistics.median(t) for name, t in times.items()}
        torch._dynamo.reset()
    return results


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--units', type=int, default=2000)
    parser.add_argument('--batch', type=int, default=500)
    parser.add_argument('--batches', type=int, default=20)
    options = parser.parse_args()
    if options.check:
        check()
    else:
        seconds = measure(options.units, options.batch, options.batches)
        print(json.dumps({'torch': torch.__version__, 'seconds': seconds}))
