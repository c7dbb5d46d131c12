// A model file (safetensors with 8-, 16- or 32-bit numbers) as a list of convolutions, normalisation folded.

function half(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  return sign * 2 ** (exponent - 25) * (1024 + fraction);
}

function read(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const card = JSON.parse(header.__metadata__["robust-reps"]);
  const tensors = {};
  delete header.__metadata__;
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(header)) {
    const bytes = buffer.slice(8 + length + start, 8 + length + end);
    const values = {
      F32: () => new Float32Array(bytes),
      F16: () => Float32Array.from(new Uint16Array(bytes), half),
      I8: () => Float32Array.from(new Int8Array(bytes)),
    }[dtype]();
    tensors[name] = { shape, values };
  }
  // 8-bit numbers have a scale for each output channel.
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const scale = tensors[`${name}.scale`]?.values;
    const size = values.length / shape[0];
    if (scale) tensors[name].values = values.map((value, i) => value * scale[Math.floor(i / size)]);
  }
  return { card, tensors };
}

// Weights stay [out, in, kernel, kernel]; each peer lays them out as it likes.
function folded(tensors, conv, norm, stride) {
  const part = (name) => tensors[`${norm}.${name}`].values;
  const scale = part("weight").map((w, k) => w / Math.sqrt(part("running_var")[k] + 1e-5));
  const { shape, values } = tensors[`${conv}.weight`];
  const size = shape[1] * shape[2] * shape[3];
  return {
    shape,
    stride,
    padding: shape[2] >> 1,
    weight: values.map((w, i) => w * scale[Math.floor(i / size)]),
    bias: part("bias").map((b, k) => b - part("running_mean")[k] * scale[k]),
  };
}

export async function load(url) {
  const { card, tensors } = read(await (await fetch(url)).arrayBuffer());
  const { block, stem, blocks } = card.architecture;
  if (block !== "basic" || stem !== "small") throw new Error("only basic blocks behind the stem `small`");
  const layers = { stem: folded(tensors, "conv1", "bn1", 2), blocks: [] };
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const name = `layer${stage + 1}.${i}`;
      const stride = stage > 0 && i === 0 ? 2 : 1;
      layers.blocks.push({
        first: folded(tensors, `${name}.conv1`, `${name}.bn1`, stride),
        second: folded(tensors, `${name}.conv2`, `${name}.bn2`, 1),
        shortcut: `${name}.downsample.0.weight` in tensors
          ? folded(tensors, `${name}.downsample.0`, `${name}.downsample.1`, stride)
          : null,
      });
    }
  });
  return { layers, size: card.input_size, mean: card.mean, std: card.std };
}

// The images of `robust-reps bench`: planes of red, green and blue, one after another.
export function scene(size, index) {
  return Float32Array.from({ length: 3 * size * size }, (_, place) => {
    const mixed = Math.imul(place + index * 1_000_003, 2_654_435_761) >>> 8;
    return 0.25 + (0.5 * mixed) / (1 << 24);
  });
}

// Steps before the clock starts, as in `robust-reps bench`.
const WARM_UP = 2;

// `step` queues one step, `distance` waits for the device. Steps a second, and the distance after warming up.
export async function measure(step, distance, seconds) {
  for (let i = 0; i < WARM_UP; i++) await step();
  const reached = await distance();
  const started = performance.now();
  let [steps, chunk, elapsed] = [0, 1, 0];
  while (elapsed < seconds) {
    for (let i = 0; i < chunk; i++) await step();
    steps += chunk;
    await distance();
    elapsed = (performance.now() - started) / 1000;
    chunk = Math.min(64, Math.max(1, Math.floor((steps / elapsed) * 0.25)));
  }
  return { stepsPerSecond: steps / elapsed, distance: reached };
}
