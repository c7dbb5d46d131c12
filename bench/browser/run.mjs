// Steps a second of the page's engine and its peers, in one Chromium, in turns.
//
//     cargo xtask build
//     cd bench/browser && npm install && node run.mjs ../../static/models/robust.safetensors
//
// Options: --rounds 3 --seconds 10 --batch 1,8 --chromium /usr/bin/chromium --json results.json

import { createServer } from "node:http";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "10" },
    batch: { type: "string", default: "1,8" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    dist: { type: "string", default: join(here, "../../dist") },
    json: { type: "string" },
  },
});
const [model] = positionals;
if (!model) {
  console.error("usage: node run.mjs MODEL.safetensors [--rounds N] [--seconds S] [--batch 1,8]");
  process.exit(2);
}
const seconds = Number(options.seconds);
const batches = options.batch.split(",").map(Number);

const bundles = await mkdtemp(join(tmpdir(), "peers-"));
await build({
  entryPoints: [join(here, "tfjs.js"), join(here, "jax.js")],
  bundle: true,
  format: "esm",
  outdir: bundles,
  logLevel: "error",
});

// The page's own index of models, with this one alone.
const bytes = await readFile(model);
const entry = {
  name: "bench",
  role: "robust",
  file: "bench.safetensors",
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
};
const files = {
  "/peers.html": Buffer.from("<!doctype html><title>peers</title>"),
  "/bench/index.json": Buffer.from(JSON.stringify([entry])),
  "/bench/bench.safetensors": bytes,
};
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json", ".css": "text/css" };
const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, "http://localhost").pathname);
  const file = path === "/" ? "/index.html" : path;
  const root = /^\/(tfjs|jax)\.js$/.test(file) ? bundles : options.dist;
  try {
    const content = files[file] ?? (await readFile(join(root, file)));
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const address = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath: options.chromium,
  args: ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--disable-background-networking"],
});

async function fresh(path) {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(`${path}: ${error.message}`));
  await page.goto(address + path);
  return page;
}

async function ours(batch) {
  const page = await fresh(`/?view=bench&engine=webgpu&models=bench/index.json&seconds=${seconds}&batch=${batch}`);
  try {
    await page.waitForFunction(
      () => ["done", "failed"].includes(document.querySelector("#verdict")?.textContent),
      null,
      { timeout: 600_000 },
    );
    const lines = await page.textContent("#lines");
    const found = lines.match(new RegExp(`batch ${batch}: ([0-9.]+) steps a second, distance ([0-9.]+)`));
    if (!found) throw new Error(`the page's bench said: ${lines}`);
    return { stepsPerSecond: Number(found[1]), distance: Number(found[2]) };
  } finally {
    await page.close();
  }
}

const peer = (name) => async (batch) => {
  const page = await fresh("/peers.html");
  try {
    return await page.evaluate(
      async ([name, batch, seconds]) => (await import(`/${name}.js`)).run("/bench/bench.safetensors", batch, seconds),
      [name, batch, seconds],
    );
  } finally {
    await page.close();
  }
};

const runners = { "robust-reps": ours, "jax-js": peer("jax"), "TensorFlow.js": peer("tfjs") };
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const table = [];
for (const batch of batches) {
  const measured = Object.fromEntries(Object.keys(runners).map((name) => [name, []]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [name, run] of Object.entries(runners)) {
      const result = await run(batch);
      measured[name].push(result);
      console.error(`batch ${batch}, round ${round + 1}, ${name}: ${result.stepsPerSecond.toFixed(3)} steps a second, distance ${result.distance.toFixed(5)}`);
    }
  }
  const speeds = Object.entries(measured).map(([name, results]) => ({
    name,
    stepsPerSecond: median(results.map((result) => result.stepsPerSecond)),
    distance: results[0].distance,
  }));
  const [own, ...others] = speeds;
  const wrong = others.find(({ distance }) => Math.abs(distance - own.distance) > 2e-3);
  if (wrong) {
    console.error(`${wrong.name} computes something else: distance ${wrong.distance} against ${own.distance}`);
    process.exitCode = 1;
  }
  const best = Math.max(...others.map(({ stepsPerSecond }) => stepsPerSecond));
  table.push({ model: basename(model), batch, speeds, ratio: own.stepsPerSecond / best });
}
for (const { batch, speeds, ratio } of table) {
  const cells = speeds.map(({ name, stepsPerSecond }) => `${name} ${stepsPerSecond.toFixed(2)}`);
  console.log(`batch ${batch}: ${cells.join(", ")} steps a second; ours to the faster peer ${ratio.toFixed(2)}`);
}
if (options.json) await writeFile(options.json, JSON.stringify(table, null, 2));
await browser.close();
server.close();
