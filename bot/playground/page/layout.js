// The frame: servers, channels, who one is, the line on top.

import { el, fill, icon, outside } from "./dom.js";
import { avatar, hue, initials, nameOf } from "./names.js";

export class Layout {
  #stop = null;

  constructor({ app, rail, sidebar, topbar, banner, root }) {
    Object.assign(this, { app, rail, sidebar, topbar, banner, root });
    app.store.on("changed", () => this.draw());
    outside(sidebar, (event) => rail.contains(event.target) || event.target.closest(".drawer-button") || root.classList.remove("drawer"));
  }

  /** Nothing can be pressed while there is no channel to act in: at the start and between two people. */
  draw() {
    this.root.inert = !this.app.store.place;
    if (this.root.inert) return;
    this.#rail();
    this.#sidebar();
    this.#topbar();
    this.#banner();
  }

  #rail() {
    const { guilds, everywhere, direct, place, bot } = this.app.store;
    const own = new Set(guilds.map(({ id }) => id));
    fill(this.rail,
      this.#server({ name: "Direct messages", face: avatar(bot, "span.server-face.bot-mark"), current: !place.guild, channels: [direct], go: () => this.app.go(direct.id) }),
      el("hr.rail-line"),
      guilds.map((guild) => this.#server({ name: guild.name, face: face(guild), current: guild.id === place.guild?.id, channels: guild.channels,
        go: () => this.app.go(this.#lastIn(guild).id) })),
      everywhere.filter(({ id }) => !own.has(id)).map((guild) => this.#server({ name: `${guild.name} (go there as its owner)`, face: face(guild), foreign: true,
        go: () => this.app.enter(guild) })));
  }

  #server({ name, face: picture, go, channels = [], current = false, foreign = false }) {
    const unread = channels.some(({ id }) => this.app.store.unread.has(id));
    return el("button.server", {
      type: "button", class: `${current ? "current" : ""} ${unread ? "unread" : ""} ${foreign ? "foreign" : ""}`, title: name,
      "aria-label": unread ? `${name}, unread` : name, "aria-current": current, onclick: go,
    }, el("i.server-pill"), picture);
  }

  #last = new Map();
  #lastIn(guild) { return guild.channels.find(({ id }) => id === this.#last.get(guild.id)) ?? guild.channels[0]; }

  #sidebar() {
    if (this.#stop) this.#closeUsers();
    const { place, guilds, direct, bot } = this.app.store;
    const guild = guilds.find(({ id }) => id === place.guild?.id);
    if (guild) this.#last.set(guild.id, place.channel.id);
    fill(this.sidebar,
      el("header.sidebar-head", {}, el("h1", {}, guild?.name ?? "Direct messages"), guild && el("small", {}, people(guild))),
      el("div.channels", { role: "list" }, guild ? [...guild.channels].sort((a, b) => a.position - b.position).map((one) => this.#channel(one, icon("hash"), one.name))
        : this.#channel(direct, avatar(bot, "span.avatar.small"), nameOf(bot))),
      this.#self());
  }

  #channel(channel, mark, name) {
    const { place, unread } = this.app.store;
    const current = place.channel.id === channel.id;
    return el("button.channel", {
      type: "button", class: `${current ? "current" : ""} ${unread.has(channel.id) ? "unread" : ""}`, "aria-current": current ? "page" : null,
      onclick: () => { this.root.classList.remove("drawer"); this.app.go(channel.id); },
    }, mark, el("span", {}, name), unread.has(channel.id) && el("i.unread-dot", { "aria-label": "unread" }));
  }

  #self() {
    const { me } = this.app.store;
    const open = (event) => (this.#stop ? this.#closeUsers() : this.#openUsers(event.currentTarget));
    return el("footer.self", {},
      el("button.self-button", { type: "button", "aria-haspopup": "menu", "aria-expanded": false, title: "Act as someone else", onclick: open },
        avatar(me), el("span.self-name", {}, el("b", {}, nameOf(me)), el("small", {}, "switch person")), icon("down")));
  }

  #openUsers(button) {
    const { users, me } = this.app.store;
    const choose = (user) => () => { this.#closeUsers(); if (user.id !== me.id) this.app.become(user.id); };
    this.users = el("div.users", { role: "menu", "aria-label": "Act as", onkeydown: (event) => this.#userKeys(event) },
      el("div.users-title", {}, "Act as"),
      users.map((user) => el("button.user", { type: "button", role: "menuitemradio", "aria-checked": user.id === me.id, onclick: choose(user) },
        avatar(user), el("span", {}, el("b", {}, nameOf(user)), el("small", {}, this.app.standing(user))), user.id === me.id && icon("check"))));
    button.parentElement.append(this.users);
    button.setAttribute("aria-expanded", "true");
    this.#stop = outside(button.parentElement, () => this.#closeUsers());
    this.users.querySelector("[aria-checked=true]").focus();
  }

  #closeUsers() {
    this.#stop?.();
    this.#stop = null;
    this.users.remove();
    this.sidebar.querySelector(".self-button")?.setAttribute("aria-expanded", "false");
  }

  #userKeys(event) {
    const items = [...this.users.querySelectorAll(".user")];
    const at = items.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) items[(at + step + items.length) % items.length].focus();
    else if (event.key === "Escape") { this.#closeUsers(); this.sidebar.querySelector(".self-button").focus(); }
    else return;
    event.preventDefault();
  }

  #topbar() {
    const { place, bot, online } = this.app.store;
    const drawer = el("button.icon-button.drawer-button", { type: "button", "aria-label": "Show servers and channels",
      onclick: () => this.root.classList.toggle("drawer") }, icon("menu"));
    fill(this.topbar, drawer, el("span.topbar-mark", {}, icon(place.guild ? "hash" : "at")),
      el("h2", {}, place.guild ? place.channel.name : nameOf(bot)),
      el("span.presence", { class: online ? "online" : "offline" }, el("i"), `${nameOf(bot)} is ${online ? "online" : "offline"}`),
      el("button.icon-button.help-button", { type: "button", title: "Getting started", "aria-label": "Getting started",
        onclick: () => this.app.hints.toggle() }, icon("help")));
  }

  #banner() {
    const { connected, online } = this.app.store;
    const text = !connected ? "The connection to the playground is lost. Trying again…"
      : !online ? "The bot is offline: commands and buttons will not be answered until it is back." : "";
    this.banner.textContent = text;
    this.banner.hidden = !text;
  }
}

const face = (guild) => el("span.server-face", { style: { "--hue": hue(guild.id) } }, initials(guild.name));

function people(guild) {
  const count = guild.members.filter(({ user }) => !user.bot).length;
  return `${count} ${count === 1 ? "person" : "people"} and the bot`;
}
