// One message as it stands: who, what it answers, text, files, embeds, components, reactions.

import { attachments } from "./attachments.js";
import { components, emoji } from "./components.js";
import { el, icon } from "./dom.js";
import { embeds } from "./embeds.js";
import { markdown } from "./markdown.js";
import { avatar, clock, full, nameOf, when } from "./names.js";

const EPHEMERAL = 64;
const THINKING = 128;
const APPLICATION_COMMAND = 2;

export const isEphemeral = (message) => Boolean(message.flags & EPHEMERAL);
export const isThinking = (message) => Boolean(message.flags & THINKING);
export const isVoice = (message) => Boolean(message.flags & 8192);

/** `grouped`: follows a message of the same person, so that the name is not said again. */
export function drawMessage(message, { app, grouped }) {
  const { store } = app;
  const mine = message.mentions.some((user) => user.id === store.me.id);
  const states = [grouped && "grouped", isEphemeral(message) && "ephemeral", mine && "mentions-me", isThinking(message) && "waiting"];
  const date = new Date(message.timestamp);
  return el("article.message", {
    class: states.filter(Boolean).join(" "), tabIndex: -1, dataset: { id: message.id },
    "aria-label": `${nameOf(message.author, message.member)}, ${when(date)}`,
    oncontextmenu: (event) => app.menu.forMessage(event, message),
  },
  above(message, app),
  el("div.gutter", {}, grouped ? el("time.gutter-time", { dateTime: message.timestamp }, clock(date)) : avatar(message.author)),
  el("div.body", {}, !grouped && header(message, date, store), content(message, app)),
  toolbar(message, app));
}

function above(message, app) {
  const used = message.interaction_metadata;
  if (used?.type === APPLICATION_COMMAND) {
    return el("div.above", {}, el("span.elbow"), avatar(used.user, "span.avatar.tiny"), el("b", {}, nameOf(used.user)), " used ", commandName(used));
  }
  if (message.message_reference) return el("div.above", {}, el("span.elbow"), answered(message.referenced_message, app));
  return null;
}

function commandName({ name, target_message_id: message, target_user: user }) {
  const slash = !message && !user;
  return slash ? el("button.mention.command-link", { type: "button", dataset: { command: name } }, `/${name}`) : el("span.mention", {}, name);
}

function answered(target, app) {
  if (!target) return el("em", {}, "The original message was deleted");
  const short = target.content ? markdown(target.content.split("\n")[0], { store: app.store, blocks: false })
    : el("em", {}, isVoice(target) ? "Voice message" : "Attachment");
  return [avatar(target.author, "span.avatar.tiny"), el("b", {}, nameOf(target.author)),
    el("button.above-text", { type: "button", onclick: () => app.list.jump(target.id) }, short)];
}

function header(message, date, store) {
  const roles = message.member?.roles ?? [];
  const role = (store.place.guild?.roles ?? []).filter((one) => roles.includes(one.id) && one.color).at(-1);
  const colour = role ? `#${role.color.toString(16).padStart(6, "0")}` : null;
  return el("header.who", {},
    el("span.name", { style: colour ? { color: colour } : {} }, nameOf(message.author, message.member)),
    message.author.bot && el("span.badge", {}, "APP"),
    el("time.sent", { dateTime: message.timestamp, title: full(date) }, when(date)));
}

function content(message, app) {
  if (isThinking(message)) return [thinking(message), ephemeralNote(message, app)];
  const { store } = app;
  return [
    message.content && textOf(message, store),
    attachments(message.attachments, app),
    embeds(message.embeds, app),
    el("div.components", {}, components(message, app)),
    store.failures.has(message.id) && el("div.failure", { role: "alert" }, icon("warning"), store.failures.get(message.id)),
    reactions(message, app),
    ephemeralNote(message, app),
  ];
}

/** The text, "(edited)" at the end of its last line where that is a plain one. */
function textOf(message, store) {
  const nodes = markdown(message.content, { store });
  const text = el("div.markdown.content", {}, nodes);
  if (!message.edited_timestamp) return text;
  const last = nodes.at(-1);
  const line = last?.classList?.contains("text") || last?.classList?.contains("subtext") ? last : text;
  line.append(el("span.edited", { title: full(new Date(message.edited_timestamp)) }, "(edited)"));
  return text;
}

export const dots = () => el("span.dots", { "aria-hidden": true }, el("i"), el("i"), el("i"));

function thinking(message) {
  return el("div.thinking", { role: "status" }, dots(), ` ${nameOf(message.author)} is thinking…`);
}

function ephemeralNote(message, app) {
  if (!isEphemeral(message)) return null;
  return el("div.only-you", {}, icon("eye"), "Only you can see this · ",
    el("button.text-link", { type: "button", onclick: () => app.remove(message) }, "Dismiss message"));
}

function reactions(message, app) {
  const list = message.reactions ?? [];
  if (!list.length) return null;
  return el("div.reactions", {}, list.map((one) => el("button.reaction", {
    type: "button", class: one.me ? "mine" : "", "aria-pressed": Boolean(one.me), "aria-label": `${one.emoji.name}, ${one.count}`,
    onclick: () => app.react(message, one.emoji.name, !one.me),
  }, emoji(one.emoji), el("span", {}, String(one.count)))));
}

function toolbar(message, app) {
  if (isThinking(message)) return null;
  const tool = (name, label, onclick) => el("button.icon-button", { type: "button", title: label, "aria-label": label, onclick }, icon(name));
  return el("div.toolbar", { role: "toolbar", "aria-label": "Message actions" },
    !isEphemeral(message) && tool("smile", "Add reaction", (event) => app.menu.reactions(event, message)),
    !isEphemeral(message) && tool("reply", "Reply", () => app.composer.replyTo(message)),
    tool("more", "More", (event) => app.menu.forMessage(event, message)));
}

/** A command that is on its way to the bot or got no answer; no message of the server's. */
export function drawNotice(notice, { store }) {
  const dismiss = el("button.text-link", { type: "button", onclick: () => store.dismiss(notice.id) }, "Dismiss");
  const failed = notice.state === "failed";
  return el("article.message.notice", { class: failed ? "failed" : "waiting", dataset: { id: notice.id }, tabIndex: -1 },
    el("div.above", {}, el("span.elbow"), avatar(store.me, "span.avatar.tiny"), el("b", {}, nameOf(store.me)), " used ",
      el("span.mention", {}, notice.command)),
    el("div.gutter", {}, avatar(store.bot)),
    el("div.body", {}, el("header.who", {}, el("span.name", {}, nameOf(store.bot)), el("span.badge", {}, "APP")),
      failed ? el("div.failure", { role: "alert" }, icon("warning"), notice.text)
        : el("div.thinking", { role: "status" }, dots(), notice.text ?? " Sending…"),
      failed && el("div.only-you", {}, icon("eye"), "Only you can see this · ", dismiss)));
}
