// The message box: plain text, a command being filled in, or a recording, one of the three at a time.

import { CommandForm } from "./command_form.js";
import { matching, signature, spelled } from "./commands.js";
import { el, fill, icon } from "./dom.js";
import { offerPeople, withMentions } from "./mentions.js";
import { dots } from "./message.js";
import { avatar, nameOf } from "./names.js";
import { Recorder, RecorderError } from "./recorder.js";
import { Tray } from "./tray.js";

const UNHEARD = "The bot listens to voice messages that reply to it. On others: right-click the message, then Apps.";

export class Composer {
  form = null;
  recorder = null;
  #reply = null;
  #edit = null;

  constructor({ app, dock }) {
    this.app = app;
    this.tray = new Tray({ say: (text) => this.say(text), changed: () => this.#buttons() });
    this.context = el("div.context", { hidden: true });
    this.error = el("div.form-error", { role: "alert", hidden: true });
    this.unheard = el("div.unheard", { hidden: true }, UNHEARD);
    this.typing = el("div.typing", { "aria-live": "off" });
    this.picker = el("input", { type: "file", multiple: true, hidden: true, id: "upload", onchange: () => this.files([...this.picker.files]) });
    this.input = el("textarea.message-input", {
      id: "composer", rows: 1, role: "combobox", "aria-autocomplete": "list", "aria-expanded": false, maxLength: 2000,
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event),
    });
    this.slot = el("div.slot", {}, this.input);
    this.uploadButton = this.#button("plus", "Attach files", () => this.picker.click());
    this.micButton = this.#button("mic", "Record a voice message", () => this.#record());
    this.sendButton = this.#button("send", "Send", () => this.send());
    this.box = el("div.composer", {}, this.context, this.tray.element,
      this.unheard, el("div.composer-row", {}, this.uploadButton, this.slot, this.micButton, this.sendButton), this.error);
    fill(dock, app.suggestions.element, this.box, this.typing, this.picker);
    app.store.on("changed", () => this.#placeholder());
    app.store.on("typing", () => this.#drawTyping());
    setInterval(() => this.#drawTyping(), 2000);
    this.#buttons();
  }

  #button(name, label, onclick) {
    return el("button.icon-button", { type: "button", title: label, "aria-label": label, onclick, class: `composer-${name}` }, icon(name));
  }

  #placeholder() {
    const { place, bot } = this.app.store;
    if (!place) return;
    const where = place.guild ? `#${place.channel.name}` : nameOf(bot);
    this.input.placeholder = `Message ${where}, or type / for commands`;
    this.input.setAttribute("aria-label", `Message ${where}`);
  }

  #buttons() {
    const recording = Boolean(this.recorder);
    const ready = this.form || recording || this.input?.value.trim() || this.tray?.files.length;
    this.sendButton.disabled = !ready;
    this.sendButton.classList.toggle("ready", Boolean(ready));
    this.micButton.hidden = Boolean(this.form || recording || this.#edit);
    this.uploadButton.hidden = Boolean(this.form || recording || this.#edit);
    const speaking = (recording && !this.form) || (this.tray?.asVoice && !this.input.value.trim());
    this.unheard.hidden = !speaking || !this.app.store.place?.guild || Boolean(this.#reply?.author.bot);
  }

  focus() { (this.form ?? this.input).focus(); }
  say(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
  }

  /** Back to an empty message box; what belonged to another channel is dropped. */
  reset() {
    this.recorder?.stop(false);
    this.tray.take();
    this.#leaveForm("");
    this.#context(null);
    this.say("");
  }

  // ---- plain messages

  #typed() {
    this.say("");
    const { commands } = this.app.store;
    const found = spelled(commands, this.input.value);
    if (found && !this.tray.files.length) return this.open(found.command, {}, found.rest);
    this.#size();
    this.#buttons();
    if (this.input.value.startsWith("/") && !this.input.value.includes("\n")) return this.#offerCommands();
    return offerPeople(this.input, this.app);
  }

  #size() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 240)}px`;
  }

  #offerCommands() {
    const { commands, online, bot } = this.app.store;
    const items = matching(commands, this.input.value.slice(1)).map((command) => ({
      title: `/${command.path}`, detail: command.description, note: signature(command), mark: avatar(bot, "span.avatar.small"), command,
    }));
    const title = items.length ? `${nameOf(bot)}'s commands` : online ? "No command of that name" : "The bot is offline and has no commands yet";
    this.app.suggestions.show({ title, items, input: this.input, pick: ({ command }) => this.open(command) });
  }

  #key(event) {
    if (this.app.suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.send(); }
    else if (event.key === "Escape") this.app.suggestions.open ? this.app.suggestions.hide() : this.#context(null);
    else if (event.key === "ArrowUp" && !this.input.value) { event.preventDefault(); this.app.list.enter(); }
  }

  send() {
    if (this.form) return this.form.send();
    if (this.recorder) return this.recorder.stop(true);
    const text = this.input.value.trim();
    if (text.startsWith("/") && !this.tray.files.length) return this.say("That is no command of the bot. Choose one from the list above.");
    if (!text && !this.tray.files.length) return null;
    return this.#sendMessage(withMentions(text, this.app.store));
  }

  async #sendMessage(content) {
    const { channel } = this.app.store.place;
    const replyTo = this.#reply?.id ?? null;
    const voice = this.tray.asVoice && !content;
    const edited = this.#edit;
    const files = this.tray.files;
    this.say("");
    try {
      if (edited) await this.app.api.edit(channel.id, edited.id, content);
      else if (voice) await this.app.api.voice(channel.id, { file: files[0], replyTo });
      else await this.app.api.send(channel.id, { content, files, replyTo });
    } catch (problem) {
      return this.say(problem.message);
    }
    this.tray.take();
    this.#context(null);
    return this.#clear();
  }

  #clear(text = "") {
    this.input.value = text;
    this.app.suggestions.hide();
    this.#size();
    this.#buttons();
  }

  // ---- reply and edit

  replyTo(message) {
    this.#context({ reply: message, text: ["Replying to ", el("b", {}, nameOf(message.author, message.member))] });
    this.input.focus();
  }

  edit(message) {
    this.#leaveForm("");
    this.#context({ edit: message, text: ["Editing your message"] });
    this.#clear(message.content);
    this.input.focus();
  }

  #context(about) {
    if (this.#edit && !about?.edit) this.input.value = "";
    this.#reply = about?.reply ?? null;
    this.#edit = about?.edit ?? null;
    this.context.hidden = !about;
    if (about) fill(this.context, el("span", {}, about.text), this.#button("close", "Cancel", () => this.#context(null)));
    this.#buttons();
  }

  // ---- commands

  /** Begins a command with options already known; `rest` is text typed after its name. */
  open(command, options = {}, rest = "") {
    const files = this.tray.take();
    this.app.suggestions.hide();
    this.form = new CommandForm({ app: this.app, command, submit: (values) => this.#run(values), cancel: (text) => this.#leaveForm(text) });
    fill(this.slot, this.form.element);
    this.#clear();
    const first = command.options.find((option) => option.required) ?? command.options[0];
    this.form.prefill(rest && first ? { [first.name]: rest, ...options } : options);
    if (files.length) this.form.files(files);
    this.form.focus();
  }

  #leaveForm(text) {
    const was = this.form;
    this.form = null;
    fill(this.slot, this.input);
    this.#clear(text);
    if (was) this.input.focus();
    if (text) this.#typed();
  }

  async #run(options) {
    const { form } = this;
    this.#leaveForm("");
    const refused = await this.app.run(form.command.path, { options });
    if (!refused) return;
    this.form = form;
    fill(this.slot, form.element);
    form.say(refused);
    form.focus();
    this.#buttons();
  }

  // ---- files and voice

  /** Files that were dropped, pasted or picked: into the command in hand, else beside the message. */
  files(files) {
    this.picker.value = "";
    if (this.form) return this.form.files(files);
    this.tray.add(files);
    return this.input.focus();
  }

  async #record() {
    const { channel } = this.app.store.place;
    const file = await this.recordFile();
    if (!file) return;
    const replyTo = this.#reply?.id ?? null;
    this.#context(null);
    await this.app.api.voice(channel.id, { file, replyTo }).catch((problem) => this.say(problem.message));
  }

  /** Records until Send or the bin is pressed: an audio File, or null. */
  async recordFile() {
    this.say("");
    const before = [...this.slot.childNodes];
    return new Promise((resolve) => {
      const end = (file) => {
        this.recorder = null;
        fill(this.slot, before);
        this.#buttons();
        resolve(file);
      };
      const recorder = new Recorder(end);
      recorder.start().then(() => {
        this.recorder = recorder;
        fill(this.slot, recorder.element);
        this.#buttons();
        this.sendButton.focus();
      }, (problem) => {
        if (!(problem instanceof RecorderError)) throw problem;
        this.say(problem.message);
        resolve(null);
      });
    });
  }

  #drawTyping() {
    const names = this.app.store.typing().map((user) => nameOf(user));
    const text = names.length === 0 ? "" : names.length === 1 ? `${names[0]} is typing…` : `${names.join(" and ")} are typing…`;
    if (this.typing.textContent !== text) fill(this.typing, text && [dots(), el("span", {}, text)]);
  }
}
