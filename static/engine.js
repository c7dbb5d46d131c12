// Starts an engine in this worker. Its wasm arrives compiled with the first message; from then
// on the engine itself listens. It answers in bytes; a string says that there is no engine.
self.onmessage = async ({ data }) => {
  self.onmessage = null;
  try {
    const { default: init } = await import(data.script);
    await init({ module_or_path: data.module });
  } catch (error) {
    self.postMessage(`the engine did not start: ${error}`);
  }
};
