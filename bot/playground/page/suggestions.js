// The list above the message box: commands, options, choices. One is highlighted; arrows, Tab and Enter work from the input.

import { el, fill } from "./dom.js";

let ids = 0;

export class Suggestions {
  #items = [];
  #at = 0;
  #pick = null;

  constructor() {
    this.title = el("div.suggestions-title");
    this.list = el("div.suggestions-list", { role: "listbox", id: "suggestions", "aria-label": "Suggestions" });
    this.element = el("div.suggestions", { hidden: true, onmousedown: (event) => event.preventDefault() }, this.title, this.list);
  }

  get open() { return !this.element.hidden && this.#items.length > 0; }

  /** Items are `{title, detail?, note?, mark?}`; `pick(item)` hears the choice; `input` keeps the focus. */
  show({ title, items, pick, input, eager = true }) {
    this.#items = items;
    this.#pick = pick;
    this.#at = eager ? 0 : -1;
    this.input = input;
    fill(this.title, title);
    fill(this.list, items.map((item, index) => this.#row(item, index)));
    this.list.hidden = !items.length;
    this.element.hidden = !items.length && !title;
    input?.setAttribute("aria-expanded", String(this.open));
    input?.setAttribute("aria-controls", "suggestions");
    this.#highlight();
  }

  hide() {
    this.element.hidden = true;
    this.#items = [];
    this.input?.setAttribute("aria-expanded", "false");
    this.input?.removeAttribute("aria-activedescendant");
  }

  #row(item, index) {
    return el("div.suggestion", {
      role: "option", id: `suggestion-${(ids += 1)}`, "aria-selected": false,
      onmousemove: () => { if (this.#at !== index) { this.#at = index; this.#highlight(false); } },
      onclick: () => this.#choose(index),
    }, item.mark, el("span.suggestion-text", {}, el("b", {}, item.title), item.detail && el("small", {}, item.detail)), item.note && el("span.suggestion-note", {}, item.note));
  }

  #highlight(scroll = true) {
    [...this.list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === this.#at)));
    const row = this.list.children[this.#at];
    if (row && scroll) row.scrollIntoView({ block: "nearest" });
    if (row) this.input?.setAttribute("aria-activedescendant", row.id);
    else this.input?.removeAttribute("aria-activedescendant");
  }

  #choose(index) {
    const item = this.#items[index];
    if (item) this.#pick(item);
  }

  /** Handles a key of the input; true when it was one for the list. */
  key(event) {
    if (!this.open) return false;
    const count = this.#items.length;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) this.#at = this.#at < 0 ? (move > 0 ? 0 : count - 1) : (this.#at + move + count) % count;
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && this.#at >= 0) this.#choose(this.#at);
    else return false;
    this.#highlight();
    event.preventDefault();
    return true;
  }
}
