// Files waiting to be sent with a message, with previews.

import { el, fill, icon } from "./dom.js";
import { bytes } from "./names.js";

export const MOST_FILES = 10;

export class Tray {
  files = [];

  constructor({ say, changed }) {
    Object.assign(this, { say, changed });
    this.voice = el("input", { type: "checkbox", id: "as-voice", checked: true });
    this.element = el("div.tray", { hidden: true, "aria-label": "Files to send" });
  }

  /** A lone sound can go as a voice message. */
  get asVoice() { return this.#sound && this.voice.checked; }
  get #sound() { return this.files.length === 1 && /^(audio|video\/(ogg|webm))/.test(this.files[0].type); }

  add(files) {
    const room = MOST_FILES - this.files.length;
    if (files.length > room) this.say(`A message takes ${MOST_FILES} files; ${files.length - room} left out.`);
    this.files.push(...files.slice(0, room));
    this.#draw();
  }

  take() {
    const files = this.files;
    this.files = [];
    this.#draw();
    return files;
  }

  #remove(file) {
    this.files = this.files.filter((one) => one !== file);
    this.#draw();
  }

  #draw() {
    this.element.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
    fill(this.element, this.files.map((file) => this.#card(file)),
      this.#sound && el("label.as-voice", {}, this.voice, " Send as a voice message"));
    this.element.hidden = !this.files.length;
    this.changed();
  }

  #card(file) {
    const picture = file.type.startsWith("image/");
    return el("div.tray-card", {},
      el("div.tray-face", {}, picture ? el("img.crisp", { src: URL.createObjectURL(file), alt: "" }) : icon(this.#sound ? "mic" : "file")),
      el("div.tray-name", { title: file.name }, file.name), el("small", {}, bytes(file.size)),
      el("button.icon-button.tray-remove", { type: "button", title: "Remove", "aria-label": `Remove ${file.name}`, onclick: () => this.#remove(file) }, icon("trash")));
  }
}
