// Starts an engine, or whatever else computes, in this worker. Its wasm arrives compiled with the
// first message, and listens itself from then on. It answers in bytes; a string says that it could
// not be started.
self.onmessage = async ({ data }) => {
  self.onmessage = null;
  try {
    if (self.GPUAdapter) doWithoutClock(GPUAdapter.prototype);
    const { default: init } = await import(data.script);
    await init({ module_or_path: data.module });
  } catch (error) {
    self.postMessage(`a worker did not start: ${error}`);
  }
};

// Burn ends where a device cannot time its own work, though nothing here is timed. It is told that
// each can, and the device is asked for without what it does not have.
function doWithoutClock(adapter) {
  const { get } = Object.getOwnPropertyDescriptor(adapter, 'features');
  const request = adapter.requestDevice;
  Object.defineProperty(adapter, 'features', {
    get() {
      return new Set([...get.call(this), 'timestamp-query']);
    },
  });
  adapter.requestDevice = async function ({ requiredFeatures = [], ...rest } = {}) {
    const there = get.call(this);
    const features = [...requiredFeatures].filter((feature) => there.has(feature));
    const device = await request.call(this, { ...rest, requiredFeatures: features });
    // At once, and not when something is to run on it.
    device.lost.then(() => self.postMessage('the graphics device gave up'));
    if (navigator.userAgent.includes('Firefox')) hurry(device.queue, GPUBuffer.prototype);
    return device;
  };
}

// Firefox looks every 100 ms, and whenever something is submitted, whether a buffer has been mapped.
function hurry(queue, buffer) {
  const { mapAsync } = buffer;
  buffer.mapAsync = function (...range) {
    const mapped = mapAsync.apply(this, range);
    const timer = setInterval(() => queue.submit([]), 1);
    const stop = () => clearInterval(timer);
    mapped.then(stop, stop);
    return mapped;
  };
}
