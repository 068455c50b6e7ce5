// Menus at a message: what one can do with it, the bot's message commands under "Apps", reactions.

import { messageCommands } from "./commands.js";
import { el, fill, icon, outside } from "./dom.js";
import { isEphemeral } from "./message.js";
import { avatar } from "./names.js";

const REACTIONS = ["👍", "👎", "❤️", "😄", "🎉", "👀"];
const MANAGE_MESSAGES = 1n << 13n;

export class Menus {
  #stop = null;

  constructor(app) {
    this.app = app;
    this.element = el("div.menu", { role: "menu", hidden: true, onkeydown: (event) => this.#keys(event) });
    document.body.append(this.element);
  }

  forMessage(event, message) {
    if (event.type === "contextmenu" && event.target.closest("a, img, textarea, input")) return;
    this.#open(event, this.#messageItems(message));
  }

  reactions(event, message) {
    this.#open(event, el("div.menu-reactions", {}, REACTIONS.map((emoji) => el("button.menu-emoji", {
      type: "button", role: "menuitem", "aria-label": `React with ${emoji}`, onclick: () => this.#do(() => this.app.react(message, emoji, true)),
    }, emoji))));
  }

  #messageItems(message) {
    const { app } = this;
    const mine = message.author.id === app.store.me.id;
    const hidden = isEphemeral(message);
    return [
      !hidden && this.#apps(message),
      !hidden && this.#item("reply", "Reply", () => app.composer.replyTo(message)),
      mine && message.content && this.#item("edit", "Edit message", () => app.composer.edit(message)),
      message.content && this.#item("copy", "Copy text", () => this.#copy(message.content)),
      this.#item("copy", "Copy message ID", () => this.#copy(message.id)),
      (mine || hidden || this.#moderates()) && this.#item("trash", hidden ? "Dismiss" : "Delete message", () => app.remove(message), "danger"),
    ];
  }

  #apps(message) {
    const commands = messageCommands(this.app.store.registered);
    const list = el("div.submenu", { role: "menu", "aria-label": "Apps" }, commands.length ? commands.map((command) => el("button.menu-item", {
      type: "button", role: "menuitem", onclick: () => this.#do(() => this.app.run(command.name, { target: message.id, loud: true })),
    }, avatar(this.app.store.bot, "span.avatar.tiny"), el("span", {}, command.name))) : el("div.menu-none", {}, "No commands for messages"));
    return el("div.has-submenu", {}, el("button.menu-item", { type: "button", role: "menuitem", "aria-haspopup": "menu",
      onclick: (event) => { event.currentTarget.parentElement.classList.add("open"); list.querySelector("button")?.focus(); } },
    icon("apps"), el("span", {}, "Apps"), icon("right")), list);
  }

  #item(mark, label, act, style = "") {
    return el("button.menu-item", { type: "button", role: "menuitem", class: style, onclick: () => this.#do(act) }, icon(mark), el("span", {}, label));
  }

  #moderates() {
    const { guild } = this.app.store.place;
    const member = guild?.members.find(({ user }) => user.id === this.app.store.me.id);
    return Boolean(member?.permissions) && (BigInt(member.permissions) & MANAGE_MESSAGES) !== 0n;
  }

  #copy(text) { return navigator.clipboard?.writeText(text).then(() => this.app.toast("Copied"), () => this.app.toast("The browser did not allow copying")); }

  #do(act) {
    this.#close();
    act();
  }

  #open(event, items) {
    event.preventDefault();
    this.#stop?.();
    this.from = event.currentTarget;
    fill(this.element, items);
    this.element.hidden = false;
    const box = event.currentTarget.getBoundingClientRect();
    const pointed = event.type === "contextmenu" && (event.clientX || event.clientY);
    this.#place(pointed ? [event.clientX, event.clientY] : [box.left, box.bottom]);
    this.#stop = outside(this.element, () => this.#close());
    this.element.querySelector("button").focus();
  }

  #place([x, y]) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = Math.max(8, Math.min(x, innerWidth - width - 8));
    this.element.style.left = `${left}px`;
    this.element.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
    this.element.classList.toggle("opens-left", left + width + 230 > innerWidth);
  }

  #close() {
    this.#stop?.();
    this.#stop = null;
    this.element.hidden = true;
    if (this.element.contains(document.activeElement)) this.from?.focus?.();
  }

  #keys(event) {
    const scope = document.activeElement.closest(".submenu") ?? this.element;
    const items = [...scope.querySelectorAll("button")].filter((one) => scope !== this.element || !one.closest(".submenu"));
    const at = items.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) items[(at + step + items.length) % items.length].focus();
    else if (event.key === "ArrowRight") document.activeElement.parentElement.querySelector(".submenu button")?.focus();
    else if (event.key === "ArrowLeft") scope.parentElement?.querySelector(":scope > .menu-item")?.focus();
    else if (event.key === "Escape" || event.key === "Tab") { this.#close(); this.from?.focus?.(); }
    else return;
    event.preventDefault();
  }
}
