// A picture on its own, as large as fits; arrows go through the others of its message.

import { fit, isSmall } from "./attachments.js";
import { el, fill, icon } from "./dom.js";

export class Lightbox {
  #items = [];
  #at = 0;

  constructor() {
    this.stage = el("figure.lightbox-stage");
    const move = (by, name, label) => el("button.icon-button.lightbox-move", { type: "button", "aria-label": label, class: name, onclick: () => this.#move(by) }, icon(name));
    this.back = move(-1, "left", "Previous picture");
    this.next = move(1, "right", "Next picture");
    this.element = el("dialog.lightbox", { "aria-label": "Picture", onkeydown: (event) => this.#keys(event), onclick: (event) => this.#clicked(event) },
      el("button.icon-button.lightbox-close", { type: "button", "aria-label": "Close", onclick: () => this.element.close() }, icon("close")),
      this.back, this.stage, this.next);
    document.body.append(this.element);
  }

  /** `items` are `{url, width, height, name?, description?}`. */
  open(items, index) {
    this.#items = items;
    this.#at = index;
    this.#draw();
    this.element.showModal();
  }

  #draw() {
    const { url, width, height, name, description } = this.#items[this.#at];
    const [shownWidth, shownHeight] = large(width, height);
    const about = [description ?? name, width && `${width} × ${height}`, this.#items.length > 1 && `${this.#at + 1} of ${this.#items.length}`];
    fill(this.stage,
      el("img", { src: url, alt: description ?? name ?? "", class: isSmall(width, height) ? "crisp" : "", width: shownWidth, height: shownHeight }),
      el("figcaption", {}, el("span", {}, about.filter(Boolean).join("  ·  ")), el("a", { href: url, target: "_blank", rel: "noopener" }, "Open original")));
    this.back.hidden = this.next.hidden = this.#items.length < 2;
  }

  #move(by) {
    this.#at = (this.#at + by + this.#items.length) % this.#items.length;
    this.#draw();
  }

  #keys(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && this.#items.length > 1) this.#move(by);
  }

  #clicked(event) {
    if (event.target === this.element || event.target === this.stage) this.element.close();
  }
}

/** The size in the window: small pictures in whole multiples, so that every pixel stays square. */
function large(width, height) {
  const box = [innerWidth * 0.86, innerHeight * 0.8];
  if (!isSmall(width, height)) return fit(width ?? box[0], height ?? box[1], box);
  const scale = Math.max(1, Math.floor(Math.min(box[0] / width, box[1] / height)));
  return [width * scale, height * scale];
}
