// Files of a message: a grid of pictures, players for sound, cards for the rest.

import { here } from "./api.js";
import { el, icon } from "./dom.js";
import { bytes } from "./names.js";
import { player } from "./voice.js";

const CRISP_PX = 320;   // pictures smaller than this are drawn with hard pixels, enlarged by whole numbers
const BOX = [420, 420];

const kind = (attachment) => (attachment.content_type ?? "").split("/")[0];

export function attachments(list, { lightbox }) {
  const pictures = list.filter((one) => kind(one) === "image" && one.width);
  const sounds = list.filter((one) => kind(one) === "audio");
  const rest = list.filter((one) => !pictures.includes(one) && !sounds.includes(one));
  return [
    pictures.length > 0 && pictureGrid(pictures.map((one) => ({ ...one, name: one.filename })), { lightbox }),
    sounds.map((one) => player(one)),
    rest.map((one) => fileCard({ name: one.filename, size: one.size, url: one.url })),
  ];
}

/** Up to ten pictures, `{url, width, height, name, description?}`; pressing one enlarges it. */
export function pictureGrid(pictures, { lightbox }) {
  const items = pictures.map((picture) => ({ ...picture, url: here(picture.url) }));
  const columns = items.length === 1 ? 1 : items.length <= 4 ? 2 : 3;
  const open = (index) => () => lightbox.open(items, index);
  return el("div.pictures", { class: items.length === 1 ? "alone" : "many", style: { "--columns": columns } },
    items.map((item, index) => el("button.picture", {
      type: "button", onclick: open(index), "aria-label": `Enlarge ${item.description ?? item.name ?? "picture"}`,
    }, image(item, items.length === 1 ? BOX : null))));
}

/** A picture at its natural shape, small ones crisp; inside `box` [width, height] where given. */
export function image({ url, width, height, name, description }, box = null) {
  const address = url && here(url);
  if (!address) return el("span.blocked", {}, "A picture from elsewhere is not loaded here");
  const size = box && width && height ? fit(width, height, box) : null;
  return el("img", {
    class: isSmall(width, height) ? "crisp" : "", src: address, alt: description ?? name ?? "", loading: "lazy", draggable: false,
    ...(size && { width: size[0], height: size[1] }),
  });
}

export const isSmall = (width, height) => Boolean(width) && Math.max(width, height) <= CRISP_PX;

/** The size on screen: whole multiples for small pictures, shrunk into the box for large ones. */
export function fit(width, height, [boxWidth, boxHeight]) {
  const most = Math.min(boxWidth / width, boxHeight / height);
  const scale = isSmall(width, height) ? Math.max(1, Math.min(4, Math.floor(most))) : Math.min(1, most);
  return [Math.round(width * scale), Math.round(height * scale)];
}

export function fileCard({ name, size, url }) {
  const address = url && here(url);
  return el("div.file", {}, icon("file"),
    el("div.file-about", {}, el("a.file-name", { href: address, download: name }, name), el("span.file-size", {}, bytes(size ?? 0))),
    el("a.icon-button", { href: address, download: name, "aria-label": `Download ${name}`, title: "Download" }, icon("download")));
}
