// The value of one option of a command: typed, chosen from a list, or a file.

import { el, fill, icon } from "./dom.js";
import { bytes, nameOf } from "./names.js";

export const ATTACHMENT = 11;
const [INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER] = [4, 5, 6, 7, 8, 9, 10];

export class FieldError extends Error {}

export function fieldFor(option, form) {
  return option.type === ATTACHMENT ? new FileField(option, form) : new TextField(option, form);
}

/** What an option offers without asking the bot, or null where anything can be typed. */
function fixedChoices(option, store) {
  const guild = store.place.guild;
  const people = () => (guild?.members ?? []).map(({ user }) => ({ name: nameOf(user), value: user.id }));
  const roles = () => (guild?.roles ?? []).map((role) => ({ name: role.name, value: role.id }));
  const made = {
    [BOOLEAN]: () => [{ name: "True", value: true }, { name: "False", value: false }],
    [USER]: people, [ROLE]: roles, [MENTIONABLE]: () => [...people(), ...roles()],
    [CHANNEL]: () => (guild?.channels ?? []).map((channel) => ({ name: channel.name, value: channel.id })),
  }[option.type];
  return made?.() ?? (option.choices?.length ? option.choices : null);
}

export class TextField {
  #picked = null;
  #asked = 0;
  #timer = null;

  constructor(option, form) {
    Object.assign(this, { option, form });
    this.choices = fixedChoices(option, form.app.store);
    this.input = el("textarea.option-input", {
      rows: 1, spellcheck: false, autocomplete: "off", role: "combobox", "aria-label": option.name, "aria-autocomplete": "list",
      "aria-required": Boolean(option.required), dataset: { option: option.name },
      oninput: () => this.#typed(), onfocus: () => this.offer(), onkeydown: (event) => form.key(event, this),
    });
    this.element = el("span.option", { onclick: () => this.input.focus() }, el("span.option-name", {}, option.name), this.input);
    this.#size();
  }

  get empty() { return this.input.value === ""; }
  get raw() { return this.#picked?.name === this.input.value ? this.#picked.value : this.input.value; }
  focus() { this.input.focus(); }

  /** Fills the field in as if it had been chosen or typed. */
  set(value) {
    const choice = this.choices?.find((one) => one.value === value || one.name === value);
    this.input.value = choice?.name ?? String(value);
    this.#picked = choice ?? null;
    this.#size();
  }

  #typed() {
    this.#picked = null;
    this.element.classList.remove("wrong");
    this.form.split(this);
    this.#size();
    this.offer();
  }

  #size() {
    const longest = Math.max(...this.input.value.split("\n").map((line) => line.length));
    this.input.style.width = `${Math.min(Math.max(longest, 3) + 1.5, 90)}ch`;
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 160)}px`;
  }

  /** Shows what can be chosen for what has been typed so far. */
  offer() {
    this.form.refresh();
    if (this.option.autocomplete) this.#ask();
    else this.#list(this.#fitting());
  }

  #fitting() {
    const typed = this.input.value.toLowerCase();
    if (this.#picked) return this.choices ?? [];
    return (this.choices ?? []).filter((choice) => choice.name.toLowerCase().includes(typed)).slice(0, 25);
  }

  #ask() {
    const number = (this.#asked += 1);
    clearTimeout(this.#timer);
    if (!this.form.app.suggestions.open) this.#list([]);
    this.#timer = setTimeout(async () => {
      const answer = await this.form.autocomplete(this.option.name).catch((problem) => ({ choices: [], failed: problem.message }));
      if (number === this.#asked && document.activeElement === this.input) this.#list(answer.choices, answer.failed);
    }, 120);
  }

  #list(choices, failed = null) {
    const items = choices.map((choice) => ({ title: choice.name, choice }));
    const eager = Boolean(this.choices) || this.input.value !== "";
    this.form.app.suggestions.show({ title: this.form.title(this.option, failed), items, eager, input: this.input, pick: ({ choice }) => this.#choose(choice) });
  }

  #choose(choice) {
    this.#picked = choice;
    this.input.value = choice.name;
    this.#asked += 1;
    clearTimeout(this.#timer);
    this.#size();
    this.form.after(this);
  }

  /** The value to send, undefined where nothing was given. Throws FieldError with what to do. */
  value() {
    const { option } = this;
    const text = this.input.value.trim();
    if (text === "") return missing(option);
    if (this.#picked) return this.#picked.value;
    if (this.choices) return this.#chosen(text);
    if (option.type === INTEGER || option.type === NUMBER) return number(text, option);
    if (text.length < (option.min_length ?? 0)) throw new FieldError(`${option.name} needs at least ${option.min_length} characters.`);
    if (text.length > (option.max_length ?? 6000)) throw new FieldError(`${option.name} can have at most ${option.max_length ?? 6000} characters.`);
    return text;
  }

  #chosen(text) {
    const choice = this.choices.find((one) => one.name.toLowerCase() === text.toLowerCase());
    if (!choice) throw new FieldError(`Choose one of the values that ${this.option.name} offers.`);
    return choice.value;
  }
}

function missing(option) {
  if (option.required) throw new FieldError(`${option.name} is required. ${option.description}`);
  return undefined;
}

function number(text, option) {
  const value = Number(text);
  if (!Number.isFinite(value) || (option.type === INTEGER && !Number.isInteger(value))) {
    throw new FieldError(`${option.name} must be a ${option.type === INTEGER ? "whole number" : "number"}.`);
  }
  if (value < (option.min_value ?? -Infinity)) throw new FieldError(`${option.name} must be at least ${option.min_value}.`);
  if (value > (option.max_value ?? Infinity)) throw new FieldError(`${option.name} must be at most ${option.max_value}.`);
  return value;
}

const SOUND = /voice|audio|speech|spoken|sound|record/i;

export class FileField {
  file = null;

  constructor(option, form) {
    Object.assign(this, { option, form });
    this.picker = el("input", { type: "file", hidden: true, tabIndex: -1, dataset: { option: option.name }, onchange: () => this.form.files([...this.picker.files], this) });
    this.button = el("button.option-file", {
      type: "button", "aria-label": `${option.name}: choose a file`, onclick: () => this.picker.click(),
      onfocus: () => form.focused(this), onkeydown: (event) => form.key(event, this),
    });
    const records = SOUND.test(`${option.name} ${option.description}`) && el("button.icon-button", {
      type: "button", title: "Record", "aria-label": `${option.name}: record`, onclick: () => form.record(this),
    }, icon("mic"));
    this.element = el("span.option", {}, el("span.option-name", {}, option.name), this.button, records, this.picker);
    this.set(null);
  }

  get empty() { return this.file === null; }
  get raw() { return undefined; }
  focus() { this.button.focus(); }

  set(file) {
    this.file = file;
    if (this.preview) URL.revokeObjectURL(this.preview);
    this.preview = file?.type.startsWith("image/") ? URL.createObjectURL(file) : null;
    this.element.classList.remove("wrong");
    fill(this.button, this.preview && el("img.crisp", { src: this.preview, alt: "" }),
      file ? [el("span", {}, file.name), el("small", {}, bytes(file.size))] : el("span.placeholder", {}, "Drop or choose a file"));
  }

  value() {
    if (this.file) return this.file;
    return missing(this.option);
  }
}
