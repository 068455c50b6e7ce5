// A command being filled in: its name, a pill for every option in use, chips for those that could be added.

import { el, fill } from "./dom.js";
import { ATTACHMENT, FieldError, fieldFor } from "./fields.js";

export class CommandForm {
  #fields = new Map();

  /** `submit(options)` and `cancel(text)` are called by keys and by the composer's button. */
  constructor({ app, command, submit, cancel }) {
    Object.assign(this, { app, command, submit, cancel });
    this.pills = el("div.pills", {}, el("span.command-name", {}, `/${command.path}`));
    this.more = el("div.more-options");
    this.error = el("div.form-error", { role: "alert", hidden: true });
    this.element = el("div.command-form", { role: "group", "aria-label": `/${command.path}` }, this.pills, this.more, this.error);
    const first = command.options.filter((option) => option.required);
    (first.length ? first : command.options.slice(0, 1)).forEach((option) => this.add(option.name));
    this.refresh();
  }

  /** The field of an option, shown from now on. */
  add(name) {
    if (!this.#fields.has(name)) {
      const option = this.command.options.find((one) => one.name === name);
      const field = fieldFor(option, this);
      this.#fields.set(name, field);
      this.pills.append(field.element);
    }
    this.refresh();
    return this.#fields.get(name);
  }

  focus() {
    const fields = [...this.#fields.values()];
    const first = fields.find((field) => field.empty) ?? fields[0];
    if (first) return first.focus();
    this.app.suggestions.show({ title: this.title(null), items: [] });
    return this.app.composer.sendButton.focus();
  }

  /** Puts known options in: `{name: value}`, Files for attachments; unknown names are left aside. */
  prefill(options) {
    for (const [name, value] of Object.entries(options)) {
      if (this.command.options.some((option) => option.name === name)) this.add(name).set(value);
    }
    this.refresh();
  }

  #free() { return this.command.options.filter((option) => !this.#fields.has(option.name)); }

  /** Draws the chips of options that can still be added; of several attachments only the next. */
  refresh() {
    const free = this.#free();
    const next = free.find((option) => option.type === ATTACHMENT);
    fill(this.more, free.filter((option) => option.type !== ATTACHMENT || option === next).map((option) => el("button.chip", {
      type: "button", title: option.description, dataset: { add: option.name }, onclick: () => this.add(option.name).focus(),
      onkeydown: (event) => this.key(event, null),
    }, `+ ${option.name}`)));
    this.more.hidden = !free.length;
  }

  /** The line over the suggestions: what the command does, or what the option in focus means. */
  title(option, failed = null) {
    const about = option ? [el("b", {}, option.name), ` ${option.description}`] : [el("b", {}, `/${this.command.path}`), ` ${this.command.description}`];
    const kind = option && el("span.suggestion-note", {}, option.required ? "required" : "optional");
    return [el("span", {}, about, failed && el("em", {}, ` (${failed})`)), kind];
  }

  focused(field) {
    this.app.suggestions.show({ title: this.title(field.option), items: [] });
  }

  /** After a choice: on to the next empty field, else stay. */
  after(field) {
    const fields = [...this.#fields.values()];
    const next = fields.slice(fields.indexOf(field) + 1).find((one) => one.empty);
    if (next) next.focus();
    else this.app.suggestions.show({ title: this.title(field.option), items: [] });
  }

  /** Typing " count:" in a text begins the option of that name. */
  split(field) {
    const found = field.input.value.match(/(?:^|\s)([\w-]+):\s?$/);
    const option = found && this.#free().find((one) => one.name === found[1].toLowerCase());
    if (!option) return;
    field.input.value = field.input.value.slice(0, found.index);
    this.add(option.name).focus();
  }

  autocomplete(focused) {
    const entries = [...this.#fields].map(([name, field]) => [name, field.raw]).filter(([name, raw]) => raw !== undefined && (raw !== "" || name === focused));
    return this.app.api.autocomplete(this.app.store.place.channel.id, this.command.path, Object.fromEntries(entries), focused);
  }

  /** Spreads files over `first` and the attachment options that are still empty. */
  files(files, first = null) {
    const places = this.command.options.filter((option) => option.type === ATTACHMENT && option !== first?.option)
      .filter((option) => this.#fields.get(option.name)?.empty ?? true).map((option) => option.name);
    const all = first ? [first.option.name, ...places] : places;
    files.slice(0, all.length).forEach((file, index) => this.add(all[index]).set(file));
    const over = files.length - all.length;
    this.say(over > 0 ? `/${this.command.path} takes ${all.length ? "no more than " + all.length : "no further"} files here; ${over} left out.` : "");
    return all.length > 0;
  }

  async record(field) {
    const file = await this.app.composer.recordFile();
    if (file) field.set(file);
  }

  /** Sends the command, or says at the field what is missing. */
  send() {
    const options = {};
    for (const [name, field] of this.#fields) {
      try {
        const value = field.value();
        if (value !== undefined) options[name] = value;
      } catch (problem) {
        if (!(problem instanceof FieldError)) throw problem;
        field.element.classList.add("wrong");
        field.focus();
        return this.say(problem.message);
      }
    }
    this.say("");
    return this.submit(options);
  }

  say(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
  }

  key(event, field) {
    if (field && this.app.suggestions.key(event)) return;
    if (event.key === "Escape") this.cancel("");
    else if (event.key === "Enter" && !event.shiftKey && field?.input) this.send();
    else if (event.key === "Backspace" && field?.empty && !event.repeat) this.#drop(field);
    else return;
    event.preventDefault();
  }

  /** Backspace in an empty field: away with the option, back to the one before it, or out of the command. */
  #drop(field) {
    const names = [...this.#fields.keys()];
    const before = this.#fields.get(names[names.indexOf(field.option.name) - 1]);
    if (field.option.required && before) return before.focus();
    if (field.option.required) return this.cancel(`/${this.command.path}`);
    if (names.length === 1) return this.cancel(`/${this.command.path}`);
    this.#fields.delete(field.option.name);
    field.element.remove();
    this.refresh();
    return this.focus();
  }
}
