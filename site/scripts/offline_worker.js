// Keeps what was read, so that it can be read again without a network. The network always comes first: a kept
// page is shown only when it cannot be reached, so nothing stale stays once the site has changed.

"use strict";

const STORE = `moocmap:${registration.scope}`;
const OFFLINE = new URL("offline.html", registration.scope).href;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.add(OFFLINE)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("message", (event) => event.waitUntil(keep(event.data?.keep ?? [])));

addEventListener("fetch", (event) => {
  const {method, url} = event.request;
  if (method === "GET" && new URL(url).origin === location.origin) event.respondWith(answer(event.request));
});

/** Keep files that a page had loaded before this worker watched over it. */
async function keep(urls) {
  const store = await caches.open(STORE);
  const ours = urls.map(named).filter((url) => url.startsWith(registration.scope));
  await Promise.allSettled(ours.map(async (url) => (await store.match(url)) ?? store.add(url)));
}

/** Return the name under which a file is kept: parameters and places within it make no other file. */
function named(url) {
  const name = new URL(url);
  name.search = name.hash = "";
  if (name.pathname.endsWith("/")) name.pathname += "index.html";
  return name.href;
}

async function answer(request) {
  try {
    const fresh = await fetch(request);
    if (fresh.ok && fresh.type === "basic") {
      const copy = fresh.clone();
      const store = await caches.open(STORE);
      await store.put(named(request.url), copy).catch(() => {}); // a full disk is no reason to fail
    }
    return fresh;
  } catch (error) {
    const store = await caches.open(STORE);
    const kept = (await store.match(named(request.url))) ?? (request.mode === "navigate" && (await store.match(OFFLINE)));
    if (kept) return kept;
    throw error;
  }
}
