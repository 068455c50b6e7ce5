// The inputs of a modal. Each has customId, element, problem, value, check() and focus().

import { el } from "./dom.js";
import { choicesOf, Select } from "./select.js";
import { UploadInput } from "./upload_input.js";

const [TEXT, UPLOAD, RADIO, CHECKBOXES, CHECKBOX] = [4, 19, 21, 22, 23];
const PARAGRAPH = 2;

export function inputFor(component, context) {
  const kinds = { [TEXT]: TextInput, [UPLOAD]: UploadInput, [RADIO]: Options, [CHECKBOXES]: Options, [CHECKBOX]: Checkbox };
  return new (kinds[component.type] ?? SelectInput)(component, context);
}

/** What all inputs share: an id for the label, a place for what is wrong. */
export class Input {
  constructor(component) {
    this.component = component;
    this.customId = component.custom_id;
    this.id = `field-${component.custom_id}`;
    this.problem = el("p.field-problem", { role: "alert", hidden: true });
  }

  get required() { return this.component.required !== false; }
  focus() { this.element.focus(); }

  check() {
    const wrong = this.wrong();
    this.problem.textContent = wrong;
    this.problem.hidden = !wrong;
    return !wrong;
  }
}

class TextInput extends Input {
  constructor(component) {
    super(component);
    const long = component.style === PARAGRAPH;
    this.count = el("span.count", { "aria-hidden": true });
    this.input = el(long ? "textarea.text-input" : "input.text-input", {
      id: this.id, name: this.customId, value: component.value ?? "", placeholder: component.placeholder ?? "",
      ...(long ? { rows: 4 } : { type: "text", autocomplete: "off" }), maxLength: component.max_length ?? 4000, "aria-required": this.required,
      oninput: () => this.#draw(),
    });
    this.element = el("div.text-field", {}, this.input, this.count);
    this.#draw();
  }

  #draw() { this.count.textContent = `${this.input.value.length}/${this.component.max_length ?? 4000}`; }
  get value() { return this.input.value; }
  focus() { this.input.focus(); }

  wrong() {
    const { length } = this.value.trim();
    if (!length) return this.required ? "This is required." : "";
    return length < (this.component.min_length ?? 0) ? `Write at least ${this.component.min_length} characters.` : "";
  }
}

class SelectInput extends Input {
  constructor(component, { store, label }) {
    super(component);
    const choices = choicesOf(component, store);
    this.value = choices.filter((choice) => choice.default).map((choice) => choice.value);
    const shown = { placeholder: label, ...component };
    this.select = new Select({ component: shown, choices, chosen: (values) => { this.value = values; this.check(); } });
    this.select.opener.id = this.id;
    this.element = this.select.element;
  }

  focus() { this.select.opener.focus(); }
  wrong() { return this.required && this.value.length < (this.component.min_values ?? 1) ? "Choose from the list." : ""; }
}

/** Radio and checkbox groups. */
class Options extends Input {
  constructor(component) {
    super(component);
    const type = component.type === RADIO ? "radio" : "checkbox";
    this.boxes = component.options.map((option) => el("input", { type, name: this.customId, value: option.value, checked: Boolean(option.default) }));
    this.element = el("div.options", { id: this.id, role: type === "radio" ? "radiogroup" : "group" }, component.options.map((option, index) =>
      el("label.option-row", {}, this.boxes[index], el("span", {}, option.label, option.description && el("small", {}, option.description)))));
  }

  get value() { return this.boxes.filter((box) => box.checked).map((box) => box.value); }
  focus() { this.boxes[0].focus(); }
  wrong() {
    const { min_values: least = 1, max_values: most = this.boxes.length } = this.component;
    if (!this.value.length && !this.required) return "";
    if (this.value.length < least) return least > 1 ? `Choose at least ${least}.` : "Choose one.";
    return this.value.length > most ? `Choose at most ${most}.` : "";
  }
}

class Checkbox extends Input {
  constructor(component, { label }) {
    super(component);
    this.box = el("input", { type: "checkbox", id: this.id, checked: Boolean(component.default) });
    this.element = el("label.option-row", {}, this.box, el("span", {}, label));
  }

  get value() { return this.box.checked; }
  focus() { this.box.focus(); }
  wrong() { return ""; }
}
