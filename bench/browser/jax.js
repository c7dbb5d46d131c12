// The step in jax-js on WebGPU, compiled as one function. An array is used up by what it is given to; `ref` keeps it.

import { blockUntilReady, defaultDevice, grad, init, jit, lax, nn, numpy as np } from "@jax-js/jax";
import { load, measure, scene } from "./model.js";

export async function run(url, batch, seconds) {
  await init("webgpu");
  defaultDevice("webgpu");
  const { layers, size, mean, std } = await load(url);
  const upload = ({ shape, weight, bias }) => ({
    weight: np.array(weight).reshape(shape),
    bias: np.array(bias).reshape([1, shape[0], 1, 1]),
  });
  const weights = {
    mean: np.array(new Float32Array(mean)).reshape([1, 3, 1, 1]),
    std: np.array(new Float32Array(std)).reshape([1, 3, 1, 1]),
    stem: upload(layers.stem),
    blocks: layers.blocks.map(({ first, second, shortcut }) => ({
      first: upload(first),
      second: upload(second),
      ...(shortcut ? { shortcut: upload(shortcut) } : {}),
    })),
  };
  const convolve = (x, { stride, padding }, { weight, bias }) => {
    const pads = [[padding, padding], [padding, padding]];
    return lax.convGeneralDilated(x, weight, [stride, stride], pads).add(bias);
  };
  // Forward as the rectifier, backward as the identity.
  const fakeRelu = (x) => {
    const correction = lax.stopGradient(nn.relu(x.ref).sub(x.ref));
    return x.add(correction);
  };
  const representation = (image, w) => {
    let x = image.sub(w.mean).div(w.std);
    x = nn.relu(convolve(x, layers.stem, w.stem));
    layers.blocks.forEach((block, i) => {
      const y = nn.relu(convolve(x.ref, block.first, w.blocks[i].first));
      const z = convolve(y, block.second, w.blocks[i].second);
      const sum = z.add(block.shortcut ? convolve(x, block.shortcut, w.blocks[i].shortcut) : x);
      x = i + 1 < layers.blocks.length ? nn.relu(sum) : fakeRelu(sum);
    });
    return np.mean(x, [2, 3]);
  };
  const norm = (rows) => np.sqrt(np.sum(np.square(rows), 1));
  const losses = (x, target, w) => norm(representation(x, w).sub(target.ref)).div(norm(target));
  const images = (indices) => {
    const values = new Float32Array(batch * 3 * size * size);
    indices.forEach((index, i) => values.set(scene(size, index), i * 3 * size * size));
    return np.array(values).reshape([batch, 3, size, size]);
  };
  const copy = (tree) =>
    Array.isArray(tree) ? tree.map(copy)
      : tree.ref ? tree.ref
      : Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, copy(value)]));
  const indices = Array.from({ length: batch }, (_, i) => i + 1);
  const target = jit(representation)(images(indices), copy(weights));
  const descend = jit((x, target, w) => {
    const g = grad((x, target, w) => np.sum(losses(x, target, w)))(x.ref, target, w);
    const length = np.sqrt(np.sum(np.square(g.ref), [1, 2, 3], { keepdims: true })).add(1e-10);
    return np.clip(x.sub(g.div(length)), 0, 1);
  });
  const judge = jit((x, target, w) => np.mean(losses(x, target, w)));
  let x = images(indices.map(() => 0));
  const step = () => {
    x = descend(x, target.ref, copy(weights));
  };
  const distance = async () => {
    const value = judge(x.ref, target.ref, copy(weights));
    await blockUntilReady(value);
    return (await value.data())[0];
  };
  return measure(step, distance, seconds);
}
