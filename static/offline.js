// The page without a network. This worker answers for the files that were listed when the page was
// packaged, and only with what they held then: no visit mixes two versions.

// SHA-256 by path; `cargo xtask package` fills it in.
const FILES = {};

// Shared with the page's own downloads, which are kept under the same names.
const CACHE = "robust-reps";

const SCOPE = self.registration.scope;

// By content: what two versions have in common is fetched once.
const key = (path) => new URL(`${path}?sha256=${FILES[path]}`, SCOPE).href;

// Fails where the server has another version by now.
const fetchListed = (path) => {
  const bytes = FILES[path].match(/../g).map((hex) => parseInt(hex, 16));
  const integrity = `sha256-${btoa(String.fromCharCode(...bytes))}`;
  // Some hosts redirect from `index.html`, and a redirected answer opens no page.
  const address = new URL(path === "index.html" ? "./" : path, SCOPE);
  return fetch(address, { integrity, cache: "no-cache" });
};

const keepAll = async () => {
  const cache = await caches.open(CACHE);
  for (const path of Object.keys(FILES)) {
    if (await cache.match(key(path))) continue;
    const response = await fetchListed(path);
    if (!response.ok) throw new Error(`${path}: the server says ${response.status}`);
    await cache.put(key(path), response);
  }
};

const dropOthers = async () => {
  const cache = await caches.open(CACHE);
  const listed = new Set(Object.keys(FILES).map(key));
  for (const { url } of await cache.keys()) {
    if (url.startsWith(SCOPE) && !listed.has(url)) await cache.delete(url);
  }
};

const answer = async (path, request) => {
  const kept = await (await caches.open(CACHE)).match(key(path));
  if (kept) return kept;
  // Better another version of the page than none.
  return fetchListed(path).catch((error) => {
    if (request.mode === "navigate") return fetch(request);
    throw error;
  });
};

self.addEventListener("install", (event) => event.waitUntil(keepAll()));

self.addEventListener("activate", (event) => event.waitUntil(dropOthers()));

// The visitor has agreed to the new version.
self.addEventListener("message", ({ data }) => {
  if (data === "take over") self.skipWaiting();
});

// Where only this worker can show the notification of a finished run, it leads back to the page.
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const back = async () => {
    const [page] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    await page?.focus();
  };
  event.waitUntil(back());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(SCOPE)) return;
  const path = url.pathname.slice(new URL(SCOPE).pathname.length) || "index.html";
  if (Object.hasOwn(FILES, path)) event.respondWith(answer(path, request));
});
