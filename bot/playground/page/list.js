// The list of messages in view: draws only what changed, keeps its place while scrolling.

import { el, icon } from "./dom.js";
import { drawMessage, drawNotice, isEphemeral } from "./message.js";
import { day, midnight } from "./names.js";

const GROUP_MS = 7 * 60_000;
const NEAR_PX = 90;

export class MessageList {
  #drawn = new Map();   // id → {element, source, grouped}
  #complete = false;
  #loading = false;

  constructor({ app, scroller, log }) {
    Object.assign(this, { app, scroller, log });
    this.start = el("div.beginning");
    this.newer = el("button.newer", { type: "button", hidden: true, onclick: () => this.#toEnd() }, "New messages ", icon("down"));
    log.before(this.start);
    scroller.after(this.newer);
    app.store.on("messages", ({ fresh }) => this.draw(Boolean(fresh)));
    scroller.addEventListener("scroll", () => this.#scrolled());
    log.addEventListener("keydown", (event) => this.#keys(event));
    new ResizeObserver(() => this.#stuck && this.#toEnd()).observe(log);
    new ResizeObserver(() => this.#stuck && this.#toEnd()).observe(scroller);
  }

  #stuck = true;

  draw(fresh) {
    if (fresh) this.#restart();
    const focus = document.activeElement?.dataset?.key;
    const grew = this.#reconcile();
    if (focus) this.log.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
    if (this.#stuck) this.#toEnd();
    else if (grew) this.newer.hidden = false;
  }

  #restart() {
    this.#drawn.clear();
    this.log.replaceChildren();
    this.#complete = this.app.store.messages().length < 50;
    this.#stuck = true;
    this.#begin();
  }

  #begin() {
    const { channel, guild } = this.app.store.place;
    const name = guild ? `#${channel.name}` : "Atelier";
    const about = guild ? `This is the beginning of #${channel.name} in ${guild.name}.`
      : "Your direct messages with the bot. Voice messages sent here go straight to it.";
    this.start.replaceChildren(el("span.beginning-mark", {}, icon(guild ? "hash" : "at")), el("h2", {}, name), el("p", {}, about));
    this.start.hidden = !this.#complete;
  }

  /** Puts one element a message in order into the log, drawing again what changed; true when something was added. */
  #reconcile() {
    const { store } = this.app;
    const notices = (after) => store.notices(after).map((notice) => this.#element(notice, null));
    const wanted = notices(null);
    let before = null;
    for (const message of store.messages()) {
      if (!before || newDay(before, message)) wanted.push(this.#divider(message));
      wanted.push(this.#element(message, follows(before, message)), ...notices(message.id));
      before = message;
    }
    return this.#place(wanted);
  }

  #place(wanted) {
    let grew = false;
    wanted.forEach((element, index) => {
      const there = this.log.children[index];
      if (there === element) return;
      grew ||= !element.isConnected && index >= this.log.children.length;
      this.log.insertBefore(element, there ?? null);
    });
    while (this.log.children.length > wanted.length) this.log.lastElementChild.remove();
    return grew;
  }

  #element(source, grouped) {
    const old = this.#drawn.get(source.id);
    if (old && old.source === source && old.grouped === grouped) return old.element;
    const element = grouped === null ? drawNotice(source, this.app) : drawMessage(source, { app: this.app, grouped });
    if (!old && !this.#fresh()) element.classList.add("arrives");
    this.#drawn.set(source.id, { element, source, grouped });
    old?.element.replaceWith(element);
    return element;
  }

  #fresh() { return !this.log.childElementCount; }

  #divider(message) {
    const id = `day-${midnight(new Date(message.timestamp))}`;
    if (!this.#drawn.has(id)) this.#drawn.set(id, { element: el("div.day", { role: "separator" }, el("span", {}, day(new Date(message.timestamp)))) });
    return this.#drawn.get(id).element;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (this.#stuck) this.newer.hidden = true;
    if (scrollTop < 200 && !this.#complete && !this.#loading) this.#older();
  }

  async #older() {
    const first = this.app.store.messages()[0];
    const { channel } = this.app.store.place;
    if (!first) return;
    this.#loading = true;
    const older = await this.app.api.messages(channel.id, { before: first.id, limit: 50 }).catch(() => []);
    this.#loading = false;
    if (this.app.store.place.channel !== channel) return;
    this.#complete = older.length < 50;
    this.start.hidden = !this.#complete;
    const height = this.scroller.scrollHeight;
    this.app.store.keep(older);
    this.scroller.scrollTop += this.scroller.scrollHeight - height;
  }

  #toEnd() {
    this.#stuck = true;
    this.newer.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Brings a message into view and lights it up for a moment. */
  jump(messageId) {
    const element = this.#drawn.get(messageId)?.element;
    if (!element) return;
    this.#stuck = false;
    element.scrollIntoView({ block: "center", behavior: "smooth" });
    element.classList.add("found");
    setTimeout(() => element.classList.remove("found"), 1600);
  }

  #keys(event) {
    const row = event.target.closest(".message");
    if (!row || event.target !== row) return;
    const rows = [...this.log.querySelectorAll(".message")];
    const to = { ArrowUp: rows[rows.indexOf(row) - 1], ArrowDown: rows[rows.indexOf(row) + 1] }[event.key];
    if (to) to.focus();
    else if (event.key === "Escape" || event.key === "ArrowDown") this.app.composer.focus();
    else return;
    event.preventDefault();
  }

  /** Puts the focus on the last message, for the keyboard. */
  enter() { [...this.log.querySelectorAll(".message")].at(-1)?.focus(); }
}

const newDay = (a, b) => midnight(new Date(a.timestamp)) !== midnight(new Date(b.timestamp));

function follows(before, message) {
  if (!before || newDay(before, message) || message.message_reference || message.interaction_metadata) return false;
  const near = new Date(message.timestamp) - new Date(before.timestamp) < GROUP_MS;
  return near && before.author.id === message.author.id && isEphemeral(before) === isEphemeral(message);
}
