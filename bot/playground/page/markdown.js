// Discord's markdown as nodes. Text only ever becomes text nodes; links open http(s) addresses alone.

import { el } from "./dom.js";
import { full, nameOf, relative } from "./names.js";

/** Draws `text`; `store` names people and channels, `blocks: false` keeps to one line's marks. */
export function markdown(text, { store, blocks = true }) {
  return blocks ? blocksOf(text, store) : inline(text, store);
}

function blocksOf(text, store) {
  const nodes = [];
  const fence = /```(?:([\w+#-]+)\n)?\n?([\s\S]+?)\n?```\n?/g;
  let at = 0;
  for (const found of text.matchAll(fence)) {
    nodes.push(...lines(text.slice(at, found.index).replace(/\n$/, ""), store));
    nodes.push(el("pre.code", { tabIndex: 0 }, el("code", { dataset: { language: found[1] ?? "" } }, found[2])));
    at = found.index + found[0].length;
  }
  nodes.push(...lines(text.slice(at), store));
  return nodes;
}

const LINE = [
  [/^(#{1,3}) (.+)$/, ([, marks, rest], store) => el(`h${marks.length + 2}.heading`, {}, inline(rest, store))],
  [/^-# (.+)$/, ([, rest], store) => el("small.subtext", {}, inline(rest, store))],
  [/^(\s*)[-*] (.+)$/, ([, indent, rest], store) => item("•", indent, rest, store)],
  [/^(\s*)(\d+\.) (.+)$/, ([, indent, number, rest], store) => item(number, indent, rest, store)],
];

function item(mark, indent, rest, store) {
  const style = { "--depth": Math.floor(indent.length / 2) };
  return el("div.item", { style }, el("span.item-mark", {}, mark), el("span", {}, inline(rest, store)));
}

function lines(text, store) {
  if (!text) return [];
  const nodes = [];
  const rows = text.split("\n");
  let plain = [];
  const flush = () => {
    if (plain.length) nodes.push(el("div.text", {}, inline(plain.join("\n"), store)));
    plain = [];
  };
  for (let at = 0; at < rows.length; at += 1) {
    const quoted = quote(rows, at);
    const special = quoted ? null : LINE.find(([pattern]) => pattern.test(rows[at]));
    if (!quoted && !special) { plain.push(rows[at]); continue; }
    flush();
    if (special) nodes.push(special[1](rows[at].match(special[0]), store));
    else {
      nodes.push(el("blockquote", {}, lines(quoted.text, store)));
      at += quoted.rows - 1;
    }
  }
  flush();
  return nodes;
}

function quote(rows, at) {
  if (rows[at].startsWith(">>> ")) return { text: rows.slice(at).join("\n").slice(4), rows: rows.length - at };
  let end = at;
  while (end < rows.length && /^> /.test(rows[end])) end += 1;
  return end > at ? { text: rows.slice(at, end).map((row) => row.slice(2)).join("\n"), rows: end - at } : null;
}

const SAFE = /^https?:\/\//i;

function link(address, children) {
  if (!SAFE.test(address)) return el("span", {}, children);
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, children);
}

const wrap = (spec) => (found, store) => el(spec, {}, inline(found[1], store));

// The first rule that matches earliest wins; rules of equal place go in this order.
const RULES = [
  [/\\([\\*_~|`<>#[\]()@:.\-!])/, ([, mark]) => mark],
  [/``(.+?)``(?!`)|`([^`]+)`/s, ([, twice, once]) => el("code.inline", {}, (twice ?? once).replace(/^ | $/g, ""))],
  [/<t:(-?\d{1,13})(?::([tTdDfFRsS]))?>/, ([, seconds, style]) => moment(Number(seconds), style)],
  [/<@!?(\d+)>/, ([, id], store) => mention("@", store.user(id) && nameOf(store.user(id)), id === store.me?.id)],
  [/<@&(\d+)>/, ([, id], store) => mention("@", roleName(id, store))],
  [/<#(\d+)>/, ([, id], store) => mention("#", store.channel(id)?.name)],
  [/<\/([^:>]{1,98}):\d+>/, ([, name]) => el("button.mention.command-link", { type: "button", dataset: { command: name } }, `/${name}`)],
  [/<a?:(\w+):\d+>/, ([, name]) => `:${name}:`],
  [/<(https?:\/\/[^\s>]+)>/, ([, address]) => link(address, address)],
  [/\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s)>]+)>?(?: "[^"]*")?\)/, ([, text, address], store) => link(address, inline(text, store))],
  [/https?:\/\/[^\s<]+[^\s<.,:;"')\]*_~|]/, ([address]) => link(address, address)],
  [/\*\*\*([\s\S]+?)\*\*\*/, (found, store) => el("strong", {}, el("em", {}, inline(found[1], store)))],
  [/\*\*([\s\S]+?)\*\*(?!\*)/, wrap("strong")],
  [/__([\s\S]+?)__(?!_)/, wrap("u")],
  [/\*(?![\s*])((?:\*\*|[^*])+?)\*(?!\*)/, wrap("em")],
  [/(?<!\w)_(?!_)((?:__|[^_])+?)_(?![\w_])/, wrap("em")],
  [/~~([\s\S]+?)~~/, wrap("s")],
  [/\|\|([\s\S]+?)\|\|/, (found, store) => spoiler(inline(found[1], store))],
  [/[█▓▒░▰▱■□▉▊▋▌▍▎▏⬛⬜━─╸╺]{6,}/u, ([bar]) => progress(bar)],
];

function inline(text, store) {
  const nodes = [];
  let rest = text;
  while (rest) {
    const [found, draw] = earliest(rest);
    if (!found) break;
    if (found.index) nodes.push(rest.slice(0, found.index));
    nodes.push(draw(found, store));
    rest = rest.slice(found.index + found[0].length);
  }
  if (rest) nodes.push(rest);
  return nodes;
}

function earliest(text) {
  let best = [null, null];
  for (const [pattern, draw] of RULES) {
    const found = pattern.exec(text);
    if (found && (best[0] === null || found.index < best[0].index)) best = [found, draw];
  }
  return best;
}

function moment(seconds, style) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `<t:${seconds}>`;
  const shapes = { t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
    F: { dateStyle: "full", timeStyle: "short" } };
  const shape = shapes[style] ?? { dateStyle: "long", timeStyle: "short" };
  const text = style === "R" ? relative(date) : new Intl.DateTimeFormat(undefined, shape).format(date);
  return el("time.moment", { dateTime: date.toISOString(), title: full(date), dataset: style === "R" ? { relative: "" } : {} }, text);
}

function mention(sign, name, mine = false) {
  return el("span.mention", { class: mine ? "mine" : "" }, name ? sign + name : `${sign}unknown`);
}

function roleName(id, store) {
  return store.guilds.flatMap((guild) => guild.roles).find((role) => role.id === id)?.name;
}

function spoiler(children) {
  const show = (event) => event.currentTarget.classList.add("shown");
  return el("button.spoiler", { type: "button", "aria-label": "Spoiler: show", onclick: show }, children);
}

/** A run of block characters, its full part in colour. */
function progress(bar) {
  const done = bar.match(/^[█▓▰■▉▊▋▌▍▎▏⬛━╸]*/u)[0];
  return el("span.bar", { role: "img", "aria-label": `${Math.round((100 * [...done].length) / [...bar].length)} percent` },
    el("span.bar-done", {}, done), el("span.bar-left", {}, bar.slice(done.length)));
}

/** Keeps "in 2 minutes" true while it is on the screen. */
export function keepMomentsFresh(root) {
  const refresh = (time) => {
    const text = relative(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  };
  setInterval(() => root.querySelectorAll("time[data-relative]").forEach(refresh), 1000);
}
