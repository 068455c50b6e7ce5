// What sits under a message: rows of buttons and selects, and the newer layout parts (containers, sections, galleries).

import { fileCard, image, pictureGrid } from "./attachments.js";
import { el, icon } from "./dom.js";
import { markdown } from "./markdown.js";
import { choicesOf, Select } from "./select.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "link" };

/** Draws the components of `message`. */
export function components(message, app) {
  return (message.components ?? []).map((component) => draw(component, message, app));
}

const DRAW = {
  1: (row, message, app) => el("div.component-row", {}, row.components.map((one) => draw(one, message, app))),
  2: button,
  9: section,
  10: (text, message, { store }) => el("div.markdown", {}, markdown(text.content, { store })),
  11: (thumbnail) => el("div.thumbnail", {}, image({ ...thumbnail.media, description: thumbnail.description }, [96, 96])),
  12: (gallery, message, app) => pictureGrid(gallery.items.map(({ media, description }) => ({ ...media, description })), app),
  13: (file) => fileCard({ name: file.name, size: file.size, url: file.file.url }),
  14: ({ divider, spacing }) => el("hr.separator", { class: `${divider ? "line" : ""} ${spacing === 2 ? "wide" : ""}` }),
  17: container,
};

function draw(component, message, app) {
  if (component.type >= 3 && component.type <= 8 && component.type !== 4) return chooser(component, message, app);
  return DRAW[component.type]?.(component, message, app) ?? null;
}

function section(part, message, app) {
  return el("div.section", {}, el("div.section-text", {}, part.components.map((one) => draw(one, message, app))), draw(part.accessory, message, app));
}

function container(part, message, app) {
  const colour = part.accent_color ? { "--edge": `#${part.accent_color.toString(16).padStart(6, "0")}` } : {};
  return el("div.container", { style: colour }, part.components.map((one) => draw(one, message, app)));
}

export function emoji(one) {
  return one && el("span.emoji", { "aria-hidden": true }, one.id ? `:${one.name}:` : one.name);
}

function button(component, message, app) {
  const face = [emoji(component.emoji), component.label && el("span", {}, component.label)];
  const style = STYLES[component.style] ?? "secondary";
  const name = component.label ?? component.emoji?.name;
  if (component.url) {
    const address = /^https?:\/\//i.test(component.url) ? component.url : null;
    return el("a.button.link", { href: address, target: "_blank", rel: "noopener noreferrer" }, face, icon("link"));
  }
  const busy = app.store.pressed.has(key(message, component));
  return el(`button.button.${style}`, {
    type: "button", disabled: component.disabled || busy, class: busy ? "busy" : "", "aria-busy": busy, "aria-label": name,
    dataset: { key: key(message, component), customId: component.custom_id },
    onclick: () => act(message, component, app, () => app.api.press(message, component.custom_id)),
  }, face);
}

function chooser(component, message, app) {
  const busy = app.store.pressed.has(key(message, component));
  return new Select({
    component: { ...component, disabled: component.disabled || busy },
    choices: choicesOf(component, app.store), busy, key: key(message, component),
    chosen: (values) => act(message, component, app, () => app.api.select(message, component.custom_id, values)),
  }).element;
}

const key = (message, component) => `${message.id}:${component.custom_id}`;

/** Shows the component busy until the bot has acknowledged, then does what the outcome says. */
async function act(message, component, app, call) {
  const pressed = key(message, component);
  app.store.press(pressed, true);
  try {
    app.outcome(await call(), { message });
  } catch (problem) {
    app.fail(message, problem.message);
  } finally {
    app.store.press(pressed, false);
  }
}
