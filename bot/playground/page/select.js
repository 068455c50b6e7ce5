// Select menus, in messages and in modals.

import { el, fill, icon, outside } from "./dom.js";
import { avatar, nameOf } from "./names.js";

/** What a select offers: its own options, or people, roles and channels of the guild in view. */
export function choicesOf(component, store) {
  const guild = store.place?.guild;
  const picked = new Set((component.default_values ?? []).map(({ id }) => id));
  const known = (id, label, more = {}) => ({ value: id, label, default: picked.has(id), ...more });
  const people = () => (guild ? guild.members.map(({ user }) => user) : [store.me, store.bot]).map((user) => known(user.id, nameOf(user), { user }));
  const roles = () => (guild?.roles ?? []).map((role) => known(role.id, `@${role.name}`));
  const channels = () => (guild?.channels ?? []).map((channel) => known(channel.id, `#${channel.name}`));
  const sources = { 5: people, 6: roles, 7: () => [...people(), ...roles()], 8: channels };
  return sources[component.type]?.() ?? component.options ?? [];
}

/** A menu that calls `chosen(values)`: at once for a single value, on closing for several. */
export class Select {
  #stop = null;

  constructor({ component, choices, chosen, busy = false, key = "" }) {
    this.choices = choices;
    this.chosen = chosen;
    this.placeholder = component.placeholder ?? "Make a selection";
    this.most = component.max_values ?? 1;
    this.least = component.min_values ?? 1;
    this.values = choices.filter((choice) => choice.default).map((choice) => choice.value);
    this.sent = this.values;
    this.face = el("span.select-face");
    this.opener = el("button.select-opener", {
      type: "button", disabled: Boolean(component.disabled), "aria-haspopup": "listbox", "aria-expanded": false, "aria-busy": busy,
      "aria-label": this.placeholder, dataset: { key, customId: component.custom_id },
      onclick: () => (this.#stop ? this.#close() : this.#open()),
    }, this.face, icon("down"));
    this.menu = el("div.select-menu", { role: "listbox", "aria-multiselectable": this.most > 1, hidden: true });
    this.element = el("div.select", { class: busy ? "busy" : "", onkeydown: (event) => this.#keys(event) }, this.opener, this.menu);
    this.#label();
  }

  #label() {
    const picked = this.choices.filter((choice) => this.values.includes(choice.value));
    fill(this.face, picked.length ? picked.map((choice) => el("span.select-value", {}, mark(choice), choice.label))
      : el("span.placeholder", {}, this.placeholder));
  }

  #draw() {
    fill(this.menu, this.choices.length ? this.choices.map((choice) => this.#option(choice)) : el("div.select-none", {}, "Nothing to choose from"));
  }

  #open() {
    this.#draw();
    this.menu.hidden = false;
    this.opener.setAttribute("aria-expanded", "true");
    this.#stop = outside(this.element, () => this.#close());
    this.menu.scrollIntoView({ block: "nearest" });
    (this.menu.querySelector("[aria-selected=true]") ?? this.menu.firstElementChild).focus({ preventScroll: true });
  }

  #option(choice) {
    const selected = this.values.includes(choice.value);
    return el("div.select-option", {
      role: "option", tabIndex: -1, "aria-selected": selected, dataset: { value: choice.value }, onclick: () => this.#pick(choice.value),
    }, mark(choice), el("span.select-about", {}, el("span", {}, choice.label), choice.description && el("small", {}, choice.description)),
    el("span.select-check", {}, selected && icon("check")));
  }

  #pick(value) {
    if (this.most === 1) {
      this.values = [value];
      this.sent = null;
      return this.#close();
    }
    if (this.values.includes(value)) this.values = this.values.filter((one) => one !== value);
    else if (this.values.length < this.most) this.values = [...this.values, value];
    this.#draw();
    return this.menu.children[this.choices.findIndex((choice) => choice.value === value)].focus();
  }

  #close() {
    this.#stop?.();
    this.#stop = null;
    this.menu.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.focus({ preventScroll: true });
    this.#label();
    const changed = String([...(this.sent ?? [null])].sort()) !== String([...this.values].sort());
    if (!changed || this.values.length < this.least) return;
    this.sent = this.values;
    this.chosen(this.values);
  }

  #keys(event) {
    if (this.menu.hidden) return;
    const options = [...this.menu.querySelectorAll("[role=option]")];
    const at = options.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 }[event.key];
    if (to !== undefined) options[(to + options.length) % options.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") this.#close();
    else if (event.key === "Enter" || event.key === " ") options[at]?.click();
    else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  }
}

function mark(choice) {
  if (choice.user) return avatar(choice.user, "span.avatar.tiny");
  return choice.emoji && el("span.emoji", { "aria-hidden": true }, choice.emoji.name);
}
