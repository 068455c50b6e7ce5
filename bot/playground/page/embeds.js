// Embeds: the cards with a coloured edge.

import { pictureGrid, image } from "./attachments.js";
import { el } from "./dom.js";
import { markdown } from "./markdown.js";
import { when } from "./names.js";

export function embeds(list, app) {
  return merged(list).map(({ embed, pictures }) => card(embed, pictures, app));
}

/** Embeds that share an address are one card with several pictures, as Discord draws them. */
function merged(list) {
  const cards = [];
  for (const embed of list) {
    const before = embed.url && cards.find((one) => one.embed.url === embed.url);
    if (before && embed.image) before.pictures.push(embed.image);
    else cards.push({ embed, pictures: embed.image ? [embed.image] : [] });
  }
  return cards;
}

function card(embed, pictures, app) {
  const { store } = app;
  const colour = embed.color ? `#${embed.color.toString(16).padStart(6, "0")}` : null;
  const title = embed.title && markdown(embed.title, { store, blocks: false });
  return el("article.embed", { style: colour ? { "--edge": colour } : {} },
    el("div.embed-body", {},
      embed.author && byline("embed-author", embed.author, embed.author.name),
      title && el("div.embed-title", {}, embed.url ? el("a", { href: safe(embed.url), target: "_blank", rel: "noopener noreferrer" }, title) : title),
      embed.description && el("div.embed-text.markdown", {}, markdown(embed.description, { store })),
      fields(embed.fields ?? [], store)),
    embed.thumbnail && el("div.embed-thumbnail", {}, image({ ...embed.thumbnail, name: "thumbnail" }, [96, 96])),
    pictures.length > 0 && el("div.embed-image", {}, pictureGrid(pictures.map((one) => ({ name: "picture", ...one })), app)),
    (embed.footer || embed.timestamp) && footer(embed));
}

const safe = (url) => (/^https?:\/\//i.test(url) ? url : null);

function byline(spec, { icon_url: url }, ...text) {
  return el(`div.${spec}`, {}, url && image({ url, name: "" }, null), el("span", {}, text));
}

function footer({ footer: about, timestamp }) {
  const parts = [about?.text, timestamp && when(new Date(timestamp))].filter(Boolean);
  return byline("embed-footer", about ?? {}, parts.join(" • "));
}

function fields(list, store) {
  if (!list.length) return null;
  return el("div.embed-fields", {}, list.map((field) => el("div.embed-field", { class: field.inline ? "inline" : "" },
    el("div.embed-field-name", {}, markdown(field.name, { store, blocks: false })),
    el("div.embed-field-value.markdown", {}, markdown(field.value, { store })))));
}
