// Browsers refuse to start a worker from the file system. There, and only there, run its script in a hidden
// frame instead: the search then works without a server. Material's search worker looks for the name IFrameWorker.
(function () {
  "use strict";
  if (location.protocol !== "file:") return;

  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.url = String(new URL(url, document.baseURI));
      this.waiting = [];
      this.onmessage = this.onerror = null;
      var frame = document.createElement("iframe");
      frame.hidden = true;
      frame.setAttribute("aria-hidden", "true");
      frame.title = "search";
      document.body ? this.attach(frame) : addEventListener("DOMContentLoaded", () => this.attach(frame));
    }

    attach(frame) {
      document.body.appendChild(frame);
      this.inner = frame.contentWindow;
      var page = this.inner.document;
      page.open();
      page.write("<!doctype html><html><body></body></html>");
      page.close();
      this.inner.importScripts = (...urls) => urls.reduce((before, url) => before.then(() => this.load(page, url)), Promise.resolve());
      // What the worker's script posts to "itself" or to its parent is meant for the page.
      this.inner.postMessage = data => this.deliver(data);
      this.load(page, this.url).then(() => {
        this.ready = true;
        this.waiting.splice(0).forEach(data => this.postMessage(data));
      });
    }

    load(page, url) {
      return new Promise((resolve, reject) => {
        var script = page.createElement("script");
        script.src = String(new URL(url, this.url));
        script.onload = resolve;
        script.onerror = () => reject(new Error("cannot load " + script.src));
        page.body.appendChild(script);
      });
    }

    postMessage(data) {
      if (!this.ready) { this.waiting.push(data); return; }
      this.inner.dispatchEvent(new this.inner.MessageEvent("message", { data: data }));
    }

    deliver(data) {
      setTimeout(() => {
        var event = new MessageEvent("message", { data: data });
        this.dispatchEvent(event);
        if (this.onmessage) this.onmessage(event);
      });
    }

    terminate() {
      if (this.inner) this.inner.frameElement.remove();
    }
  }

  window.IFrameWorker = window.Worker = IFrameWorker;
})();
