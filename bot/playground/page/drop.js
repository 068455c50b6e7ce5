// Files dragged over the page or pasted into it.

import { el } from "./dom.js";

/** Calls `take(files)` for files dropped on `target`; shows `label()` while they hover. */
export function acceptDrops(target, { label, take }) {
  const text = el("b");
  const veil = el("div.drop-veil", { hidden: true }, el("div.drop-card", {}, text));
  target.append(veil);
  let depth = 0;
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  const show = (on) => { depth = on ? depth : 0; veil.hidden = !on; text.textContent = on ? label() : ""; };
  target.addEventListener("dragenter", (event) => { if (carries(event)) { depth += 1; show(true); } });
  target.addEventListener("dragleave", (event) => { if (carries(event) && (depth -= 1) <= 0) show(false); });
  target.addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(); });
  target.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.stopPropagation();
    show(false);
    take([...event.dataTransfer.files]);
  });
}

/** Calls `take(files)` for files pasted anywhere in `target`; pasted text goes its usual way. */
export function acceptPastes(target, take) {
  target.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
}
