// The step in TensorFlow.js on WebGPU. Channels last, as its kernels want them.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { load, measure, scene } from "./model.js";

const fakeRelu = tf.customGrad((x) => ({ value: tf.relu(x), gradFunc: (dy) => dy }));

function images(size, indices) {
  const planes = tf.stack(indices.map((index) => tf.tensor3d(scene(size, index), [3, size, size])));
  return tf.transpose(planes, [0, 2, 3, 1]);
}

export async function run(url, batch, seconds) {
  await tf.setBackend("webgpu");
  await tf.ready();
  const { layers, size, mean, std } = await load(url);
  const upload = ({ shape, stride, padding, weight, bias }) => ({
    weight: tf.transpose(tf.tensor4d(weight, shape), [2, 3, 1, 0]),
    bias: tf.tensor1d(bias),
    stride,
    padding,
  });
  const stem = upload(layers.stem);
  const blocks = layers.blocks.map(({ first, second, shortcut }) => ({
    first: upload(first),
    second: upload(second),
    shortcut: shortcut && upload(shortcut),
  }));
  const convolve = (x, { weight, bias, stride, padding }) =>
    tf.add(tf.conv2d(x, weight, stride, padding, "NHWC", 1, "floor"), bias);
  const representation = (image) => {
    let x = tf.div(tf.sub(image, mean), std);
    x = tf.relu(convolve(x, stem));
    blocks.forEach(({ first, second, shortcut }, i) => {
      const y = convolve(tf.relu(convolve(x, first)), second);
      const sum = tf.add(y, shortcut ? convolve(x, shortcut) : x);
      x = i + 1 < blocks.length ? tf.relu(sum) : fakeRelu(sum);
    });
    return tf.mean(x, [1, 2]);
  };
  const indices = Array.from({ length: batch }, (_, i) => i + 1);
  const target = tf.tidy(() => representation(images(size, indices)));
  const length = tf.norm(target, "euclidean", 1);
  const losses = (x) => tf.div(tf.norm(tf.sub(representation(x), target), "euclidean", 1), length);
  const gradient = tf.grad((x) => tf.sum(losses(x)));
  let x = images(size, indices.map(() => 0));
  const step = () => {
    const next = tf.tidy(() => {
      const g = gradient(x);
      const norm = tf.sqrt(tf.sum(tf.square(g), [1, 2, 3], true));
      return tf.clipByValue(tf.sub(x, tf.div(g, tf.add(norm, 1e-10))), 0, 1);
    });
    x.dispose();
    x = next;
  };
  const distance = async () => {
    const mean = tf.tidy(() => tf.mean(losses(x)));
    const [value] = await mean.data();
    mean.dispose();
    return value;
  };
  return measure(step, distance, seconds);
}
