// An open page hears that something changed, asks for itself again, and puts the new parts in place of the old ones.
// Without this script every page works all the same; it is then as old as its last loading.
"use strict";
(() => {
  const AGAIN_MS = 30000, STALE_MS = 15000;
  let busy = false, once_more = false, stale = null;

  // A part in which somebody writes stays as it is.
  const written_in = (part) =>
    [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((field) => field.value || field === document.activeElement);

  const renew = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML || written_in(part)) return;
    const open = new Set([...part.querySelectorAll("details[open]")].map((one) => one.id));
    const at = part.contains(document.activeElement) ? [...part.querySelectorAll("a, button, summary, [tabindex]")].indexOf(document.activeElement) : -1;
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll("details").forEach((one) => { if (open.has(one.id)) one.open = true; });
    if (at >= 0) part.querySelectorAll("a, button, summary, [tabindex]")[at]?.focus();
  };

  const refresh = async () => {
    if (!document.querySelector("[data-live]")) return;
    if (busy) { once_more = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Tillpost-Live": "1" }, cache: "no-store" });
      if (answer.redirected) { location.assign(answer.url); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.querySelectorAll("[data-live]").forEach((part) => {
        const own = fresh.getElementById(part.id);
        if (own) renew(part, own);
      });
      document.title = fresh.title;
      document.body.className = fresh.body.className;
    } catch {
      // The line to the agent is gone: the stream says so.
    } finally {
      busy = false;
      if (once_more) { once_more = false; refresh(); }
    }
  };

  const fresh_again = () => { clearTimeout(stale); stale = null; document.getElementById("stale").hidden = true; };
  const listen = () => {
    const source = new EventSource("/events");
    source.addEventListener("open", fresh_again);
    source.addEventListener("open", refresh);
    source.addEventListener("change", refresh);
    source.addEventListener("error", () => {
      stale ??= setTimeout(() => { document.getElementById("stale").hidden = false; }, STALE_MS);
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
    });
  };
  // What became of an action is told once, not again when the page is loaded anew.
  const address = new URL(location.href);
  if (address.searchParams.has("said")) {
    address.searchParams.delete("said");
    history.replaceState(null, "", address);
  }
  document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));
  if (document.querySelector("[data-live]")) listen();
})();
