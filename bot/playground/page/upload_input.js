// A modal's file upload: a zone to drop on, thumbnails, a count.

import { el, fill, icon } from "./dom.js";
import { bytes } from "./names.js";

export class UploadInput {
  files = [];

  constructor(component) {
    this.component = component;
    this.customId = component.custom_id;
    this.id = `field-${component.custom_id}`;
    this.least = component.min_values ?? 1;
    this.most = component.max_values ?? 1;
    this.problem = el("p.field-problem", { role: "alert", hidden: true });
    this.picker = el("input", { type: "file", id: this.id, class: "hidden-picker", multiple: this.most > 1, dataset: { customId: this.customId },
      onchange: () => { this.add([...this.picker.files]); this.picker.value = ""; } });
    this.list = el("div.upload-list");
    this.zone = el("div.upload-zone", {
      ondragover: (event) => { event.preventDefault(); this.zone.classList.add("over"); },
      ondragleave: () => this.zone.classList.remove("over"), ondrop: (event) => this.#dropped(event),
    }, this.picker, icon("image"), el("label", { htmlFor: this.id }, "Drop files here or ", el("u", {}, "choose them")), el("small", {}, this.#range()));
    this.element = el("div.upload", {}, this.zone, this.list);
  }

  get value() { return this.files; }
  focus() { this.picker.focus(); }

  #range() {
    if (this.most === 1) return "one file";
    return this.least > 1 ? `${this.least} to ${this.most} files` : `up to ${this.most} files`;
  }

  #dropped(event) {
    event.preventDefault();
    event.stopPropagation();
    this.zone.classList.remove("over");
    this.add([...event.dataTransfer.files]);
  }

  add(files) {
    const room = this.most - this.files.length;
    this.files = [...this.files, ...files.slice(0, room)];
    this.#draw();
    this.#say(files.length > room ? `Only ${this.most} files fit here; ${files.length - room} left out.` : "");
  }

  #remove(file) {
    this.files = this.files.filter((one) => one !== file);
    this.#draw();
  }

  #draw() {
    this.list.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
    fill(this.list, this.files.map((file) => el("div.upload-card", { title: `${file.name}, ${bytes(file.size)}` },
      file.type.startsWith("image/") ? el("img.crisp", { src: URL.createObjectURL(file), alt: file.name }) : icon("file"),
      el("span", {}, file.name),
      el("button.icon-button", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => this.#remove(file) }, icon("close")))));
    this.list.hidden = !this.files.length;
  }

  #say(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }

  check() {
    const { length } = this.files;
    const needed = this.component.required !== false || length > 0;
    const wrong = needed && length < this.least ? (this.least > 1 ? `Add at least ${this.least} files.` : "Add a file.") : "";
    this.#say(wrong);
    return !wrong;
  }
}
