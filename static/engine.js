// Starts an engine in this worker. Its wasm arrives compiled with the first message; from then
// on the engine itself listens.
self.onmessage = async ({ data }) => {
  self.onmessage = null;
  try {
    const { default: init } = await import(data.script);
    await init({ module_or_path: data.module });
  } catch (error) {
    self.postMessage({ Failed: { message: `the engine did not start: ${error}` } });
  }
};
