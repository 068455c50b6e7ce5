// What the page does: move about, act, and take in what the stream brings.

import { flatten } from "./commands.js";
import { el } from "./dom.js";
import { nameOf } from "./names.js";

const LAST = "atelier-last-place";

export class App {
  /** `parts` (layout, list, composer, …) are put on the object once they are made, see main.js. */
  constructor({ api, store }) { Object.assign(this, { api, store }); }

  /** Loads the world as the person of last time, or the first one. */
  async start() {
    const state = await this.api.state();
    this.store.set({ bot: state.bot, users: state.users, everywhere: state.guilds, online: state.online, connected: true });
    const [name, channel] = decodeURIComponent(location.hash.slice(1) || localStorage.getItem(LAST) || "").split("/");
    const user = state.users.find((one) => one.username === name) ?? state.users[0];
    await this.become(user.id, channel);
  }

  /** Acts as another person from now on; stays in the channel where they may see it. */
  async become(userId, channelName = null) {
    const wanted = channelName ?? this.store.place?.channel.name;
    const wasDirect = channelName === "dm" || (!channelName && this.store.place && !this.store.place.guild);
    this.api.user = userId;
    const followed = this.stream.follow(userId);
    await this.#reload();
    await followed;
    const channels = this.store.guilds.flatMap((guild) => guild.channels);
    const target = wasDirect ? this.store.direct : channels.find((one) => one.name === wanted) ?? channels[0] ?? this.store.direct;
    await this.go(target.id);
  }

  /** Goes into a server that one is not in, as its owner. */
  async enter(guild) {
    await this.become(guild.owner_id, guild.channels[0].name);
    this.toast(`You act as ${nameOf(this.store.me)} now, the owner of ${guild.name}`);
  }

  async #reload() {
    const [guilds, direct] = await Promise.all([this.api.guilds(), this.api.direct()]);
    const { user } = this.api;
    const me = this.store.users.find((one) => one.id === user);
    this.store.unread.clear();
    this.store.place = null;
    this.store.set({ me, guilds, direct });
  }

  /** Shows a channel. */
  async go(channelId) {
    const channel = this.store.channel(channelId);
    const guild = this.store.guildOf(channelId);
    this.composer.reset();
    this.store.unread.delete(channelId);
    this.store.set({ place: { channel, guild } });
    const words = `${this.store.me.username}/${guild ? channel.name : "dm"}`;
    history.replaceState(null, "", `#${words}`);
    localStorage.setItem(LAST, words);
    await Promise.all([this.#loadMessages(), this.#loadCommands()]);
    if (matchMedia("(pointer: fine)").matches) this.composer.focus();
  }

  #early = [];   // messages that arrive while the channel loads

  async #loadMessages() {
    const { place } = this.store;
    this.#early = [];
    this.store.show([]);
    const messages = await this.#guarded(this.api.messages(place.channel.id), []);
    if (this.store.place !== place) return;
    const early = new Map(this.#early.map((event) => [event.message?.id ?? event.message_id, event.message ?? null]));
    const kept = messages.filter(({ id }) => !early.has(id));
    this.store.show([...kept, ...[...early.values()].filter(Boolean)]);
    this.#early = null;
  }

  async #loadCommands() {
    const registered = await this.#guarded(this.api.commands(this.store.place.channel.id), []);
    this.store.set({ registered, commands: flatten(registered) });
  }

  #guarded(promise, otherwise) {
    return promise.catch((problem) => { this.toast(problem.message); return otherwise; });
  }

  // ---- acting

  /** Runs a command; returns why it was refused, or null. `loud` says so in a toast too. */
  async run(command, { options = {}, target = null, loud = false }) {
    const { channel } = this.store.place;
    const notice = this.store.notice({ state: "sending", command: target ? command : `/${command}` });
    try {
      const outcome = await this.api.run(channel.id, command, { options, target });
      if (outcome.outcome === "failed") this.store.notice({ id: notice, state: "failed", text: outcome.error });
      else this.store.dismiss(notice);
      this.outcome(outcome, {});
      return null;
    } catch (problem) {
      this.store.dismiss(notice);
      if (loud) this.toast(problem.message);
      return problem.message;
    }
  }

  /** Does what an outcome asks of the page; messages come over the stream. */
  outcome({ outcome, modal, message: shown, error }, { message = null }) {
    if (message) this.fail(message, outcome === "failed" ? error ?? "This interaction failed" : null);
    if (outcome === "modal") this.modals.open(modal, { message });
    else if (shown && this.#here(shown) && !this.store.message(shown.id)) this.store.keep([shown]);
  }

  fail(message, text) { this.store.failed(message.id, text); }
  remove(message) { return this.#guarded(this.api.remove(message.channel_id, message.id), null); }
  react(message, emoji, on) { return this.#guarded(this.api.react(message.channel_id, message.id, emoji, on), null); }

  toast(text) {
    const toast = el("div.toast", {}, text);
    this.toasts.append(toast);
    setTimeout(() => toast.remove(), 4500);
  }

  /** "owner of Lighthouse": what a person is, for the list of people. */
  standing(user) {
    const words = this.store.everywhere.filter((guild) => guild.members.some((member) => member.user.id === user.id)).map((guild) => {
      const member = guild.members.find((one) => one.user.id === user.id);
      const role = guild.roles.find((one) => member.roles.includes(one.id));
      return `${guild.owner_id === user.id ? "owner" : role?.name ?? "member"} · ${guild.name}`;
    });
    return words.join(", ");
  }

  // ---- what the stream brings

  hear(event) {
    const handle = {
      message_create: () => this.#message(event), message_update: () => this.#message(event), message_delete: () => this.#gone(event),
      typing: () => event.channel_id === this.store.place?.channel.id && event.user_id !== this.store.me.id && this.store.typed(event.user_id),
      bot_status: () => this.#status(event), commands_update: () => this.store.place && this.#loadCommands(), guild_update: () => this.#guilds(),
    }[event.event];
    handle?.();
  }

  #here(event) { return event.channel_id === this.store.place?.channel.id; }

  #message(event) {
    if (!this.#here(event)) {
      if (event.event === "message_create" && event.message.author.id !== this.store.me.id) this.store.unread.add(event.channel_id);
      return this.store.set({});
    }
    this.store.typed(event.message.author.id, 0);
    return this.#early ? this.#early.push(event) : this.store.keep([event.message]);
  }

  #gone(event) {
    if (!this.#here(event)) return;
    if (this.#early) this.#early.push(event);
    else this.store.forget(event.message_id);
  }

  #status({ online }) {
    this.store.set({ online });
    if (online && this.store.place) this.#loadCommands();
  }

  async #guilds() {
    const guilds = await this.#guarded(this.api.guilds(), this.store.guilds);
    const { place } = this.store;
    if (!place) return;
    const guild = guilds.find((one) => one.channels.some(({ id }) => id === place.channel.id)) ?? null;
    const lost = place.guild && !guild;
    this.store.set({ guilds, place: { channel: place.channel, guild: guild ?? place.guild } });
    if (lost) await this.go(guilds[0]?.channels[0]?.id ?? this.store.direct.id);
  }

  /** After a lost connection everything is asked for again: the playground may be a new one. */
  async connected(on, { again }) {
    this.store.set({ connected: on });
    if (!on || !again) return;
    const state = await this.#guarded(this.api.state(), null);
    if (!state) return;
    if (!state.users.some(({ id }) => id === this.store.me.id)) location.reload();
    this.store.set({ online: state.online, users: state.users, everywhere: state.guilds });
    await this.#guilds();
    await Promise.all([this.#loadMessages(), this.#loadCommands()]);
  }
}
