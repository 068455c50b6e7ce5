// What the page knows. Changes are announced as events; drawing code listens and never writes here.

const NEWER = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

export class Store extends EventTarget {
  me = null;
  bot = null;
  online = false;
  users = [];
  guilds = [];             // those that `me` is in
  everywhere = [];         // all there are
  direct = null;
  place = null;            // {channel, guild | null}
  connected = true;
  registered = [];         // the bot's commands as Discord has them
  commands = [];           // its slash commands with subcommands spelled out
  unread = new Set();      // channel ids
  pressed = new Set();     // "message:custom_id" of components that wait for the bot
  failures = new Map();    // message id → why its component failed
  #messages = new Map();   // of the channel in view: id → message
  #notices = new Map();    // commands on their way or failed, each after the message that was last then
  #typing = new Map();     // user id → when it stops showing
  #notice = 0;

  tell(name, detail = {}) { this.dispatchEvent(new CustomEvent(name, { detail })); }
  on(name, hear) { this.addEventListener(name, ({ detail }) => hear(detail)); }

  /** Takes over several fields at once and says so. */
  set(fields) {
    Object.assign(this, fields);
    this.tell("changed", fields);
  }

  user(id) { return id === this.bot?.id ? this.bot : this.users.find((user) => user.id === id); }
  guildOf(channelId) { return this.guilds.find((guild) => guild.channels.some((channel) => channel.id === channelId)) ?? null; }
  channel(id) {
    if (this.direct?.id === id) return this.direct;
    return this.guildOf(id)?.channels.find((channel) => channel.id === id) ?? null;
  }

  messages() { return [...this.#messages.values()].sort((a, b) => NEWER(a.id, b.id)); }
  message(id) { return this.#messages.get(id) ?? null; }
  notices(after) { return [...this.#notices.values()].filter((notice) => notice.after === after); }

  /** Puts the messages of another channel in the place of those in view. */
  show(messages) {
    this.#messages = new Map(messages.map((message) => [message.id, message]));
    this.#notices.clear();
    this.#typing.clear();
    this.tell("messages", { fresh: true });
    this.tell("typing");
  }

  keep(messages) {
    for (const message of messages) this.#messages.set(message.id, message);
    this.tell("messages");
  }

  forget(messageId) {
    this.#messages.delete(messageId);
    this.tell("messages");
  }

  /** Adds or changes a line of our own that is no message: `{id?, state: "sending" | "failed", command, text?}` → its id. */
  notice(fields) {
    const id = fields.id ?? `notice-${(this.#notice += 1)}`;
    const after = this.messages().at(-1)?.id ?? null;
    this.#notices.set(id, { after, ...this.#notices.get(id), ...fields, id });
    this.tell("messages");
    return id;
  }

  press(key, on) {
    if (on) this.pressed.add(key);
    else this.pressed.delete(key);
    this.#redraw(key.split(":")[0]);
  }

  /** Says under a message why its component failed; null takes it away. */
  failed(messageId, text) {
    if (text) this.failures.set(messageId, text);
    else this.failures.delete(messageId);
    this.#redraw(messageId);
  }

  /** A new value of the same message: what is drawn of it is drawn again. */
  #redraw(messageId) {
    const message = this.#messages.get(messageId);
    if (message) this.keep([{ ...message }]);
  }

  dismiss(noticeId) {
    this.#notices.delete(noticeId);
    this.tell("messages");
  }

  /** Shows a person as typing for `seconds`; 0 ends it. */
  typed(userId, seconds = 10) {
    this.#typing.set(userId, Date.now() + seconds * 1000);
    this.tell("typing");
  }

  typing() {
    const now = Date.now();
    return [...this.#typing].filter(([, until]) => until > now).map(([id]) => this.user(id)).filter(Boolean);
  }
}
