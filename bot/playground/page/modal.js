// The bot's modals: a dialog with labelled fields, checked before they are sent.

import { el, icon } from "./dom.js";
import { markdown } from "./markdown.js";
import { inputFor } from "./modal_fields.js";

const LABEL = 18;
const TEXT_DISPLAY = 10;

export class Modals {
  constructor(app) { this.app = app; }

  /** Shows a modal; `message` is the one whose button opened it, if any. */
  open(modal, { message = null } = {}) {
    const dialog = new ModalDialog({ app: this.app, modal, message });
    document.body.append(dialog.element);
    dialog.element.showModal();
    dialog.focus();
  }
}

class ModalDialog {
  constructor({ app, modal, message }) {
    Object.assign(this, { app, modal, message });
    this.inputs = [];
    this.error = el("div.form-error", { role: "alert", hidden: true });
    this.submitButton = el("button.button.primary", { type: "submit" }, "Submit");
    const close = () => this.element.close();
    this.element = el("dialog.modal", { "aria-labelledby": `title-${modal.id}`, onclose: () => this.element.remove() },
      el("form", { method: "dialog", noValidate: true, onsubmit: (event) => this.#submit(event) },
        el("header.modal-head", {}, el("h2", { id: `title-${modal.id}` }, modal.title),
          el("button.icon-button", { type: "button", "aria-label": "Close", onclick: close }, icon("close"))),
        el("p.modal-from", {}, `This form is from ${app.store.bot.username}.`),
        el("div.modal-body", {}, modal.components.map((part) => this.#part(part)), this.error),
        el("footer.modal-foot", {}, el("button.button.secondary", { type: "button", onclick: close }, "Cancel"), this.submitButton)));
  }

  focus() { this.inputs[0]?.focus(); }

  #part(part) {
    const { store } = this.app;
    if (part.type === TEXT_DISPLAY) return el("div.markdown", {}, markdown(part.content, { store }));
    if (part.type === LABEL) return this.#field(part.component, part.label, part.description);
    return (part.components ?? []).map((one) => this.#field(one, one.label));
  }

  #field(component, label, description = null) {
    const input = inputFor(component, { store: this.app.store, label });
    this.inputs.push(input);
    const needed = component.required !== false && component.type !== 23;
    return el("div.modal-field", { dataset: { customId: component.custom_id } },
      el("label.modal-label", { htmlFor: input.id }, label, needed && el("span.needed", { title: "required" }, " *")),
      description && el("p.modal-about", {}, description), input.element, input.problem);
  }

  async #submit(event) {
    event.preventDefault();
    const wrong = this.inputs.filter((input) => !input.check());
    if (wrong.length) return wrong[0].focus();
    this.#busy(true);
    try {
      const outcome = await this.app.api.submit(this.modal.id, Object.fromEntries(this.inputs.map((input) => [input.customId, input.value])));
      if (outcome.outcome === "failed") return this.#say(`Something went wrong: ${outcome.error}.`.replace("..", "."));
      this.element.close();
      return this.app.outcome(outcome, { message: this.message });
    } catch (problem) {
      return this.#say(problem.message);
    } finally {
      this.#busy(false);
    }
  }

  #busy(on) {
    this.submitButton.disabled = on;
    this.submitButton.classList.toggle("busy", on);
  }

  #say(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
  }
}
