// For someone who is here for the first time: three things to try, and what the built-in models are.

import { el, fill, icon } from "./dom.js";
import { isEphemeral } from "./message.js";

const SEEN = "atelier-hints-closed";
const AUDIO = /\.(ogg|oga|opus|webm|wav|mp3|m4a)$/i;

export class Hints {
  constructor({ app, element }) {
    Object.assign(this, { app, element });
    this.samples = [];
    app.store.on("changed", (fields) => { if ("commands" in fields) this.draw(); });
  }

  /** Asks what samples there are and shows the card to a newcomer. */
  async start() {
    this.samples = await fetch("/samples/index.json").then((answer) => (answer.ok ? answer.json() : []), () => []);
    this.draw();
    this.element.hidden = localStorage.getItem(SEEN) !== null || innerWidth < 1000;
  }

  toggle() {
    this.element.hidden = !this.element.hidden;
    if (this.element.hidden) localStorage.setItem(SEEN, "yes");
    else localStorage.removeItem(SEEN);
  }

  draw() {
    const taught = this.samples.filter((one) => one.command && one.file);
    const spoken = this.samples.filter((one) => !one.command && AUDIO.test(one.file ?? ""));
    const prompts = this.samples.filter((one) => one.command && !one.file);
    fill(this.element,
      el("header.hints-head", {}, el("h2", {}, "Getting started"),
        el("button.icon-button", { type: "button", "aria-label": "Close", onclick: () => this.toggle() }, icon("close"))),
      el("ol.steps", {},
        this.#step("Teach", ["Show the bot a few pictures of one thing with ", this.#command("train"), ". Minutes later it knows a new word."], taught),
        this.#step("Imagine", ["Ask for it with ", this.#command("imagine"), ", alone or with something else that was taught."], prompts),
        this.#step("Speak", ["Reply to the bot with the microphone and say what you want to see, or right-click any voice message, then Apps."], spoken)),
      el("section.models", {}, el("h3", {}, "About the built-in models"),
        el("p", {}, "They know a small drawn world and a synthetic voice. For real pictures and human voices set ",
          el("code.inline", {}, "ATELIER_MODEL"), " and ", el("code.inline", {}, "ATELIER_SPEECH_MODEL"), " to real models and start again.")));
  }

  #step(title, text, samples) {
    return el("li.step", {}, el("h3", {}, title), el("p", {}, text), samples.map((sample) => this.#sample(sample)));
  }

  #command(name) {
    return el("button.mention.command-link", { type: "button", dataset: { command: name } }, `/${name}`);
  }

  #sample(sample) {
    const act = () => this.#try(sample).catch(() => this.app.toast("The sample could not be loaded"));
    const address = sample.file && `/samples/${sample.file}`;
    return el("div.sample", {},
      el("button.sample-try", { type: "button", onclick: act }, icon(sample.command ? "image" : "mic"),
        el("span", {}, el("b", {}, sample.title), sample.text && el("small", {}, sample.text))),
      address && el("a.icon-button", { href: address, download: sample.file, title: "Download", "aria-label": `Download ${sample.title}` }, icon("download")));
  }

  async #try(sample) {
    const file = sample.file ? await load(sample.file) : null;
    if (!sample.command) return this.#speak(file);
    const command = this.app.store.commands.find(({ path }) => path === sample.command);
    if (!command) return this.app.toast(`The bot has no command /${sample.command}`);
    const place = sample.attach ?? command.options.find((option) => option.type === 11)?.name;
    return this.app.composer.open(command, { ...sample.options, ...(file && place ? { [place]: file } : {}) });
  }

  /** A sound goes to the channel in view, as an answer to the bot where it has said something. */
  #speak(file) {
    const last = this.app.store.messages().findLast((message) => message.author.bot && !isEphemeral(message));
    if (last && this.app.store.place.guild) this.app.composer.replyTo(last);
    this.app.composer.files([file]);
  }
}

async function load(name) {
  const answer = await fetch(`/samples/${name}`);
  if (!answer.ok) throw new Error(name);
  const data = await answer.blob();
  return new File([data], name, { type: AUDIO.test(name) && !data.type.startsWith("audio/") ? "audio/ogg" : data.type });
}
