// Lets the browser keep the pages that were read, so that they can be read again without a network. Pages opened
// from the file system need none of this, and the preview of `moocmap serve` must not outlive its server.

/** Start the worker that keeps pages; `element` tells where the site's root is. */
export function startOffline(element) {
  const isPreview = document.querySelector('script[src^="/__moocmap"]');
  if (!navigator.serviceWorker || !location.protocol.startsWith("http") || isPreview) return;
  const root = new URL(element.dataset.mmRoot + "/", location.href);
  const start = async () => {
    try {
      await navigator.serviceWorker.register(new URL("offline_worker.js", root), {scope: root.pathname});
      const {active} = await navigator.serviceWorker.ready;
      const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
      active.postMessage({keep: [location.href, ...loaded]});
    } catch {
      // Private windows and strict settings forbid it; the site works without.
    }
  };
  if (document.readyState === "complete") start();
  else addEventListener("load", start, {once: true});
}
